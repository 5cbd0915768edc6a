"""What a car needs to be ready in time, and in which order cars get their minimum.

Need = energy still missing / time left, as the current on each of its phases that would do if it flowed
from now on. Turns are quarters of what car and EVSE can take, so that cars do not overtake each other with
every minute:

| turn | who                                                                        |
|------|----------------------------------------------------------------------------|
| 0    | needs all that it can take                                                 |
| 1..4 | three quarters of it or more; half; a quarter; less                        |
| 2    | has said nothing, and has had less than 10 kWh; a turn later for every 10 kWh |
| 2    | can no longer be served in time: to pour everything into him would only make others late too |
| 9    | has what he asked for                                                      |

Why not classes of laxity (time left - time needed at full current): whoever can wait longest waits until
he cannot wait any more, and then everybody is in a hurry at once. On simulated days (tests/bench/days.py)
with 24 bays on which all drivers say when they leave, laxity left a session at 1 % of its wish, need at 37 %.
"""

LAST_CLASS = 4
UNKNOWN = 2
UNKNOWN_MA = 10_000  # the need of who has said nothing, or can no longer be served in time
HOPELESS = 2
SATISFIED = 9
QUANTUM_WH = 10_000
USUAL_STAY_MS = 28_800_000  # of those who have said nothing, where two have the same turn


def needed_ma(*, departs_ms: int, missing_wh: int, phases: int, voltage_mv: int, now_ms: int) -> int:
    """The current per phase that brings `missing_wh` by `departs_ms`; 0 when nothing is missing."""
    if missing_wh <= 0:
        return 0
    left_ms = max(1, departs_ms - now_ms)
    return missing_wh * 3_600_000 * 1_000 // (left_ms * max(1, phases) * max(1, voltage_mv) // 1_000)


def turn(need_ma: int | None, most_ma: int, served_wh: int) -> int:
    """Smaller goes first. `need_ma` None: unknown. `most_ma`: the car's true maximum, no hold of now."""
    if need_ma is None:
        return UNKNOWN + max(0, served_wh) // QUANTUM_WH
    if need_ma == 0:
        return SATISFIED
    if need_ma > most_ma:
        return HOPELESS
    return LAST_CLASS - LAST_CLASS * need_ma // max(1, most_ma)
