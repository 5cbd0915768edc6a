"""From headroom to targets: who claims what this cycle, and what each is given, paced and safe.

Up to three rounds of the same allocation. In the first, those that may not rise yet (pacing, a late meter, a
rise not yet seen) are capped at what they have, so that others may use it. In the second, those whose
rise would be too small to be worth it are capped as well. The third keeps the worst case of EVSEs in doubt
free for them: what a station that refuses, is silent or just booted may draw is taken from the others,
who obey.
"""

from edge.core import ledger, pacing
from edge.core.allocation import NO_ROOM, Claim, allocate
from edge.core.evse import Evse, EvseImage
from edge.core.headroom import Headroom
from edge.core.image import Reason
from edge.core.memory import Memory
from edge.core.quantities import NOTHING, on_phases, plus

SERVED_QUANTUM_WH = 5_000


class Target:
    """What an EVSE shall get, why not more, and whether only a failsafe keeps it down."""

    __slots__ = ("by_failsafe", "ma", "reason")

    def __init__(self, ma: int, reason: Reason, *, by_failsafe: bool = False) -> None:
        self.ma = ma
        self.reason = reason
        self.by_failsafe = by_failsafe


class Sharing:
    """One cycle's allocation over all EVSEs of a lot."""

    __slots__ = ("_caps", "_memory", "_now_ms", "_rooms", "_seen")

    def __init__(
        self,
        memory: Memory,
        seen: dict[str, EvseImage],
        rooms: dict[str, Headroom],
        caps: dict[str, tuple[int, str]],
        now_ms: int,
    ) -> None:
        """`caps`: for an EVSE its smallest limit from outside, and that limit's name."""
        self._memory = memory
        self._seen = seen
        self._rooms = rooms
        self._caps = caps
        self._now_ms = now_ms

    def targets(self) -> dict[str, Target]:
        """A target for every EVSE of the lot."""
        lot = self._memory.lot
        linked = [evse for evse in lot.evses if self._seen[evse.id].is_linked]
        holds = {}
        for evse in linked:
            hold = self._hold(evse)
            if hold is not None:
                holds[evse.id] = hold
        claims = self._round(linked, holds)
        petty = self._petty(claims)
        if petty:
            holds.update(petty)
            claims = self._round(linked, holds)
        sure = [evse for evse in linked if self._memory.books[evse.id].is_sure]
        safe = self._round(sure, holds) if 0 < len(sure) < len(linked) else {}
        return {evse.id: self._target(evse, claims, safe, holds) for evse in lot.evses}

    def _round(self, members: list[Evse], holds: dict[str, tuple[int, Reason]]) -> dict[str, Claim]:
        """Allocate to `members` what the worst case of all the others leaves."""
        lot = self._memory.lot
        free_ma: list[int] = []
        for name in lot.tree.names:
            free_ma.extend(self._rooms[name].left_ma)
        taking_part = {evse.id for evse in members}
        claims: dict[str, Claim] = {}
        for evse in lot.evses:
            seen = self._seen[evse.id]
            book = self._memory.books[evse.id]
            phases = self._memory.phases(evse)
            if evse.id not in taking_part:
                self._reserve(free_ma, evse, ledger.booked(lot, evse, seen, book, phases, self._now_ms))
                continue
            self._reserve(free_ma, evse, ledger.excess(lot, evse, seen, book, phases, self._now_ms))
            if seen.wants:
                claims[evse.id] = self._claim(evse, holds)
            else:
                self._reserve(free_ma, evse, on_phases(self._idle_ma(evse), evse.phases))
        allocate([claims[evse.id] for evse in lot.evses if evse.id in claims], free_ma)
        return claims

    def _claim(self, evse: Evse, holds: dict[str, tuple[int, Reason]]) -> Claim:
        pace = self._memory.paces[evse.id]
        seen = self._seen[evse.id]
        cap_ma = min(evse.max_ma, self._caps.get(evse.id, (evse.max_ma, ""))[0])
        habit = self._memory.habits[evse.id]
        if habit.cap_ma is not None:
            cap_ma = min(cap_ma, habit.cap_ma)
        if evse.id in holds:
            cap_ma = min(cap_ma, holds[evse.id][0])
        return Claim(
            evse=evse.id,
            rooms=self._rooms_of(evse),
            min_ma=evse.min_ma,
            cap_ma=cap_ma,
            step_ma=evse.step_ma,
            tier=evse.priority,
            order=(
                not pacing.is_inside_min_on(self._memory.lot, pace, self._now_ms),
                seen.served_wh // SERVED_QUANTUM_WH,
                pace.setpoint_ma == 0,
                seen.arrived_ms,
                evse.id,
            ),
            tolerance_ma=self._memory.lot.tolerance_ma,
            idle_ma=self._idle_ma(evse),
            has_ma=pace.setpoint_ma,
        )

    def _hold(self, evse: Evse) -> tuple[int, Reason] | None:
        """Up to where it may rise now, and why not further; None when nothing holds it."""
        pace = self._memory.paces[evse.id]
        for name in self._memory.lot.tree.path(evse.circuit):
            if not self._rooms[name].may_rise:
                word = "settling" if self._rooms[name].is_settling else "late"
                return pace.setpoint_ma, Reason(word=word, where=name)
        at_ms = pacing.may_rise_at(self._memory.lot, pace)
        if at_ms > self._now_ms:
            return max(pace.setpoint_ma, pace.restore_ma), Reason(word="hold", until_ms=at_ms)
        return None

    def _petty(self, claims: dict[str, Claim]) -> dict[str, tuple[int, Reason]]:
        """Those whose rise would not be worth a message."""
        petty = {}
        for evse_id, claim in claims.items():
            pace = self._memory.paces[evse_id]
            if claim.share_ma > pace.setpoint_ma and not pacing.is_worth_it(
                pace, claim.share_ma, claim.cap_ma
            ):
                petty[evse_id] = pace.setpoint_ma, self._reason(self._memory.lot.by_id[evse_id], claim)
        return petty

    def _target(
        self,
        evse: Evse,
        claims: dict[str, Claim],
        safe: dict[str, Claim],
        holds: dict[str, tuple[int, Reason]],
    ) -> Target:
        seen = self._seen[evse.id]
        if not seen.is_linked:
            return Target(0, Reason(word="cut"))
        if evse.id not in claims:
            return Target(self._idle_offer_ma(evse), Reason(word="idle"))
        claim = claims[evse.id]
        is_failsafe = self._is_failsafe(evse)
        if evse.id in safe and safe[evse.id].share_ma < claim.share_ma:
            claim = safe[evse.id]
            return Target(claim.share_ma, self._reason(evse, claim), by_failsafe=True)
        held_back = evse.id in holds and claim.share_ma + claim.step_ma > holds[evse.id][0]
        reason = holds[evse.id][1] if held_back else self._reason(evse, claim)
        return Target(claim.share_ma, reason, by_failsafe=is_failsafe)

    def _reason(self, evse: Evse, claim: Claim) -> Reason:
        room = claim.stopped_by
        if room is not None and room != NO_ROOM:
            where = self._memory.lot.tree.names[room // 3]
            word = "circuit" if claim.is_admitted else "queue"
            return Reason(word=word, where=where, phase=room % 3)
        cap = self._caps.get(evse.id)
        habit_ma = self._memory.habits[evse.id].cap_ma
        if habit_ma is not None and habit_ma < (evse.max_ma if cap is None else cap[0]):
            return Reason(word="car")
        if cap is not None and cap[0] < evse.max_ma:
            return Reason(word="limit", where=cap[1])
        return Reason(word="full")

    def _is_failsafe(self, evse: Evse) -> bool:
        path = self._memory.lot.tree.path(evse.circuit)
        return any(self._rooms[name].is_failsafe for name in path)

    def _idle_ma(self, evse: Evse) -> int:
        """What counts for it at 0 A: nothing once pausing is proven on its model, else its minimum."""
        if self._seen[evse.id].pause_proven:
            return 0
        return evse.min_ma + self._memory.lot.tolerance_ma

    def _idle_offer_ma(self, evse: Evse) -> int:
        """What is booked anyway may be offered to an idle EVSE, so that the next car starts at once."""
        if self._seen[evse.id].pause_proven:
            return 0
        cap = self._caps.get(evse.id)
        if cap is not None and cap[0] < evse.min_ma:
            return 0
        held = ledger.held_ma(
            self._memory.lot, evse, self._seen[evse.id], self._memory.books[evse.id], self._now_ms
        )
        return min(evse.min_ma, held // evse.step_ma * evse.step_ma)

    def _rooms_of(self, evse: Evse) -> list[int]:
        lot = self._memory.lot
        phases = self._memory.phases(evse)
        if phases == evse.phases:
            return lot.rooms[evse.id]
        return [first + phase for first in lot.circuit_rooms[evse.id] for phase in phases]

    def _reserve(self, free_ma: list[int], evse: Evse, load: tuple[int, int, int]) -> None:
        if load == NOTHING:
            return
        for first in self._memory.lot.circuit_rooms[evse.id]:
            free_ma[first] -= load[0]
            free_ma[first + 1] -= load[1]
            free_ma[first + 2] -= load[2]


def booked_below(
    memory: Memory, seen: dict[str, EvseImage], now_ms: int
) -> tuple[dict[str, tuple[int, int, int]], dict[str, tuple[int, int, int]]]:
    """The book of every EVSE, and their sum on every circuit, per phase."""
    lot = memory.lot
    books: dict[str, tuple[int, int, int]] = {}
    sums = dict.fromkeys(lot.tree.names, NOTHING)
    for evse in lot.evses:
        book, phases = memory.books[evse.id], memory.phases(evse)
        books[evse.id] = ledger.booked(lot, evse, seen[evse.id], book, phases, now_ms)
        for name in lot.tree.path(evse.circuit):
            sums[name] = plus(sums[name], books[evse.id])
    return books, sums
