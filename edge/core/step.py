"""One cycle: step(memory, image, now_ms) -> Decision. The only place where current is decided.

It computes and never waits. Everything that it knows is in its arguments; everything that it will need
again is in `memory`, which only this function changes. A recorded (memory, image, now) gives the same
decision again, bit for bit, on either interpreter.

The order of thought: what became of earlier offers (ledger) -> what may be believed of the meters
(failsafe) -> what the building draws (background) -> what is allowed (limits, demand windows), and which
overload is borne for a while (protection) -> who gets what (allocation, pacing) -> which rises are already
paid for by confirmed reductions -> what must be sent.
"""

from edge.core import demand, learning, ledger, limits, overload, pacing, power_sharing, switching
from edge.core.evse import SAMPLE_MAX_AGE_MS, Evse, EvseImage, as_formed
from edge.core.headroom import Headroom, survey
from edge.core.image import CONFIRMED, Decision, Image, Offer, Reason, Setpoint
from edge.core.ledger import Book
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.pacing import Pace
from edge.core.power_sharing import Parts
from edge.core.quantities import NOTHING, PHASES, plus
from edge.core.ranking import ranked
from edge.core.sharing import Sharing, Target
from edge.core.standing import Standing, standings, sums_of_books
from edge.core.switching import Switch
from edge.core.unbalance import UnevenBooks

DRAWS_MA = 2_000  # above this a car is charging
WAKES_WITHIN_MS = 300_000  # a car that draws nothing for so long after a pause sleeps
HELD_BACK_MS = 60_000  # a station that says "paused" for so long without current has proven it


def step(memory: Memory, image: Image, now_ms: int) -> Decision:
    """Decide once. `image` must hold every EVSE of the lot; `now_ms` is monotonic."""
    seen = {each.id: each for each in image.evses}
    _note(memory, image, seen, now_ms)
    standing = standings(memory, seen, now_ms)
    rooms = survey(memory, image, standing, now_ms)
    sums = sums_of_books(memory.lot, standing)
    caps = limits.evse_caps(limits.in_force(image.limits, now_ms))
    demand.hold(memory, image, standing, rooms, sums, caps, now_ms)
    overload.bear(memory, image, standing, rooms, sums, now_ms)
    sharing = Sharing(memory.lot, standing, rooms, caps, now_ms)
    targets = sharing.targets()
    for name, wanted in sharing.better_phases().items():
        switching.consider(memory.switches[name], memory.habits[name], wanted, now_ms)
    setpoints = _settle(memory.lot, standing, rooms, sums, targets, now_ms)
    return Decision(
        setpoints=setpoints,
        offers=_offers(memory, standing, setpoints, now_ms),
        circuits=[rooms[name].view(sums[name]) for name in memory.lot.tree.names],
        learned=[evse.id for evse in memory.lot.evses if _has_proven_pause(standing[evse.id], now_ms)],
        sleepers=[evse.id for evse in memory.lot.evses if _does_not_wake(standing[evse.id])],
    )


def _note(memory: Memory, image: Image, seen: dict[str, EvseImage], now_ms: int) -> None:
    """Boots, lost links and what became of offers, before anything is decided."""
    for evse in memory.lot.evses:
        ledger.note_unit(memory.books[evse.id], evse, seen[evse.id])
        if ledger.note_link(memory.books[evse.id], seen[evse.id]):
            learning.forget(memory.habits[evse.id])  # another car may stand there by now
            if evse.can_switch:
                switching.note_away(memory.switches[evse.id])
    for result in image.results:
        book = memory.books[result.evse]
        ledger.note_result(book, result, now_ms)
        if result.evse in memory.switches:
            switching.note_result(memory.switches[result.evse], result, now_ms)
        if result.result != CONFIRMED and result.number == book.last_number and not book.possible:
            evse, here = memory.lot.by_id[result.evse], seen[result.evse]
            parts = power_sharing.parts_of(evse, here, memory.habits[result.evse], now_ms)
            kept_ma = power_sharing.as_setpoint_ma(parts, evse, evse.step_ma, book.confirmed_ma or 0)
            pacing.take_back(memory.paces[result.evse], kept_ma, now_ms)
    for evse in memory.lot.evses:
        here, pace = seen[evse.id], memory.paces[evse.id]
        _note_session(pace, here)
        all_phases = not evse.can_switch or _note_switch(memory.switches[evse.id], here, pace, now_ms)
        habit, book = memory.habits[evse.id], memory.books[evse.id]
        learning.observe(habit, as_formed(evse, here), here, pace, now_ms, all_phases=all_phases)
        parts = power_sharing.parts_of(evse, here, habit, now_ms)
        if parts.least != pace.parts:
            _rescale(evse, here, pace, book, parts)


