"""Whether a fuse was ever overloaded, for how long, and whether there was time to prevent it.

The referee sees true currents only, never what the controller believes. An excess is measured in
mA.ms (a million of them are one A.s). The part of it that lies later than the allowance after the
last disturbance is `late`: by then a controller that keeps its promise has long reacted.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from edge.plant.wiring import NOTHING, Triple

_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """Something that a controller needs time to answer: a step of load, a car, a fault."""

    at_ms: int
    what: str


@dataclass(slots=True, kw_only=True)
class Excursion:
    """One stay of one phase above its limit; `ended_ms` is None while it lasts."""

    circuit: str
    phase: int
    limit_ma: int
    began_ms: int
    cause: str
    ended_ms: int | None = None
    peak_ma: int = 0
    excess_ma_ms: int = 0
    late_ma_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that was above a limit so far."""

    excess_ma_ms: int
    late_ma_ms: int
    longest_ms: int
    excursions: tuple[Excursion, ...]
    """The latest thousand."""


class Referee:
    """Integrates what flows above each limit. A current holds from its observation until the next one."""

    __slots__ = (
        "_at_ms",
        "_currents",
        "_excess",
        "_excursions",
        "_late",
        "_longest_ms",
        "_open",
        "_pardoned_until_ms",
        "allowance_ms",
        "disturbances",
        "limits_ma",
    )

    def __init__(self, limits_ma: Mapping[str, int], *, allowance_ms: int, now_ms: int = 0) -> None:
        self.limits_ma = dict(limits_ma)
        self.allowance_ms = allowance_ms
        self.disturbances: deque[Disturbance] = deque(maxlen=_KEPT)
        self._at_ms = now_ms
        self._pardoned_until_ms = now_ms + allowance_ms
        self._currents: Mapping[str, Triple] = {}
        self._open: dict[tuple[str, int], Excursion] = {}
        self._excursions: deque[Excursion] = deque(maxlen=_KEPT)
        self._excess = self._late = self._longest_ms = 0

    @property
    def currents_ma(self) -> Mapping[str, Triple]:
        """The latest observation."""
        return self._currents

    def disturb(self, what: str, now_ms: int) -> None:
        """Notes a disturbance; what flows above a limit within the allowance from now is pardoned."""
        self._settle(now_ms)
        self.disturbances.append(Disturbance(at_ms=now_ms, what=what))
        self._pardoned_until_ms = now_ms + self.allowance_ms

    def set_limit(self, circuit: str, limit_ma: int, now_ms: int) -> None:
        """Holds a circuit to another limit from now on; that too is a disturbance."""
        self.disturb(f"{circuit} limited to {limit_ma} mA", now_ms)
        self.limits_ma[circuit] = limit_ma
        self._judge(now_ms)

    def observe(self, currents: Mapping[str, Triple], now_ms: int) -> None:
        """Takes the true current of every circuit and phase, mA, as it flows from now on."""
        self._settle(now_ms)
        self._currents = currents
        self._judge(now_ms)

    def verdict(self, now_ms: int) -> Verdict:
        """Everything above a limit up to now."""
        self._settle(now_ms)
        return Verdict(
            excess_ma_ms=self._excess,
            late_ma_ms=self._late,
            longest_ms=self._longest_ms,
            excursions=tuple(self._excursions),
        )

    def _settle(self, now_ms: int) -> None:
        """Books the excess of the time since the last call."""
        elapsed_ms = now_ms - self._at_ms
        late_ms = min(elapsed_ms, max(0, now_ms - self._pardoned_until_ms))
        for (circuit, phase), excursion in self._open.items():
            above_ma = self._currents[circuit][phase] - excursion.limit_ma
            excursion.excess_ma_ms += above_ma * elapsed_ms
            excursion.late_ma_ms += above_ma * late_ms
            self._excess += above_ma * elapsed_ms
            self._late += above_ma * late_ms
            self._longest_ms = max(self._longest_ms, now_ms - excursion.began_ms)
        self._at_ms = now_ms

    def _judge(self, now_ms: int) -> None:
        """Opens and closes excursions by what flows now."""
        for circuit, limit_ma in self.limits_ma.items():
            for phase, current_ma in enumerate(self._currents.get(circuit, NOTHING)):
                self._judge_phase(circuit, phase, limit_ma, current_ma, now_ms)

    def _judge_phase(self, circuit: str, phase: int, limit_ma: int, current_ma: int, now_ms: int) -> None:
        excursion = self._open.get((circuit, phase))
        if excursion is not None and (current_ma <= limit_ma or limit_ma != excursion.limit_ma):
            excursion.ended_ms = now_ms
            del self._open[circuit, phase]
            excursion = None
        if current_ma <= limit_ma:
            return
        if excursion is None:
            cause = self.disturbances[-1].what if self.disturbances else "nothing"
            excursion = Excursion(
                circuit=circuit, phase=phase, limit_ma=limit_ma, began_ms=now_ms, cause=cause
            )
            self._open[circuit, phase] = excursion
            self._excursions.append(excursion)
        excursion.peak_ma = max(excursion.peak_ma, current_ma)
