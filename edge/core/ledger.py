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
* What it measures is booked though it may be above all that. Who was seen to draw more than the highest that
  it may have been obeying while it had the time to follow, however often that changed, does not count among
  those who obey: the others make room. A sample within the lowest of that time ends it. Without samples its
  rating is booked meanwhile. One that confirms and then ignores is found by its samples, or by a meter above
  its limit, not before.
* 0 A counts as the minimum until the model has been seen to stop its current at 0 A.
"""

from edge.core.evse import AMPERES, SAMPLE_MAX_AGE_MS, TOTAL_WATTS, Evse, EvseImage, terminals_of
from edge.core.image import CONFIRMED, LOST, REFUSED, OfferResult
from edge.core.lot import CLOCK_ERROR_MS, Lot
from edge.core.power_sharing import WHOLE, Parts, on_a_phase_ma
from edge.core.quantities import NOTHING, larger, minus, on_phases, to_grid
from edge.core.record import Record

RETRY_MS = 5_000  # after a refusal or a lost answer
MOST_SPANS = 32
MISORDER_MS = 10_000  # a sample may be so much older than one that came before it


class Book(Record):
    """What is known of one EVSE's offers.

    Limits are as told: of a power the sum over its phases (power_sharing.py), in `unit`.
    `confirmed_ma` None: nothing since the start or the last boot. `was_heard`: it was linked since the start,
    if only between two cycles.
    `possible`: [number, limit, decided ms] of every offer that may have reached it since. `is_unsure`: the
    link was lost since the last confirmation. `failed_ms`: when the last offer was refused or lost, None when
    none was. `in_flight`: the newest offer has no outcome yet. `changed_ms`: when another limit was last
    decided. `overdraws`: it drew more than all that it may have been obeying.
    `spans`: [since ms, most, least] of what it may have been obeying, oldest first, as far back as is asked.
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
        "spans",
        "unit",
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
        spans: list[list[int]] | None = None,
        unit: str = AMPERES,
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
        self.spans = [list(each) for each in spans or []]
        self.unit = unit

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


def note_unit(book: Book, evse: Evse, seen: EvseImage) -> None:
    """What was told as a current on each phase counts as the sum of all of them from now on, or the reverse.

    That errs upwards either way. What it holds is told anew in the other unit.
    """
    if seen.unit == book.unit:
        return
    times = terminals_of(evse) if seen.unit == TOTAL_WATTS else 1
    book.unit = seen.unit
    book.last_limit_ma = None
    book.possible = [[number, limit_ma * times, ms] for number, limit_ma, ms in book.possible]
    if book.confirmed_ma is not None:
        book.confirmed_ma *= times


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
    """Whether the setpoint as told must leave now: it is new, a refresh is due, or the last try failed.

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


def held_ma(lot: Lot, evse: Evse, seen: EvseImage, book: Book, now_ms: int, parts: Parts = WHOLE) -> int:
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
        held = on_a_phase_ma(parts, evse, book.confirmed_ma) if age_ms <= lot.silence_ms else credit_ma
        is_overdue = age_ms > lot.refresh_ms and age_ms > _overdue_ms(lot)
        if may_fall_any_time(evse, seen) or book.is_unsure or is_overdue or not seen.is_linked:
            held = max(held, evse.fallback_ma)
    for _, limit_ma, decided_ms in book.possible:
        may_hold = now_ms - decided_ms <= lot.silence_ms + seen.deadline_ms
        held = max(held, on_a_phase_ma(parts, evse, limit_ma) if may_hold else credit_ma)
    if held < evse.idle_ma and not seen.pause_proven:
        held = evse.idle_ma
    return min(held, evse.max_ma)


def may_fall_any_time(evse: Evse, seen: EvseImage) -> bool:
    """Whether its dead man may strike although we are there: its fallback always counts."""
    return evse.falls_early or not seen.is_on_time


def idle_ma(lot: Lot, evse: Evse, seen: EvseImage) -> int:
    """What counts for it at 0 A for as long as it stands there, tolerance included.

    To count on less would be to wait for room that never comes.
    """
    least_ma = 0 if seen.pause_proven else evse.idle_ma
    if may_fall_any_time(evse, seen):
        least_ma = max(least_ma, min(evse.fallback_ma, evse.max_ma))
    return least_ma + lot.tolerance_ma if least_ma else 0


def is_out_of_sight(seen: EvseImage, book: Book, now_ms: int) -> bool:
    """Whether nobody sees what a car draws there although it is known not to obey: its rating, then."""
    has_load = seen.has_car or seen.wants or not seen.is_linked
    return book.overdraws and has_load and not _is_fresh(seen, now_ms)


def _is_fresh(seen: EvseImage, now_ms: int) -> bool:
    return seen.terminals_ma is not None and now_ms - seen.sampled_ms <= SAMPLE_MAX_AGE_MS


def _overdue_ms(lot: Lot) -> int:
    """How old a confirmed offer may be before the station may have fallen back already.

    By a clock that is ahead of ours the dead man fires early, and schedules count in whole seconds. A T of
    less than 27 s, which no site file may have, leaves no time for that between two refreshes.
    """
    earliest_ms = lot.dead_man_ms - CLOCK_ERROR_MS - 1_000
    return max(lot.refresh_ms + 1_000, min(lot.refresh_ms + RETRY_MS, earliest_ms))


def measured(evse: Evse, seen: EvseImage, now_ms: int) -> tuple[int, int, int] | None:
    """What it last measured, on the grid's phases; None when that is too old to say anything."""
    if seen.terminals_ma is None or not _is_fresh(seen, now_ms):
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
    now_ms: int,
) -> tuple[int, int, int]:
    """By how much more flows than it may draw, per grid phase, of one that does not obey; else nothing.

    Remembers whether it obeys: who does not gives nothing up by being told less, so that the others must.
    """
    _note_span(book, held_ma, seen, now_ms)
    if book.confirmed_ma is None:
        book.overdraws = False
    if flowing_ma is None or book.confirmed_ma is None:
        return NOTHING
    _judge(lot, phases, flowing_ma, seen, book)
    if not book.overdraws:
        return NOTHING
    return larger(NOTHING, minus(flowing_ma, with_tolerance(lot, on_phases(held_ma, phases))))


