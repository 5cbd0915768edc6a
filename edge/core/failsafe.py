"""What may be assumed of a meter, by the age of what it last said.

| state  | when                                              | what follows                                  |
|--------|---------------------------------------------------|-----------------------------------------------|
| fresh  | answered within 2 s                               | background is estimated from it               |
| late   | no usable answer for 2 s, or the same for 5 s     | nothing rises                                 |
| stale  | none for `stale_after_ms` (5 s unless configured) | the configured worst-case building load       |
| frozen | answers, but bit for bit the same for 15 s        | as stale                                      |
| never  | no usable answer since the start                  | as stale                                      |
"""

from edge.core.image import MeterImage

FRESH = "fresh"
LATE = "late"
STALE = "stale"
FROZEN = "frozen"
NEVER = "never"
NONE = "none"  # the circuit has no meter: its configured background counts

LATE_AFTER_MS = 2_000
STILL_AFTER_MS = 5_000
FROZEN_AFTER_MS = 15_000


def meter_state(meter: MeterImage | None, stale_after_ms: int, now_ms: int) -> str:
    """The state of a circuit's meter; anything that cannot be believed is not fresh."""
    if meter is None or meter.current_ma is None:
        return NEVER
    age_ms = now_ms - meter.taken_ms
    if age_ms > stale_after_ms:
        return STALE
    still_ms = meter.taken_ms - meter.unchanged_since_ms
    if still_ms > FROZEN_AFTER_MS:
        return FROZEN
    if still_ms > STILL_AFTER_MS or age_ms > LATE_AFTER_MS or age_ms < 0:
        return LATE
    return FRESH


def is_believed(state: str) -> bool:
    """Whether the background may be estimated from what the meter said."""
    return state in (FRESH, LATE)
