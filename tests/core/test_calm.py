"""What a rise may not count on: how restless the building was while a hold passes five times."""

from edge.core.calm import Peaks, above, note

HOLD = 60_000


def test_the_worst_of_five_minutes_counts_and_then_no_more():
    peaks = Peaks(circuit="grid")
    note(peaks, (5_000, 9_000, 5_000), HOLD, 0)
    note(peaks, (5_000, 4_000, 6_000), HOLD, 1_000)
    assert above(peaks, (5_000, 4_000, 6_000), HOLD, 1_000) == (0, 5_000, 0)
    assert above(peaks, (7_000, 4_000, 2_000), HOLD, 299_999) == (0, 5_000, 4_000)
    assert above(peaks, (7_000, 4_000, 2_000), HOLD, 300_000) == (0, 0, 0)
    assert peaks.slices == []


def test_what_is_noted_is_bounded_however_often_it_is_noted():
    peaks = Peaks(circuit="grid")
    for second in range(3_600):
        note(peaks, (second, 0, 0), HOLD, second * 1_000)
        above(peaks, (second, 0, 0), HOLD, second * 1_000)
    assert len(peaks.slices) == 10


def test_without_a_hold_only_this_moment_counts():
    peaks = Peaks(circuit="grid")
    note(peaks, (9_000, 0, 0), 0, 1_000)
    assert above(peaks, (5_000, 0, 0), 0, 1_020) == (0, 0, 0)
