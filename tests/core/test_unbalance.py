"""How much more one phase may carry than another because of our chargers: kept by the book."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.test_step import busy, happen, setpoints
from tests.core.virtual_lot import VirtualLot

MOST_MA = 20_000


def lot_of(*cars: tuple[int, ...], **options) -> VirtualLot:
    """Cars on these terminals have come, have shown themselves and have settled."""
    lot = VirtualLot(1, bays=len(cars), rating_ma=125_000, unknown_bay=None, **options)
    lot.run(3_000)
    for station, phases in zip(lot.stations.values(), cars, strict=True):
        station.charging, station.since_ms, station.car_phases = True, lot.now_ms, phases
    lot.run(240_000)
    return lot


def test_what_one_phase_cars_draw_on_a_phase_stays_below_the_limit_with_their_tolerance() -> None:
    lot = lot_of((0,), (2,), unbalance_max_ma=MOST_MA)  # wired so that both load L1
    assert sorted(setpoints(lot).values()) == [9_000, 9_000]
    assert {setpoint.reason.word for setpoint in lot.decision.setpoints} == {"unbalance"}
    assert lot.uneven_ma() == 18_000
    assert lot.late_uneven == []


def test_without_the_limit_the_same_cars_get_everything() -> None:
    assert sorted(setpoints(lot_of((0,), (2,))).values()) == [32_000, 32_000]


def test_cars_on_three_phases_charge_freely_beside_them() -> None:
    lot = lot_of((0, 1, 2), (0,), (0, 1, 2), unbalance_max_ma=MOST_MA)
    assert sorted(setpoints(lot).values()) == [19_000, 24_000, 24_000], "50 A feed the two of them"
    assert lot.late_uneven == []


def test_a_car_counts_on_all_phases_until_it_has_shown_three() -> None:
    lot = VirtualLot(1, bays=1, unbalance_max_ma=MOST_MA)
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms = True, lot.now_ms
    lot.run(5_000)
    assert setpoints(lot)["bay-0"] == 19_000
    lot.run(60_000)
    assert setpoints(lot)["bay-0"] == 32_000


def test_a_car_that_falls_back_to_one_phase_is_lowered_within_the_reaction_time() -> None:
    lot = lot_of((0, 1, 2), unbalance_max_ma=MOST_MA)
    assert setpoints(lot)["bay-0"] == 32_000
    lot.stations["bay-0"].car_phases = (0,)
    lot.run(11_000)  # until its next sample
    lot.disturb()
    lot.late_uneven.clear()
    lot.run(30_000)
    assert setpoints(lot)["bay-0"] <= 19_000
    assert lot.late_uneven == []


def test_an_unproven_pause_and_empty_bays_do_not_use_the_limit_up() -> None:
    lot = VirtualLot(1, bays=6, unbalance_max_ma=MOST_MA, pause_proven=False)
    lot.run(3_000)
    station = lot.stations["bay-3"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(60_000)
    assert setpoints(lot)["bay-3"] == 19_000


def test_a_station_out_of_reach_counts_on_every_phase_again() -> None:
    lot = busy(bays=2, rating_ma=125_000, unbalance_max_ma=MOST_MA)
    lost, other = lot.stations["bay-0"], lot.stations["bay-1"]
    other.charging = False
    lot.run(10_000)
    other.charging, other.since_ms, other.car_phases = True, lot.now_ms, (0,)
    lot.run(60_000)
    assert setpoints(lot)["bay-1"] == 19_000
    lost.is_linked, lost.losses = False, 1
    lot.run(5_000)
    assert setpoints(lot)["bay-1"] == 0, "nobody knows any more what hangs there"


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["plug", "one-phase", "one-phase", "unplug", "eats-less", "building", "silent", "good"]
        ),
        st.integers(0, 5),
        st.integers(0, 25),
        st.integers(1, 40),
    ),
    max_size=25,
)


@pytest.mark.parametrize("most_ma", [8_000, 20_000])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    events=EVENTS,
    every_s=st.sampled_from([1, 10, 30, 60]),
    delay_s=st.sampled_from([0, 2, 15, 60]),
)
def test_whatever_cars_come_no_phase_carries_too_much_more_than_another(
    most_ma, seed, events, every_s, delay_s
):
    lot = VirtualLot(
        seed, unbalance_max_ma=most_ma, sample_every_ms=every_s * 1_000, sample_delay_ms=delay_s * 1_000
    )
    lot.run(3_000)
    for what, bay, amps, seconds in events:
        happen(lot, what, f"bay-{bay}", amps)
        lot.disturbed_ms = 0
        lot.run(seconds * 1_000)
    assert lot.late_uneven == []
