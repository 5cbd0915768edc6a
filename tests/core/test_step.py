"""The step against a lot in virtual time: no true current above a rating beyond the reaction time."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.core.image import Decision, Image, LimitImage
from edge.core.memory import Memory
from edge.core.step import step
from tests.core.virtual_lot import Station, VirtualLot


def busy(seed: int = 1, **options) -> VirtualLot:
    """All bays charge and have settled."""
    lot = VirtualLot(seed, **options)
    lot.run(3_000)
    for station in lot.stations.values():
        station.charging = True
        station.since_ms = lot.now_ms
    lot.run(120_000)
    lot.disturb()
    return lot


def setpoints(lot: VirtualLot) -> dict[str, int]:
    return {each.evse: each.limit_ma for each in lot.decision.setpoints}


def test_a_settled_lot_uses_what_the_building_leaves_and_not_more() -> None:
    lot = busy()
    lot.run(120_000)
    assert lot.late_excess == []
    grid = max(lot.true_ma("grid"))
    assert 63_000 - 6 * 600 - 6 * 1_000 <= grid <= 63_000


def test_a_full_feeder_leaves_its_share_to_the_other() -> None:
    lot = busy(rating_ma=125_000)
    lot.run(120_000)
    assert 40_000 - 3 * 600 - 3_000 <= max(lot.true_ma("west")) <= 40_000
    assert 50_000 - 3 * 600 - 3_000 <= max(lot.true_ma("east")) <= 50_000
    assert lot.late_excess == []


def test_a_building_step_is_answered_within_the_reaction_time() -> None:
    lot = busy()
    lot.building = [30_000, 25_000, 28_000]
    lot.disturb()
    lot.run(60_000)
    assert lot.excess_ma_s > 0
    assert lot.late_excess == []


def test_a_car_that_stops_does_not_give_its_current_away_before_its_sample_says_so() -> None:
    lot = busy()
    station = lot.stations["bay-0"]
    lot.run(30_000)
    before = setpoints(lot)
    rises = len(lot.raised)
    station.is_sampling = False
    station.car_max_ma = 0
    lot.run(20_000)
    assert len(lot.raised) == rises
    assert all(value <= before[evse] for evse, value in setpoints(lot).items())


@pytest.mark.parametrize(("every_s", "delay_s"), [(1, 0), (10, 2), (30, 15), (60, 30), (60, 60)])
def test_samples_that_come_late_cost_time_but_neither_a_fuse_nor_the_peace_nor_current(every_s, delay_s):
    lot = busy(sample_every_ms=every_s * 1_000, sample_delay_ms=delay_s * 1_000)
    lot.run(300_000)
    begin = len(lot.raised)
    for load in (20_000, 9_000, 25_000, 12_000):
        lot.building = [load, load, load]
        lot.disturb()
        lot.run(120_000)
    assert len(lot.raised) - begin <= 4 * 6, "at most one rise for each bay and each change of the building"
    lot.run(200_000)
    settled = setpoints(lot)
    assert sum(settled.values()) >= 45_000, "6 x 7 A fit beside 12 A, and four more"
    lot.run(200_000)
    assert setpoints(lot) == settled
    assert lot.late_excess == []


def test_a_silent_meter_stops_every_rise_after_2_s_and_means_the_worst_case_after_5_s() -> None:
    lot = busy(building_max_ma=39_000)
    lot.meter = "silent"
    lot.run(3_000)
    rises = len(lot.raised)
    lot.run(1_000)
    assert len(lot.raised) == rises
    lot.run(5_000)
    grid = next(view for view in lot.decision.circuits if view.name == "grid")
    assert grid.meter == "stale"
    assert grid.background_ma == (39_000, 39_000, 39_000)
    assert sum(setpoints(lot).values()) <= 3 * 24_000


def test_a_frozen_meter_is_stale_although_it_answers() -> None:
    lot = busy()
    lot.meter = "frozen"
    lot.run(20_000)
    assert next(view for view in lot.decision.circuits if view.name == "grid").meter == "frozen"


def test_a_returning_meter_lifts_the_failsafe_without_a_pause_of_minutes() -> None:
    lot = busy(building_max_ma=39_000)
    before = sum(setpoints(lot).values())
    lot.meter = "silent"
    lot.run(15_000)
    assert sum(setpoints(lot).values()) < before
    lot.meter = "good"
    lot.run(25_000)
    assert sum(setpoints(lot).values()) >= before - 6_000


def test_a_rise_waits_until_the_reductions_that_pay_for_it_are_confirmed() -> None:
    lot = busy(bays=2, rating_ma=40_000, building_max_ma=10_000)
    lot.building = [0, 0, 0]
    lot.stations["bay-1"].charging = False
    lot.run(400_000)
    assert setpoints(lot)["bay-0"] == 32_000
    lot.stations["bay-0"].mode = "mute"  # from now on nothing is confirmed
    lot.stations["bay-1"].charging = True
    lot.run(9_000)
    assert setpoints(lot)["bay-0"] == 19_000
    booked = next(each for each in lot.decision.setpoints if each.evse == "bay-0").booked_ma
    assert max(booked) >= 32_000
    assert setpoints(lot)["bay-1"] + 32_000 <= 40_000
    assert lot.late_excess == []


def test_a_refusing_charger_stays_booked_at_what_it_has_and_the_others_shrink() -> None:
    lot = busy()
    lot.stations["bay-0"].mode = "refuses"
    held = lot.stations["bay-0"].limit_ma
    lot.building = [28_000, 28_000, 28_000]
    lot.disturb()
    lot.run(30_000)
    booked = next(each for each in lot.decision.setpoints if each.evse == "bay-0").booked_ma
    assert max(booked) >= held
    assert lot.late_excess == []


def test_a_lost_charger_is_booked_at_its_last_limit_until_its_dead_man_has_fired() -> None:
    lot = busy()
    lot.stations["bay-0"].is_linked = False
    lot.stations["bay-0"].losses += 1
    held = lot.stations["bay-0"].limit_ma
    lot.run(30_000)
    booked = next(each for each in lot.decision.setpoints if each.evse == "bay-0").booked_ma
    assert max(booked) >= held
    lot.run(120_000)
    booked = next(each for each in lot.decision.setpoints if each.evse == "bay-0").booked_ma
    assert max(booked) == 6_600
    assert lot.late_excess == []


def test_after_a_restart_everybody_is_booked_at_the_maximum_until_the_first_confirmation() -> None:
    lot = busy()
    lot.memory = Memory(lot.lot, now_ms=lot.now_ms)
    for station in lot.stations.values():
        station.mode = "deaf"
    lot.run(2_000)
    assert all(max(each.booked_ma) == 32_600 for each in lot.decision.setpoints)


def test_a_disobedient_charger_is_booked_at_what_it_draws_and_the_others_make_room() -> None:
    lot = busy()
    lot.stations["bay-0"].obeys = False
    lot.disturb()
    lot.run(30_000)
    lot.disturb()
    lot.run(60_000)
    booked = next(each for each in lot.decision.setpoints if each.evse == "bay-0").booked_ma
    assert max(booked) == 32_600
    assert lot.late_excess == []


def test_a_charger_that_invents_currents_gives_nobody_more() -> None:
    lot = busy()

    def lie(_: VirtualLot, image: Image) -> None:
        for evse in image.evses:
            if evse.id == "bay-0":
                evse.terminals_ma = (500_000, 500_000, 500_000)

    rises = len(lot.raised)
    lot.sloppy = lie
    lot.run(120_000)
    assert [each for each in lot.raised[rises:] if each[1] != "bay-0"] == []
    assert lot.late_excess == []


def test_a_one_phase_car_frees_the_other_phases_once_that_is_learnt() -> None:
    lot = busy(bays=2, rating_ma=40_000, building_max_ma=10_000)
    assert sum(setpoints(lot).values()) <= 32_000
    lot = VirtualLot(1, bays=2, rating_ma=40_000, building_max_ma=10_000)
    lot.building = [3_000, 3_000, 3_000]
    lot.run(3_000)
    for number, station in enumerate(lot.stations.values()):
        station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (number,)
    lot.run(240_000)
    assert sum(setpoints(lot).values()) == 64_000
    assert lot.late_excess == []


def test_current_on_another_phase_than_the_learnt_ones_counts_at_once() -> None:
    lot = VirtualLot(1, bays=1)
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(60_000)
    assert sorted(lot.decision.setpoints[0].booked_ma) == [0, 0, 32_600]
    station.car_phases = (0, 1)
    lot.run(12_000)
    assert sorted(lot.decision.setpoints[0].booked_ma) == [0, 32_600, 32_600]


def one_phase_car() -> tuple[VirtualLot, Station]:
    """A lot that has learnt that the car of bay-0 uses its first phase only."""
    lot = VirtualLot(1, bays=1)
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(60_000)
    assert sorted(lot.decision.setpoints[0].booked_ma) == [0, 0, 32_600]
    return lot, station


def test_a_car_out_of_reach_may_be_another_by_now_and_counts_on_every_phase() -> None:
    lot, station = one_phase_car()
    station.is_linked, station.losses = False, 1
    lot.run(1_000)
    assert lot.decision.setpoints[0].booked_ma == (32_600, 32_600, 32_600)


def test_the_next_car_counts_on_every_phase_though_both_events_came_in_one_cycle() -> None:
    lot, station = one_phase_car()
    station.since_ms = lot.now_ms
    lot.run(1_000)
    assert lot.decision.setpoints[0].booked_ma == (32_600, 32_600, 32_600)


def test_a_one_phase_car_at_an_unknown_rotation_settles_and_does_not_swing() -> None:
    lot = VirtualLot(1, bays=1, rating_ma=40_000, building_max_ma=10_000, unknown_bay=0)
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(400_000)
    rises = len(lot.raised)
    lot.run(180_000)
    assert setpoints(lot)["bay-0"] == 29_000
    assert len(lot.raised) == rises
    assert lot.late_excess == []


def test_what_a_car_leaves_unused_goes_to_the_others_and_comes_back_when_it_is_used() -> None:
    lot = busy(bays=2, rating_ma=50_000, building_max_ma=15_000)
    slow, fast = lot.stations["bay-0"], lot.stations["bay-1"]
    slow.car_max_ma = 8_000
    lot.run(240_000)
    assert setpoints(lot)["bay-0"] == 9_000
    assert setpoints(lot)["bay-1"] > 24_000
    slow.car_max_ma = 32_000
    lot.run(400_000)
    assert setpoints(lot)["bay-0"] >= 16_000
    assert lot.late_excess == []
    assert fast.draws_ma <= setpoints(lot)["bay-1"] + 1_000


def test_who_leaves_soon_is_served_before_those_who_can_wait() -> None:
    lot = busy(bays=2, rating_ma=40_000, building_max_ma=10_000)
    lot.stations["bay-1"].leaves_in_ms, lot.stations["bay-1"].wanted_wh = 3_600_000, 15_000
    lot.run(300_000)
    assert setpoints(lot)["bay-0"] == 10_000, "as one who has said nothing"
    assert setpoints(lot)["bay-1"] > setpoints(lot)["bay-0"]
    assert lot.late_excess == []


def test_a_car_that_would_not_wake_keeps_its_minimum_when_others_must_pause() -> None:
    lot = busy(bays=6, building_max_ma=50_000)
    lot.stations["bay-4"].sleeps = True
    lot.run(10_000)
    lot.building = [40_000, 40_000, 40_000]
    lot.disturb()
    lot.run(40_000)
    assert setpoints(lot)["bay-4"] >= 6_000
    assert sum(value == 0 for value in setpoints(lot).values()) >= 2
    assert lot.late_excess == []


def test_a_car_that_does_not_wake_after_a_pause_is_named() -> None:
    lot = busy(bays=1, building_max_ma=60_000)
    lot.building = [62_000, 62_000, 62_000]
    lot.run(60_000)
    assert setpoints(lot)["bay-0"] == 0
    lot.stations["bay-0"].car_max_ma = 0
    lot.building = [5_000, 5_000, 5_000]
    named = []
    for _ in range(780):
        lot.run(1_000)
        named += lot.decision.sleepers
    assert setpoints(lot)["bay-0"] >= 6_000
    assert set(named) == {"bay-0"}


@pytest.mark.parametrize("kind", ["circuit", "chargers"])
def test_a_limit_lowers_and_its_expiry_restores(kind: str) -> None:
    lot = busy()
    before = sum(setpoints(lot).values())
    target_ma = 30_000 if kind == "circuit" else 20_000
    lot.limits = [
        LimitImage(name="mqtt", kind=kind, target="grid", limit_ma=target_ma, expires_ms=lot.now_ms + 60_000)
    ]
    lot.run(20_000)
    allowed_ma = target_ma - (max(lot.building) if kind == "circuit" else 0)
    chargers = [max(0, lot.true_ma("grid")[phase] - lot.building[phase]) for phase in range(3)]
    assert max(chargers) <= allowed_ma
    lot.run(180_000)
    assert sum(setpoints(lot).values()) >= before - 6_000


def test_a_recorded_step_is_executed_again_bit_for_bit() -> None:
    lot = busy()
    checkpoint = msgspec.json.encode(lot.memory.checkpoint())
    lot.images.clear()
    lot.building = [20_000, 22_000, 28_000]
    lot.stations["bay-2"].is_linked = False
    lot.run(30_000)
    memory = Memory.restore(lot.lot, msgspec.json.decode(checkpoint))
    for now_ms, plain in msgspec.json.decode(msgspec.json.encode(lot.images)):
        image = Image.from_plain(plain)
        assert isinstance(image, Image)
        again = step(memory, image, now_ms)
    assert isinstance(again, Decision)
    assert again.plain() == lot.decision.plain()
    assert memory.checkpoint() == lot.memory.checkpoint()


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "plug",
                "one-phase",
                "eats-less",
                "unplug",
                "building",
                "silent",
                "frozen",
                "good",
                "cut",
                "restore",
                "boot",
                "refuses",
                "mute",
                "deaf",
                "obeys",
                "limit",
                "restart",
            ]
        ),
        st.integers(0, 5),
        st.integers(0, 25),
        st.integers(1, 40),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    events=EVENTS,
    proven=st.booleans(),
    every_s=st.sampled_from([1, 10, 30, 60]),
    delay_s=st.sampled_from([0, 2, 15, 60]),
)
def test_whatever_happens_no_fuse_carries_more_than_its_rating_beyond_the_reaction_time(
    seed, events, proven, every_s, delay_s
):
    lot = VirtualLot(
        seed, pause_proven=proven, sample_every_ms=every_s * 1_000, sample_delay_ms=delay_s * 1_000
    )
    lot.run(3_000)
    for what, bay, amps, seconds in events:
        happen(lot, what, f"bay-{bay}", amps)
        lot.run(seconds * 1_000)
        check_setpoints(lot)
    assert lot.late_excess == []


def happen(lot: VirtualLot, what: str, bay: str, amps: int) -> None:
    """One event; whatever may lift a current outside our command counts as a disturbance."""
    station = lot.stations[bay]
    if what == "plug":
        station.charging, station.since_ms = True, lot.now_ms
    elif what == "unplug":
        station.charging, station.car_phases, station.car_max_ma = False, (0, 1, 2), 32_000
    elif what == "one-phase" and not station.charging:
        station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (amps % 3,)
    elif what == "eats-less":
        station.car_max_ma = max(6, amps) * 1_000
    elif what == "building" and lot.meter == "good":
        lot.building = [amps * 1_000, lot.building[0], lot.building[1]]
        lot.disturb()
    elif what in ("silent", "frozen", "good"):
        lot.meter = what
    elif what == "cut" and station.is_linked:
        station.is_linked = False
        station.losses += 1
    elif what == "restore" or (what == "boot" and not station.is_linked):
        station.is_linked = True
    elif what == "boot":
        station.boots += 1
        station.losses += 1
    elif what in ("refuses", "mute", "deaf", "obeys"):
        station.mode = what
    elif what == "limit":
        lot.limits = [
            LimitImage(name="x", kind="circuit", target="west", limit_ma=amps * 1_000, expires_ms=None)
        ]
    elif what == "restart":
        lot.memory = Memory(lot.lot, now_ms=lot.now_ms)
        lot.in_air = []


def check_setpoints(lot: VirtualLot) -> None:
    for setpoint in lot.decision.setpoints:
        evse = lot.lot.by_id[setpoint.evse]
        assert setpoint.limit_ma == 0 or evse.min_ma <= setpoint.limit_ma <= evse.max_ma
        assert setpoint.limit_ma % evse.step_ma == 0
