from hypothesis import given
from hypothesis import strategies as st

from edge.plant.building import Building, BuildingPlan


def test_a_plain_building_draws_its_steady_load():
    assert Building(BuildingPlan(steady_ma=(1, 2, 3))).load_ma(12_345) == (1, 2, 3)


def test_a_step_holds_from_its_moment_on():
    building = Building(BuildingPlan(steady_ma=(10, 10, 10)))
    building.set_phase(1, 25, 1_000)
    assert building.load_ma(999) == (10, 10, 10)
    assert building.load_ma(1_000) == (10, 25, 10)
    building.set_steady((0, 0, 7), 2_000)
    assert building.load_ma(5_000) == (0, 0, 7)


def test_a_planned_step_does_not_undo_one_made_before_it():
    building = Building(BuildingPlan())
    building.set_steady((3, 3, 3), 5_000)
    building.set_phase(0, 9, 1_000)
    assert building.load_ma(1_500) == (9, 0, 0)
    assert building.load_ma(5_000) == (3, 3, 3)


def test_drift_swings_to_both_sides_in_its_period():
    building = Building(BuildingPlan(steady_ma=(50, 50, 50), drift_ma=10, drift_period_ms=4_000))
    assert [building.load_ma(ms)[0] for ms in (0, 1_000, 2_000, 3_000)] == [50, 60, 50, 40]


@given(st.integers(0, 10**9), st.integers(0, 1_000))
def test_noise_stays_in_its_reach_and_repeats_with_its_seed(now_ms, seed):
    plan = BuildingPlan(steady_ma=(5_000, 300, 0), noise_ma=500, drift_ma=100, seed=seed)
    load = Building(plan).load_ma(now_ms)
    assert load == Building(plan).load_ma(now_ms)
    most = Building(plan).most_ma(now_ms)
    assert all(0 <= a <= m for a, m in zip(load, most, strict=True))
    assert load[0] >= 4_400


def test_other_seeds_make_other_noise():
    loads = {
        Building(BuildingPlan(steady_ma=(9_000, 0, 0), noise_ma=900, seed=s)).load_ma(0) for s in range(20)
    }
    assert len(loads) > 10
