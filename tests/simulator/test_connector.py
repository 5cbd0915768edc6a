import pytest

from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.connector import Connector


def connector():
    return Connector(1, Evse(EvsePlan(name="bay-1", circuit="grid", max_ma=16_000), voltage_mv=230_000))


def charging():
    bay = connector()
    bay.evse.plug(CarModel(follow_ms=0, start_ms=0), 0)
    bay.token = "AA"
    bay.begin("bay-1", 8_000)
    return bay


def test_a_session_walks_through_the_states_of_the_specification():
    bay, seen = connector(), []

    def note():
        seen.append(bay.status())

    note()
    bay.evse.plug(CarModel(follow_ms=0, start_ms=0, wanted_wh=1, taper_wh=0), 0)
    note()
    bay.token = "AA"
    assert bay.may_begin
    bay.begin("bay-1", 8_000)
    note()
    bay.steer(10_000, 0)
    bay.evse.advance(0)
    note()
    bay.evse.advance(10_000)
    note()
    bay.end(9_000, "Local")
    note()
    bay.evse.unplug(20_000)
    bay.vacate()
    note()
    assert seen == [
        "Available",
        "Preparing",
        "SuspendedEVSE",
        "Charging",
        "SuspendedEV",
        "Finishing",
        "Available",
    ]


def test_a_token_may_come_before_the_car():
    bay = connector()
    bay.token = "AA"
    assert bay.status() == "Preparing"
    assert not bay.may_begin
    bay.evse.plug(CarModel(), 0)
    assert bay.may_begin


@pytest.mark.parametrize(
    ("limit", "pilot"), [(0, 0), (5_999, 0), (6_000, 6_000), (12_300, 12_300), (99_000, 16_000)]
)
def test_the_pilot_says_what_it_can_say(limit, pilot):
    bay = charging()
    bay.steer(limit, 0)
    assert bay.evse.pilot_ma == pilot


def test_without_a_transaction_nothing_is_offered():
    bay = charging()
    bay.steer(16_000, 0)
    bay.end(9_000, "Local")
    bay.steer(16_000, 0)
    assert bay.evse.pilot_ma == 0


def test_a_transaction_bears_the_meters_register_at_both_ends():
    bay = charging()
    bay.steer(10_000, 0)
    bay.evse.advance(0)
    bay.evse.advance(3_600_000)
    ended = bay.end(9_000, "EVDisconnected")
    assert (ended.meter_start_wh, ended.meter_stop_wh, ended.reason) == (0, 6_900, "EVDisconnected")


def test_an_out_of_order_connector_ends_its_session_before_it_is_unavailable():
    bay = charging()
    bay.is_operative = False
    assert bay.status() == "SuspendedEVSE"
    bay.end(9_000, "Local")
    assert bay.status() == "Unavailable"


def test_a_fault_is_named_and_stops_the_offer():
    bay = charging()
    bay.error = "GroundFailure"
    bay.steer(16_000, 0)
    assert (bay.status(), bay.evse.pilot_ma) == ("Faulted", 0)


def test_a_state_is_news_until_it_is_announced_and_again_after_a_boot():
    bay = connector()
    assert bay.has_news
    assert bay.announce() == ("Available", "NoError")
    assert not bay.has_news
    bay.forget_announcement()
    assert bay.has_news
