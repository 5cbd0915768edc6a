"""The worst-case book against a station that may do whatever its protocol allows.

`AMPYARD_SOAK=1 pytest tests/core/test_ledger.py` takes more than 100,000 steps.
"""

import os
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.core import ledger
from edge.core.circuit import Circuit, Tree
from edge.core.evse import FOLLOW_MS, SAMPLE_MAX_AGE_MS, Evse, EvseImage
from edge.core.image import CONFIRMED, LOST, REFUSED, UNSENT, OfferResult
from edge.core.ledger import Book
from edge.core.lot import CLOCK_ERROR_MS, Lot
from edge.core.memory import Memory
from edge.core.standing import Standing

TIMES_MS = (30_000, 60_000)  # the shortest T that a site file may have, and a usual one
SECONDS_MS = 999  # schedules count in whole seconds, so a station may fall back so much early
TREE = Tree([Circuit("grid", parent=None, rating_ma=63_000, building_max_ma=0, is_metered=False)])
LIMITS = st.sampled_from([0, 6_000, 7_000, 10_000, 16_000, 32_000])


def lot_of(dead_man_ms: int = 60_000, **options) -> Lot:
    evse = Evse(id="bay-1", circuit="grid", max_ma=32_000, wiring=(0, 1, 2), **options)
    return Lot(TREE, [evse], stale_after_ms={}, dead_man_ms=dead_man_ms)


class Station:
    """What the charger really believes. Its clock may be wrong by what is tolerated, not by more."""

    def __init__(self, lot: Lot, clock_error_ms: int) -> None:
        self.evse = lot.evses[0]
        self.dead_man_ms = lot.dead_man_ms
        self.limit_ma: int | None = None  # no profile at all
        self.falls_at_ms = 0
        self.clock_error_ms = clock_error_ms

    def accept(self, limit_ma: int, sent_ms: int) -> None:
        self.limit_ma = limit_ma
        self.falls_at_ms = sent_ms + self.dead_man_ms + self.clock_error_ms

    def allowed_ma(self, now_ms: int) -> int:
        if self.limit_ma is None:
            return self.evse.max_ma
        return self.limit_ma if now_ms < self.falls_at_ms else self.evse.fallback_ma


