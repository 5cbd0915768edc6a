"""What a charger's passport changes in the books and offers: units, steps, times, proofs, tests."""

from edge.core import ledger
from edge.core.evse import (
    DEADLINE_MS,
    FOLLOW_MS,
    MOST_DEADLINE_MS,
    MOST_FOLLOW_MS,
    TOTAL_WATTS,
    WATTS,
    Evse,
    EvseImage,
    as_formed,
    drawn_ma,
)
from edge.core.image import Image
from edge.core.ledger import Book
from edge.core.quantities import NOTHING
from tests.core.test_ledger import TIMES_MS, book_of, lot_of
from tests.core.test_step import busy, setpoints
from tests.core.virtual_lot import VirtualLot

LONG_AGO_MS = -10_000_000


def image(**fields) -> EvseImage:
    return EvseImage(**{"id": "bay-1", "is_linked": True, "pause_proven": True, **fields})


def held(book: Book, now_ms: int, lot=None, **fields) -> int:
    lot = lot or lot_of()
    return ledger.held_ma(lot, lot.evses[0], image(**fields), book, now_ms)


def test_times_are_never_below_the_safe_ones_nor_beyond_what_others_wait_for() -> None:
    assert (image(follow_ms=1, deadline_ms=1).follow_ms, image(deadline_ms=1).deadline_ms) == (
        FOLLOW_MS,
        DEADLINE_MS,
    )
    slow = image(follow_ms=10**6, deadline_ms=10**6)
    assert (slow.follow_ms, slow.deadline_ms) == (MOST_FOLLOW_MS, MOST_DEADLINE_MS)


def test_a_slow_charger_is_not_called_disobedient_before_its_own_time() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=10_000, confirmed_sent_ms=0, changed_ms=0)

    def over(sampled_ms: int, follow_ms: int) -> bool:
        seen = image(terminals_ma=(16_000,) * 3, sampled_ms=sampled_ms, follow_ms=follow_ms)
        flowing_ma = ledger.measured(lot.evses[0], seen, sampled_ms)
        return ledger.excess(lot, 10_000, (0, 1, 2), flowing_ma, seen, book, sampled_ms) != NOTHING

    assert not over(1, FOLLOW_MS)
    assert not over(9_000, 12_000)
    assert over(12_002, 12_000)


def test_an_offer_of_a_slow_charger_may_still_arrive_late() -> None:
    book = book_of(confirmed_ma=6_000, confirmed_sent_ms=LONG_AGO_MS)
    ledger.note_decided(book, 1, 20_000, 0)
    late_ms = TIMES_MS[1] + 15_000 + 12_000
    assert held(book, late_ms) == 6_000
    assert held(book, late_ms, deadline_ms=15_000) == 20_000


def test_without_a_proof_a_silent_charger_counts_at_its_rating() -> None:
    book = book_of(confirmed_ma=10_000, confirmed_sent_ms=0)
    silent_ms = TIMES_MS[1] + 15_001
    assert held(book, silent_ms, is_linked=False) == 6_000
    assert held(book, silent_ms, is_linked=False, is_credited=False) == 32_000


def test_beyond_the_back_date_there_is_no_credit_and_the_fallback_always_counts() -> None:
    book = book_of(confirmed_ma=0, confirmed_sent_ms=0)
    assert held(book, 1_000) == 0
    assert held(book, 1_000, is_on_time=False) == 6_000
    assert held(book, TIMES_MS[1] + 15_001, is_linked=False, is_on_time=False) == 32_000


def test_while_its_dead_man_is_tested_its_rating_counts_and_nothing_but_less_is_sent() -> None:
    lot, book = lot_of(), book_of()
    ledger.note_decided(book, 1, 16_000, 0)
    book.in_flight, book.confirmed_ma = False, 16_000
    tested = image(is_tested=True)
    assert held(book, 1_000, is_tested=True) == 32_000
    assert not ledger.must_send(lot, book, tested, 16_000, 10**6), "no refresh"
    assert not ledger.must_send(lot, book, tested, 20_000, 10**6)
    assert ledger.must_send(lot, book, tested, 10_000, 10**6), "others need it"
    assert ledger.must_send(lot, book, image(), 16_000, 10**6), "afterwards it is renewed at once"
    book.last_limit_ma = None  # its link was lost and is back
    assert not ledger.must_send(lot, book, tested, 16_000, 10**6)
    book.confirmed_ma = None  # it has booted
    assert ledger.must_send(lot, book, tested, 6_000, 10**6)


def test_the_step_and_the_minimum_are_those_of_the_passport() -> None:
    evse = Evse(id="bay-1", circuit="grid", max_ma=32_000, wiring=(0, 1, 2))
    assert as_formed(evse, image()) is evse
    formed = as_formed(evse, image(step_ma=100, min_ma=22_000))
    assert (formed.step_ma, formed.min_ma, formed.idle_ma, formed.max_ma) == (100, 22_000, 6_000, 32_000)
    assert as_formed(evse, image(min_ma=99_000)).min_ma == 32_000
    assert as_formed(evse, image(min_ma=1_000)).min_ma == 6_000


def test_a_power_is_compared_with_the_current_that_it_is_at_the_lowest_voltage() -> None:
    drawn = {"terminals_ma": (9_000, 9_000, 9_000)}
    assert drawn_ma(image(**drawn)) == 9_000
    assert drawn_ma(image(**drawn, unit=WATTS)) == 10_000
    assert drawn_ma(image(**drawn, unit=TOTAL_WATTS)) == 10_000


def alone_with(**fields) -> VirtualLot:
    """One bay beside a building that leaves an odd amount, with these fields in every image."""
    lot = busy(bays=1, unknown_bay=None, sample_every_ms=1_000, hold_up_ms=0, building_max_ma=39_000)

    def change(_: VirtualLot, image: Image) -> None:
        for evse in image.evses:
            for name, value in fields.items():
                setattr(evse, name, value)

    lot.sloppy = change
    lot.building = [44_750, 44_750, 44_750]
    lot.run(120_000)
    return lot


def test_a_fine_step_is_offered_where_it_is_proven() -> None:
    (coarse,), (fine,) = setpoints(alone_with()).values(), setpoints(alone_with(step_ma=100)).values()
    assert coarse % 1_000 == 0
    assert 0 < fine - coarse < 1_000
    assert fine % 100 == 0


def test_below_the_minimum_of_its_unit_a_car_waits() -> None:
    (waits,) = setpoints(alone_with(min_ma=22_000, unit=TOTAL_WATTS)).values()
    assert waits == 0


def test_beside_a_free_bay_that_may_fall_back_any_time_the_others_share_what_is_left() -> None:
    lot = busy(bays=2, unknown_bay=None, hold_up_ms=0, rating_ma=63_000)
    free = lot.stations["bay-1"]
    free.evse.falls_early, free.evse.fallback_ma = True, 10_000
    free.charging = False
    lot.building = [30_000, 30_000, 30_000]
    lot.run(120_000)
    lot.building = [5_000, 5_000, 5_000]
    lot.run(400_000)
    assert setpoints(lot)["bay-0"] == 32_000
    lot.building = [30_000, 30_000, 30_000]
    lot.run(60_000)
    lot.building = [28_000, 28_000, 28_000]
    lot.run(400_000)
    assert setpoints(lot)["bay-0"] == 23_000  # 63 - 28 - 10.6 - 0.6, and it is not refused for more
