"""What was above a limit, and which part of it nothing excuses.

A fuse may carry more than its rating only while the building has just risen and the answer is still on its
way (invariant 1). So at every moment, on every circuit and phase, what flows above the limit may be

* as much as the building has risen within the reaction time R; or
* while some chargers cannot be reached, as much as the building has risen since they could be, but no more
  than those chargers draw: everybody else must have made room. Their dead man ends that after T and the
  error of their clocks (invariant 7). A meter that cannot be read keeps all of them from being told, until
  its failsafe counts the worst case (invariant 6).

A circuit without a building, such as a feeder, has no excuse at any time, whatever else is broken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from edge.plant.wiring import NOTHING, Triple
from edge.simulator.referee import Referee

SETTLE_MS = 6_000  # from a new link to the first limit: 3 s whether it boots, the dead man, then limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """The pieces of R, ms. The worst of each, one after the other."""

    meter_ms: int = 200 + 400 + 100  # its registers, the poll, the answer
    cycle_ms: int = 1_000  # at most; a reading above a limit wakes it after 50
    delivery_ms: int = 300
    follow_ms: int = 1_200  # from a lower pilot to the current, the slowest of the cars here
    ticks_ms: int = 2 * 100  # the plant sees pilots and currents once in a tick
    machine_ms: int = 700  # two processes on a machine that others use too

    @property
    def ms(self) -> int:
        return (
            self.meter_ms
            + self.cycle_ms
            + self.delivery_ms
            + self.follow_ms
            + self.ticks_ms
            + self.machine_ms
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The truth at one tick; it holds until the next one.

    `deaf`: chargers that no limit can reach now. `is_blind`: the meter does not tell the truth now;
    `blindness_ms`: for how long a controller may believe such a meter.
    """

    at_ms: int
    currents: dict[str, Triple]
    buildings: dict[str, Triple]
    chargers: dict[str, dict[str, Triple]]  # circuit -> charger -> what it adds there
    deaf: frozenset[str]
    is_blind: bool
    blindness_ms: int
    started_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """One moment above a limit by more than is excused."""

    at_ms: int
    circuit: str
    phase: int
    above_ma: int
    excused_ma: int
    for_ms: int

    @property
    def unexcused_ma_ms(self) -> int:
        return (self.above_ma - self.excused_ma) * self.for_ms


class Witness(Referee):
    """The referee, who also writes down every moment. `look` gives the moment of now."""

    def __init__(self, limits_ma: dict[str, int], *, look: Callable[..., Moment], **options) -> None:
        super().__init__(limits_ma, **options)
        self.moments: list[Moment] = []
        self._look = look

    def observe(self, currents, now_ms) -> None:
        super().observe(currents, now_ms)
        self.moments.append(self._look(currents, now_ms))


class Judge:
    """Looks back over all moments. `dead_man_ms`: T and the largest error of a charger's clock."""

    def __init__(
        self, limits_ma: dict[str, int], *, dead_man_ms: int, reaction: Reaction | None = None
    ) -> None:
        self._limits_ma = limits_ma
        self._reaction_ms = (reaction or Reaction()).ms
        self._dead_man_ms = dead_man_ms

    def unexcused(self, moments: list[Moment]) -> list[Excess]:
        """Every moment in which more flowed than is excused."""
        return [excess for excess in self.above(moments) if excess.unexcused_ma_ms > 0]

    def above(self, moments: list[Moment]) -> Iterator[Excess]:
        """Every moment above a limit."""
        excuses = _Excuses(moments, self._reaction_ms, self._dead_man_ms)
        for index, (moment, following) in enumerate(pairwise(moments)):
            for circuit, limit_ma in self._limits_ma.items():
                for phase in range(3):
                    above_ma = moment.currents[circuit][phase] - limit_ma
                    if above_ma > 0:
                        yield Excess(
                            at_ms=moment.at_ms,
                            circuit=circuit,
                            phase=phase,
                            above_ma=above_ma,
                            excused_ma=min(above_ma, excuses.of(index, circuit, phase)),
                            for_ms=following.at_ms - moment.at_ms,
                        )


