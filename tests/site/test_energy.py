"""Energy registers count upwards; slips of a meter are passed over."""

import pytest

from edge.site.energy import LEAP_WH, EnergyRegister


def believed(*samples):
    register = EnergyRegister()
    register.restart(1_000)
    for sample in samples:
        register.note(sample)
    return register.wh


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((), 1_000),
        ((1_000, 1_500), 1_500),
        ((1_500, 900), 1_500),
        ((1_500, 0, 1_600), 1_600),
        ((1_500, 900, 800), 1_500),
        ((1_500, 3, 10), 10),
        ((1_500, 10**15), 1_500),
        ((1_500, 10**15, 1_600), 1_600),
        ((1_500, 1_500 + LEAP_WH), 1_500 + LEAP_WH),
        ((-5, -4), -4),
    ],
    ids=[
        "nothing told",
        "upwards",
        "one slip below",
        "a slip, then on",
        "two slips that disagree",
        "a new register that goes on",
        "one leap",
        "a leap, then on",
        "as far as may be",
        "a register below zero",
    ],
)
def test_what_a_register_is_believed_to_say(samples, expected):
    assert believed(*samples) == expected
