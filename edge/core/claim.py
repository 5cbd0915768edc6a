"""What an EVSE asks of an allocation, and what the allocation answers."""

NO_ROOM = -1  # as `stopped_by`: its own cap stops it


class Claim:
    """What an EVSE asks for. `rooms`: indexes of the (circuit, phase) pairs that it loads, nearest first.

    `order` ranks inside the tier, smallest first. `tolerance_ma` is booked on top of what it gets;
    `idle_ma` is what counts for it at 0 (the minimum with tolerance, until pausing is proven).
    `need_ma`: what it is filled to before anybody gets more than he needs; None: no less than its cap.
    Who has something already is not sent away for others of his tier, nor anybody for those who had more of a
    `turn`. Of equals, who `has_ma` more keeps the odd step, so that a step does not wander.
    """

    __slots__ = (
        "cap_ma",
        "cost_ma",
        "evse",
        "full_room",
        "has_ma",
        "idle_ma",
        "min_ma",
        "need_ma",
        "order",
        "rooms",
        "share_ma",
        "step_ma",
        "stopped_by",
        "tier",
        "turn",
    )

    def __init__(
        self,
        *,
        evse: str,
        rooms: list[int] | tuple[int, ...],
        min_ma: int,
        cap_ma: int,
        step_ma: int,
        tier: int,
        order: tuple[object, ...],
        tolerance_ma: int,
        idle_ma: int,
        has_ma: int = 0,
        turn: int = 0,
        need_ma: int | None = None,
    ) -> None:
        self.evse = evse
        self.rooms = tuple(rooms)
        self.min_ma = -(-min_ma // step_ma) * step_ma
        self.cap_ma = cap_ma // step_ma * step_ma
        self.need_ma = self.cap_ma
        if need_ma is not None and need_ma < self.cap_ma:
            self.need_ma = min(self.cap_ma, max(self.min_ma, -(-need_ma // step_ma) * step_ma))
        self.step_ma = step_ma
        self.tier = tier
        self.order = order
        self.idle_ma = idle_ma
        self.has_ma = has_ma
        self.cost_ma = self.min_ma + tolerance_ma - idle_ma
        """What its admission takes of a room beyond what counts for it anyway."""
        self.turn = turn
        self.share_ma = 0
        self.stopped_by: int | None = None
        """The room that keeps it from more, NO_ROOM when its cap does."""
        self.full_room: int | None = None
        """A room without another step for it, whether or not its cap stopped it before."""

    @property
    def is_admitted(self) -> bool:
        """Whether it gets its minimum at least."""
        return self.share_ma > 0
