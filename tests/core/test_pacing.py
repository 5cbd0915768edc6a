"""What the pace remembers of setpoints that went down and up."""

from edge.core.evse import FOLLOW_MS
from edge.core.pacing import Pace, move


def lowered_and_raised(after_ms: int) -> Pace:
    pace = Pace(evse="bay-1", setpoint_ma=16_000)
    move(pace, 0, by_failsafe=False, now_ms=1_000)
    move(pace, 12_000, by_failsafe=False, now_ms=1_000 + after_ms)
    return pace


def test_a_car_that_was_told_nothing_for_a_moment_need_not_have_gone_there() -> None:
    pace = lowered_and_raised(FOLLOW_MS - 1)
    assert (pace.lowest_ma, pace.lowest_ms) == (12_000, 1_000 + FOLLOW_MS - 1)


def test_a_car_that_was_told_nothing_for_long_enough_has_gone_there() -> None:
    pace = lowered_and_raised(FOLLOW_MS)
    assert (pace.lowest_ma, pace.lowest_ms) == (0, 1_000)
