"""Needs and turns by hand: 7,360 Wh are one hour of 32 A on one phase at 230 V."""

import pytest

from edge.core.need import needed_ma, turn

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("hours", "missing_wh", "phases", "expected_ma"),
    [
        (1, 7_360, 1, 32_000),
        (2, 7_360, 1, 16_000),
        (4, 7_360, 1, 8_000),
        (1, 7_360, 2, 16_000),
        (8, 0, 1, 0),
        (8, -5, 3, 0),
        (0, 1, 1, 15_652_173),  # gone already: more than anything
    ],
)
def test_a_need_is_what_would_do_if_it_flowed_from_now_on(hours, missing_wh, phases, expected_ma):
    found = needed_ma(
        departs_ms=5_000 + hours * HOUR,
        missing_wh=missing_wh,
        phases=phases,
        voltage_mv=230_000,
        now_ms=5_000,
    )
    assert found == expected_ma


@pytest.mark.parametrize(
    ("need_ma", "served_wh", "expected"),
    [
        (32_000, 0, 0),
        (24_000, 0, 1),
        (23_999, 0, 2),
        (8_000, 0, 3),
        (7_999, 0, 4),
        (1, 50_000, 4),
        (0, 0, 9),
        (33_000, 0, 2),  # more than the car can take: hopeless, in the middle
        (None, 0, 2),
        (None, 9_999, 2),
        (None, 10_000, 3),
        (None, 45_000, 6),
        (None, -1, 2),
    ],
)
def test_turns_are_classes_of_need_or_of_what_the_silent_have_had(need_ma, served_wh, expected):
    assert turn(need_ma, 32_000, served_wh) == expected
