"""Who gets his minimum when not everybody can: in the given order, improved by cheap swaps.

Taking whoever fits in order leaves gaps: a three-phase car stands where three one-phase cars could. So a
claim that has not begun yet gives way when two others fit in its place. Who charges already is never
swapped out; a pause costs more than a place gains.
"""

from edge.core.claim import NO_ROOM, Claim

MAX_TRIALS = 5_000  # fits looked at in one call: a bound on time, not on safety


def admit(claims: list[Claim], free_ma: list[int]) -> list[Claim]:
    """The claims that get their minimum, which is taken from `free_ma`; the rest say what stopped them.

    `claims` stand in the order in which they are to be served. The result keeps that order.
    """
    able = [claim for claim in claims if claim.cap_ma >= claim.min_ma]
    for claim in claims:
        claim.stopped_by = NO_ROOM
    chosen = _Choice(able, free_ma)
    chosen.fill()
    if len(chosen.admitted) < len(able) - 1:
        for rivals in _rivals(able, free_ma):
            _improve(chosen, rivals)
    free_ma[:] = chosen.free_ma
    for claim in able:
        if claim.evse in chosen.admitted:
            claim.share_ma = claim.min_ma
            claim.stopped_by = None
        else:
            claim.stopped_by = chosen.blocking(claim)
    return [claim for claim in able if claim.is_admitted]


def _rivals(able: list[Claim], free_ma: list[int]) -> list[list[Claim]]:
    """The claims in groups that are not in each other's way, so that what one gains nobody else pays for.

    Only a room that is too small for the minima of all who load it can be in anybody's way.
    """
    wanted_ma: dict[int, int] = {}
    for claim in able:
        for room in claim.rooms:
            wanted_ma[room] = wanted_ma.get(room, 0) + max(0, claim.cost_ma)
    leads: dict[int, int] = {}  # a scarce room to another of its group, the last of them to itself
    places: list[int | None] = []
    for claim in able:
        place = None
        for room in claim.rooms:
            if wanted_ma[room] > free_ma[room]:
                leads.setdefault(room, room)
                if place is not None:
                    leads[_leader(leads, place)] = _leader(leads, room)
                place = room
        places.append(place)
    groups: dict[int, list[Claim]] = {}
    for claim, place in zip(able, places):
        if place is not None:
            groups.setdefault(_leader(leads, place), []).append(claim)
    return list(groups.values())


def _leader(leads: dict[int, int], room: int) -> int:
    while leads[room] != room:
        leads[room] = leads[leads[room]]
        room = leads[room]
    return room


class _Choice:
    """A set of claims that fits, and the room that it leaves."""

    __slots__ = ("admitted", "claims", "free_ma")

    def __init__(self, claims: list[Claim], free_ma: list[int], admitted: set[str] | None = None) -> None:
        self.claims = claims
        self.free_ma = list(free_ma)
        self.admitted = set() if admitted is None else set(admitted)

    def among(self, rivals: list[Claim]) -> "_Choice":
        """What it is for some of the claims, to be improved apart."""
        admitted = {claim.evse for claim in rivals if claim.evse in self.admitted}
        return _Choice(rivals, self.free_ma, admitted)

    def adopt(self, better: "_Choice") -> None:
        """Take over what became of some of the claims."""
        for claim in better.claims:
            self.admitted.discard(claim.evse)
        self.admitted.update(better.admitted)
        self.free_ma = better.free_ma

    def copy(self) -> "_Choice":
        """Another one, to be changed for a trial."""
        return _Choice(self.claims, self.free_ma, self.admitted)

    def blocking(self, claim: Claim) -> int | None:
        """The room, nearest first, in which its minimum does not fit. A room over its limit admits nobody."""
        free_ma = self.free_ma
        cost_ma = max(0, claim.cost_ma)
        for room in claim.rooms:
            if free_ma[room] < cost_ma:
                return room
        return None

    def fits(self, claim: Claim) -> bool:
        """Whether its minimum fits on every room that it loads."""
        return self.blocking(claim) is None

    def take(self, claim: Claim) -> None:
        """Admit it."""
        self.admitted.add(claim.evse)
        free_ma, cost_ma = self.free_ma, claim.cost_ma
        for room in claim.rooms:
            free_ma[room] -= cost_ma

    def fill(self) -> None:
        """Admit whoever fits, in order."""
        for claim in self.claims:
            if claim.evse not in self.admitted and self.fits(claim):
                self.take(claim)

    def drop(self, claim: Claim) -> None:
        """Send it away again."""
        self.admitted.discard(claim.evse)
        for room in claim.rooms:
            self.free_ma[room] += claim.cost_ma


def _improve(choice: _Choice, rivals: list[Claim]) -> None:
    """Let `rivals` exchange places: one for two; then, for a trial, one for a smaller one."""
    budget = [MAX_TRIALS]
    best = choice.among(rivals)
    if len(best.admitted) >= len(rivals) - 1:
        return
    while _exchange(best, budget, gain=2):
        best.fill()
    trial = best.copy()
    while budget[0] > 0 and _exchange(trial, budget, gain=1):
        trial.fill()
        while _exchange(trial, budget, gain=2):
            trial.fill()
        if len(trial.admitted) > len(best.admitted):
            best = trial.copy()
    choice.adopt(best)


def _exchange(choice: _Choice, budget: list[int], *, gain: int) -> bool:
    """Make the first exchange of one that has not begun for `gain` others; False when there is none.

    Nobody gives way to those who were served more already. The last in order gives way first. An exchange
    of one for one must leave more room than before, so that it cannot be undone for ever.
    """
    waiting = [claim for claim in choice.claims if claim.evse not in choice.admitted]
    waiting.sort(key=_size)
    for out in reversed(choice.claims):
        if out.evse not in choice.admitted or out.has_ma > 0:
            continue
        budget[0] -= len(waiting)
        if budget[0] <= 0:
            return False
        choice.drop(out)
        entering = []
        for claim in waiting:
            if gain == 1 and _size(claim) >= _size(out):
                break
            if claim.turn <= out.turn and choice.fits(claim):
                choice.take(claim)
                entering.append(claim)
        if len(entering) >= gain:
            return True
        for claim in entering:
            choice.drop(claim)
        choice.take(out)
    return False


def _size(claim: Claim) -> int:
    """How much room its minimum takes, over all that it loads."""
    return len(claim.rooms) * claim.cost_ma
