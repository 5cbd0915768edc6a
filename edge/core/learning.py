"""What a car shows of itself while it charges: the phases that it uses, and how much it can take.

Learnt anew with every session. Until the phases are known all phases of the EVSE count, and current on
another phase than the learnt ones counts at once. A car that leaves part of its offer unused is capped
a little above what it draws, so that others get the rest; it gets more again as soon as it uses that,
and is tried with more after ten minutes, after every try in vain after twice as long.

A car that has charged and takes nothing more of what it is offered is done: others come first. When they
need its place, it is asked again after an hour whether it wants more.
"""

from edge.core.evse import TOTAL_WATTS, Evse, EvseImage, drawn_ma
from edge.core.pacing import Pace
from edge.core.quantities import PHASES
from edge.core.record import Record

ACTIVE_MA = 1_000  # a phase carries current
STEADY_MA = 4_000  # below this a car may only be waking up or finishing
ALIKE = 3  # so many samples in a row must show the same phases
LEARNT_WITHIN_MS = 120_000  # a car that has not shown its phases by then sleeps, or draws too little
EVEN_MA = 1_000  # the phases of one balanced charger differ by less, by its own meter

UNUSED_MA = 2_000
UNUSED_MS = 60_000
SPARE_MA = 1_000
USES_IT_MA = 500  # so near to its cap a car would take more
PROBE_MA = 2_000
PROBE_EVERY_MS = 600_000
PROBE_AT_LEAST_EVERY_MS = 4_800_000

CHARGED_WH = 500  # who took less may still wait for an hour of his own
STOPPED_MA = 500  # below this nothing flows
DONE_MS = 120_000  # takes nothing for so long: full, as far as anybody can tell
ASK_AGAIN_MS = 3_600_000


class Habit(Record):
    """What the samples of this session have shown.

    `arrived_ms` names the session. `terminals`: those that the car uses, None until learnt. `cap_ma` None: it
    takes what it gets. `is_done`: it has charged and takes no more; `quiet_since_ms`: since when nothing.
    """

    FIELDS = (
        "evse",
        "arrived_ms",
        "sampled_ms",
        "terminals",
        "candidate",
        "alike",
        "unused_since_ms",
        "cap_ma",
        "probed_ms",
        "probe_every_ms",
        "quiet_since_ms",
        "is_done",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        evse: str,
        arrived_ms: int = 0,
        sampled_ms: int = 0,
        terminals: tuple[int, ...] | list[int] | None = None,
        candidate: tuple[int, ...] | list[int] = (),
        alike: int = 0,
        unused_since_ms: int | None = None,
        cap_ma: int | None = None,
        probed_ms: int = 0,
        probe_every_ms: int = PROBE_EVERY_MS,
        quiet_since_ms: int | None = None,
        is_done: bool = False,
    ) -> None:
        self.evse = evse
        self.arrived_ms = arrived_ms
        self.sampled_ms = sampled_ms
        self.terminals = None if terminals is None else tuple(terminals)
        self.candidate = tuple(candidate)
        self.alike = alike
        self.unused_since_ms = unused_since_ms
        self.cap_ma = cap_ma
        self.probed_ms = probed_ms
        self.probe_every_ms = probe_every_ms
        self.quiet_since_ms = quiet_since_ms
        self.is_done = is_done


def forget(habit: Habit) -> None:
    """Another car, or the same one anew."""
    habit.terminals = None
    habit.candidate = ()
    habit.alike = 0
    habit.unused_since_ms = None
    habit.cap_ma = None
    habit.probe_every_ms = PROBE_EVERY_MS
    habit.quiet_since_ms = None
    habit.is_done = False


def observe(
    habit: Habit, evse: Evse, seen: EvseImage, pace: Pace, now_ms: int, *, all_phases: bool = True
) -> None:
    """Take a new sample in; the same sample twice says nothing new.

    `all_phases`: all of the EVSE's are connected, so that the sample shows which of them the car uses.
    """
    if not seen.wants:
        forget(habit)
        return
    if seen.arrived_ms != habit.arrived_ms:  # one ended and the next began between two cycles
        habit.arrived_ms = seen.arrived_ms
        forget(habit)
    if seen.terminals_ma is not None and seen.sampled_ms > habit.sampled_ms:
        habit.sampled_ms = seen.sampled_ms
        if all_phases:
            _learn_phases(habit, seen.terminals_ma)
        if seen.unit == TOTAL_WATTS:
            _unlearn_phases(habit, seen.terminals_ma)
        _learn_need(habit, evse, seen, pace, now_ms)
        _learn_end(habit, seen, pace)
    if habit.is_done and pace.paused_ms is not None and now_ms >= pace.paused_ms + ASK_AGAIN_MS:
        habit.is_done = False
        habit.quiet_since_ms = None
    if habit.cap_ma is not None and now_ms - habit.probed_ms >= habit.probe_every_ms:
        habit.cap_ma += PROBE_MA
        habit.probed_ms = now_ms
        habit.probe_every_ms = min(2 * habit.probe_every_ms, PROBE_AT_LEAST_EVERY_MS)
        habit.unused_since_ms = None


