"""How restless what draws beside our chargers was lately: what a rise may not count on.

A building that goes up and down by 3 A every minute would drag every car up and down with it. So a rise
counts on what was left at the worst of a while, five times as long as a hold (five minutes); a reduction
answers what is true now. Nothing is unsafe about more; it would only be taken back at once.

Noted is only what is sure to be the building: while a car follows an offer, or its sample is older than
that, the estimate holds more for the building's than it is.
"""

from edge.core.quantities import NOTHING, PHASES, larger, minus
from edge.core.record import Record

SLICES = 10
SLICES_IN_A_HOLD = 2


class Peaks(Record):
    """A circuit's highest background in each slice of the last while: [slice, L1, L2, L3]."""

    FIELDS = ("circuit", "slices")
    __slots__ = FIELDS

    def __init__(self, *, circuit: str, slices: list[list[int]] | None = None) -> None:
        self.circuit = circuit
        self.slices = [list(each) for each in slices or []]


def note(peaks: Peaks, background_ma: tuple[int, int, int], hold_ms: int, now_ms: int) -> None:
    """Take in what the building draws."""
    slices, current = peaks.slices, now_ms // _slice_ms(hold_ms)
    if not slices or slices[-1][0] != current:
        slices.append([current, background_ma[0], background_ma[1], background_ma[2]])
        return
    last = slices[-1]
    for phase in PHASES:
        last[phase + 1] = max(last[phase + 1], background_ma[phase])


def above(
    peaks: Peaks, background_ma: tuple[int, int, int], hold_ms: int, now_ms: int
) -> tuple[int, int, int]:
    """By how much what was noted in the last while is above this."""
    slices, current = peaks.slices, now_ms // _slice_ms(hold_ms)
    while slices and slices[0][0] <= current - SLICES:
        del slices[0]
    worst = background_ma
    for _, first, second, third in slices:
        worst = larger(worst, (first, second, third))
    return NOTHING if worst == background_ma else minus(worst, background_ma)


def _slice_ms(hold_ms: int) -> int:
    return max(1, hold_ms // SLICES_IN_A_HOLD)