class Ledger(RuleBasedStateMachine):
    """What it believes is booked as long as it is honest; what it was seen to draw, honest or not."""

    @initialize(
        error_ms=st.sampled_from([-CLOCK_ERROR_MS - SECONDS_MS, 0, CLOCK_ERROR_MS]),
        old=st.one_of(st.none(), LIMITS),
        dead_man_ms=st.sampled_from(TIMES_MS),
    )
    def begin(self, error_ms: int, old: int | None, dead_man_ms: int) -> None:
        self.lot = lot_of(dead_man_ms)
        self.now_ms = 1_000_000
        self.book = Book(evse="bay-1", since_ms=self.now_ms)
        self.station = Station(self.lot, error_ms)
        if old is not None:  # what the process before us had told it
            self.station.accept(old, self.now_ms - 1_000)
        else:
            self.station.accept(self.lot.evses[0].max_ma, self.now_ms)
        self.is_linked = True
        self.is_honest = True  # it does what it confirmed
        self.is_always_honest = True
        self.held: list[tuple[int, int]] = []
        self.judged_ms = 0
        self.sample_ma: int | None = None
        self.sampled_ms = 0
        self.losses = self.boots = self.number = 0
        self.waiting: list[tuple[int, int, int, bool]] = []  # number, limit, sent, has it arrived

    def image(self) -> EvseImage:
        return EvseImage(
            id="bay-1",
            is_linked=self.is_linked,
            boots=self.boots,
            link_losses=self.losses,
            terminals_ma=None if self.sample_ma is None else (self.sample_ma,) * 3,
            sampled_ms=self.sampled_ms,
            pause_proven=True,
        )

    @rule(ms=st.sampled_from([10, 3_000, 11_000, 14_500, 28_000, 50_000, 62_000, 80_000]))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms
        ledger.note_link(self.book, self.image())

    @precondition(lambda self: self.is_linked and len(self.waiting) < 3)
    @rule(limit_ma=LIMITS, arrives=st.booleans())
    def offer(self, limit_ma: int, arrives: bool) -> None:
        """Sent at once; it arrives now or never."""
        self.number += 1
        ledger.note_decided(self.book, self.number, limit_ma, self.now_ms)
        if arrives:
            self.station.accept(limit_ma, self.now_ms)
            self.is_honest = True
        self.waiting.append((self.number, limit_ma, self.now_ms, arrives))

    @precondition(lambda self: self.is_linked and len(self.waiting) < 3)
    @rule(limit_ma=LIMITS)
    def offer_that_it_confirms_and_ignores(self, limit_ma: int) -> None:
        self.number += 1
        ledger.note_decided(self.book, self.number, limit_ma, self.now_ms)
        self.waiting.append((self.number, limit_ma, self.now_ms, True))
        self.is_honest = self.is_always_honest = False

    @precondition(lambda self: self.is_linked)
    @rule(draws_ma=st.sampled_from([0, 6_000, 32_000, 50_000]))
    def sample(self, draws_ma: int) -> None:
        """A liar draws what it likes; an honest station at most what it allows its car."""
        if self.is_honest:
            draws_ma = min(draws_ma, self.station.allowed_ma(self.now_ms))
        self.sample_ma, self.sampled_ms = draws_ma, self.now_ms

    @precondition(lambda self: self.waiting)
    @rule(answered=st.booleans())
    def outcome(self, answered: bool) -> None:
        number, _, sent_ms, arrived = self.waiting.pop(0)
        result = CONFIRMED if arrived and answered else LOST
        self.note(number, result, sent_ms)

    @precondition(lambda self: self.is_linked)
    @rule(limit_ma=LIMITS, result=st.sampled_from([REFUSED, UNSENT]))
    def offer_that_changes_nothing(self, limit_ma: int, result: str) -> None:
        self.number += 1
        ledger.note_decided(self.book, self.number, limit_ma, self.now_ms)
        self.note(self.number, result, self.now_ms)

    def note(self, number: int, result: str, sent_ms: int) -> None:
        answer = OfferResult(evse="bay-1", number=number, result=result, sent_ms=sent_ms)
        ledger.note_result(self.book, answer, self.now_ms)

    @precondition(lambda self: self.is_linked)
    @rule()
    def link_is_lost(self) -> None:
        self.is_linked = False
        self.losses += 1
        for number, _, sent_ms, _ in self.waiting:
            self.note(number, LOST, sent_ms)
        self.waiting.clear()
        ledger.note_link(self.book, self.image())

    @precondition(lambda self: not self.is_linked)
    @rule(forgets=st.booleans(), boots=st.booleans())
    def link_is_back(self, forgets: bool, boots: bool) -> None:
        """With a boot that may have cost it every profile, and is told in the same moment; or without."""
        self.is_linked = True
        if boots:
            self.boots += 1
            self.is_honest = True
            if forgets:
                self.station.limit_ma = None
        ledger.note_link(self.book, self.image())

    @rule(number=st.integers(0, 40))
    def an_answer_from_nowhere(self, number: int) -> None:
        """An answer to what was decided before a boot, or never, proves nothing."""
        known = {number for number, *_ in self.waiting} | {each[0] for each in self.book.possible}
        if number not in known:
            self.note(number, CONFIRMED, self.now_ms)

    @precondition(lambda self: self.station.limit_ma is not None)
    @rule()
    def the_controller_restarts(self) -> None:
        """Every link falls. A station that has just forgotten its dead man and stays away is beyond us."""
        self.waiting.clear()
        self.is_linked = False
        self.book = Book(evse="bay-1", since_ms=self.now_ms, boots=self.boots, link_losses=self.losses)
        self.held.clear()
        self.judged_ms = 0

    @invariant()
    def whatever_it_believes_is_booked(self) -> None:
        if not hasattr(self, "book"):
            return
        held_ma = self.held_ma()
        if self.is_honest:
            assert held_ma >= self.station.allowed_ma(self.now_ms)
        flowing_ma = ledger.measured(self.lot.evses[0], self.image(), self.now_ms)
        booked_ma = ledger.booked(self.lot, held_ma, (0, 1, 2), flowing_ma)
        if self.sample_ma and self.now_ms - self.sampled_ms <= SAMPLE_MAX_AGE_MS:
            assert min(booked_ma) >= self.sample_ma + self.lot.tolerance_ma

    @invariant()
    def who_was_seen_to_draw_more_than_it_may_is_not_relied_on(self) -> None:
        if not hasattr(self, "book"):
            return
        image, held_ma = self.image(), self.held_ma()
        flowing_ma = ledger.measured(self.lot.evses[0], image, self.now_ms)
        was_known = self.book.overdraws
        over_ma = ledger.excess(self.lot, held_ma, (0, 1, 2), flowing_ma, image, self.book, self.now_ms)
        if max(over_ma) > 0:
            assert not self.book.is_sure
            assert max(over_ma) == self.sample_ma - held_ma - (self.lot.tolerance_ma if held_ma else 0)
        self.held.append((self.now_ms, held_ma))
        if self.book.confirmed_ma is None:
            return
        is_new, self.judged_ms = self.sampled_ms != self.judged_ms, self.sampled_ms
        if was_known and not is_new and flowing_ma is not None and self.sample_ma > held_ma:
            assert self.book.overdraws, "being told less is no proof of drawing less"
        lately = [ma for at_ms, ma in self.held if at_ms > self.sampled_ms - FOLLOW_MS]
        before = [ma for at_ms, ma in self.held if at_ms <= self.sampled_ms - FOLLOW_MS]
        if is_new and flowing_ma is not None and before:
            assert self.book.overdraws or self.sample_ma <= max(*before[-1:], *lately) + 600
            if self.is_always_honest:
                assert not self.book.overdraws, "nobody is blamed who obeyed"

    def held_ma(self) -> int:
        return ledger.held_ma(self.lot, self.lot.evses[0], self.image(), self.book, self.now_ms)