def is_new(habit: Habit, evse: Evse, seen: EvseImage, pace: Pace, now_ms: int) -> bool:
    """Whether it pays to charge this car first for a minute: it counts on all phases, and may use one."""
    if habit.terminals is not None or evse.wiring is None or len(evse.wiring) == 1:
        return False
    if seen.served_wh >= CHARGED_WH or pace.paused_ms is not None:
        return False
    return pace.started_ms is None or now_ms - pace.started_ms < LEARNT_WITHIN_MS


def asked_again_at(habit: Habit, pace: Pace) -> int:
    """When a car that is done, and gave its place away, is asked whether it wants more; else 0."""
    return pace.paused_ms + ASK_AGAIN_MS if habit.is_done and pace.paused_ms is not None else 0


def phases_of(habit: Habit, evse: Evse) -> tuple[int, ...]:
    """The grid phases on which the EVSE counts: all of its own until the car's are learnt."""
    wiring = evse.wiring
    if habit.terminals is None or wiring is None or len(habit.terminals) == len(wiring) == 3:
        return evse.phases
    return tuple(sorted([wiring[terminal] for terminal in habit.terminals if terminal < len(wiring)]))


def is_even(habit: Habit, seen: EvseImage, *, is_fresh: bool) -> bool:
    """Whether its car is known to load all three phases alike.

    `is_fresh`: its sample still says something. Three phases that carry the same are proof enough, so that a
    restart does not count every car as one that may use a single phase. While nothing flows what was learnt
    stands.
    """
    knows_three = habit.terminals is not None and len(habit.terminals) == len(PHASES)
    terminals_ma = seen.terminals_ma if is_fresh else None
    if terminals_ma is None:
        return knows_three
    if len(terminals_ma) < len(PHASES):
        return knows_three and max(terminals_ma) <= STOPPED_MA
    if max(terminals_ma) - min(terminals_ma) > EVEN_MA:
        return False
    return knows_three or (min(terminals_ma) >= STEADY_MA and len(habit.candidate) == len(PHASES))


def _learn_phases(habit: Habit, terminals_ma: tuple[int, ...]) -> None:
    used = tuple([index for index, ma in enumerate(terminals_ma) if ma > ACTIVE_MA])
    if habit.terminals is not None:
        if used != habit.terminals and not set(used) <= set(habit.terminals):  # it counts from now on
            habit.terminals = tuple(sorted(set(used) | set(habit.terminals)))
        return
    if max(terminals_ma) < STEADY_MA:
        return
    habit.alike = habit.alike + 1 if used == habit.candidate else 1
    habit.candidate = used
    if habit.alike >= ALIKE:
        habit.terminals = used


def _unlearn_phases(habit: Habit, terminals_ma: tuple[int, ...]) -> None:
    """Of a power that one phase no longer takes the others get more: which ones is to be learnt anew."""
    if habit.terminals is None or max(terminals_ma) < STEADY_MA:
        return
    used = [ma for terminal, ma in enumerate(terminals_ma) if terminal in habit.terminals]
    if len(used) < len(habit.terminals) or min(used) <= ACTIVE_MA:
        habit.terminals = None
        habit.alike = 0


def _learn_need(habit: Habit, evse: Evse, seen: EvseImage, pace: Pace, now_ms: int) -> None:
    draws_ma = drawn_ma(seen)
    if habit.cap_ma is not None and draws_ma >= habit.cap_ma - USES_IT_MA:
        habit.cap_ma += PROBE_MA
        habit.probed_ms = now_ms
        habit.probe_every_ms = PROBE_EVERY_MS
        if habit.cap_ma >= evse.max_ma:
            habit.cap_ma = None
    has_followed = pace.changed_ms is None or habit.sampled_ms >= pace.changed_ms + seen.follow_ms
    if not has_followed or draws_ma >= pace.setpoint_ma - UNUSED_MA:
        habit.unused_since_ms = None
        return
    if habit.unused_since_ms is None:
        habit.unused_since_ms = habit.sampled_ms
    if habit.sampled_ms - habit.unused_since_ms >= UNUSED_MS:
        spare_ma = -(-(draws_ma + SPARE_MA) // evse.step_ma) * evse.step_ma
        habit.cap_ma = max(evse.min_ma, spare_ma)
        habit.probed_ms = now_ms
        habit.unused_since_ms = None


def _learn_end(habit: Habit, seen: EvseImage, pace: Pace) -> None:
    """Whether a car that was charged takes nothing of what it is offered."""
    if seen.terminals_ma is None or max(seen.terminals_ma) > STOPPED_MA:
        habit.quiet_since_ms = None
        habit.is_done = False
        return
    if habit.is_done or seen.served_wh < CHARGED_WH:
        return
    if pace.setpoint_ma == 0 or (
        pace.started_ms is not None and seen.sampled_ms < pace.started_ms + seen.follow_ms
    ):
        habit.quiet_since_ms = None
    elif habit.quiet_since_ms is None:
        habit.quiet_since_ms = seen.sampled_ms
    elif seen.sampled_ms - habit.quiet_since_ms >= DONE_MS:
        habit.is_done = True
