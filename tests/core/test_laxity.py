"""Urgency by hand: 7 kW (32 A on one phase, 230 V is 7,360 W)."""

import pytest

from edge.core.laxity import urgency

HOUR = 3_600_000


def at(hours: float | None, missing_wh: int | None) -> int:
    departs_ms = None if hours is None else int(hours * HOUR) + 5_000
    return urgency(
        departs_ms=departs_ms,
        missing_wh=missing_wh,
        most_ma=32_000,
        phases=1,
        voltage_mv=230_000,
        now_ms=5_000,
    )


@pytest.mark.parametrize(
    ("hours", "missing_wh", "expected"),
    [
        (8, 7_360, 0),  # could wait seven hours
        (5, 7_360, 1),  # four
        (3, 7_360, 2),
        (2, 7_360, 3),
        (1.5, 7_360, 4),
        (1.25, 7_360, 5),
        (1, 7_360, 5),  # just in time
        (0.9, 7_360, 2),  # cannot be served any more
        (None, 7_360, 2),
        (4, None, 2),
        (0.1, 0, 5),
        (0.1, -500, 5),
    ],
)
def test_the_classes_are_quarters_halves_and_doubles_of_an_hour(hours, missing_wh, expected) -> None:
    assert at(hours, missing_wh) == expected


def test_a_maximum_of_nothing_is_no_error() -> None:
    assert urgency(departs_ms=9, missing_wh=5, most_ma=0, phases=1, voltage_mv=230_000, now_ms=1) == 2