def _rescale(evse: Evse, here: EvseImage, pace: Pace, book: Book, parts: Parts) -> None:
    """What was told stands; by what is known of its car now it is another current on each phase."""
    pace.parts = parts.least
    if book.last_limit_ma is not None:
        step_ma = evse.step_ma if here.step_ma is None else here.step_ma
        pace.setpoint_ma = power_sharing.as_setpoint_ma(parts, evse, step_ma, book.last_limit_ma)
    pace.restore_ma = 0
    pace.lowest_ma = None


def _note_switch(switch: Switch, here: EvseImage, pace: Pace, now_ms: int) -> bool:
    """Where its change of phases stands; whether all of them are connected."""
    was_resting = switch.stage == switching.RESTING
    switching.observe(switch, here, now_ms)
    if was_resting and switch.stage == switching.STEADY:
        pace.paused_ms = None  # it rested; no more pause is needed
    return switch.connected == switching.THREE


def _note_session(pace: Pace, here: EvseImage) -> None:
    """Sessions that begin or end, and what a new sample says of the car."""
    if here.wants and not pace.serving:
        pacing.begin_session(pace)
    elif not here.wants and pace.serving:
        pacing.end_session(pace)
    if here.sampled_ms >= pace.lowest_ms + here.follow_ms:
        pace.lowest_ma = None  # the sample shows what became of it
    if not here.wants or here.terminals_ma is None:
        return
    drawn_ma = max(here.terminals_ma)
    if drawn_ma > DRAWS_MA:
        pace.has_drawn = True
        if pace.woken_ms is not None and here.sampled_ms > pace.woken_ms:
            pace.woken_ms = None  # it is awake
    elif pace.setpoint_ma > 0 and drawn_ma <= learning.STOPPED_MA:
        pace.has_drawn = False  # it stopped by itself: a pause from now on would show nothing


def _settle(
    lot: Lot,
    standing: dict[str, Standing],
    rooms: dict[str, Headroom],
    sums: dict[str, tuple[int, int, int]],
    targets: dict[str, Target],
    now_ms: int,
) -> list[Setpoint]:
    """Let every reduction through, and of the rises those that fit beside everybody's worst case.

    `sums` of the books grow with what is raised.
    """
    uneven = UnevenBooks(lot, standing, rooms)
    setpoints = {}
    for _, name in ranked([(targets[evse.id].ma, evse.id) for evse in lot.evses]):
        one, target = standing[name], targets[name]
        reason = target.reason
        if not one.seen.is_linked:
            setpoint_ma = _held_by_the_silent(lot, one, now_ms)
        elif _repeats_too_much(one, target.ma, rooms, sums):
            setpoint_ma = min(one.confirmed_ma, one.kept_ma())
            reason = Reason(word="unpaid", where=reason.where, phase=reason.phase)
        elif _is_paid(lot, one, target.ma, rooms, sums, uneven):
            setpoint_ma = target.ma
        else:
            setpoint_ma = min(target.ma, one.kept_ma())
            reason = Reason(word="unpaid", where=reason.where, phase=reason.phase)
        by_failsafe = target.by_failsafe or reason.word == "cut"
        pacing.move(
            one.pace, setpoint_ma, by_failsafe=by_failsafe, now_ms=now_ms, follow_ms=one.seen.follow_ms
        )
        setpoints[name] = Setpoint(evse=name, limit_ma=setpoint_ma, reason=reason, booked_ma=one.booked_ma)
    return [setpoints[evse.id] for evse in lot.evses]


def _repeats_too_much(
    one: Standing, target_ma: int, rooms: dict[str, Headroom], sums: dict[str, tuple[int, int, int]]
) -> bool:
    """Whether a rise that got lost would be tried again where the books, with it, are full by now."""
    book = one.book
    if book.is_sure or book.confirmed_ma is None or target_ma <= one.confirmed_ma:
        return False
    for name in one.path:
        left_ma, sum_ma = rooms[name].left_ma, sums[name]
        for phase in PHASES:
            if one.booked_ma[phase] and sum_ma[phase] > left_ma[phase]:
                return True
    return False


