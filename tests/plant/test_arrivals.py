import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.plant.arrivals import DAY_MS, HOUR_MS, SCENARIOS, arrivals, best_wh
from edge.plant.cars import CarModel
from tests.plant.lots import lot


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_seed_brings_the_same_cars(name):
    first, again = (arrivals(SCENARIOS[name], lot(), days=2, seed=7) for _ in range(2))
    assert first == again
    assert first != arrivals(SCENARIOS[name], lot(), days=2, seed=8)


def test_a_longer_simulation_begins_with_the_same_days():
    two = arrivals(SCENARIOS["work"], lot(), days=2, seed=3).visits
    three = arrivals(SCENARIOS["work"], lot(), days=3, seed=3).visits
    assert three[: len(two)] == two


@given(st.sampled_from(sorted(SCENARIOS)), st.integers(0, 1_000), st.integers(1, 12))
def test_a_bay_holds_one_car_at_a_time_and_no_wish_is_out_of_reach(name, seed, bays):
    here = lot(bays)
    free_from = dict.fromkeys(here.by_id, 0)
    for visit in arrivals(SCENARIOS[name], here, days=2, seed=seed).visits:
        assert visit.arrives_ms >= free_from[visit.bay]
        free_from[visit.bay] = visit.departs_ms
        alone_wh = best_wh(visit.car, here.by_id[visit.bay], visit.stay_ms, here.voltage_mv)
        assert 0 < visit.car.wanted_wh <= max(1_000, alone_wh)


def test_who_finds_no_free_bay_drives_on():
    here = arrivals(SCENARIOS["work"], lot(2), days=5, seed=1)
    assert here.turned_away > 0
    assert len(here.visits) + here.turned_away == 5 * 3  # 1.1 cars for each of two bays, rounded up


def test_commuters_come_back_with_the_same_car():
    cars = {}
    for visit in arrivals(SCENARIOS["work"], lot(), days=4, seed=2).visits:
        nature = (visit.car.phases, visit.car.max_ma, visit.car.sleeps)
        assert cars.setdefault(visit.driver, nature) == nature
    assert len(cars) <= 7


def test_residents_come_in_the_evening_and_stay_over_night():
    for visit in arrivals(SCENARIOS["home"], lot(12), days=1, seed=1).visits:
        assert 14 * HOUR_MS <= visit.arrives_ms <= 23 * HOUR_MS
        assert visit.departs_ms >= DAY_MS - 2 * HOUR_MS


def test_what_a_car_could_take_alone():
    # an hour less the start of 15 s, at 16 A on three phases: 11.04 kW
    assert best_wh(CarModel(phases=3, max_ma=16_000), lot().evses[0], HOUR_MS, 230_000) == 10_994
    one_phase = lot(wirings=((2,),)).evses[0]
    assert best_wh(CarModel(phases=3, max_ma=16_000), one_phase, HOUR_MS, 230_000) == 3_664
