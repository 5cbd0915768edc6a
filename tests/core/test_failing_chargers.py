"""What is assumed of a charger that fails: the rows of edge/core/failsafe.py that begin with it."""

import pytest

from edge.core.image import Image
from tests.core.failing_lot import alone, booked, grid, planned_ma, risen
from tests.core.test_step import busy, setpoints
from tests.core.virtual_lot import VirtualLot


@pytest.mark.parametrize(("guarantee_ma", "then_ma"), [(None, 10_600), (32_000, 32_600)])
def test_charger_loses_its_link(guarantee_ma: int | None, then_ma: int) -> None:
    lot = busy(fallback_ma=10_000)
    if guarantee_ma is not None:
        lot.lot.by_id["bay-0"].credit_ma = guarantee_ma
    station = lot.stations["bay-0"]
    last_ma = max(booked(lot))
    station.is_linked, station.losses = False, station.losses + 1
    lot.run(2_000)
    assert max(booked(lot)) == max(last_ma, 10_600)
    lot.run(lot.lot.silence_ms + 5_000)
    assert max(booked(lot)) == then_ma
    assert lot.late_excess == []


def test_charger_silent_since_the_start() -> None:
    lot = VirtualLot(1, fallback_ma=6_000)
    lot.stations["bay-0"].is_linked, lot.stations["bay-0"].boots = False, 0
    lot.run(5_000)
    assert booked(lot) == (32_600,) * 3
    lot.run(lot.lot.silence_ms)
    assert booked(lot) == (6_600,) * 3


def test_charger_boots() -> None:
    lot = busy()
    lot.stations["bay-0"].mode = "mute"
    lot.stations["bay-0"].boots += 1
    lot.run(1_000)
    assert booked(lot) == (32_600,) * 3
    lot.stations["bay-0"].mode = "obeys"
    lot.run(30_000)
    assert max(booked(lot)) < 32_600
    assert lot.late_excess == []


def test_charger_refuses_limits() -> None:
    lot = busy()
    station = lot.stations["bay-0"]
    held_ma = station.limit_ma
    lot.run(lot.lot.refresh_ms)
    asked = lot.memory.books["bay-0"].last_number
    station.mode = "refuses"
    lot.building = [30_000, 30_000, 30_000]
    lot.disturb()
    lot.run(20_000)
    assert max(booked(lot)) >= held_ma
    assert 0 < lot.memory.books["bay-0"].refusals <= 4
    assert lot.memory.books["bay-0"].last_number > asked
    assert planned_ma(lot) <= 63_000 - 30_000 or set(setpoints(lot).values()) <= {0, 6_000}
    assert lot.late_excess == []


def test_charger_loses_answers() -> None:
    lot = alone(rating_ma=40_000, building_max_ma=40_000)
    lot.stations["bay-0"].mode = "mute"
    before_ma = setpoints(lot)["bay-0"]
    lot.building = [30_000, 30_000, 30_000]
    lot.run(3_000)
    assert setpoints(lot)["bay-0"] < before_ma
    assert max(booked(lot)) >= before_ma + 600


def test_charger_overdraws() -> None:
    lot = busy(bays=2, rating_ma=50_000, building_max_ma=15_000, sample_every_ms=1_000)
    assert setpoints(lot) == {"bay-0": 18_000, "bay-1": 18_000}
    lot.stations["bay-0"].obeys = False
    lot.run(5_000)
    assert max(booked(lot)) == 32_600
    assert setpoints(lot)["bay-1"] == 0, "12 of the building and 32.6 leave less than its minimum"
    lot.run(5_000)
    lot.late_excess.clear()  # the car that rises, its sample, the offer, the car that falls
    lot.run(60_000)
    assert lot.late_excess == []


