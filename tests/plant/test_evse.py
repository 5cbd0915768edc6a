"""An EVSE as hardware: what it does not connect."""

import pytest

from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan


def test_what_an_evse_does_not_connect_carries_nothing():
    evse = Evse(EvsePlan(name="bay", circuit="grid"), voltage_mv=230_000)
    evse.plug(CarModel(start_ms=0, follow_ms=0), 0)
    evse.connect(1, 0)
    evse.set_pilot(10_000, 0)
    assert evse.advance(1_000) == (10_000, 0, 0)
    with pytest.raises(ValueError, match="changes phases under load"):
        evse.connect(3, 2_000)
    evse.advance(3_601_000)
    assert evse.car.taken_wh == evse.energy_wh == 2_300
