"""What may be assumed of a meter by the age of what it last said; and, in one table, of whatever fails.

| state  | when                                              | what follows                                  |
|--------|---------------------------------------------------|-----------------------------------------------|
| fresh  | answered within 2 s                               | background is estimated from it               |
| late   | no usable answer for 2 s, or the same for 5 s     | nothing rises                                 |
| stale  | none for `stale_after_ms` (5 s unless configured) | the configured worst-case building load       |
| frozen | answers, but bit for bit the same for 15 s        | as stale                                      |
| never  | no usable answer since the start                  | as stale                                      |

Every failure, and what is assumed and done; T is the time of the dead man. What reads a meter calls NaN,
infinity, a negative current, ten times the rating and impossible voltages (swapped words) no answer.

| what fails                         | what is assumed, and done                                            |
|------------------------------------|----------------------------------------------------------------------|
| meter late                         | 2 s: nothing rises; who charges goes on                              |
| meter silent                       | 5 s: the worst-case building, or the last one where that was more;   |
|                                    | all go down to fit, minimum times or not; back without a hold when   |
|                                    | it answers again                                                     |
| meter frozen                       | the same for 5 s: nothing rises; for 15 s: as silent                 |
| meter never heard                  | the worst-case building from the start                               |
| meter without usable currents      | the worst-case building at once                                      |
| meter far too high                 | believed: load is shed until it says less                            |
| meter negative without direction   | no surplus: the building takes nothing, the rating is the limit      |
| meter shows less than cars draw    | the building takes nothing; what it took before while the meter      |
|                                    | stands                                                               |
| meter ahead in time                | nothing rises                                                        |
| meter behind in time               | as late, then as silent                                              |
| cycle stands still                 | ages count on: meters are silent, offers are over; nothing rises     |
| charger loses its link             | its last limit until T + 15 s, its last sample for 150 s, its        |
|                                    | fallback as well; then what the guarantee credits: its fallback, or  |
|                                    | its rating; others make room                                         |
| charger silent since the start     | its rating until T + 15 s, then what the guarantee credits           |
| charger boots                      | its rating on all phases until it confirms an offer again            |
| charger refuses limits             | what it has; asked again after 5, 10 .. 60 s; others make room       |
| charger loses answers              | the larger of old and new until it confirms; others wait for that    |
| charger overdraws                  | what it draws, whatever it is told to and however often that         |
|                                    | changes; its rating once its samples are old; others make room       |
| charger draws on phases not learnt | they count from the sample on that shows it                          |
| charger sends no meter values      | its offer on all its phases; nothing of it is taken off the meter,   |
|                                    | so that what it draws counts as the building's too                   |
| charger sends stale values         | older than 150 s: as none                                            |
| charger samples ahead in time      | booked as they are; no fall of the building is believed              |
| charger invents currents           | booked, so that others lose; nobody gains                            |
| charger does not pause at 0 A      | its minimum counts at 0 A until it was seen to pause                 |
| charger clock ahead                | its fallback counts from when a refresh is late, or 16 s before T    |
| charger clock behind               | its last limit counts until T + 15 s                                 |
| charger clock beyond all credit    | its fallback counts always, and its rating once it is silent         |
| charger whose dead man is tested   | its rating; it is told nothing but less                              |
| charger without a dead man         | its rating, always                                                   |

tests/core/test_failsafe.py has a test of every row, named after it.
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