EXAMPLES, STEPS = (2_500, 50) if os.environ.get("AMPYARD_SOAK") else (150, 40)
Ledger.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None)
TestLedger = Ledger.TestCase


CHOICES = {
    "time_passes": {"ms": [10, 3_000, 11_000, 14_500, 28_000, 50_000, 62_000, 80_000]},
    "offer": {"limit_ma": [0, 6_000, 10_000, 32_000], "arrives": [True, True, False]},
    "offer_that_it_confirms_and_ignores": {"limit_ma": [0, 6_000, 10_000]},
    "sample": {"draws_ma": [0, 6_000, 32_000, 50_000]},
    "outcome": {"answered": [True, True, False]},
    "offer_that_changes_nothing": {"limit_ma": [0, 6_000, 32_000], "result": [REFUSED, UNSENT]},
    "link_is_lost": {},
    "link_is_back": {"forgets": [True, False], "boots": [True, False]},
    "the_controller_restarts": {},
}


def may(machine: Ledger, name: str) -> bool:
    """The rules' own preconditions, which only hypothesis looks at."""
    if name == "outcome":
        return bool(machine.waiting)
    if name == "link_is_back":
        return not machine.is_linked
    if name == "the_controller_restarts":
        return machine.station.limit_ma is not None
    is_offer = name in ("offer", "offer_that_it_confirms_and_ignores")
    return name == "time_passes" or (machine.is_linked and (not is_offer or len(machine.waiting) < 3))


def test_a_hundred_thousand_steps_of_chance_find_no_current_that_is_not_booked() -> None:
    chance = random.Random(20_261_122)
    for _ in range(2_500):
        machine = Ledger()
        machine.begin(
            error_ms=chance.choice([-CLOCK_ERROR_MS - SECONDS_MS, 0, CLOCK_ERROR_MS]),
            old=chance.choice([None, 0, 6_000, 32_000]),
            dead_man_ms=chance.choice(TIMES_MS),
        )
        for _ in range(40):
            name = chance.choice([each for each in CHOICES if may(machine, each)])
            getattr(machine, name)(**{key: chance.choice(values) for key, values in CHOICES[name].items()})
            machine.whatever_it_believes_is_booked()
            machine.who_was_seen_to_draw_more_than_it_may_is_not_relied_on()


HERE = EvseImage(id="bay-1", is_linked=True)


def book_of(**options) -> Book:
    return Book(evse="bay-1", since_ms=0, **options)


def held(lot: Lot, book: Book, now_ms: int, *, linked: bool = True, proven: bool = True) -> int:
    image = EvseImage(id="bay-1", is_linked=linked, pause_proven=proven)
    return ledger.held_ma(lot, lot.evses[0], image, book, now_ms)


def test_until_the_first_confirmation_the_maximum_is_booked() -> None:
    assert held(lot_of(), book_of(), 1_000) == 32_000


