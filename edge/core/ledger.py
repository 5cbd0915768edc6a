"""The worst-case book: what every EVSE may be drawing, whatever happened to our messages.

An EVSE is booked at the largest of everything that it may believe: the offer it confirmed, every offer
under way or lost since, and what it measures, plus a tolerance. Why that is never too little:

* A station changes its limit only by an offer of ours or by its own dead man. Offers of ours are all in
  `possible` from the moment they are decided until a later one is confirmed; a station answers in the
  order in which it was asked, so a confirmation ends every offer before it.
* Its dead man moves it to the fallback at T after the last offer was sent, by its own clock. From the
  moment at which a refresh is overdue, or the link was lost, the fallback is booked as well; the offer
  itself stays booked until T and the clock error that we tolerate have passed.
* A boot may lose every profile: the whole rating is booked until an offer sent afterwards is confirmed.
  The same holds from the start of this process. Only a station that was never heard of since is booked at
  what the guarantee credits once T has passed: then the dead man of the process before us has fired.
* One whose clock is known to be further off may fall back at any time, or never in time: its fallback is
  booked always, and its rating once it is silent. The same where the guarantee asks for a proof, and none is
  there; and while its dead man is tested its rating is booked.
* What it measures is booked though it may be above all that. Who was seen to draw more than he may does not
  count among those who obey, until a sample that had the time to follow shows it: the others make room. One
  that confirms and then ignores is found by its samples, or by a meter above its limit, not before.
* 0 A counts as the minimum until the model has been seen to stop its current at 0 A.
"""

from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, LOST, REFUSED, OfferResult
from edge.core.lot import CLOCK_ERROR_MS, Lot
from edge.core.quantities import NOTHING, larger, minus, on_phases, to_grid
from edge.core.record import Record

SAMPLE_MAX_AGE_MS = 150_000  # an older sample says nothing about now: sent every minute, a minute under way
RETRY_MS = 5_000  # after a refusal or a lost answer


class Book(Record):
    """What is known of one EVSE's offers.

    `confirmed_ma` None: nothing since the start or the last boot. `was_heard`: it was linked since the start,
    if only between two cycles.
    `possible`: [number, limit, decided ms] of every offer that may have reached it since. `is_unsure`: the
    link was lost since the last confirmation. `failed_ms`: when the last offer was refused or lost, None when
    none was. `in_flight`: the newest offer has no outcome yet. `changed_ms`: when another limit was last
    decided. `overdraws`: it drew more than it may when it last had the time to follow.
    """

    FIELDS = (
        "evse",
        "since_ms",
        "confirmed_ma",
        "confirmed_sent_ms",
        "possible",
        "has_booted",
        "was_heard",
        "boots",
        "link_losses",
        "is_unsure",
        "failed_ms",
        "refusals",
        "last_number",
        "last_limit_ma",
        "last_decided_ms",
        "in_flight",
        "changed_ms",
        "overdraws",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        evse: str,
        since_ms: int,
        confirmed_ma: int | None = None,
        confirmed_sent_ms: int = 0,
        possible: list[list[int]] | None = None,
        has_booted: bool = False,
        was_heard: bool = False,
        boots: int = 0,
        link_losses: int = 0,
        is_unsure: bool = False,
        failed_ms: int | None = None,
        refusals: int = 0,
        last_number: int = 0,
        last_limit_ma: int | None = None,
        last_decided_ms: int = 0,
        in_flight: bool = False,
        changed_ms: int = 0,
        overdraws: bool = False,
    ) -> None:
        self.evse = evse
        self.since_ms = since_ms
        self.confirmed_ma = confirmed_ma
        self.confirmed_sent_ms = confirmed_sent_ms
        self.possible = [list(each) for each in possible or []]
        self.has_booted = has_booted
        self.was_heard = was_heard
        self.boots = boots
        self.link_losses = link_losses
        self.is_unsure = is_unsure
        self.failed_ms = failed_ms
        self.refusals = refusals
        self.last_number = last_number
        self.last_limit_ma = last_limit_ma
        self.last_decided_ms = last_decided_ms
        self.in_flight = in_flight
        self.changed_ms = changed_ms
        self.overdraws = overdraws

    @property
    def is_sure(self) -> bool:
        """Whether the EVSE is known to hold what it was offered, as far as anybody has seen."""
        is_told = self.confirmed_ma is not None and not self.is_unsure and self.failed_ms is None
        return is_told and not self.overdraws


def note_link(book: Book, seen: EvseImage) -> bool:
    """Whether a boot or a lost link since the last cycle has made everything before it uncertain."""
    was_away = seen.boots != book.boots or seen.link_losses != book.link_losses
    if seen.boots != book.boots:
        book.boots = seen.boots
        book.has_booted = True
        book.confirmed_ma = None
        book.possible = []
        book.failed_ms = None
        book.last_limit_ma = None
        book.in_flight = False
    if seen.is_linked or was_away:
        book.was_heard = True
    if seen.link_losses != book.link_losses:
        book.link_losses = seen.link_losses
        book.is_unsure = True
        book.last_limit_ma = None
    return was_away


def note_decided(book: Book, number: int, limit_ma: int, now_ms: int) -> None:
    """An offer was decided: from now on the station may have it."""
    book.possible.append([number, limit_ma, now_ms])
    if limit_ma != book.last_limit_ma:
        book.changed_ms = now_ms
    book.last_number = number
    book.last_limit_ma = limit_ma
    book.last_decided_ms = now_ms
    book.in_flight = True


