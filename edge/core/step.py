"""One cycle: step(memory, image, now_ms) -> Decision. The only place where current is decided.

It computes and never waits. Everything that it knows is in its arguments; everything that it will need
again is in `memory`, which only this function changes. A recorded (memory, image, now) gives the same
decision again, bit for bit, on either interpreter.

The order of thought: what became of earlier offers (ledger) -> what may be believed of the meters
(failsafe) -> what the building draws (background) -> what is allowed (limits) -> who gets what
(allocation, pacing) -> which rises are already paid for by confirmed reductions -> what must be sent.
"""

from edge.core import learning, ledger, limits, pacing
from edge.core.evse import Evse, EvseImage
from edge.core.headroom import Headroom, survey
from edge.core.image import CONFIRMED, Decision, Image, Offer, Reason, Setpoint
from edge.core.memory import Memory
from edge.core.quantities import NOTHING, PHASES, larger, minus, on_phases, plus
from edge.core.sharing import Sharing, Target, booked_below

DRAWS_MA = 2_000  # above this a car is charging
STOPPED_MA = 500  # below this its current has stopped
HELD_BACK_MS = 60_000  # a station that says "paused" for so long without current has proven it


def step(memory: Memory, image: Image, now_ms: int) -> Decision:
    """Decide once. `image` must hold every EVSE of the lot; `now_ms` is monotonic."""
    seen = {each.id: each for each in image.evses}
    _note(memory, image, seen, now_ms)
    rooms = survey(memory, image, seen, now_ms)
    caps = limits.evse_caps(limits.in_force(image.limits, now_ms))
    targets = Sharing(memory, seen, rooms, caps, now_ms).targets()
    setpoints, sums = _settle(memory, seen, rooms, targets, now_ms)
    return Decision(
        setpoints=setpoints,
        offers=_offers(memory, seen, setpoints, now_ms),
        circuits=[rooms[name].view(sums[name]) for name in memory.lot.tree.names],
        learned=[evse.id for evse in memory.lot.evses if _has_proven_pause(memory, evse, seen, now_ms)],
    )


def _note(memory: Memory, image: Image, seen: dict[str, EvseImage], now_ms: int) -> None:
    """Boots, lost links and what became of offers, before anything is decided."""
    for evse in memory.lot.evses:
        ledger.note_link(memory.books[evse.id], seen[evse.id])
    for result in image.results:
        book = memory.books[result.evse]
        ledger.note_result(book, result, now_ms)
        if result.result != CONFIRMED and result.number == book.last_number and not book.possible:
            memory.paces[result.evse].setpoint_ma = book.confirmed_ma or 0  # it kept what it had
    for evse in memory.lot.evses:
        pace = memory.paces[evse.id]
        here = seen[evse.id]
        if here.wants and not pace.serving:
            pacing.begin_session(pace)
        elif not here.wants and pace.serving:
            pacing.end_session(pace)
        learning.observe(memory.habits[evse.id], evse, here, pace, now_ms)
        flowing = ledger.measured(evse, here, now_ms)
        if here.wants and flowing is not None and max(flowing) > DRAWS_MA:
            pace.has_drawn = True


