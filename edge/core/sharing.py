"""From headroom to targets: who claims what this cycle, and what each is given, paced and safe.

Up to four rounds of the same allocation. In the first, those that may not rise yet (pacing, a late meter, a
rise not yet seen) are capped at what they have, so that others may use it. Where somebody would rise, the
second says how far he may: as far as a restless building has left room in the last minutes (calm.py). In the
third, those who may not, or whose rise would be too small to be worth it, are capped as well. The fourth
keeps the worst case of EVSEs in doubt free for them: what a station that refuses, is silent or just booted
may draw is taken from the others, who obey.
"""

from edge.core import learning, pacing, switching
from edge.core.allocation import allocate
from edge.core.claim import NO_ROOM, Claim
from edge.core.headroom import Headroom
from edge.core.image import Reason
from edge.core.lot import Lot
from edge.core.precedence import Precedence, must_not_pause
from edge.core.quantities import NOTHING, minus, on_phases
from edge.core.standing import Standing
from edge.core.unbalance import UnevenRooms

DONE_TIER = -1  # below everybody who takes something


class Target:
    """What an EVSE shall get, why not more, and whether only a failsafe keeps it down."""

    __slots__ = ("by_failsafe", "ma", "reason")

    def __init__(self, ma: int, reason: Reason, *, by_failsafe: bool = False) -> None:
        self.ma = ma
        self.reason = reason
        self.by_failsafe = by_failsafe