def test_charger_overdraws_while_its_limits_never_rest() -> None:
    lot = busy(bays=2, rating_ma=50_000, building_max_ma=15_000, sample_every_ms=1_000, hold_up_ms=0)
    lot.stations["bay-0"].obeys = False
    for second in range(20):
        lot.building = [8_000 + 3_000 * (second % 2)] * 3
        lot.run(1_000)
    assert not lot.memory.books["bay-0"].is_sure
    assert max(booked(lot)) == 32_600
    lot.late_excess.clear()
    for second in range(60):
        lot.building = [8_000 + 3_000 * (second % 2)] * 3
        lot.run(1_000)
    assert lot.late_excess == [], "the other one makes all the room"


def test_charger_draws_on_phases_not_learnt() -> None:
    lot = VirtualLot(1, bays=1, sample_every_ms=1_000)
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(30_000)
    assert sorted(booked(lot)) == [0, 0, 32_600]
    station.car_phases = (1,)
    lot.run(3_000)
    assert sorted(each > 0 for each in booked(lot)) == [False, True, True]


def test_charger_sends_no_meter_values() -> None:
    lot = VirtualLot(1, bays=2, unknown_bay=None, rating_ma=50_000, building_max_ma=15_000, hold_up_ms=0)
    for station in lot.stations.values():
        station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    dumb = lot.stations["bay-0"]
    dumb.is_sampling, dumb.sample = False, None
    lot.run(120_000)
    assert len(set(booked(lot))) == 1, "all its phases count"
    assert max(booked(lot)) == setpoints(lot)["bay-0"] + 600
    drawn_ma = dumb.grid()
    told = [at - own for at, own in zip(grid(lot).background_ma, lot.building, strict=True)]
    assert all(more >= own for more, own in zip(told, drawn_ma, strict=True)), "taken for the building's"
    dumb.car_max_ma = 6_000
    lot.run(60_000)
    assert max(booked(lot)) >= setpoints(lot)["bay-0"] + 600, "whatever its car leaves unused"
    assert all(ours + own <= 50_000 for ours, own in zip(grid(lot).booked_ma, lot.building, strict=True))
    assert lot.late_excess == []


def test_charger_sends_stale_values() -> None:
    lot = busy(bays=2, unknown_bay=None, sample_every_ms=1_000)
    lot.stations["bay-0"].is_sampling = False
    lot.run(145_000)
    believed_ma = max(grid(lot).background_ma)
    assert believed_ma <= max(lot.building) + 1_000
    lot.run(10_000)
    assert max(grid(lot).background_ma) >= max(lot.building) + min(lot.stations["bay-0"].grid())


def test_charger_samples_ahead_in_time() -> None:
    lot = busy(bays=2, unknown_bay=None)
    before = grid(lot).background_ma

    def hurry(_: VirtualLot, image: Image) -> None:
        for evse in image.evses:
            if evse.id == "bay-0":
                evse.sampled_ms, evse.terminals_ma = lot.now_ms + 3_600_000, (20_000, 20_000, 20_000)

    lot.sloppy = hurry
    lot.building = [2_000, 2_000, 2_000]
    lot.run(30_000)
    assert all(now >= then for now, then in zip(grid(lot).background_ma, before, strict=True))
    assert min(booked(lot)) >= 20_600
    assert lot.late_excess == []


def test_charger_invents_currents() -> None:
    lot = busy()

    def lie(_: VirtualLot, image: Image) -> None:
        for evse in image.evses:
            if evse.id == "bay-0":
                evse.terminals_ma = (500_000, 500_000, 500_000)

    begin = len(lot.raised)
    lot.sloppy = lie
    lot.run(120_000)
    assert min(booked(lot)) == 500_600
    assert [each for each in risen(lot, begin) if each[1] != "bay-0"] == []
    assert lot.late_excess == []


@pytest.mark.parametrize(("proven", "counts_ma"), [(False, 6_600), (True, 0)])
def test_charger_does_not_pause_at_0_a(proven: bool, counts_ma: int) -> None:
    lot = alone(rating_ma=40_000, building_max_ma=40_000, pause_proven=proven)
    lot.building = [39_000, 39_000, 39_000]
    lot.run(20_000)
    assert setpoints(lot)["bay-0"] == 0
    assert booked(lot) == (counts_ma,) * 3


