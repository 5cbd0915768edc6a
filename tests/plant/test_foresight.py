import sys

import pytest

from edge.plant.arrivals import HOUR_MS, Visit
from edge.plant.building import Building, BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.controllers import STRATEGIES
from edge.plant.foresight import ForesightMissingError, most_energy_wh
from tests.plant.lots import lot
from tests.plant.test_days import day


def visit(bay, begins_h, ends_h, wish_wh, **car):
    return Visit(
        bay=bay,
        driver=bay,
        arrives_ms=round(begins_h * HOUR_MS),
        departs_ms=round(ends_h * HOUR_MS),
        car=CarModel(wanted_wh=wish_wh, **car),
        is_stated=False,
    )


def test_without_scipy_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ForesightMissingError, match=r"pip install 'ampyard\[simulate\]'"):
        most_energy_wh(lot(1), [], {})


class TestWithScipy:
    @pytest.fixture(autouse=True)
    def scipy(self):
        pytest.importorskip("scipy")

    def test_a_lone_car_is_bound_by_its_wish_and_by_its_stay(self):
        assert most_energy_wh(lot(1), [visit("bay-00", 8, 12, 20_000)], {}) == 20_000
        assert most_energy_wh(lot(1), [visit("bay-00", 8, 9.1, 20_000)], {}) == 12_144  # 11.04 kW, 1.1 h

    def test_a_circuit_is_bound_phase_by_phase(self):
        here = lot(2, grid_a=20, building_a=0, wirings=((0, 1, 2), (0, 1, 2)))
        cars = [visit("bay-00", 8, 9, 9_000, phases=1), visit("bay-01", 8, 9, 9_000, phases=1)]
        assert most_energy_wh(here, cars, {}) == 4_600  # 20 A x 230 V on L1
        rotated = lot(2, grid_a=20, building_a=0)
        assert most_energy_wh(rotated, cars, {}) == 7_360  # 16 A each, on two phases

    def test_what_the_building_takes_is_not_there(self):
        here = lot(1, grid_a=20, building_a=10)
        loads = {"grid": Building(BuildingPlan(steady_ma=(10_000, 10_000, 10_000)))}
        assert most_energy_wh(here, [visit("bay-00", 8, 9, 9_000)], loads) == 6_900

    def test_who_leaves_soon_is_foreseen(self):
        here = lot(2, grid_a=16, building_a=0)
        cars = [visit("bay-00", 8, 10, 11_040), visit("bay-01", 8, 9, 11_040)]
        assert most_energy_wh(here, cars, {}) == 22_080

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_nobody_does_better(self, strategy):
        here = lot(6, grid_a=45, rows=2, row_a=30)
        run = day(here, strategy, scenario="retail", seed=2)
        assert 0 < run.run().delivered_wh <= most_energy_wh(here, run.arrivals.visits, run.buildings)