class Sharing:
    """One cycle's allocation over all EVSEs of a lot."""

    __slots__ = (
        "_barred",
        "_caps",
        "_claims",
        "_free_ma",
        "_full_rooms",
        "_in_failsafe",
        "_is_restless",
        "_lot",
        "_now_ms",
        "_rooms",
        "_standing",
        "_uneven",
    )

    def __init__(
        self,
        lot: Lot,
        standing: dict[str, Standing],
        rooms: dict[str, Headroom],
        caps: dict[str, tuple[int, str]],
        now_ms: int,
    ) -> None:
        """`caps`: for an EVSE its smallest limit from outside, and that limit's name."""
        self._lot = lot
        self._standing = standing
        self._rooms = rooms
        self._caps = caps
        self._now_ms = now_ms
        self._uneven = UnevenRooms(lot, rooms)
        self._barred: dict[str, Reason] = {}
        self._in_failsafe: set[str] = set()
        self._is_restless = False
        self._full_rooms: dict[tuple[str, int], Reason] = {}
        self._free_ma: list[int] = []
        self._claims: dict[str, Claim] = {}
        self._look_at_circuits()

    def targets(self) -> dict[str, Target]:
        """A target for every EVSE of the lot."""
        everybody = [self._standing[evse.id] for evse in self._lot.evses]
        linked = [one for one in everybody if one.seen.is_linked]
        holds = {}
        for one in linked:
            hold = self._hold(one)
            if hold is not None:
                holds[one.evse.id] = hold
        claims = self._claims = self._round(linked, holds)
        petty = self._petty(claims, self._calm(claims, linked, holds))
        if petty:
            for name, (most_ma, reason) in petty.items():
                if name not in holds or most_ma < holds[name][0]:
                    holds[name] = most_ma, reason
            claims = self._round(linked, holds)
            for name, (has_ma, _) in self._petty(claims, {}).items():
                claims[name].share_ma = has_ma  # what others left is too little as well: nobody needs it
        sure = [one for one in linked if one.book.is_sure]
        safe = self._round(sure, holds) if 0 < len(sure) < len(linked) else {}
        return {one.evse.id: self._target(one, claims, safe, holds) for one in everybody}

    def _look_at_circuits(self) -> None:
        """Where nothing may rise, and why (what is nearest counts); where a failsafe rules on the way."""
        tree = self._lot.tree
        for name in tree.names:  # parents first
            room, parent = self._rooms[name], tree.circuits[name].parent
            if not room.may_rise:
                self._barred[name] = Reason(word=room.holds_by, where=name)
            elif parent in self._barred:
                self._barred[name] = self._barred[parent]
            if room.restless_ma != NOTHING:
                self._is_restless = True
            if room.is_failsafe or parent in self._in_failsafe:
                self._in_failsafe.add(name)

    def _round(
        self, members: list[Standing], holds: dict[str, tuple[int, Reason]], *, calm: bool = False
    ) -> dict[str, Claim]:
        """Allocate to `members` what the worst case of all the others leaves.

        `calm`: no more than was left all the time lately.
        """
        free_ma: list[int] = []
        for name in self._lot.tree.names:
            room = self._rooms[name]
            free_ma.extend(minus(room.left_ma, room.restless_ma) if calm else room.left_ma)
        free_ma.extend(self._uneven.free_ma())
        taking_part = {one.evse.id for one in members}
        claims: dict[str, Claim] = {}
        for evse in self._lot.evses:
            one = self._standing[evse.id]
            if evse.id not in taking_part:
                self._reserve(free_ma, one, one.booked_ma)
                continue
            self._reserve(free_ma, one, one.excess_ma)
            if one.seen.wants:
                claims[evse.id] = self._claim(one, holds)
            else:
                self._reserve(free_ma, one, on_phases(one.idle_ma, evse.phases))
        allocate([claims[evse.id] for evse in self._lot.evses if evse.id in claims], free_ma)
        self._free_ma = self._free_ma or free_ma
        return claims

    def _calm(
        self, claims: dict[str, Claim], linked: list[Standing], holds: dict[str, tuple[int, Reason]]
    ) -> dict[str, Claim]:
        """What all would get who counted on calm only; empty where nobody rises, or all is calm."""
        if not self._is_restless:
            return {}
        for claim in claims.values():
            if claim.share_ma > claim.has_ma:
                return self._round(linked, holds, calm=True)
        return {}

    def better_phases(self) -> dict[str, int | None]:
        """For every EVSE that can switch, how many phases would serve it better after the first round."""
        found: dict[str, int | None] = {}
        for evse in self._lot.evses:
            if evse.can_switch:
                found[evse.id] = self._better(self._standing[evse.id])
        return found

    def _better(self, one: Standing) -> int | None:
        evse, switch, claim = one.evse, one.switch, self._claims.get(one.evse.id)
        if (
            switch is None
            or switch.stage != switching.STEADY
            or evse.wiring is None
            or not one.seen.is_linked
        ):
            return None
        if claim is None:  # nobody is there: the next car finds all of them
            return None if switch.connected == switching.THREE else switching.THREE
        first, need_ma = (evse.wiring[0],), claim.min_ma + self._lot.tolerance_ma
        if switch.connected == switching.ONE:
            others = self._lot.rooms_of(evse, tuple(sorted(evse.wiring[1:])))
            is_well = claim.share_ma > 0 and self._is_free(others, need_ma + switching.SPARE_MA)
            return switching.THREE if is_well and not must_not_pause(self._lot, one, self._now_ms) else None
        rooms = tuple(self._lot.rooms_of(evse, first)) + self._uneven.alone(one, first)
        waits = claim.share_ma == 0 and claim.stopped_by not in (None, NO_ROOM)
        if not waits or not self._is_free(rooms, need_ma):
            return None
        for room in rooms:
            self._free_ma[room] -= need_ma  # nobody else is promised the same
        return switching.ONE

    def _is_free(self, rooms: tuple[int, ...], need_ma: int) -> bool:
        return all(self._free_ma[room] >= need_ma for room in rooms)

    def _claim(self, one: Standing, holds: dict[str, tuple[int, Reason]]) -> Claim:
        evse, has_ma = one.evse, one.pace.setpoint_ma
        cap_ma = one.most_ma(self._caps)
        if evse.id in holds:
            cap_ma = min(cap_ma, holds[evse.id][0])
        says = Precedence(self._lot, one, self._now_ms)
        return Claim(
            evse=evse.id,
            rooms=self._lot.rooms_of(evse, one.phases) + self._uneven.of(one),
            min_ma=evse.min_ma,
            cap_ma=cap_ma,
            step_ma=evse.step_ma,
            tier=self._tier(one),
            order=says.order,
            tolerance_ma=self._lot.tolerance_ma,
            idle_ma=min(one.idle_ma, evse.min_ma + self._lot.tolerance_ma),
            has_ma=has_ma,
            turn=says.turn,
            need_ma=says.need_ma,
        )

    def _tier(self, one: Standing) -> int:
        """The priority; who is done comes last, unless he would not wake again."""
        return DONE_TIER if one.habit.is_done and not one.seen.sleeps else one.priority

    def _hold(self, one: Standing) -> tuple[int, Reason] | None:
        """Up to where it may rise now, and why not further; None when nothing holds it."""
        pace = one.pace
        if one.switch is not None and one.switch.stage != switching.STEADY:
            return 0, Reason(word="switch")
        barred = self._barred.get(one.evse.circuit)
        if barred is not None:
            return pace.setpoint_ma, barred
        at_ms = max(pacing.may_rise_at(self._lot, pace), learning.asked_again_at(one.habit, pace))
        if at_ms > self._now_ms:
            return max(pace.setpoint_ma, pace.restore_ma), Reason(word="hold", until_ms=at_ms)
        return None

    def _petty(self, claims: dict[str, Claim], calm: dict[str, Claim]) -> dict[str, tuple[int, Reason]]:
        """Up to where those may rise whose rise would be taken back, or is not worth a message."""
        petty = {}
        for evse_id, claim in claims.items():
            one, has_ma, most_ma, stopped = self._standing[evse_id], claim.has_ma, claim.share_ma, claim
            if evse_id in calm:
                stopped = calm[evse_id]
                most_ma = max(has_ma, stopped.share_ma, min(most_ma, one.pace.restore_ma))
            elif most_ma <= has_ma:
                continue
            if most_ma > has_ma and not pacing.is_worth_it(
                one.pace, most_ma, one.most_ma(self._caps) // claim.step_ma * claim.step_ma
            ):
                most_ma = has_ma
            if most_ma < claim.share_ma or evse_id in calm:
                petty[evse_id] = most_ma, self._reason(one, stopped)
        return petty

    def _target(
        self,
        one: Standing,
        claims: dict[str, Claim],
        safe: dict[str, Claim],
        holds: dict[str, tuple[int, Reason]],
    ) -> Target:
        name = one.evse.id
        if not one.seen.is_linked:
            return Target(0, Reason(word="cut"))
        if name not in claims:
            return Target(self._idle_offer_ma(one), Reason(word="idle"))
        claim = claims[name]
        if name in safe and safe[name].share_ma < claim.share_ma:
            claim = safe[name]
            return Target(claim.share_ma, self._reason(one, claim), by_failsafe=True)
        is_held = name in holds and claim.share_ma + claim.step_ma > holds[name][0]
        reason = self._held(one, claim, holds[name]) if is_held else self._reason(one, claim)
        return Target(claim.share_ma, reason, by_failsafe=one.evse.circuit in self._in_failsafe)

    def _held(self, one: Standing, claim: Claim, hold: tuple[int, Reason]) -> Reason:
        """Pacing is the reason only where nothing else keeps it down as well."""
        hold_ma, reason = hold
        if one.most_ma(self._caps) < hold_ma + claim.step_ma:
            return self._reason(one, claim)
        if claim.full_room is not None:
            return self._full("circuit", claim.full_room)
        return reason

    def _full(self, word: str, room: int) -> Reason:
        key = (word, room)
        if key not in self._full_rooms:
            self._full_rooms[key] = self._uneven.reason(room) or self._full_reason(word, room)
        return self._full_rooms[key]

    def _full_reason(self, word: str, room: int) -> Reason:
        name, phase = self._lot.tree.names[room // 3], room % 3
        if self._rooms[name].is_held_by_demand(phase):
            word = "demand"
        return Reason(word=word, where=name, phase=phase)

    def _reason(self, one: Standing, claim: Claim) -> Reason:
        room = claim.stopped_by
        if room is not None and room != NO_ROOM:
            return self._full("circuit" if claim.is_admitted else "queue", room)
        limit_ma, limit_name = self._caps.get(one.evse.id, (one.evse.max_ma, ""))
        if one.habit.cap_ma is not None and one.habit.cap_ma < limit_ma:
            return Reason(word="car")
        if limit_ma < one.evse.max_ma:
            return Reason(word="limit", where=limit_name)
        return Reason(word="full")

    def _idle_offer_ma(self, one: Standing) -> int:
        """What is booked anyway may be offered to an idle EVSE, so that the next car starts at once."""
        evse = one.evse
        limit_ma = min(one.held_ma, self._caps.get(evse.id, (evse.max_ma, ""))[0])
        least_ma = -(-evse.min_ma // evse.step_ma) * evse.step_ma
        is_changing = one.switch is not None and one.switch.stage != switching.STEADY
        is_barred = evse.circuit in self._barred and one.pace.setpoint_ma < least_ma
        is_more = evse.min_ma + self._lot.tolerance_ma > one.idle_ma  # than what is booked anyway
        return 0 if limit_ma < least_ma or is_changing or is_barred or is_more else least_ma

    def _reserve(self, free_ma: list[int], one: Standing, load: tuple[int, int, int]) -> None:
        if load == NOTHING:
            return
        for first in self._lot.circuit_rooms[one.evse.circuit]:
            free_ma[first] -= load[0]
            free_ma[first + 1] -= load[1]
            free_ma[first + 2] -= load[2]
        self._uneven.reserve(free_ma, one, load)
