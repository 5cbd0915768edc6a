"""Who may use a shared line next: the most urgent one that fits before the next beat of a meter.

Nothing here knows Modbus. One user has the line at a time; a user that is cancelled gives its place, or the
line, back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

PATIENCE_S = 1.0  # whoever has stood back so long for a meter's beat does so no longer
GRACE_S = 0.02  # so late may a beat come


class Urgency(IntEnum):
    """The smaller number goes first."""

    COMMAND = 0
    """A set point: somebody's current falls."""
    GUARD = 1
    """The block that guards a fuse."""
    ROUTINE = 2
    IDLE = 3
    """Counters, names: whenever there is room."""


class _Ticket:
    __slots__ = ("given", "lasts_s", "ready_s", "since_s", "urgency")

    def __init__(
        self, urgency: Urgency, lasts_s: float, ready_s: Callable[[], float], since_s: float
    ) -> None:
        self.given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.urgency = urgency
        self.lasts_s = lasts_s
        self.ready_s = ready_s
        self.since_s = since_s


class Turns:
    """The turns on one line."""

    def __init__(self) -> None:
        self._waiting: list[_Ticket] = []
        self._is_taken = False
        self._free_s = 0.0
        self._kept_s = 0.0
        self._beats: dict[object, float] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def expect(self, who: object, at_s: float) -> None:
        """Keep the line free at that time of the loop: `who` comes with something urgent then."""
        self._beats[who] = at_s

    def quiet(self, seconds: float) -> None:
        """Nobody may speak for so long from now on."""
        self._free_s = max(self._free_s, asyncio.get_running_loop().time() + seconds)

    @asynccontextmanager
    async def turn(
        self,
        urgency: Urgency,
        lasts_s: float,
        ready_s: Callable[[], float],
        *,
        is_followed: bool = False,
    ) -> AsyncIterator[None]:
        """The line for yourself, probably for `lasts_s`, and not before the time `ready_s()` of the loop.

        `is_followed`: another turn of yours comes right behind; only what is as urgent may come between.
        """
        ticket = _Ticket(urgency, lasts_s, ready_s, asyncio.get_running_loop().time())
        self._waiting.append(ticket)
        self._next()
        try:
            await ticket.given
        except asyncio.CancelledError:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            else:
                self._release()
            raise
        try:
            yield
        finally:
            self._kept_s = asyncio.get_running_loop().time() + GRACE_S if is_followed else 0.0
            self._release()

    def _release(self) -> None:
        self._is_taken = False
        self._next()

    def _next(self) -> None:
        """Give the line to whoever is next, or come back when somebody can be."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._is_taken or not self._waiting:
            return
        now_s = asyncio.get_running_loop().time()
        earliest_s = float("inf")
        for ticket in sorted(
            self._waiting, key=lambda each: each.urgency
        ):  # stable: first come, first served
            if ticket.given.done():  # cancelled, and about to leave
                continue
            at_s = max(self._free_s, ticket.ready_s(), self._past_beats(ticket, now_s))
            if at_s <= now_s:
                self._waiting.remove(ticket)
                self._is_taken = True
                ticket.given.set_result(None)
                return
            earliest_s = min(earliest_s, at_s)
        if earliest_s < float("inf"):
            self._alarm = asyncio.get_running_loop().call_at(earliest_s, self._next)

    def _past_beats(self, ticket: _Ticket, now_s: float) -> float:
        """When this one may speak without being in the way of a beat."""
        if ticket.urgency <= Urgency.GUARD:
            return now_s
        if now_s < self._kept_s:
            return self._kept_s
        patience_s = ticket.since_s + PATIENCE_S
        if now_s >= patience_s:
            return now_s
        for beat_s in self._beats.values():
            if now_s < beat_s + GRACE_S and now_s + ticket.lasts_s > beat_s:
                return min(patience_s, beat_s + GRACE_S)
        return now_s
