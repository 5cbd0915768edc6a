"""Each rule by hand: one circuit of 40 A on every phase, no tolerance unless said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.plant.arrivals import HOUR_MS
from edge.plant.rivals import RULES, Demand, equal_split, fifo, least_laxity, round_robin
from edge.plant.rivals import earliest_deadline as edf

FREE = (40_000, 40_000, 40_000)


def car(bay, phases=(0, 1, 2), *, max_a=16, arrived=0, departs_h=8, missing_kwh=10, circuits=(0,)):
    return Demand(
        bay=bay,
        rooms=tuple(circuit * 3 + phase for circuit in circuits for phase in phases),
        circuits=circuits,
        min_ma=6_000,
        max_ma=max_a * 1000,
        arrived_ms=arrived,
        departs_ms=departs_h * HOUR_MS,
        missing_wh=missing_kwh * 1000,
        power_w=max_a * 230 * len(phases),
    )


def test_fifo_fills_whoever_came_first_and_leaves_the_rest_to_the_next():
    cars = [car("c", arrived=3), car("a", arrived=1), car("b", arrived=2)]
    assert fifo(cars, FREE, 0, 0) == {"a": 16_000, "b": 16_000, "c": 8_000}


def test_less_than_6_a_is_nothing():
    cars = [car("a", arrived=1), car("b", arrived=2), car("c", max_a=32, arrived=3)]
    assert fifo(cars, (37_000,) * 3, 0, 0) == {"a": 16_000, "b": 16_000}


def test_a_car_on_another_phase_takes_nothing_away():
    cars = [car("a", (0,), max_a=32, arrived=1), car("b", (1,), max_a=32, arrived=2), car("c", arrived=3)]
    assert fifo(cars, FREE, 0, 0) == {"a": 32_000, "b": 32_000, "c": 8_000}


def test_edf_serves_who_leaves_first():
    cars = [car("a", departs_h=9), car("b", departs_h=7), car("c", departs_h=8)]
    assert edf(cars, FREE, 0, 0) == {"b": 16_000, "c": 16_000, "a": 8_000}


def test_llf_serves_who_can_wait_least():
    # 11.04 kW: 44 kWh take 4 h of 5, laxity 1 h; 11 kWh take 1 h of 4, laxity 3 h
    cars = [car("short", departs_h=4, missing_kwh=11), car("long", departs_h=5, missing_kwh=44)]
    assert least_laxity(cars, (20_000,) * 3, 0, 0) == {"long": 16_000}
    assert edf(cars, (20_000,) * 3, 0, 0) == {"short": 16_000}


def test_round_robin_gives_minima_in_order_then_an_ampere_each_in_turn():
    cars = [car("a", arrived=1), car("b", arrived=2), car("c", arrived=3, max_a=8)]
    assert round_robin(cars, FREE, 0, 0) == {"a": 16_000, "b": 16_000, "c": 8_000}
    assert round_robin(cars, (20_000,) * 3, 0, 0) == {"a": 7_000, "b": 7_000, "c": 6_000}
    assert round_robin(cars, (17_000,) * 3, 0, 0) == {"a": 9_000, "b": 8_000}


def test_equal_split_sees_no_phases():
    cars = [car("a", (0,), max_a=32, arrived=1), car("b", (1,), max_a=32, arrived=2)]
    assert equal_split(cars, FREE, 0, 0) == {"a": 20_000, "b": 20_000}


def test_equal_split_below_6_a_serves_those_who_came_first():
    cars = [car(name, arrived=place) for place, name in enumerate("abcde")]
    assert equal_split(cars, (20_000,) * 3, 0, 0) == {"a": 6_000, "b": 6_000, "c": 6_000}


def test_equal_split_looks_at_every_circuit_on_the_way():
    free = (90_000,) * 3 + (20_000,) * 3
    near = [car("a", circuits=(1, 0)), car("b", circuits=(1, 0))]
    assert equal_split([*near, car("c", max_a=32)], free, 0, 0) == {"a": 10_000, "b": 10_000, "c": 30_000}


def test_tolerance_is_left_free_for_every_car():
    cars = [car("a", arrived=1), car("b", arrived=2)]
    assert fifo(cars, (30_000,) * 3, 600, 0) == {"a": 16_000, "b": 12_000}
    assert round_robin(cars, (30_000,) * 3, 600, 0) == {"a": 14_000, "b": 14_000}


demands = st.lists(
    st.builds(
        car,
        st.uuids().map(str),
        st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 1, 2)]),
        max_a=st.sampled_from([6, 10, 16, 32]),
        arrived=st.integers(0, 9),
        departs_h=st.integers(0, 9),
        circuits=st.sampled_from([(0,), (1, 0), (2, 0)]),
    ),
    max_size=12,
    unique_by=lambda demand: demand.bay,
)
free = st.lists(st.integers(-5_000, 90_000), min_size=9, max_size=9)


@pytest.mark.parametrize("name", RULES)
@given(demands, free, st.sampled_from([0, 600]))
def test_no_rule_hands_out_more_than_there_is_nor_less_than_6_a(name, cars, free_ma, tolerance_ma):
    given_ma = RULES[name](cars, free_ma, tolerance_ma, 0)
    left = list(free_ma)
    for demand in cars:
        ma = given_ma.get(demand.bay, 0)
        assert ma == 0 or 6_000 <= ma <= demand.max_ma
        for room in demand.rooms:
            left[room] -= ma + tolerance_ma if ma else 0
    assert all(after >= 0 or after == before for after, before in zip(left, free_ma, strict=True))
