"""Shares current out: weighted max-min over a tree of circuits on three phases, in integers.

The rule, tier by tier (higher tier first):

1. Admit: in the given order every claim whose minimum still fits on all circuits and phases that it
   loads, improved by swaps (admission.py). What does not fit stays at 0.
2. Fill: raise all admitted claims together, like water, until a claim has what it needs or a circuit's
   phase is full; who hangs on that phase stops, the others rise on.
3. Floor every claim to its step, then hand the left-over steps out, smallest setpoint first.
   Where steps differ, nobody takes small steps away from a neighbour whose larger step did not fit.
4. Where claims need less than their caps, fill once more in the same way, up to the caps.
5. What is left goes to the next tier.

Water-filling is event-driven. The events are: a claim's minimum is reached and it joins, its cap is
reached and it leaves, a room (one phase of one circuit) is full. A room with n rising claims is full at
level (free + sum of their minima - what others took above theirs) / n. Claims that load the same rooms
between the same bounds rise and stop together, and are worked out as one. O(E log E) for E claims.
"""

import heapq

from edge.core.admission import admit
from edge.core.claim import NO_ROOM, Claim
from edge.core.ranking import ranked

_CAP = 0  # at the same level a cap is reached before a room is full
_FULL = 1


def allocate(claims: list[Claim], free_ma: list[int]) -> None:
    """Write each claim's `share_ma` and `stopped_by`; `free_ma` per room is used up accordingly.

    `free_ma` may be negative (a circuit over its limit): then nobody fits there.
    """
    tiers: dict[int, list[tuple[tuple[object, ...], int]]] = {}
    for index, claim in enumerate(claims):
        claim.share_ma = 0
        claim.stopped_by = None
        claim.full_room = None
        if claim.idle_ma:
            for room in claim.rooms:
                free_ma[room] -= claim.idle_ma
        tiers.setdefault(claim.tier, []).append((claim.order, index))
    for tier in sorted(tiers, reverse=True):
        admitted = admit([claims[index] for _, index in ranked(tiers[tier])], free_ma)
        _fill(admitted, free_ma, to_need=True)
        for claim in admitted:
            if claim.need_ma < claim.cap_ma:
                _fill(admitted, free_ma, to_need=False)
                break
        for claim in admitted:
            _tell_what_stopped(claim, free_ma)


def _fill(admitted: list[Claim], free_ma: list[int], *, to_need: bool) -> None:
    """Raise everybody from what he has to what he needs, or from there to his cap."""
    crowds = _crowds(admitted, to_need=to_need)
    _Water(crowds, free_ma).rise()
    _floor(crowds, free_ma)
    _hand_out_steps(admitted, free_ma, to_need=to_need)


class _Crowd:
    """Claims that no water can tell apart, on their way from `min_ma` to `cap_ma`."""

    __slots__ = ("cap_ma", "claims", "is_rising", "level_ma", "min_ma", "rooms")

    def __init__(self, first: Claim, cap_ma: int) -> None:
        self.rooms = first.rooms
        self.min_ma = first.share_ma
        self.cap_ma = cap_ma
        self.level_ma = first.share_ma
        self.is_rising = False
        self.claims = [first]


def _crowds(claims: list[Claim], *, to_need: bool) -> list[_Crowd]:
    """The claims by their rooms and bounds, in the order in which they join."""
    alike: dict[tuple[object, ...], _Crowd] = {}
    for claim in claims:
        cap_ma = claim.need_ma if to_need else claim.cap_ma
        key = (claim.rooms, claim.share_ma, cap_ma)
        crowd = alike.get(key)
        if crowd is None:
            alike[key] = _Crowd(claim, cap_ma)
        else:
            crowd.claims.append(claim)
    return sorted(alike.values(), key=lambda crowd: crowd.min_ma)