def note_result(book: Book, result: OfferResult, now_ms: int) -> None:
    """What became of an offer. One that was decided before a boot was seen proves nothing any more."""
    limits = [limit_ma for number, limit_ma, _ in book.possible if number == result.number]
    if not limits:
        return
    if result.number == book.last_number:
        book.in_flight = False
    if result.result == CONFIRMED:
        book.confirmed_ma = limits[0]
        book.confirmed_sent_ms = result.sent_ms
        book.possible = [each for each in book.possible if each[0] > result.number]
        book.has_booted = False
        book.is_unsure = False
        book.failed_ms = None
        book.refusals = 0
        return
    if result.result != LOST:  # refused or never sent: it does not have this one
        book.possible = [each for each in book.possible if each[0] != result.number]
    if result.result == REFUSED:
        book.refusals += 1
    if result.number == book.last_number:
        book.failed_ms = now_ms


def must_send(lot: Lot, book: Book, seen: EvseImage, setpoint_ma: int, now_ms: int) -> bool:
    """Whether the setpoint must leave now: it is new, a refresh is due, or the last try failed.

    While it is tested only less leaves: what others need goes before what the test wants to see.
    """
    if seen.is_tested:
        told_ma = book.confirmed_ma if book.last_limit_ma is None else book.last_limit_ma
        return told_ma is None or setpoint_ma < told_ma
    if book.in_flight and now_ms - book.last_decided_ms <= 2 * seen.deadline_ms:
        return book.last_limit_ma is not None and setpoint_ma < book.last_limit_ma
    if book.last_limit_ma is None:
        return True
    if book.failed_ms is not None:
        wait_ms = RETRY_MS * min(max(book.refusals, 1), 12)
        return setpoint_ma < book.last_limit_ma or now_ms - book.failed_ms >= wait_ms
    return setpoint_ma != book.last_limit_ma or now_ms - book.last_decided_ms >= lot.refresh_ms


def held_ma(lot: Lot, evse: Evse, seen: EvseImage, book: Book, now_ms: int) -> int:
    """The highest limit that the EVSE may be obeying, in mA per phase, without what it measures."""
    if not evse.has_dead_man or seen.is_tested:
        return evse.max_ma
    credit_ma = evse.credit_ma if seen.is_credited and seen.is_on_time else evse.max_ma
    if book.confirmed_ma is None:
        was_silent = not book.has_booted and not book.was_heard
        has_let_go = was_silent and now_ms - book.since_ms > lot.silence_ms
        held = credit_ma if has_let_go else evse.max_ma
    else:
        age_ms = now_ms - book.confirmed_sent_ms
        held = book.confirmed_ma if age_ms <= lot.silence_ms else credit_ma
        is_overdue = age_ms > lot.refresh_ms and age_ms > _overdue_ms(lot)
        if book.is_unsure or not seen.is_linked or not seen.is_on_time or is_overdue:
            held = max(held, evse.fallback_ma)
    for _, limit_ma, decided_ms in book.possible:
        may_hold = now_ms - decided_ms <= lot.silence_ms + seen.deadline_ms
        held = max(held, limit_ma if may_hold else credit_ma)
    if held < evse.idle_ma and not seen.pause_proven:
        held = evse.idle_ma
    return min(held, evse.max_ma)


def _overdue_ms(lot: Lot) -> int:
    """How old a confirmed offer may be before the station may have fallen back already.

    By a clock that is ahead of ours the dead man fires early, and schedules count in whole seconds. A T of
    less than 27 s, which no site file may have, leaves no time for that between two refreshes.
    """
    earliest_ms = lot.dead_man_ms - CLOCK_ERROR_MS - 1_000
    return max(lot.refresh_ms + 1_000, min(lot.refresh_ms + RETRY_MS, earliest_ms))


def measured(evse: Evse, seen: EvseImage, now_ms: int) -> tuple[int, int, int] | None:
    """What it last measured, on the grid's phases; None when that is too old to say anything."""
    if seen.terminals_ma is None or now_ms - seen.sampled_ms > SAMPLE_MAX_AGE_MS:
        return None
    return to_grid(seen.terminals_ma, evse.wiring)


def booked(
    lot: Lot, held_ma: int, phases: tuple[int, ...], flowing_ma: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    """The worst case per grid phase in mA, tolerance included: what it may be obeying, or what flows."""
    worst = on_phases(held_ma, phases)
    if flowing_ma is not None:
        worst = larger(worst, flowing_ma)
    return with_tolerance(lot, worst)


def with_tolerance(lot: Lot, load: tuple[int, int, int]) -> tuple[int, int, int]:
    """The load with the tolerance on every phase that carries any."""
    first, second, third = load
    extra = lot.tolerance_ma
    return (
        first + extra if first > 0 else 0,
        second + extra if second > 0 else 0,
        third + extra if third > 0 else 0,
    )


def excess(
    lot: Lot,
    held_ma: int,
    phases: tuple[int, ...],
    flowing_ma: tuple[int, int, int] | None,
    seen: EvseImage,
    book: Book,
) -> tuple[int, int, int]:
    """By how much it draws more than it may, per grid phase, once a car had the time to follow.

    Remembers whether it does: who overdraws gives nothing up by being told less, so that the others must.
    """
    if book.confirmed_ma is None:
        book.overdraws = False
    if flowing_ma is None or book.confirmed_ma is None or seen.sampled_ms < book.changed_ms + seen.follow_ms:
        return NOTHING
    allowed_ma = with_tolerance(lot, on_phases(held_ma, phases))
    book.overdraws = larger(allowed_ma, flowing_ma) is not allowed_ma
    return larger(NOTHING, minus(flowing_ma, allowed_ma)) if book.overdraws else NOTHING
