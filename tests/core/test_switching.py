"""One phase or three: switched when it lets a car charge, only without current, and never often."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.core import switching
from edge.core.evse import Evse
from tests.core.test_step import EVENTS, check_setpoints, happen, setpoints
from tests.core.virtual_lot import VirtualLot


def scarce_on_l2(**options) -> VirtualLot:
    """A three-phase car has come where the building leaves nothing on L2."""
    lot = VirtualLot(1, bays=1, unknown_bay=None, can_switch=True, **options)
    lot.building = [20_000, 60_000, 20_000]
    lot.run(100_000)  # what is connected has been told
    station = lot.stations["bay-0"]
    station.charging, station.since_ms = True, lot.now_ms
    return lot


def test_a_car_that_waits_for_one_phase_charges_on_another() -> None:
    lot = scarce_on_l2()
    lot.run(20_000)
    assert setpoints(lot)["bay-0"] == 0
    assert lot.decision.setpoints[0].reason.word == "queue"
    lot.run(1_000_000)
    assert lot.stations["bay-0"].connected == switching.ONE
    assert setpoints(lot)["bay-0"] == 32_000
    assert lot.decision.setpoints[0].booked_ma == (32_600, 0, 0)
    assert lot.late_excess == []


def test_it_returns_to_three_phases_when_all_have_room_and_15_minutes_have_passed() -> None:
    lot = scarce_on_l2()
    lot.run(1_000_000)
    lot.building = [20_000, 20_000, 20_000]
    lot.run(1_000_000)
    station = lot.stations["bay-0"]
    assert station.connected == switching.THREE
    assert setpoints(lot)["bay-0"] == 32_000
    times = [at_ms for at_ms, _, _ in station.switched]
    assert all(later - sooner >= switching.EVERY_MS for sooner, later in pairwise(times))
    assert [flowed for _, _, flowed in station.switched] == [0, 0]
    assert lot.late_excess == []


def test_a_one_phase_car_is_left_alone() -> None:
    lot = VirtualLot(1, bays=1, unknown_bay=None, can_switch=True)
    lot.run(100_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(60_000)
    lot.building = [62_000, 20_000, 20_000]
    lot.disturb()
    lot.run(1_200_000)
    assert station.switched == []
    assert lot.late_excess == []


def test_while_nobody_knows_what_is_connected_all_phases_count() -> None:
    lot = scarce_on_l2()
    lot.run(1_000_000)
    station = lot.stations["bay-0"]
    station.boots, station.losses = 2, 1
    lot.run(1_000)
    assert min(lot.decision.setpoints[0].booked_ma) == 32_600


def test_a_station_that_refuses_is_not_asked_again_and_goes_on_as_it_is() -> None:
    lot = VirtualLot(1, bays=1, unknown_bay=None, can_switch=True)
    lot.stations["bay-0"].mode = "refuses"
    lot.run(100_000)
    lot.stations["bay-0"].mode = "obeys"
    station = lot.stations["bay-0"]
    station.charging, station.since_ms = True, lot.now_ms
    lot.run(400_000)
    assert setpoints(lot)["bay-0"] == 32_000
    assert lot.late_excess == []


def test_an_evse_with_unknown_wiring_or_one_phase_cannot_switch() -> None:
    for wiring in (None, (0,)):
        assert not Evse(id="a", circuit="grid", max_ma=16_000, wiring=wiring, can_switch=True).can_switch


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), events=EVENTS, proven=st.booleans(), longer=st.sampled_from([1, 30]))
def test_whatever_happens_it_is_switched_without_current_and_seldom_and_no_fuse_is_overloaded(
    seed, events, proven, longer
):
    lot = VirtualLot(seed, pause_proven=proven, can_switch=True)
    lot.run(3_000)
    starts = [lot.now_ms]
    for what, bay, amps, seconds in events:
        happen(lot, what, f"bay-{bay}", amps)
        if what == "restart":
            starts.append(lot.now_ms)
        lot.run(seconds * longer * 1_000)
        check_setpoints(lot)
    assert lot.late_excess == []
    for station in lot.stations.values():
        assert all(flowed == 0 for _, _, flowed in station.switched)
        times = [at_ms for at_ms, _, _ in station.switched]
        assert len(times) <= len(starts) * (2 + (lot.now_ms - starts[0]) // switching.EVERY_MS)


def test_a_station_that_never_answers_is_left_as_it_is_after_three_tries() -> None:
    lot = VirtualLot(1, bays=1, unknown_bay=None, can_switch=True)

    def swallow(_, image) -> None:
        for result in image.results:
            if lot.phases_of.get(result.number) is not None:
                result.result = "lost"

    lot.sloppy = swallow
    lot.run(200_000)
    assert lot.memory.switches["bay-0"].is_unable
    station = lot.stations["bay-0"]
    station.charging, station.since_ms = True, lot.now_ms
    lot.run(60_000)
    assert setpoints(lot)["bay-0"] == 32_000
