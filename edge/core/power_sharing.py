"""A limit that is a power: what it says for a setpoint in A per phase, and what it may be on a phase.

Some chargers know W only. A car takes a power from one phase, two or three, and until it has charged for a
while nobody knows from how many. Whatever was told is a sum over the phases in mA, at 207 V (EN 50160), the
lowest voltage and so the highest current:

* Not known: all of it may flow on one phase, so that the setpoint is the whole sum. A car that spreads it
  over three needs three times the minimum, up to the rating. At the rating nothing else bounds: the sum is
  that of all phases, for no phase can carry more than the rating anyway. So a three-phase EVSE of 16 A is
  offered 0 or everything, and booked at 16 A on every phase, until its car has shown its phases.
* Known, by samples in which those phases carry the same: the sum is the setpoint on each of them. By an
  uneven sample it counts as it flows there, if in whole parts only; another car, a boot or a lost link
  (learning.py) is the worst case again at once.

When samples stop it is the worst case again. A car that leaves a phase between two samples may for so long
carry more on the others than is booked; the next sample, or a meter above its limit, ends that.

What flows is booked as it is measured, whatever was concluded from it. What the books keep of offers is the
sum, so that an offer counts by what is known when it is counted, not by what was known when it was made.
"""

from edge.core.evse import SAMPLE_MAX_AGE_MS, TOTAL_WATTS, Evse, EvseImage, terminals_of
from edge.core.learning import EVEN_MA, STOPPED_MA, Habit


class Parts:
    """`least`: on a phase is at most one of so many parts of a sum; `most`: a car may use so many phases.

    `full`: so many there are.
    """

    __slots__ = ("full", "least", "most")

    def __init__(self, least: int, most: int, full: int) -> None:
        self.least = least
        self.most = most
        self.full = full

    @property
    def spread(self) -> int:
        """Over how many phases the car may spread what counts on one."""
        return -(-self.most // self.least)


WHOLE = Parts(1, 1, 1)  # a limit is what may flow on each phase


def parts_of(evse: Evse, seen: EvseImage, habit: Habit, now_ms: int) -> Parts:
    """How a limit of this EVSE divides now. Without a fresh sample nobody knows which phases its car uses."""
    if seen.unit != TOTAL_WATTS:
        return WHOLE
    full = terminals_of(evse)
    is_stale = now_ms - seen.sampled_ms > SAMPLE_MAX_AGE_MS
    if is_stale or habit.terminals is None or not (seen.has_car or seen.wants):
        return Parts(1, full, full)
    used = min(len(habit.terminals), full)
    return Parts(_shares(habit.terminals, seen.terminals_ma), used, full)


def told_ma(parts: Parts, evse: Evse, setpoint_ma: int) -> int:
    """What an offer of this setpoint says."""
    return setpoint_ma * (parts.full if setpoint_ma >= evse.max_ma else parts.least)


def on_a_phase_ma(parts: Parts, evse: Evse, told_ma: int) -> int:
    """What may flow on one phase by an offer that said `told_ma`, mA; at most the rating."""
    return min(-(-told_ma // parts.least), evse.max_ma) if parts.full > 1 else told_ma


def as_setpoint_ma(parts: Parts, evse: Evse, step_ma: int, told_ma: int) -> int:
    """The setpoint that was told so."""
    return told_ma if parts.full == 1 else on_a_phase_ma(parts, evse, told_ma) // step_ma * step_ma


def _shares(used: tuple[int, ...], terminals_ma: tuple[int, ...] | None) -> int:
    """Into how many parts, none larger than another, the current falls by the last sample."""
    if terminals_ma is None or len(terminals_ma) <= max(used):
        return 1
    flows = [terminals_ma[terminal] for terminal in used]
    if max(flows) <= STOPPED_MA or max(flows) - min(flows) <= EVEN_MA:
        return len(used)
    return max(1, sum(flows) // max(flows))
