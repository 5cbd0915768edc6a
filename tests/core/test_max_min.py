"""The rule beside linear programs; `python -m tests.core.max_min` takes 500 trees and more."""

import pytest

from edge.core.allocation import allocate
from tests.core.max_min import compare, max_min
from tests.core.test_allocation import claim

pytest.importorskip("scipy")


def test_the_reference_knows_the_textbook() -> None:
    """Two share a line of 10 with a third who also crosses one of 4: 2, 2 and 8."""
    members = [
        claim(1, phases=(0,), min_ma=0),
        claim(2, phases=(0, 1), min_ma=0),
        claim(3, phases=(1,), min_ma=0),
    ]
    assert max_min(members, [4_000.0, 10_000.0]) == pytest.approx([2_000, 2_000, 8_000])


def test_on_random_trees_nobody_has_a_step_less_than_linear_programs_give() -> None:
    found = compare(60, 20_261_122)
    assert found.too_little == []
    assert 0 < found.below < 1
    assert found.exact_ma < 0.01, "the judge of the million is as exact"
    assert found.shares > 300


def one_step_less(claims, free_ma) -> None:
    allocate(claims, free_ma)
    for each in claims:
        each.share_ma -= each.step_ma if each.share_ma > each.min_ma else 0


def test_a_rule_that_gives_a_step_too_little_is_found() -> None:
    assert compare(10, 1, rule=one_step_less).too_little
