"""A car that is done: it has charged, takes nothing more, and does not stand in the way of others."""

from tests.core.test_step import busy, setpoints
from tests.core.virtual_lot import VirtualLot

MINUTE = 60_000


def crowd() -> VirtualLot:
    """Three cars on a line that carries 6 A for two of them: bay-0 and bay-1 charge, bay-2 waits."""
    lot = VirtualLot(1, bays=3, rating_ma=26_000, building_max_ma=12_000)
    for station in lot.stations.values():
        station.served_wh = 600  # nobody is new
    lot.run(3_000)
    for station in lot.stations.values():
        station.charging, station.since_ms = True, lot.now_ms
    lot.run(120_000)
    lot.disturb()
    assert [setpoints(lot)[f"bay-{n}"] > 0 for n in range(3)] == [True, True, False]
    return lot


def is_full(lot: VirtualLot, bay: str, *, served_wh: int = 900) -> None:
    lot.stations[bay].served_wh = served_wh
    lot.stations[bay].car_max_ma = 0


def test_who_waits_gets_the_place_of_a_car_that_is_done() -> None:
    lot = crowd()
    is_full(lot, "bay-0")
    lot.run(MINUTE)
    assert setpoints(lot)["bay-2"] == 0
    lot.run(2 * MINUTE)
    assert setpoints(lot)["bay-0"] == 0
    assert setpoints(lot)["bay-2"] >= 6_000
    assert lot.late_excess == []


def test_where_there_is_room_a_car_that_is_done_keeps_its_minimum() -> None:
    lot = busy(bays=3, rating_ma=120_000)
    is_full(lot, "bay-0")
    lot.run(10 * MINUTE)
    assert setpoints(lot)["bay-0"] == 6_000


def test_a_car_that_has_not_charged_yet_may_wait_for_an_hour_of_its_own() -> None:
    lot = crowd()
    is_full(lot, "bay-0", served_wh=0)
    lot.run(10 * MINUTE)
    assert setpoints(lot)["bay-0"] == 6_000


def test_a_car_that_would_not_wake_again_keeps_its_minimum_when_it_is_done() -> None:
    lot = crowd()
    is_full(lot, "bay-0")
    lot.stations["bay-0"].sleeps = True
    lot.run(10 * MINUTE)
    assert setpoints(lot)["bay-0"] == 6_000


def test_after_an_hour_it_is_asked_again_and_is_served_if_it_wants() -> None:
    lot = crowd()
    is_full(lot, "bay-0")
    lot.run(7 * MINUTE)
    lot.stations["bay-2"].charging = False
    lot.run(30 * MINUTE)
    assert setpoints(lot)["bay-0"] == 0
    assert lot.decision.setpoints[0].reason.word == "hold"
    lot.stations["bay-0"].car_max_ma = 16_000
    lot.run(30 * MINUTE)
    assert setpoints(lot)["bay-0"] >= 6_000
    assert lot.stations["bay-0"].draws_ma >= 6_000


def test_a_full_car_neither_proves_that_pausing_works_nor_is_taken_for_one_that_sleeps() -> None:
    lot = busy(bays=1, building_max_ma=60_000, pause_proven=False)
    is_full(lot, "bay-0")
    lot.run(15_000)
    lot.building = [62_000, 62_000, 62_000]
    named: list[str] = []
    for _ in range(90):
        lot.run(1_000)
        named += lot.decision.learned
    assert setpoints(lot)["bay-0"] == 0
    assert "bay-0" not in named
    lot.building = [5_000, 5_000, 5_000]
    for _ in range(480):
        lot.run(1_000)
        named += lot.decision.sleepers
    assert setpoints(lot)["bay-0"] >= 6_000
    assert "bay-0" not in named