def test_charger_clock_ahead() -> None:
    lot = alone(rating_ma=40_000, building_max_ma=40_000, fallback_ma=10_000)
    lot.building = [32_000, 32_000, 32_000]
    lot.run(20_000)
    assert max(booked(lot)) < 10_600
    lot.stations["bay-0"].mode = "mute"
    sent_ms = lot.memory.books["bay-0"].confirmed_sent_ms
    earliest_ms = sent_ms + lot.lot.dead_man_ms - 16_000  # 15 s ahead, and up to a second of rounding
    lot.run(earliest_ms - lot.now_ms)
    assert max(booked(lot)) >= 10_600


def test_charger_clock_behind() -> None:
    lot = alone(rating_ma=40_000)
    last_ma = max(booked(lot))
    station = lot.stations["bay-0"]
    station.is_linked, station.losses, station.sample = False, 1, None
    told_ms = lot.memory.books["bay-0"].confirmed_sent_ms
    lot.run(told_ms + lot.lot.dead_man_ms + 14_000 - lot.now_ms)
    assert max(booked(lot)) == last_ma
    lot.run(3_000)
    assert max(booked(lot)) == 6_600


def known_as(lot: VirtualLot, **values) -> None:
    """From now on every image says this of the bays."""

    def change(_: VirtualLot, image: Image) -> None:
        for evse in image.evses:
            for name, value in values.items():
                setattr(evse, name, value)

    lot.sloppy = change


def test_charger_clock_beyond_all_credit() -> None:
    lot = alone()
    lot.stations["bay-0"].charging = False
    known_as(lot, is_on_time=False, pause_proven=True)
    lot.run(60_000)
    assert max(booked(lot)) >= 6_600
    station = lot.stations["bay-0"]
    station.is_linked, station.losses, station.sample = False, 1, None
    lot.run(lot.lot.dead_man_ms + 20_000)
    assert max(booked(lot)) == 32_600


def test_charger_whose_dead_man_is_tested() -> None:
    lot = alone()
    known_as(lot, is_tested=True)
    told = lot.memory.number
    lot.run(lot.lot.dead_man_ms // 2)
    assert max(booked(lot)) == 32_600
    assert lot.memory.number == told, "no refresh"
    lot.building = [60_000] * 3
    lot.run(2_000)
    assert lot.memory.number > told, "less, for the building needs it"


def test_charger_without_a_dead_man() -> None:
    lot = VirtualLot(1, bays=1)
    lot.lot.by_id["bay-0"].has_dead_man = False
    lot.run(20_000)
    assert booked(lot) == (32_600,) * 3


@pytest.mark.parametrize(("mode", "most_s"), [("deaf", 40), ("mute", 40), ("refuses", 2)])
def test_a_rise_that_got_lost_hides_the_building_no_longer_than_a_car_takes_to_follow(mode, most_s) -> None:
    lot = VirtualLot(1, bays=2, unknown_bay=None, rating_ma=63_000, building_max_ma=30_000)
    lot.building = [10_000] * 3
    lot.run(3_000)
    first, lost = lot.stations["bay-1"], lot.stations["bay-0"]
    first.charging, first.since_ms, first.car_max_ma = True, lot.now_ms, 16_000
    lot.run(120_000)
    lost.is_sampling, lost.mode, lost.charging, lost.since_ms = False, mode, True, lot.now_ms
    lot.run(2_000)
    lot.building = [24_000] * 3
    lot.disturb()
    told = []
    for _ in range(300):
        lot.run(1_000)
        told.append(min(grid(lot).background_ma))
    assert min(told) >= 10_000, "never less than before the rise"
    assert sum(ma < 23_500 for ma in told) <= most_s
    assert lot.late_excess == []
