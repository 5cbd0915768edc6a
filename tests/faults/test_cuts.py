"""A short run of `python -m tests.faults.cuts`, and one that must find losses."""

import pytest

from tests.faults import cuts
from tests.journal.disks import may_mount


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9():
    tally = cuts.kills(40, seed=3)
    assert tally.is_clean, vars(tally)
    assert tally.acknowledged > 500


def test_who_answers_before_the_commit_is_found_out():
    assert cuts.kills(20, seed=3, how=cuts.ANSWER_FIRST).lost > 0


@pytest.mark.skipif(not may_mount(), reason="only root may shut a file system down")
def test_nothing_acknowledged_is_lost_in_a_power_cut():
    tally = cuts.power_cuts(8, seed=3)
    assert tally.is_clean, vars(tally)
    assert tally.acknowledged > 100


@pytest.mark.skipif(not may_mount(), reason="only root may shut a file system down")
def test_without_a_flush_at_each_commit_power_cuts_are_found_to_lose():
    assert cuts.power_cuts(8, seed=3, how=cuts.NORMAL).lost > 0