class _Excuses:
    """What may flow above a limit at a moment, from everything that happened before."""

    def __init__(self, moments: list[Moment], reaction_ms: int, dead_man_ms: int) -> None:
        self._moments = moments
        self._reaction_ms = reaction_ms
        self._unreached = list(_unreached(moments, reaction_ms, dead_man_ms))

    def of(self, index: int, circuit: str, phase: int) -> int:
        now = self._moments[index]
        risen_ma = self._risen_ma(index, now.at_ms - self._reaction_ms, circuit, phase)
        since_ms, unreached = self._unreached[index]
        if not unreached:
            return risen_ma
        long_ago_ma = self._risen_ma(index, since_ms - self._reaction_ms, circuit, phase)
        drawn = now.chargers.get(circuit, {})
        drawn_ma = sum(triple[phase] for name, triple in drawn.items() if name in unreached)
        return max(risen_ma, min(long_ago_ma, drawn_ma))

    def _risen_ma(self, index: int, since_ms: int, circuit: str, phase: int) -> int:
        """How far the building has risen from its lowest since then."""
        lowest_ma = now_ma = self._building_ma(index, circuit, phase)
        while index > 0 and self._moments[index].at_ms > since_ms:
            index -= 1
            lowest_ma = min(lowest_ma, self._building_ma(index, circuit, phase))
        return now_ma - lowest_ma

    def _building_ma(self, index: int, circuit: str, phase: int) -> int:
        return self._moments[index].buildings.get(circuit, NOTHING)[phase]


def _unreached(
    moments: list[Moment], reaction_ms: int, dead_man_ms: int
) -> Iterator[tuple[int, frozenset[str]]]:
    """For every moment the chargers that may still act on something old, and since when."""
    everybody = frozenset(name for each in moments for drawn in each.chargers.values() for name in drawn)
    deafness = {name: _Trouble() for name in everybody}
    blindness = _Trouble()
    for moment in moments:
        for name, trouble in deafness.items():
            trouble.note(moment.at_ms, is_ill=name in moment.deaf, apart_ms=SETTLE_MS + reaction_ms)
        blindness.note(moment.at_ms, is_ill=moment.is_blind, apart_ms=reaction_ms)
        blindness.well_ms = max(blindness.well_ms, moment.started_ms)  # a new process believes it again
        lasting = {
            name: trouble.began_ms
            for name, trouble in deafness.items()
            if trouble.lasts(moment.at_ms, SETTLE_MS + reaction_ms, dead_man_ms + reaction_ms)
        }
        if blindness.lasts(moment.at_ms, reaction_ms, moment.blindness_ms + reaction_ms):
            lasting = dict.fromkeys(everybody, min([blindness.began_ms, *lasting.values()]))
        yield min(lasting.values(), default=moment.at_ms), frozenset(lasting)


class _Trouble:
    """Something that comes and goes; two troubles shortly after one another are one."""

    def __init__(self) -> None:
        self.began_ms = 0
        self.well_ms = 0
        self._ill_ms: int | None = None

    def note(self, now_ms: int, *, is_ill: bool, apart_ms: int) -> None:
        if not is_ill:
            self.well_ms = now_ms
            return
        if self._ill_ms is None or now_ms - self._ill_ms > apart_ms:
            self.began_ms = now_ms
        self._ill_ms = now_ms

    def lasts(self, now_ms: int, after_ms: int, longest_ms: int) -> bool:
        """Whether it is there or was a moment ago, and not for so long that something else has ended it."""
        return (
            self._ill_ms is not None
            and now_ms - self._ill_ms <= after_ms
            and now_ms - self.well_ms <= longest_ms
        )
