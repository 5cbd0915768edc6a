"""What is assumed of a meter that fails: the rows of edge/core/failsafe.py that begin with it."""

from edge.core.memory import Memory
from tests.core.failing_lot import ROOM_MA, WORST_MA, booked, grid, hungry, planned_ma, risen, seen_as
from tests.core.test_step import busy, setpoints


def test_the_lot_of_these_tests_rises_when_nothing_fails() -> None:
    lot = hungry()
    begin = len(lot.raised)
    lot.run(15_000)
    assert risen(lot, begin)


def test_meter_late() -> None:
    lot = hungry()
    before = setpoints(lot)
    lot.meter = "silent"
    begin = len(lot.raised)
    lot.run(4_000)
    assert grid(lot).meter == "late"
    assert risen(lot, begin) == []
    assert setpoints(lot) == before


def test_meter_silent() -> None:
    lot = busy(building_max_ma=WORST_MA)
    before = sum(setpoints(lot).values())
    lot.meter = "silent"
    lot.run(7_000)
    assert (grid(lot).meter, grid(lot).background_ma) == ("stale", (WORST_MA,) * 3)
    lot.run(18_000)  # until every station has sent a sample since
    assert planned_ma(lot) <= ROOM_MA
    lot.meter = "good"
    lot.run(25_000)
    assert sum(setpoints(lot).values()) >= before - 6_000


def test_meter_silent_while_the_building_takes_more_than_it_may() -> None:
    lot = busy(building_max_ma=5_000)
    last_ma = grid(lot).background_ma
    lot.meter = "silent"
    lot.run(10_000)
    assert grid(lot).background_ma == last_ma
    assert min(last_ma) > 5_000


def test_meter_frozen() -> None:
    lot = hungry()
    lot.meter = "frozen"
    begin = len(lot.raised)
    lot.run(7_000)
    assert grid(lot).meter == "late"
    lot.run(13_000)
    assert grid(lot).meter == "frozen"
    assert risen(lot, begin) == []
    lot.run(10_000)
    assert planned_ma(lot) <= ROOM_MA


def test_meter_never_heard() -> None:
    lot = busy(building_max_ma=WORST_MA)
    lot.memory = Memory(lot.lot, now_ms=lot.now_ms)
    lot.meter, lot.reading = "silent", None
    lot.run(20_000)
    assert (grid(lot).meter, grid(lot).background_ma) == ("never", (WORST_MA,) * 3)
    assert planned_ma(lot) <= ROOM_MA


def test_meter_without_usable_currents() -> None:
    lot = hungry()
    seen_as(lot, current_ma=None)
    begin = len(lot.raised)
    lot.run(1_000)
    assert min(grid(lot).background_ma) >= WORST_MA
    lot.run(15_000)
    assert planned_ma(lot) <= ROOM_MA
    assert risen(lot, begin) == []


def test_meter_far_too_high() -> None:
    lot = busy()
    seen_as(lot, current_ma=lambda meter: (600_000, meter.current_ma[1], meter.current_ma[2]))
    lot.run(5_000)
    assert set(setpoints(lot).values()) == {0}
    lot.sloppy = None
    lot.run(180_000)
    assert min(setpoints(lot).values()) >= 6_000


def test_meter_negative_without_direction() -> None:
    lot = busy()
    seen_as(lot, current_ma=lambda meter: tuple(-each for each in meter.current_ma))
    lot.run(60_000)
    assert grid(lot).background_ma == (0, 0, 0)
    assert planned_ma(lot) <= 63_000


def test_meter_shows_less_than_cars_draw() -> None:
    lot = busy()
    before = grid(lot).background_ma
    seen_as(lot, current_ma=(1_000, 1_000, 1_000), unchanged_since_ms=lot.now_ms)
    lot.run(4_000)
    assert all(now >= 0 for now in grid(lot).background_ma)
    lot.run(10_000)  # by now every station has sent a sample that is newer than this reading
    assert all(now >= then for now, then in zip(grid(lot).background_ma, before, strict=True))
    assert planned_ma(lot) <= 63_000 - min(before)


def test_meter_ahead_in_time() -> None:
    lot = hungry()
    seen_as(lot, taken_ms=lot.now_ms + 3_600_000, unchanged_since_ms=lot.now_ms + 3_600_000)
    begin = len(lot.raised)
    lot.run(30_000)
    assert grid(lot).meter == "late"
    assert risen(lot, begin) == []


def test_meter_behind_in_time() -> None:
    lot = hungry()
    seen_as(lot, taken_ms=lot.now_ms - 3_000, unchanged_since_ms=lot.now_ms - 3_000)
    begin = len(lot.raised)
    lot.run(1_000)
    assert grid(lot).meter == "late"
    lot.run(4_000)
    assert grid(lot).meter == "stale"
    assert risen(lot, begin) == []


def test_cycle_stands_still() -> None:
    lot = busy(building_max_ma=WORST_MA)
    before = setpoints(lot)
    lot.now_ms += 150_000  # nobody was asked or told anything meanwhile
    lot._cycle()
    assert grid(lot).meter == "stale"
    assert all(now <= before[name] for name, now in setpoints(lot).items())
    assert max(booked(lot)) >= lot.stations["bay-0"].evse.fallback_ma
