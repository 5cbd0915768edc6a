from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.plant.wiring import Wiring
from edge.simulator.sampling import meter_value

ALL = ["Current.Import", "Current.Offered", "Voltage", "Power.Active.Import", "Energy.Active.Import.Register"]


def values(rotation, measurands=ALL):
    evse = Evse(EvsePlan(name="bay-1", circuit="grid", wiring=Wiring.parse(rotation)), voltage_mv=230_000)
    evse.plug(CarModel(phases=2, follow_ms=0, start_ms=0), 0)
    evse.set_pilot(10_050, 0)
    evse.advance(0)
    evse.advance(3_600_000)
    sampled = meter_value(evse, measurands, stamp="now", context="Sample.Periodic", offered_ma=10_050)
    return [(v.measurand, v.phase, v.value, v.unit) for v in sampled.sampled_value]


def test_a_three_phase_charger_reports_each_of_its_own_terminals():
    assert values("L2L3L1") == [
        ("Current.Import", "L1", "10.050", "A"),
        ("Current.Import", "L2", "10.050", "A"),
        ("Current.Import", "L3", "0.000", "A"),
        ("Current.Offered", None, "10.050", "A"),
        ("Voltage", "L1-N", "230.000", "V"),
        ("Voltage", "L2-N", "230.000", "V"),
        ("Voltage", "L3-N", "230.000", "V"),
        ("Power.Active.Import", None, "4623", "W"),
        ("Energy.Active.Import.Register", None, "4623", "Wh"),
    ]


def test_a_one_phase_charger_calls_its_only_phase_l1():
    assert values("L3", ["Current.Import"]) == [("Current.Import", "L1", "10.050", "A")]


def test_without_anything_known_the_energy_register_stands_alone():
    assert values("L3", ["Temperature"])[0][0] == "Energy.Active.Import.Register"