def _note_span(book: Book, held_ma: int, seen: EvseImage, now_ms: int) -> None:
    """From now on it may be obeying so much. Of too many spans the two oldest become one."""
    spans = book.spans
    if not spans or spans[-1][1] != held_ma or spans[-1][2] != held_ma:
        spans.append([now_ms, held_ma, held_ma])
    since_ms = max(seen.sampled_ms, now_ms - SAMPLE_MAX_AGE_MS) - seen.follow_ms - MISORDER_MS
    while len(spans) > 1 and spans[1][0] <= since_ms:
        del spans[0]
    if len(spans) > MOST_SPANS:
        since_ms, most_ma, least_ma = spans.pop(0)
        spans[0] = [since_ms, max(spans[0][1], most_ma), min(spans[0][2], least_ma)]


def _judge(
    lot: Lot, phases: tuple[int, ...], flowing_ma: tuple[int, int, int], seen: EvseImage, book: Book
) -> None:
    """Hold the sample against all that may have been obeyed from the time to follow before it until now.

    Until now: a sample may be younger than it says. The same one later is held against more, which changes
    neither that it is too much for all of it nor that it is little enough.
    """
    since_ms = seen.sampled_ms - seen.follow_ms
    if book.spans[0][0] > since_ms:
        return  # nobody knows what it obeyed before
    most_ma = least_ma = book.spans[-1][1]
    for place in range(len(book.spans) - 1, -1, -1):
        since, most, least = book.spans[place]
        most_ma = max(most_ma, most)
        least_ma = min(least_ma, least)
        if since <= since_ms:
            break
    if not _is_within(lot, most_ma, phases, flowing_ma):
        book.overdraws = True
    elif _is_within(lot, least_ma, phases, flowing_ma):
        book.overdraws = False


def _is_within(lot: Lot, held_ma: int, phases: tuple[int, ...], flowing_ma: tuple[int, int, int]) -> bool:
    allowed_ma = with_tolerance(lot, on_phases(held_ma, phases))
    return larger(allowed_ma, flowing_ma) is allowed_ma
