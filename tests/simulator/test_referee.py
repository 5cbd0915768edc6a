import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.simulator.referee import Referee


def referee(allowance_ms=2_000):
    return Referee({"grid": 100, "west": 50}, allowance_ms=allowance_ms)


def currents(grid, west=(0, 0, 0)):
    return {"grid": grid, "west": west}


def test_a_current_at_its_limit_is_no_excess():
    judge = referee()
    judge.observe(currents((100, 100, 100), (50, 50, 50)), 0)
    assert judge.verdict(60_000).excess_ma_ms == 0
    assert judge.verdict(60_000).excursions == ()


def test_excess_is_what_flows_above_the_limit_times_how_long():
    judge = referee()
    judge.observe(currents((110, 100, 90)), 0)
    judge.observe(currents((105, 0, 0)), 300)
    judge.observe(currents((100, 0, 0)), 500)
    assert judge.verdict(10_000).excess_ma_ms == 10 * 300 + 5 * 200
    (only,) = judge.verdict(10_000).excursions
    assert (only.circuit, only.phase, only.began_ms, only.ended_ms, only.peak_ma) == ("grid", 0, 0, 500, 110)


def test_each_circuit_and_phase_is_judged_for_itself():
    judge = referee()
    judge.observe(currents((101, 102, 0), (0, 0, 53)), 0)
    judge.observe(currents((0, 0, 0)), 10)
    assert sorted((e.circuit, e.phase, e.excess_ma_ms) for e in judge.verdict(10).excursions) == [
        ("grid", 0, 10),
        ("grid", 1, 20),
        ("west", 2, 30),
    ]


@pytest.mark.parametrize(("until_ms", "late"), [(2_000, 0), (3_000, 0), (3_001, 10), (5_000, 20_000)])
def test_only_what_outlasts_the_allowance_after_a_disturbance_is_late(until_ms, late):
    judge = referee(allowance_ms=2_000)
    judge.disturb("building +20 A", 1_000)
    judge.observe(currents((110, 0, 0)), 1_000)
    judge.observe(currents((0, 0, 0)), until_ms)
    assert judge.verdict(9_000).late_ma_ms == late


def test_a_later_disturbance_does_not_pardon_what_was_late_before_it():
    judge = referee(allowance_ms=1_000)
    judge.observe(currents((110, 0, 0)), 0)
    judge.disturb("a car", 1_500)
    judge.observe(currents((0, 0, 0)), 2_000)
    assert judge.verdict(2_000).late_ma_ms == 10 * 500


def test_an_excess_without_any_cause_is_late_from_its_beginning():
    judge = referee(allowance_ms=1_000)
    judge.observe(currents((90, 0, 0)), 0)
    judge.observe(currents((101, 0, 0)), 50_000)
    assert judge.verdict(50_700).late_ma_ms == 700


def test_the_cause_is_the_last_disturbance():
    judge = referee()
    judge.disturb("first", 0)
    judge.disturb("second", 10)
    judge.observe(currents((101, 0, 0)), 20)
    assert judge.verdict(20).excursions[0].cause == "second"


def test_a_lowered_limit_counts_from_then_on():
    judge = referee(allowance_ms=100)
    judge.observe(currents((90, 0, 0)), 0)
    judge.set_limit("grid", 60, 1_000)
    verdict = judge.verdict(2_000)
    assert verdict.excess_ma_ms == 30 * 1_000
    assert verdict.late_ma_ms == 30 * 900
    judge.set_limit("grid", 90, 2_000)
    assert judge.verdict(9_000).excess_ma_ms == 30 * 1_000


def test_the_longest_excursion_is_known_while_it_lasts():
    judge = referee()
    judge.observe(currents((101, 0, 0)), 1_000)
    assert judge.verdict(4_000).longest_ms == 3_000


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 200), st.booleans()), max_size=30))
def test_the_totals_are_the_sum_of_the_excursions_and_late_is_a_part_of_excess(steps):
    judge, now, expected, flowing = referee(500), 0, 0, 0
    for elapsed, current, disturbed in steps:
        now += elapsed
        expected += max(0, flowing - 100) * elapsed
        if disturbed:
            judge.disturb("step", now)
        judge.observe(currents((current, 0, 0)), now)
        flowing = current
    verdict = judge.verdict(now)
    assert verdict.excess_ma_ms == expected == sum(e.excess_ma_ms for e in verdict.excursions)
    assert 0 <= verdict.late_ma_ms <= verdict.excess_ma_ms
