"""Whole days under a demand target: every quarter-hour's average, as the plant's own meter sees it."""

import pytest

from edge.core.demand_window import Target
from edge.plant.arrivals import HOUR_MS
from tests.plant.lots import lot
from tests.plant.test_days import day

QUARTER_MS = HOUR_MS // 4


@pytest.mark.parametrize("scenario", ["work", "retail"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_quarter_hour_of_a_day_exceeds_its_target(scenario, seed):
    """The building alone stays below it; what a step of it costs within a tick is allowed for."""
    here = lot(8, grid_a=80, rows=2, row_a=50)
    here.tree.circuits["grid"].demand = Target(target_w=22_000)
    energies: dict[int, int] = {}
    buildings: dict[int, int] = {}

    def listen(scene):
        quarter = scene.now_ms // QUARTER_MS
        watts = sum(scene.currents_ma["grid"]) * here.voltage_mv // 1_000_000
        alone = sum(scene.buildings_ma["grid"]) * here.voltage_mv // 1_000_000
        energies[quarter] = energies.get(quarter, 0) + watts * 10_000
        buildings[quarter] = max(buildings.get(quarter, 0), alone)

    outcome = day(here, scenario=scenario, seed=seed, overheard=listen).run()
    averages = {quarter: energy // QUARTER_MS for quarter, energy in energies.items()}
    helped = [average for quarter, average in averages.items() if buildings[quarter] < 20_000]
    assert outcome.violations == []
    assert outcome.delivered_wh > 0
    assert len(helped) > 10
    assert max(helped) <= 22_000 * 102 // 100
    assert max(helped) >= 18_000  # it is used, not merely kept
