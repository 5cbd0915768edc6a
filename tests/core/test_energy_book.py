"""What a transaction has charged never falls, and nothing is counted that cannot have been."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.energy_book import FELL, JUMPED, NO_CLOCK_WH, EnergyBook

MOST_W = 11_000
MINUTE = 60_000


def booked(start_wh, samples, stop_wh, *, stop_ms=None):
    """What was charged by samples of one minute after another, and the flags."""
    book = EnergyBook(start_wh, 0, MOST_W)
    for minute, wh in enumerate(samples, start=1):
        book.note(wh, minute * MINUTE)
    book.close(stop_wh, (len(samples) + 1) * MINUTE if stop_ms is None else stop_ms)
    return book.energy_wh, book.flags()


@pytest.mark.parametrize(
    ("start_wh", "samples", "stop_wh", "energy_wh", "flags"),
    [
        (1000, [1100, 1200], 1300, 300, []),
        (1000, [], 1000, 0, []),
        (1000, [], 900, 0, [FELL]),
        (1000, [1100, 1200, 50, 150], 250, 200 + 200, [FELL]),  # a new register: what rose on both
        (1000, [1100, 50, 1200], 1300, 300, []),  # a slip, passed over
        (1000, [1100, 9_000_000, 1200], 1300, 300, []),  # another
        (1000, [1100, 9_000_000, 9_000_100], 9_000_200, 100 + 200, [JUMPED]),
        (0, [5_000_000, 5_000_100], 5_000_300, 300, [JUMPED]),  # its start is told as 0 always
        (1000, [1100], 9_000_000, 100, [JUMPED]),
        (1000, [1200, 20], 80, 200 + 60, [FELL]),
    ],
)
def test_readings_and_what_they_come_to(start_wh, samples, stop_wh, energy_wh, flags):
    assert booked(start_wh, samples, stop_wh) == (energy_wh, flags)


def test_a_night_without_samples_is_no_leap():
    assert booked(1000, [], 61_000, stop_ms=8 * 60 * MINUTE) == (60_000, [])


def test_late_samples_are_passed_over():
    book = EnergyBook(0, 0, MOST_W)
    book.note(500, 3 * MINUTE)
    book.note(200, MINUTE)
    book.close(600, 4 * MINUTE)
    assert (book.energy_wh, book.flags()) == (600, [])


def test_a_clock_that_is_set_back_costs_no_energy():
    book = EnergyBook(0, 10 * 60 * MINUTE, MOST_W)
    book.note(5_000, 10 * 60 * MINUTE + 30 * MINUTE)
    book.note(5_100, 31 * MINUTE)
    book.note(5_200, 32 * MINUTE)
    book.close(15_200, 92 * MINUTE)
    assert (book.energy_wh, book.flags()) == (15_200, [])


def test_a_clock_that_stands_still_costs_no_energy():
    book = EnergyBook(0, 0, MOST_W)
    book.close(40_000, 0)
    assert (book.energy_wh, book.flags()) == (40_000, [])


@given(
    start=st.integers(-(10**9), 10**9),
    readings=st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**12), 10**12)), max_size=20),
    stop=st.integers(-(10**9), 10**9),
)
def test_whatever_is_told_energy_is_never_negative_and_never_above_what_the_socket_can(start, readings, stop):
    book = EnergyBook(start, 0, MOST_W)
    for wh, at_ms in readings:
        book.note(wh, at_ms)
    book.close(stop, 0)
    times = [0, *(at_ms for _, at_ms in readings), 0]
    longest_ms = sum(
        max(0, after - before) for before, after in zip(sorted(times), sorted(times)[1:], strict=False)
    )
    most_wh = (len(readings) + 1) * (MOST_W * longest_ms // 3_600_000 * 5 // 4 + NO_CLOCK_WH)
    assert 0 <= book.energy_wh <= most_wh
