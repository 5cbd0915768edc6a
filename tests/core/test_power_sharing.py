"""Chargers whose limits are a power: the worst case until their cars are known, and what is useful then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import ledger
from edge.core.evse import AMPERES, LEAST_MV, TOTAL_WATTS, Evse, EvseImage
from edge.core.image import Image
from edge.core.learning import Habit
from edge.core.ledger import Book
from edge.core.power_sharing import Parts, on_a_phase_ma, parts_of, told_ma
from tests.core.test_step import setpoints
from tests.core.virtual_lot import Station, VirtualLot

EVSE = Evse(id="bay-1", circuit="grid", max_ma=16_000, wiring=(0, 1, 2))
NOW_MS = 1_000_000


def parts(
    terminals: tuple[int, ...] | None, sample: tuple[int, ...] | None, **fields
) -> tuple[int, int, int]:
    seen = EvseImage(
        **{
            "id": "bay-1",
            "wants": True,
            "unit": TOTAL_WATTS,
            "terminals_ma": sample,
            "sampled_ms": NOW_MS,
            **fields,
        }
    )
    found = parts_of(EVSE, seen, Habit(evse="bay-1", terminals=terminals), NOW_MS)
    return found.least, found.most, found.full


@pytest.mark.parametrize(
    ("terminals", "sample", "expected"),
    [
        (None, None, (1, 3, 3)),
        (None, (10_000, 10_000, 10_000), (1, 3, 3)),  # not often enough yet
        ((0,), (10_000, 0, 0), (1, 1, 3)),
        ((1, 2), (0, 10_000, 10_400), (2, 2, 3)),
        ((0, 1, 2), (10_000, 9_500, 10_400), (3, 3, 3)),
        ((0, 1, 2), (0, 0, 0), (3, 3, 3)),  # it pauses
        ((0, 1, 2), (10_000, 10_000, 7_000), (2, 3, 3)),  # no longer alike
        ((0, 1, 2), (16_000, 0, 0), (1, 3, 3)),
        ((0, 1, 2), (16_000,), (1, 3, 3)),  # it does not tell
        ((0, 1, 2), None, (1, 3, 3)),
    ],
)
def test_a_power_divides_as_samples_have_shown(terminals, sample, expected) -> None:
    assert parts(terminals, sample) == expected


def test_a_car_that_is_sampled_no_more_may_have_changed_its_phases() -> None:
    assert parts((0, 1, 2), (9_000,) * 3, sampled_ms=NOW_MS - 150_000) == (3, 3, 3)
    assert parts((0, 1, 2), (9_000,) * 3, sampled_ms=NOW_MS - 150_001) == (1, 3, 3)


def test_without_a_car_nothing_is_known_and_a_current_does_not_divide() -> None:
    assert parts((0, 1, 2), (0, 0, 0), wants=False) == (1, 3, 3)
    assert parts((0, 1, 2), (9_000,) * 3, unit=AMPERES) == (1, 1, 1)


@given(
    setpoint_ma=st.integers(6, 16).map(lambda amps: amps * 1_000),
    least=st.integers(1, 3),
    used=st.integers(1, 3),
    mv=st.integers(LEAST_MV, 253_000),
)
def test_whatever_is_told_no_phase_gets_more_than_is_counted(setpoint_ma, least, used, mv) -> None:
    """For a car on as many phases as are known at least; at any voltage; the rating bounds what is left."""
    divides = Parts(least, 3, 3)
    told = told_ma(divides, EVSE, setpoint_ma)
    flows_ma = min(told * LEAST_MV / mv / max(used, least), EVSE.max_ma)
    assert flows_ma <= on_a_phase_ma(divides, EVSE, told) <= EVSE.max_ma
    assert on_a_phase_ma(divides, EVSE, told) <= max(setpoint_ma, EVSE.max_ma * (setpoint_ma == EVSE.max_ma))


def test_what_was_told_as_a_current_counts_as_the_sum_of_all_phases_once_it_is_a_power() -> None:
    book = Book(evse="bay-1", since_ms=0, confirmed_ma=10_000, last_limit_ma=8_000, possible=[[2, 8_000, 5]])
    ledger.note_unit(book, EVSE, EvseImage(id="bay-1", unit=TOTAL_WATTS))
    assert (book.confirmed_ma, book.possible, book.last_limit_ma) == (30_000, [[2, 24_000, 5]], None)
    ledger.note_unit(book, EVSE, EvseImage(id="bay-1", unit=TOTAL_WATTS))
    assert book.confirmed_ma == 30_000
    ledger.note_unit(book, EVSE, EvseImage(id="bay-1"))
    assert book.confirmed_ma == 30_000, "a sum on each phase is more than it can be"


class PowerStation(Station):
    """It makes a power of its limit, of which its car takes as many phases as it has; its fallback too."""

    def allowed_ma(self, now_ms: int) -> int:
        told_ma = super().allowed_ma(now_ms)
        return min(told_ma // len(self.car_phases), self.evse.max_ma) if self.has_limit else told_ma


def in_watts(_: VirtualLot, image: Image) -> None:
    for evse in image.evses:
        evse.unit, evse.min_ma = TOTAL_WATTS, 8_000


def powers(*cars: tuple[int, ...], max_ma: int = 16_000, **options) -> VirtualLot:
    """A bay for each of these cars, of which nothing is known yet."""
    bays = len(cars)
    lot = VirtualLot(
        1, **{"bays": bays, "unknown_bay": None, "sample_every_ms": 5_000, "hold_up_ms": 5_000, **options}
    )
    lot.sloppy = in_watts
    for evse in lot.lot.evses:
        evse.max_ma = max_ma
    for (name, old), car in zip(lot.stations.items(), cars, strict=True):
        lot.stations[name] = PowerStation(evse=old.evse, wiring=old.wiring, car_phases=car)
    lot.run(10_000)
    for station in lot.stations.values():
        station.charging, station.since_ms = True, lot.now_ms
    lot.disturb()
    return lot


def test_a_three_phase_car_begins_with_everything_and_then_shares_like_any_other() -> None:
    lot = powers((0, 1, 2), (0, 1, 2), (0, 1, 2), rating_ma=46_000, building_max_ma=12_000)
    lot.run(240_000)
    assert sorted(setpoints(lot).values()) == [10_000, 11_000, 11_000]
    assert sorted(station.draws_ma for station in lot.stations.values()) == [10_000, 11_000, 11_000]
    assert lot.late_excess == []


def test_a_one_phase_car_never_gets_the_part_of_phases_that_it_does_not_use() -> None:
    lot = powers((0,), rating_ma=22_000, building_max_ma=12_000)
    lot.building = [12_000, 12_000, 12_000]
    lot.run(120_000)
    assert setpoints(lot) == {"bay-0": 0}, "10 A are left: too little for the worst case of a first minute"
    lot.building = [3_000, 3_000, 3_000]
    lot.run(120_000)
    assert lot.stations["bay-0"].draws_ma == 16_000
    lot.building = [9_000, 9_000, 9_000]
    lot.disturb()
    lot.run(60_000)
    assert 10_000 <= lot.stations["bay-0"].draws_ma <= 13_000
    assert lot.late_excess == []


def test_cars_of_any_kind_stay_within_the_rating_through_the_night() -> None:
    lot = powers((0, 1, 2), (1,), (0, 1), (0, 1, 2), (2,), max_ma=32_000)
    for minute in range(40):
        lot.building = [(5_000 + 3_700 * minute * (phase + 1)) % 20_000 for phase in range(3)]
        for place, station in enumerate(lot.stations.values()):
            if (minute + place) % 7 == 0:
                station.charging = not station.charging
                station.since_ms = lot.now_ms
                station.car_phases = ((0,), (0, 1, 2), (0, 1))[minute % 3]
        lot.disturb()
        lot.run(60_000)
    assert lot.late_excess == []
    assert max(station.draws_ma for station in lot.stations.values()) > 0


def test_a_car_that_leaves_a_phase_counts_as_it_flows_and_is_lowered() -> None:
    lot = powers((0, 1, 2), rating_ma=32_000, building_max_ma=12_000)
    lot.run(60_000)
    lot.building = [20_000, 20_000, 20_000]
    lot.run(60_000)
    assert lot.stations["bay-0"].draws_ma == 11_000
    lot.stations["bay-0"].car_phases = (0,)
    lot.disturb()
    lot.run(20_000)  # the station gives a phase what all had, until a meter or a sample shows it
    assert lot.stations["bay-0"].draws_ma == 0
    lot.late_excess.clear()
    lot.run(120_000)
    assert lot.late_excess == [], "after a pause it is not taken for a three-phase car again"
    lot.building = [10_000, 10_000, 10_000]
    lot.run(60_000)
    assert lot.stations["bay-0"].draws_ma == 16_000
