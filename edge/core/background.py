"""What the building draws: estimated from aged intervals, never a bare difference.

The meter says what everything draws now; a station says what its car drew some time ago. A car that
stops shows on the meter at once and in its sample half a minute later: the bare difference would hide
16 A of building for that long. So every sample is paired with the meter's readings since its own time:

    background = max over the meter's readings since the oldest sample of (reading - sum of samples)

It rises at once, because the newest reading is always among them. It falls only when every EVSE below
has a sample that is newer than the fall, and never by a sample that is newer than the last change of the
meter: a meter that stands still while a car is seen to draw more has stopped to measure. An EVSE without a
usable sample is subtracted as nothing.

What a sample says stops to be true when its EVSE is lowered: from when the car must have followed on, only
what it is offered is subtracted. Else a building that rises meanwhile would hide behind the car.

A rise that a raised offer explains is not the building's: while a car follows its new offer, readings
after the raise are lowered by what the offer added, and nothing else on that circuit may rise. A meter
above its limit ends that leniency: then everything unexplained is the building's.

A meter that knows the direction may find the building feeding in: its background is negative then, and gives
room as long as it lasts. When the sun goes, that is a rise of the building like any other.
"""

from edge.core import power
from edge.core.image import MeterImage
from edge.core.quantities import NOTHING, larger, minus, plus
from edge.core.record import Record

HISTORY_MS = 150_000  # as old as samples may be (ledger.py)
UNSIGNED = 4  # fields of a reading without direction
SURPLUS = (-10_000_000,) * 3  # no circuit feeds in more


class History(Record):
    """A circuit's changes of as long as samples count: [since ms, L1, L2, L3], oldest first.

    Where the direction is known, L1..L3 are what counts against `limit_ma` (power.py), and the active and the
    reactive parts follow, so that it can be worked out again for another limit.
    """

    FIELDS = ("circuit", "readings", "last_ma", "limit_ma")
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        circuit: str,
        readings: list[list[int]] | None = None,
        last_ma: tuple[int, int, int] | list[int] = NOTHING,
        limit_ma: int = 0,
    ) -> None:
        """`last_ma`: the background of the cycle before."""
        self.circuit = circuit
        self.readings = readings or []
        self.last_ma = (last_ma[0], last_ma[1], last_ma[2])
        self.limit_ma = limit_ma


class Draw:
    """One EVSE's part in what a meter sees.

    `sampled`: what its sample says, on the grid's phases, NOTHING without one. `sampled_ms` its time.
    `gone`: how much of that must have gone by `gone_ms`, because it was lowered since.
    `explained`: how much more a raised offer may have added since `raised_ms`.
    """

    __slots__ = ("explained", "gone", "gone_ms", "raised_ms", "sampled", "sampled_ms")

    def __init__(
        self,
        *,
        sampled: tuple[int, int, int],
        sampled_ms: int,
        gone: tuple[int, int, int] = NOTHING,
        gone_ms: int = 0,
        explained: tuple[int, int, int] = NOTHING,
        raised_ms: int = 0,
    ) -> None:
        self.sampled = sampled
        self.sampled_ms = sampled_ms
        self.gone = gone
        self.gone_ms = gone_ms
        self.explained = explained
        self.raised_ms = raised_ms


def remember(history: History, meter: MeterImage, current_ma: tuple[int, int, int], limit_ma: int) -> None:
    """Append a reading that has changed, and forget what is older than any sample.

    `current_ma`: what counts where the meter does not say which way it flows, `limit_ma` the circuit's.
    """
    if limit_ma != history.limit_ma:
        history.limit_ma = limit_ma
        for reading in history.readings:
            if len(reading) > UNSIGNED:
                reading[1:UNSIGNED] = power.counted(limit_ma, reading[UNSIGNED:])
    if _is_new(history, meter):
        both = power.parts_of_phases(meter)
        if both is not None:
            history.readings.append([meter.unchanged_since_ms] + power.counted(limit_ma, both) + both)
    remember_unsigned(history, meter, current_ma)


def remember_unsigned(history: History, meter: MeterImage, current_ma: tuple[int, int, int]) -> None:
    """The same where nobody knows which way it flows."""
    readings, since_ms, taken_ms = history.readings, meter.unchanged_since_ms, meter.taken_ms
    if _is_new(history, meter):
        readings.append([since_ms, current_ma[0], current_ma[1], current_ma[2]])
    keep_from = 0
    while keep_from + 1 < len(readings) and taken_ms - readings[keep_from + 1][0] > HISTORY_MS:
        keep_from += 1
    if keep_from:
        del readings[:keep_from]


def _is_new(history: History, meter: MeterImage) -> bool:
    return not history.readings or history.readings[-1][0] < meter.unchanged_since_ms


def estimate(history: History, draws: list[Draw]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The background in mA per phase: with what raised offers explain taken off, and without.

    There must be a reading. Both are at least 0 where a meter without direction cannot tell a surplus.
    """
    readings = history.readings
    usable = [draw for draw in draws if draw.sampled != NOTHING and draw.sampled_ms >= readings[0][0]]
    with_raises = without = _least(history, usable)
    subtracted = NOTHING
    window_ms = readings[-1][0]
    for draw in usable:
        subtracted = plus(subtracted, draw.sampled)
        window_ms = min(window_ms, draw.sampled_ms)
    raised = [draw for draw in draws if draw.explained != NOTHING]
    for draw in raised:
        window_ms = min(window_ms, draw.sampled_ms)  # what was there before the rise has its say
    lowered = [draw for draw in usable if draw.gone != NOTHING]
    for index in range(len(readings) - 1, -1, -1):
        reading = readings[index]
        taken_ms = reading[0]
        left = minus((reading[1], reading[2], reading[3]), subtracted)
        for draw in lowered:
            if taken_ms >= draw.gone_ms:
                left = plus(left, draw.gone)
        without = larger(without, left)
        for draw in raised:
            if taken_ms > draw.raised_ms:
                left = minus(left, draw.explained)
        with_raises = larger(with_raises, left)
        if len(reading) == UNSIGNED:
            without, with_raises = larger(without, NOTHING), larger(with_raises, NOTHING)
        if taken_ms <= window_ms:
            break  # the last reading at or before the oldest sample has its say too
    return with_raises, without


def _least(history: History, usable: list[Draw]) -> tuple[int, int, int]:
    """The background of before, when a sample is newer than the last change of the meter; else nothing, or
    any surplus.
    """
    newest = history.readings[-1]
    newest_ms = max([draw.sampled_ms for draw in usable], default=0)
    if newest_ms > newest[0]:
        return history.last_ma
    return NOTHING if len(newest) == UNSIGNED else SURPLUS
