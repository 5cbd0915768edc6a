"""What contacts of a building or a grid operator say: settled, however they bounce, and safe in doubt.

A contact restricts as soon as it has done so for a moment in all, and sets free only after it has been quiet
for long: a worn relay or a loose wire is a restriction, not a flicker of the lot.
"""

SETTLE_MS = 100
RELEASE_MS = 2_000


class Contact:
    """One contact. `restricts` as last settled; what is seen first counts at once."""

    __slots__ = ("_free_ms", "_restricted_ms", "_seen", "_seen_ms", "restricts")

    def __init__(self) -> None:
        self.restricts = True
        self._seen: bool | None = None
        self._seen_ms: int | None = None
        self._restricted_ms = 0  # in all, since it was last free for long
        self._free_ms = 0  # at a stretch

    def note(self, restricts: bool | None, now_ms: int) -> bool:  # noqa: FBT001  as it is seen
        """It is seen like that now (None: it cannot be read, which restricts); what counts."""
        sees = restricts is None or restricts
        if self._seen_ms is None:
            self.restricts = sees
        else:
            self._count(now_ms - self._seen_ms)
        self._seen = sees
        self._seen_ms = now_ms
        return self.restricts

    def _count(self, passed_ms: int) -> None:
        """What was seen last lasted so long."""
        if self._seen:
            self._restricted_ms += passed_ms
            self._free_ms = 0
            if self._restricted_ms >= SETTLE_MS:
                self.restricts = True
        else:
            self._free_ms += passed_ms
            if self._free_ms >= RELEASE_MS:
                self.restricts = False
                self._restricted_ms = 0


def bound_of(closed: list[bool], limits: list[int], *, one_is_always_closed: bool = False) -> int | None:
    """The smallest of the limits whose contacts restrict; None: none does.

    `one_is_always_closed`: as with receivers that have a relay for each step. None of them is a broken wire
    then, and counts as the smallest step.
    """
    chosen = [limit for is_closed, limit in zip(closed, limits) if is_closed]
    if chosen:
        return min(chosen)
    return min(limits) if one_is_always_closed else None
