"""Down at once, up slowly: when a setpoint may rise, and when a pause may end or begin.

What a hold keeps back is fed into the allocation as a cap, so that others may have it meanwhile.
A setpoint that a failsafe lowered may return to where it was as soon as the failsafe is over: one lost
burst of readings must not darken the lot for minutes.
"""

from edge.core.evse import FOLLOW_MS
from edge.core.lot import Lot
from edge.core.record import Record

GAIN_MA = 2_000  # a smaller rise is not worth a message and a car's attention


class Pace(Record):
    """The recent past of one EVSE's setpoint. `restore_ma`: where a failsafe found it, 0 when none did.

    `has_drawn`: it drew when it was last offered something; `serving`: a driver wanted to charge last cycle.
    `woken_ms`: when a pause of a car that had drawn ended, until it draws again.
    `lowest_ma`: the lowest setpoint since the last sample that shows it followed, decided at `lowest_ms`.
    `parts`: of so many the setpoint is one, where limits are a power (power_sharing.py).
    """

    FIELDS = (
        "evse",
        "setpoint_ma",
        "changed_ms",
        "started_ms",
        "paused_ms",
        "restore_ma",
        "raised_ms",
        "serving",
        "has_drawn",
        "woken_ms",
        "lowest_ma",
        "lowest_ms",
        "parts",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        evse: str,
        setpoint_ma: int = 0,
        changed_ms: int | None = None,
        started_ms: int | None = None,
        paused_ms: int | None = None,
        restore_ma: int = 0,
        raised_ms: int | None = None,
        serving: bool = False,
        has_drawn: bool = False,
        woken_ms: int | None = None,
        lowest_ma: int | None = None,
        lowest_ms: int = 0,
        parts: int = 1,
    ) -> None:
        self.evse = evse
        self.setpoint_ma = setpoint_ma
        self.changed_ms = changed_ms
        self.started_ms = started_ms
        self.paused_ms = paused_ms
        self.restore_ma = restore_ma
        self.raised_ms = raised_ms
        self.serving = serving
        self.has_drawn = has_drawn
        self.woken_ms = woken_ms
        self.lowest_ma = lowest_ma
        self.lowest_ms = lowest_ms
        self.parts = parts


def may_rise_at(lot: Lot, pace: Pace) -> int:
    """From when on the setpoint may rise above where a failsafe found it."""
    if pace.setpoint_ma == 0:
        return 0 if pace.paused_ms is None else pace.paused_ms + lot.min_off_ms
    return 0 if pace.changed_ms is None else pace.changed_ms + lot.hold_up_ms


def is_worth_it(pace: Pace, target_ma: int, cap_ma: int) -> bool:
    """Whether a rise is large enough: 2 A, the last step up to the cap, or a return after a failsafe."""
    gain_ma = target_ma - pace.setpoint_ma
    return gain_ma >= GAIN_MA or target_ma >= cap_ma or target_ma <= pace.restore_ma or pace.setpoint_ma == 0


def is_inside_min_on(lot: Lot, pace: Pace, now_ms: int) -> bool:
    """Whether it began so recently that a pause would only wear the contactor."""
    return pace.setpoint_ma > 0 and pace.started_ms is not None and now_ms - pace.started_ms < lot.min_on_ms


def move(pace: Pace, setpoint_ma: int, *, by_failsafe: bool, now_ms: int, follow_ms: int = FOLLOW_MS) -> None:
    """Write the new setpoint into the memory of the pace."""
    before_ma = pace.setpoint_ma
    if setpoint_ma == before_ma:
        return
    if setpoint_ma < before_ma:
        if pace.lowest_ma is None or setpoint_ma < pace.lowest_ma:
            pace.lowest_ma = setpoint_ma
            pace.lowest_ms = now_ms
        pace.restore_ma = max(pace.restore_ma, before_ma) if by_failsafe else 0
        if setpoint_ma == 0:
            pace.paused_ms = now_ms
            pace.started_ms = None
    else:
        if setpoint_ma >= pace.restore_ma:
            pace.restore_ma = 0
        if pace.lowest_ma is not None and now_ms - pace.lowest_ms < follow_ms:
            pace.lowest_ma = setpoint_ma  # it was not told less for long enough to have followed
            pace.lowest_ms = now_ms
        pace.raised_ms = now_ms
        if before_ma == 0:
            pace.started_ms = now_ms
            pace.paused_ms = None
            pace.woken_ms = now_ms if pace.has_drawn else None
    pace.changed_ms = now_ms
    pace.setpoint_ma = setpoint_ma


def take_back(pace: Pace, kept_ma: int, now_ms: int) -> None:
    """The last setpoint never reached the EVSE, which kept what it had: a rise explains nothing any more."""
    pace.setpoint_ma = kept_ma
    pace.raised_ms = None
    if kept_ma == 0 and pace.started_ms is not None:  # its pause did not end
        pace.started_ms = None
        pace.paused_ms = now_ms
        pace.woken_ms = None


def begin_session(pace: Pace) -> None:
    """A new driver: what the last one's pauses were does not bind."""
    pace.serving = True
    pace.has_drawn = False
    pace.paused_ms = None
    pace.started_ms = None
    pace.restore_ma = 0


def end_session(pace: Pace) -> None:
    """Nobody wants to charge here any more."""
    pace.serving = False
    pace.has_drawn = False
    pace.paused_ms = None
    pace.started_ms = None
    pace.restore_ma = 0