class _Water:
    """The level that rises over the admitted claims of one tier; exact to 1 mA.

    `base_ma` of a room: free + minima of the claims that rise - what the stopped ones took.
    """

    __slots__ = ("base_ma", "crowds", "events", "free_ma", "left", "members", "rising")

    def __init__(self, crowds: list[_Crowd], free_ma: list[int]) -> None:
        self.crowds = crowds
        self.free_ma = free_ma
        self.base_ma = list(free_ma)
        self.rising = [0] * len(free_ma)
        self.members: dict[int, list[int]] = {}
        for index, crowd in enumerate(crowds):
            for room in crowd.rooms:
                self.members.setdefault(room, []).append(index)
        self.events: list[tuple[int, int, int]] = []
        self.left = len(crowds)

    def rise(self) -> None:
        """Until everybody has stopped."""
        crowds, events = self.crowds, self.events
        joined = 0
        while self.left:
            if joined < len(crowds) and not (events and events[0][0] < crowds[joined].min_ma):
                joined = self._join_from(joined)
                continue
            level_ma, kind, index = heapq.heappop(events)
            if kind == _CAP:
                self._stop(crowds[index], level_ma)
            else:
                self._fill_up(level_ma, self._full_with(index, level_ma))

    def _join_from(self, first: int) -> int:
        """All that begin at this level join at once, so that each room is looked at once."""
        crowds = self.crowds
        level_ma = crowds[first].min_ma
        index = first
        touched: set[int] = set()
        while index < len(crowds) and crowds[index].min_ma == level_ma:
            crowd = crowds[index]
            crowd.is_rising = True
            count = len(crowd.claims)
            for room in crowd.rooms:
                self.base_ma[room] += count * level_ma
                self.rising[room] += count
            touched.update(crowd.rooms)
            heapq.heappush(self.events, (crowd.cap_ma, _CAP, index))
            index += 1
        for room in touched:
            heapq.heappush(self.events, (self.base_ma[room] // self.rising[room], _FULL, room))
        return index

    def _full_with(self, first: int, level_ma: int) -> list[int]:
        """The rooms of which it is said that this level fills them: none is before the others."""
        events, rooms = self.events, [first]
        while events and events[0] == (level_ma, _FULL, events[0][2]):
            rooms.append(heapq.heappop(events)[2])
        return rooms

    def _fill_up(self, level_ma: int, rooms: list[int]) -> None:
        full: set[int] = set()
        for room in rooms:
            if not self.rising[room]:
                continue
            full_at_ma = self.base_ma[room] // self.rising[room]
            if full_at_ma > level_ma:  # others stopped since: it takes longer to fill
                heapq.heappush(self.events, (full_at_ma, _FULL, room))
            else:
                full.update(self.members[room])
        for member in full:
            self._stop(self.crowds[member], level_ma)

    def _stop(self, crowd: _Crowd, level_ma: int) -> None:
        if not crowd.is_rising:
            return
        crowd.is_rising = False
        crowd.level_ma = level_ma
        self.left -= 1
        count = len(crowd.claims)
        taken_ma, above_ma = count * level_ma, count * (level_ma - crowd.min_ma)
        for room in crowd.rooms:
            self.base_ma[room] -= taken_ma
            self.rising[room] -= count
            self.free_ma[room] -= above_ma


def _floor(crowds: list[_Crowd], free_ma: list[int]) -> None:
    """Write each claim's share down, floored to its step; what that leaves is free again."""
    for crowd in crowds:
        over_ma = 0
        for claim in crowd.claims:
            claim.share_ma = crowd.level_ma // claim.step_ma * claim.step_ma
            over_ma += crowd.level_ma - claim.share_ma
        for room in crowd.rooms:
            free_ma[room] += over_ma


def _hand_out_steps(admitted: list[Claim], free_ma: list[int], *, to_need: bool) -> None:
    """Give single steps to the smallest as long as one fits anywhere."""
    bounds: dict[int, int] = {}  # of a room where somebody's step did not fit: nobody may run away from him
    waiting = [(claim.share_ma, -claim.has_ma, index) for index, claim in enumerate(admitted)]
    heapq.heapify(waiting)
    while waiting:
        _, _, index = heapq.heappop(waiting)
        claim = admitted[index]
        step_ma = claim.step_ma
        raised_ma = claim.share_ma + step_ma
        if raised_ma > (claim.need_ma if to_need else claim.cap_ma):
            continue
        fits = True
        for room in claim.rooms:
            if free_ma[room] < step_ma:
                fits = False
                if bounds.get(room, raised_ma) >= raised_ma:
                    bounds[room] = raised_ma
            elif fits and room in bounds and bounds[room] < raised_ma:
                fits = False
        if not fits:
            continue
        for room in claim.rooms:
            free_ma[room] -= step_ma
        claim.share_ma = raised_ma
        heapq.heappush(waiting, (raised_ma, -claim.has_ma, index))


def _tell_what_stopped(claim: Claim, free_ma: list[int]) -> None:
    for room in claim.rooms:
        if free_ma[room] < claim.step_ma:
            claim.full_room = room
            break
    is_at_cap = claim.share_ma + claim.step_ma > claim.cap_ma
    claim.stopped_by = NO_ROOM if is_at_cap or claim.full_room is None else claim.full_room