def test_who_was_heard_of_and_never_confirmed_stays_booked_at_the_maximum() -> None:
    lot, book = lot_of(), book_of()
    assert held(lot, book, TIMES_MS[1] + CLOCK_ERROR_MS + 1, linked=False) == 6_000
    ledger.note_link(book, EvseImage(id="bay-1", is_linked=True))
    assert held(lot, book, TIMES_MS[1] + CLOCK_ERROR_MS + 1) == 32_000


def test_who_was_there_between_two_cycles_only_was_heard_of_too() -> None:
    lot, book = lot_of(), book_of()
    ledger.note_link(book, EvseImage(id="bay-1", is_linked=False, link_losses=1))
    assert held(lot, book, TIMES_MS[1] + CLOCK_ERROR_MS + 1, linked=False) == 32_000


def test_who_overdraws_is_not_relied_on_until_a_sample_shows_that_it_obeys() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=16_000, confirmed_sent_ms=1_000)
    assert (over(lot, book, 20_000, 1_000), book.is_sure) == (0, True)
    assert (over(lot, book, 20_000, 8_999), book.is_sure) == (0, True)
    assert (over(lot, book, 20_000, 9_000), book.is_sure) == (3_400, False)
    tell(book, 10_000, 10_000)
    assert (over(lot, book, 20_000, 12_000), book.is_sure) == (9_400, False), "still what it draws"
    assert (over(lot, book, 12_000, 14_000), book.is_sure) == (1_400, False), "on its way, perhaps"
    assert (over(lot, book, 10_000, 18_000), book.is_sure) == (0, True)


def test_who_overdraws_is_found_while_its_limits_never_rest() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=16_000, confirmed_sent_ms=0)
    for second in range(60):
        at_ms = 1_000 * second
        tell(book, 10_000 + 1_000 * (second % 4), at_ms)
        over(lot, book, 13_500 if second < 30 else 20_000, at_ms)
        assert book.is_sure == (second < 30), "within the highest is obedient, as far as anybody can tell"


def test_who_obeys_slowly_is_not_blamed_for_what_it_was_allowed_before() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=20_000, confirmed_sent_ms=0)
    over(lot, book, 20_000, 0)
    for second in range(1, 60):
        limit_ma = max(6_000, 20_000 - 500 * second)
        tell(book, limit_ma, 1_000 * second)
        over(lot, book, max(6_000, 20_000 - 500 * max(0, second - 7)), 1_000 * second)
        assert book.is_sure


def test_who_overdraws_and_sends_no_samples_any_more_counts_at_its_rating_while_a_car_is_there() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=16_000, confirmed_sent_ms=0)
    over(lot, book, 20_000, 0)
    over(lot, book, 20_000, 9_000)
    old_ms = 9_000 + SAMPLE_MAX_AGE_MS + 1
    tell(book, 6_000, old_ms)
    image = EvseImage(id="bay-1", is_linked=True, terminals_ma=(20_000,) * 3, sampled_ms=9_000, has_car=True)
    assert booked_ma(lot, book, image, old_ms) == 32_600
    image.has_car = False
    assert booked_ma(lot, book, image, old_ms) == 6_600


def test_what_is_remembered_of_limits_is_bounded_and_blames_nobody_wrongly() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=6_000, confirmed_sent_ms=0)
    over(lot, book, 0, 0)
    for number in range(200):
        tell(book, 30_000 if number == 20 else 10_000 + number, 10 * number)
        image = EvseImage(id="bay-1", is_linked=True, pause_proven=True)
        held_ma = ledger.held_ma(lot, lot.evses[0], image, book, 10 * number)
        ledger.excess(lot, held_ma, (0, 1, 2), None, image, book, 10 * number)
        assert len(book.spans) <= ledger.MOST_SPANS
    assert max(most_ma for _, most_ma, _ in book.spans) == 30_000
    over(lot, book, 30_000, 8_000)
    assert book.is_sure


def booked_ma(lot: Lot, book: Book, image: EvseImage, now_ms: int) -> int:
    memory = Memory(lot, now_ms=0)
    memory.books["bay-1"] = book
    image.pause_proven = True
    return max(Standing(memory, lot.evses[0], image, now_ms).booked_ma)


def over(lot: Lot, book: Book, draws_ma: int, now_ms: int) -> int:
    """By how much a sample of now is too much."""
    image = EvseImage(id="bay-1", is_linked=True, terminals_ma=(draws_ma,) * 3, sampled_ms=now_ms)
    flowing_ma = ledger.measured(lot.evses[0], image, now_ms)
    held_ma = ledger.held_ma(lot, lot.evses[0], image, book, now_ms)
    return max(ledger.excess(lot, held_ma, (0, 1, 2), flowing_ma, image, book, now_ms))