def _settle(
    memory: Memory,
    seen: dict[str, EvseImage],
    rooms: dict[str, Headroom],
    targets: dict[str, Target],
    now_ms: int,
) -> tuple[list[Setpoint], dict[str, tuple[int, int, int]]]:
    """Let every reduction through, and of the rises those that fit beside everybody's worst case."""
    books, sums = booked_below(memory, seen, now_ms)
    lot = memory.lot
    setpoints = {}
    for evse in sorted(lot.evses, key=lambda evse: (targets[evse.id].ma, evse.id)):
        target = targets[evse.id]
        pace = memory.paces[evse.id]
        if not seen[evse.id].is_linked:
            setpoint_ma, reason = _held_by_the_silent(memory, evse, now_ms), target.reason
        elif _is_paid(memory, rooms, evse, target.ma, books, sums):
            setpoint_ma, reason = target.ma, target.reason
        else:
            held_ma = ledger.held_ma(lot, evse, seen[evse.id], memory.books[evse.id], now_ms)
            kept_ma = min(target.ma, pace.setpoint_ma, held_ma // evse.step_ma * evse.step_ma)
            setpoint_ma = kept_ma if kept_ma >= evse.min_ma else 0
            reason = Reason(word="unpaid", where=target.reason.where, phase=target.reason.phase)
        pacing.move(pace, setpoint_ma, by_failsafe=target.by_failsafe or reason.word == "cut", now_ms=now_ms)
        setpoints[evse.id] = Setpoint(
            evse=evse.id, limit_ma=setpoint_ma, reason=reason, booked_ma=books[evse.id]
        )
    return [setpoints[evse.id] for evse in lot.evses], sums


def _is_paid(
    memory: Memory,
    rooms: dict[str, Headroom],
    evse: Evse,
    target_ma: int,
    books: dict[str, tuple[int, int, int]],
    sums: dict[str, tuple[int, int, int]],
) -> bool:
    """Whether the target fits beside all books; if so it is booked from now on."""
    lot = memory.lot
    wished = ledger.with_tolerance(lot, on_phases(target_ma, memory.phases(evse)))
    extra = minus(larger(books[evse.id], wished), books[evse.id])
    if extra == NOTHING:
        return True
    path = lot.tree.path(evse.circuit)
    for name in path:
        left_ma = rooms[name].left_ma
        for phase in PHASES:
            if extra[phase] and sums[name][phase] + extra[phase] > left_ma[phase]:
                return False
    for name in path:
        sums[name] = plus(sums[name], extra)
    books[evse.id] = plus(books[evse.id], extra)
    return True


def _held_by_the_silent(memory: Memory, evse: Evse, now_ms: int) -> int:
    """What a station without a link was last told; its fallback once its dead man has fired."""
    book = memory.books[evse.id]
    last_ms = max(book.confirmed_sent_ms, book.last_decided_ms)
    setpoint_ma = memory.paces[evse.id].setpoint_ma
    if now_ms - last_ms <= memory.lot.silence_ms:
        return setpoint_ma
    fallback_ma = evse.fallback_ma // evse.step_ma * evse.step_ma
    return min(setpoint_ma, fallback_ma if fallback_ma >= evse.min_ma else 0)


def _offers(
    memory: Memory, seen: dict[str, EvseImage], setpoints: list[Setpoint], now_ms: int
) -> list[Offer]:
    """What must leave now, decreases first."""
    due = []
    for setpoint in setpoints:
        book = memory.books[setpoint.evse]
        if seen[setpoint.evse].is_linked and ledger.must_send(memory.lot, book, setpoint.limit_ma, now_ms):
            rise_ma = setpoint.limit_ma - (0 if book.last_limit_ma is None else book.last_limit_ma)
            due.append((rise_ma, setpoint.evse, setpoint.limit_ma))
    offers = []
    for _, evse_id, limit_ma in sorted(due):
        memory.number += 1
        ledger.note_decided(memory.books[evse_id], memory.number, limit_ma, now_ms)
        offers.append(Offer(evse=evse_id, number=memory.number, limit_ma=limit_ma))
    return offers


def _has_proven_pause(memory: Memory, evse: Evse, seen: dict[str, EvseImage], now_ms: int) -> bool:
    """Whether 0 A was just seen to stop a car that wants to charge.

    Either a car that drew current stopped, or the station says that it holds the car back and nothing
    has flowed for a minute.
    """
    here = seen[evse.id]
    book = memory.books[evse.id]
    if here.pause_proven or not here.wants or here.terminals_ma is None:
        return False
    if book.confirmed_ma != 0 or not book.is_sure or book.possible:
        return False
    since_ms = here.sampled_ms - book.changed_ms
    if now_ms - here.sampled_ms > ledger.SAMPLE_MAX_AGE_MS or max(here.terminals_ma) > STOPPED_MA:
        return False
    if memory.paces[evse.id].has_drawn:
        return since_ms >= ledger.FOLLOW_MS
    return here.says_paused and since_ms >= HELD_BACK_MS
