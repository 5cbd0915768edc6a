import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.evse import EvsePlan
from edge.plant.lot import CircuitPlan, Lot, LotPlan
from edge.plant.wiring import Wiring

QUICK = CarModel(follow_ms=0, start_ms=0)
GRID = CircuitPlan(
    name="grid", parent=None, rating_ma=100_000, building=BuildingPlan(steady_ma=(20_000, 10_000, 0))
)
WEST = CircuitPlan(name="west", rating_ma=63_000)
ROW = CircuitPlan(name="row", parent="west", rating_ma=32_000, building=BuildingPlan(steady_ma=(0, 0, 1_000)))


def evse(name, circuit, rotation="L1L2L3", max_ma=32_000):
    return EvsePlan(name=name, circuit=circuit, wiring=Wiring.parse(rotation), max_ma=max_ma)


def test_every_circuit_carries_what_hangs_below_it():
    lot = Lot(LotPlan(circuits=(ROW, GRID, WEST), evses=(evse("a", "row", "L2L3L1"), evse("b", "grid"))))
    lot.evses["a"].plug(CarModel(phases=1, follow_ms=0, start_ms=0), 0)
    lot.evses["b"].plug(QUICK, 0)
    lot.evses["a"].set_pilot(10_000, 0)
    lot.evses["b"].set_pilot(6_000, 0)
    assert lot.advance(0) == {
        "row": (0, 10_000, 1_000),
        "west": (0, 10_000, 1_000),
        "grid": (26_000, 26_000, 7_000),
    }


def test_an_evse_never_offers_more_than_it_can_carry():
    lot = Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "grid", max_ma=10_000),)))
    lot.evses["a"].plug(QUICK, 0)
    lot.evses["a"].set_pilot(16_000, 0)
    assert lot.evses["a"].flowing_ma == (0, 0, 0)
    lot.advance(0)
    assert lot.evses["a"].flowing_ma == (10_000, 10_000, 10_000)


def test_a_three_phase_car_at_a_one_phase_evse_draws_on_one():
    lot = Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "grid", "L3"),)))
    lot.evses["a"].plug(QUICK, 0)
    lot.evses["a"].set_pilot(16_000, 0)
    assert lot.advance(0)["grid"] == (20_000, 10_000, 16_000)


def test_the_meter_counts_on_through_cars_and_keeps_what_it_counted():
    lot = Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "grid"),)))
    bay = lot.evses["a"]
    bay.plug(QUICK, 0)
    bay.set_pilot(10_000, 0)
    lot.advance(0)
    lot.advance(3_600_000)
    assert bay.energy_wh == 6_900
    bay.unplug(3_600_000)
    assert bay.flowing_ma == (0, 0, 0)
    lot.advance(7_200_000)
    assert bay.energy_wh == 6_900


def test_an_open_contactor_carries_nothing():
    lot = Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "grid"),)))
    bay = lot.evses["a"]
    bay.plug(QUICK, 0)
    bay.set_pilot(10_000, 0)
    lot.advance(0)
    bay.switch(closed=False, now_ms=1_000)
    assert bay.flowing_ma == (0, 0, 0)
    bay.switch(closed=True, now_ms=2_000)
    assert bay.flowing_ma == (10_000, 10_000, 10_000)


def test_a_bay_holds_one_car():
    lot = Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "grid"),)))
    lot.evses["a"].plug(QUICK, 0)
    with pytest.raises(ValueError, match="taken"):
        lot.evses["a"].plug(QUICK, 1)


@pytest.mark.parametrize(
    "circuits",
    [
        (WEST,),
        (GRID, CircuitPlan(name="other", parent=None, rating_ma=1)),
        (
            GRID,
            CircuitPlan(name="a", parent="b", rating_ma=1),
            CircuitPlan(name="b", parent="a", rating_ma=1),
        ),
        (GRID, CircuitPlan(name="a", parent="nowhere", rating_ma=1)),
    ],
)
def test_what_is_no_tree_is_refused(circuits):
    with pytest.raises(ValueError, match="circuit"):
        Lot(LotPlan(circuits=circuits))


def test_an_evse_on_no_circuit_is_refused():
    with pytest.raises(ValueError, match="no circuit"):
        Lot(LotPlan(circuits=(GRID,), evses=(evse("a", "wset"),)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["grid", "west", "row"]), st.sampled_from([0, 6_000, 16_000])), max_size=8
    )
)
def test_a_parent_carries_its_own_load_and_that_of_its_children(bays):
    plans = tuple(evse(str(n), circuit) for n, (circuit, _) in enumerate(bays))
    lot = Lot(LotPlan(circuits=(GRID, WEST, ROW), evses=plans))
    for n, (_, pilot) in enumerate(bays):
        lot.evses[str(n)].plug(QUICK, 0)
        lot.evses[str(n)].set_pilot(pilot, 0)
    currents = lot.advance(0)
    own = {name: sum(pilot for circuit, pilot in bays if circuit == name) for name in currents}
    assert currents["row"] == (own["row"], own["row"], own["row"] + 1_000)
    assert currents["west"][0] == own["west"] + currents["row"][0]
    assert currents["grid"][1] == own["grid"] + currents["west"][1] + 10_000