def tell(book: Book, limit_ma: int, now_ms: int) -> None:
    """Offer and have it confirmed at once."""
    number = book.last_number + 1
    ledger.note_decided(book, number, limit_ma, now_ms)
    result = OfferResult(evse="bay-1", number=number, result=CONFIRMED, sent_ms=now_ms)
    ledger.note_result(book, result, now_ms)


def test_between_two_offers_the_larger_one_is_booked_until_the_later_is_confirmed() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=16_000, confirmed_sent_ms=1_000)
    ledger.note_decided(book, 1, 10_000, 2_000)
    assert held(lot, book, 2_000) == 16_000
    ledger.note_result(book, OfferResult(evse="bay-1", number=1, result=CONFIRMED, sent_ms=2_000), 2_100)
    assert held(lot, book, 2_100) == 10_000


def test_a_clock_that_is_ahead_lets_a_late_refresh_find_the_fallback() -> None:
    book = book_of(confirmed_ma=0, confirmed_sent_ms=1_000)
    assert held(lot_of(30_000), book, 1_000 + 14_000) == 0
    assert held(lot_of(30_000), book, 1_000 + 14_001) == 6_000, "15 s ahead, and up to a second of rounding"
    assert held(lot_of(120_000), book, 1_000 + 45_000) == 0
    assert held(lot_of(120_000), book, 1_000 + 45_001) == 6_000, "its refresh is late"


def test_a_lost_link_books_the_fallback_as_well() -> None:
    lot, book = lot_of(fallback_ma=10_000), book_of(confirmed_ma=6_000, confirmed_sent_ms=1_000)
    assert held(lot, book, 2_000) == 6_000
    assert held(lot, book, 2_000, linked=False) == 10_000


def test_what_the_guarantee_does_not_credit_is_booked_after_a_silence() -> None:
    lot = lot_of(fallback_ma=6_000, credit_ma=32_000)
    book = book_of(confirmed_ma=10_000, confirmed_sent_ms=0)
    assert held(lot, book, TIMES_MS[1] + CLOCK_ERROR_MS, linked=False) == 10_000
    assert held(lot, book, TIMES_MS[1] + CLOCK_ERROR_MS + 1, linked=False) == 32_000


def test_a_charger_without_a_dead_man_is_booked_at_its_maximum_for_ever() -> None:
    assert held(lot_of(has_dead_man=False), book_of(confirmed_ma=6_000), 1_000) == 32_000


def test_zero_is_booked_as_the_minimum_until_pausing_is_proven() -> None:
    book = book_of(confirmed_ma=0, confirmed_sent_ms=0)
    assert held(lot_of(), book, 1_000, proven=False) == 6_000
    assert held(lot_of(), book, 1_000, proven=True) == 0


def test_nothing_is_sent_twice_while_an_answer_is_awaited_unless_it_lowers() -> None:
    lot, book = lot_of(), book_of(confirmed_ma=6_000)
    ledger.note_decided(book, 1, 16_000, 1_000)
    assert not ledger.must_send(lot, book, HERE, 16_000, 1_100)
    assert not ledger.must_send(lot, book, HERE, 20_000, 1_100)
    assert ledger.must_send(lot, book, HERE, 10_000, 1_100)


def test_an_offer_is_repeated_every_third_of_t_and_a_refused_one_with_growing_waits() -> None:
    lot, book = lot_of(), book_of()
    ledger.note_decided(book, 1, 16_000, 1_000)
    ledger.note_result(book, OfferResult(evse="bay-1", number=1, result=CONFIRMED, sent_ms=1_000), 1_100)
    assert not ledger.must_send(lot, book, HERE, 16_000, 1_000 + TIMES_MS[1] // 3 - 1)
    assert ledger.must_send(lot, book, HERE, 16_000, 1_000 + TIMES_MS[1] // 3)
    for number in (2, 3):
        ledger.note_decided(book, number, 20_000, 2_000)
        ledger.note_result(
            book, OfferResult(evse="bay-1", number=number, result=REFUSED, sent_ms=2_000), 2_000
        )
    assert not ledger.must_send(lot, book, HERE, 20_000, 11_900)
    assert ledger.must_send(lot, book, HERE, 20_000, 12_000)
