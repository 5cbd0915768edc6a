"""Shares current out: weighted max-min over a tree of circuits on three phases, in integers.

The rule, tier by tier (higher tier first):

1. Admit: in the given order every claim whose minimum still fits on all circuits and phases that it
   loads, improved by swaps (admission.py). What does not fit stays at 0.
2. Fill: raise all admitted claims together, like water, until a claim reaches its cap or a circuit's
   phase is full; who hangs on that phase stops, the others rise on.
3. Floor every claim to its step, then hand the left-over steps out, smallest setpoint first.
   Where steps differ, nobody takes small steps away from a neighbour whose larger step did not fit.
4. What is left goes to the next tier.

Water-filling is event-driven. The events are: a claim's minimum is reached and it joins, its cap is
reached and it leaves, a room (one phase of one circuit) is full. A room with n rising claims is full at
level (free + sum of their minima - what others took above theirs) / n. O(E log E) for E claims.
"""

import heapq

from edge.core.admission import admit
from edge.core.claim import NO_ROOM, Claim

_JOIN = 0
_CAP = 1
_FULL = 2


def allocate(claims: list[Claim], free_ma: list[int]) -> None:
    """Write each claim's `share_ma` and `stopped_by`; `free_ma` per room is used up accordingly.

    `free_ma` may be negative (a circuit over its limit): then nobody fits there.
    """
    for claim in claims:
        claim.is_admitted = False
        claim.share_ma = 0
        claim.stopped_by = None
        claim.full_room = None
        for room in claim.rooms:
            free_ma[room] -= claim.idle_ma
    for tier in sorted({claim.tier for claim in claims}, reverse=True):
        members = sorted([claim for claim in claims if claim.tier == tier], key=lambda claim: claim.order)
        admitted = admit(members, free_ma)
        _Water(admitted, free_ma).rise()
        _hand_out_steps(admitted, free_ma)
        for claim in admitted:
            _tell_what_stopped(claim, free_ma)


class _Water:
    """The level that rises over the admitted claims of one tier; exact to 1 mA.

    `base_ma` of a room: free + minima of the claims that rise - what the stopped ones took.
    """

    __slots__ = ("base_ma", "claims", "events", "free_ma", "is_rising", "members", "rising")

    def __init__(self, claims: list[Claim], free_ma: list[int]) -> None:
        self.claims = claims
        self.free_ma = free_ma
        self.members: dict[int, list[int]] = {}
        for index, claim in enumerate(claims):
            for room in claim.rooms:
                self.members.setdefault(room, []).append(index)
        self.base_ma = {room: free_ma[room] for room in self.members}
        self.rising = dict.fromkeys(self.members, 0)
        self.is_rising = [False] * len(claims)
        self.events = [(claim.min_ma, _JOIN, index) for index, claim in enumerate(claims)]
        heapq.heapify(self.events)

    def rise(self) -> None:
        """Until everybody has stopped."""
        while self.events:
            level_ma, kind, index = heapq.heappop(self.events)
            if kind == _JOIN:
                self._join(index)
            elif kind == _CAP:
                self._stop(index, level_ma)
            elif self.rising[index]:
                self._fill_up(index, level_ma)

    def _join(self, index: int) -> None:
        claim = self.claims[index]
        self.is_rising[index] = True
        heapq.heappush(self.events, (claim.cap_ma, _CAP, index))
        for room in claim.rooms:
            self.base_ma[room] += claim.min_ma
            self.rising[room] += 1
            heapq.heappush(self.events, (self.base_ma[room] // self.rising[room], _FULL, room))

    def _fill_up(self, room: int, level_ma: int) -> None:
        full_at_ma = self.base_ma[room] // self.rising[room]
        if full_at_ma > level_ma:  # others stopped since: it takes longer to fill
            heapq.heappush(self.events, (full_at_ma, _FULL, room))
            return
        for member in self.members[room]:
            self._stop(member, full_at_ma)

    def _stop(self, index: int, level_ma: int) -> None:
        if not self.is_rising[index]:
            return
        claim = self.claims[index]
        self.is_rising[index] = False
        claim.share_ma = level_ma
        for room in claim.rooms:
            self.base_ma[room] -= level_ma
            self.rising[room] -= 1
            self.free_ma[room] -= level_ma - claim.min_ma


def _hand_out_steps(admitted: list[Claim], free_ma: list[int]) -> None:
    """Floor to the step, then give single steps to the smallest as long as one fits anywhere."""
    for claim in admitted:
        floored = claim.share_ma // claim.step_ma * claim.step_ma
        for room in claim.rooms:
            free_ma[room] += claim.share_ma - floored
        claim.share_ma = floored
    bounds: dict[int, int] = {}  # of a room where somebody's step did not fit: nobody may run away from him
    waiting = [(claim.share_ma, -claim.has_ma, index) for index, claim in enumerate(admitted)]
    heapq.heapify(waiting)
    while waiting:
        _, _, index = heapq.heappop(waiting)
        claim = admitted[index]
        raised_ma = claim.share_ma + claim.step_ma
        if raised_ma > claim.cap_ma:
            continue
        full = [room for room in claim.rooms if free_ma[room] < claim.step_ma]
        for room in full:
            bounds[room] = min(bounds.get(room, raised_ma), raised_ma)
        if full or min([bounds.get(room, raised_ma) for room in claim.rooms]) < raised_ma:
            continue
        for room in claim.rooms:
            free_ma[room] -= claim.step_ma
        claim.share_ma = raised_ma
        heapq.heappush(waiting, (raised_ma, -claim.has_ma, index))


def _tell_what_stopped(claim: Claim, free_ma: list[int]) -> None:
    for room in claim.rooms:
        if free_ma[room] < claim.step_ma:
            claim.full_room = room
            break
    is_at_cap = claim.share_ma + claim.step_ma > claim.cap_ma
    claim.stopped_by = NO_ROOM if is_at_cap or claim.full_room is None else claim.full_room