def _is_paid(
    lot: Lot,
    one: Standing,
    target_ma: int,
    rooms: dict[str, Headroom],
    sums: dict[str, tuple[int, int, int]],
    uneven: UnevenBooks,
) -> bool:
    """Whether the target fits beside all books; if so it is booked from now on."""
    extra = one.book_also(lot, target_ma)
    if extra == NOTHING:
        return True
    for name in one.path:
        left_ma, sum_ma = rooms[name].left_ma, sums[name]
        for phase in PHASES:
            if extra[phase] and sum_ma[phase] + extra[phase] > left_ma[phase]:
                return False
    if not uneven.fits(one, extra):
        return False
    uneven.add(one, extra)
    for name in one.path:
        sums[name] = plus(sums[name], extra)
    one.booked_ma = plus(one.booked_ma, extra)
    return True


def _held_by_the_silent(lot: Lot, one: Standing, now_ms: int) -> int:
    """What a station without a link was last told; its fallback once its dead man has fired."""
    evse, setpoint_ma = one.evse, one.pace.setpoint_ma
    if now_ms - max(one.book.confirmed_sent_ms, one.book.last_decided_ms) <= lot.silence_ms:
        return setpoint_ma
    fallback_ma = evse.fallback_ma // evse.step_ma * evse.step_ma
    return min(setpoint_ma, fallback_ma if fallback_ma >= evse.min_ma else 0)


def _offers(
    memory: Memory, standing: dict[str, Standing], setpoints: list[Setpoint], now_ms: int
) -> list[Offer]:
    """What must leave now, decreases first."""
    due = []
    for setpoint in setpoints:
        one = standing[setpoint.evse]
        if one.seen.is_linked and _must_send(memory.lot, one, setpoint, now_ms):
            told_ma = one.told_ma(setpoint.limit_ma)
            due.append((told_ma - (one.book.last_limit_ma or 0), setpoint.evse, told_ma))
    offers = [_tell_phases(memory, one, now_ms) for one in _ready_to_switch(memory, standing, now_ms)]
    told = {offer.evse for offer in offers}
    for _, evse_id, limit_ma in ranked([each for each in due if each[1] not in told]):
        memory.number += 1
        ledger.note_decided(standing[evse_id].book, memory.number, limit_ma, now_ms)
        offers.append(Offer(evse=evse_id, number=memory.number, limit_ma=limit_ma))
    return offers


def _must_send(lot: Lot, one: Standing, setpoint: Setpoint, now_ms: int) -> bool:
    return ledger.must_send(lot, one.book, one.seen, one.told_ma(setpoint.limit_ma), now_ms)


def _ready_to_switch(memory: Memory, standing: dict[str, Standing], now_ms: int) -> list[Standing]:
    ready = []
    for name in sorted(memory.switches):
        one = standing[name]
        is_stopped = switching.is_stopped(memory.switches[name], one.seen, one.book, now_ms)
        if is_stopped and not one.book.in_flight and one.pace.setpoint_ma == 0:
            ready.append(one)
    return ready


def _tell_phases(memory: Memory, one: Standing, now_ms: int) -> Offer:
    memory.number += 1
    ledger.note_decided(one.book, memory.number, 0, now_ms)
    phases = switching.tell(memory.switches[one.evse.id], memory.number, now_ms)
    return Offer(evse=one.evse.id, number=memory.number, limit_ma=0, phases=phases)


def _has_proven_pause(one: Standing, now_ms: int) -> bool:
    """Whether 0 A was just seen to stop a car that wants to charge.

    Either a car that drew current stopped, or the station says that it holds the car back and nothing
    has flowed for a minute.
    """
    seen, book = one.seen, one.book
    if book.confirmed_ma != 0 or seen.pause_proven or not seen.wants or seen.terminals_ma is None:
        return False
    if not book.is_sure or book.possible:
        return False
    if now_ms - seen.sampled_ms > SAMPLE_MAX_AGE_MS or max(seen.terminals_ma) > learning.STOPPED_MA:
        return False
    since_ms = seen.sampled_ms - book.changed_ms
    if one.pace.has_drawn:
        return since_ms >= seen.follow_ms
    return seen.says_paused and since_ms >= HELD_BACK_MS


def _does_not_wake(one: Standing) -> bool:
    """Whether a car that drew current before a pause has drawn none since it ended."""
    seen, pace = one.seen, one.pace
    if pace.woken_ms is None or seen.sleeps or not seen.wants or seen.terminals_ma is None:
        return False
    return (
        seen.sampled_ms - pace.woken_ms >= WAKES_WITHIN_MS and max(seen.terminals_ma) <= learning.STOPPED_MA
    )
