"""What operators look up and change: cards, reservations, work under way. Data, not settings."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from edge.site.commands import AnyCommand, Origin, Outcome, Reserve, StopCharging
from edge.site.durable import Store
from edge.site.jobs import Jobs
from edge.site.observed import ObservedCharger
from edge.site.reservations import Reservations
from edge.site.status import JobStatus
from edge.site.tokens import KnownToken, Token, Tokens, key_of

TOKENS = "token"  # by the token as it compares
Wake = Callable[[], None]
Stop = Callable[[AnyCommand, Origin], Coroutine[Any, Any, Outcome]]


class Desk:
    """Reads at once; what it answers as changed is stored, and counts from then on."""

    def __init__(
        self,
        tokens: Tokens,
        store: Store,
        chargers: dict[str, ObservedCharger],
        *,
        jobs: Jobs,
        reservations: Reservations,
        wake: Wake,
        stop: Stop | None = None,
    ) -> None:
        """`wake`: called when a priority may have changed. `stop` ends a blocked card's session, if given."""
        self._stop = stop
        self._tokens = tokens
        self._store = store
        self._chargers = chargers
        self._jobs = jobs
        self._reservations = reservations
        self._wake = wake

    async def resume(self) -> None:
        """Take up the tokens that were stored before the restart."""
        for body in (await self._store.documents(TOKENS)).values():
            self._tokens.put(msgspec.json.decode(body, type=Token))

    def jobs(self) -> tuple[JobStatus, ...]:
        """The latest job of each kind of each charger, now."""
        return self._jobs.rows()

    def reservations(self) -> tuple[Reserve, ...]:
        """Those that hold, now."""
        return self._reservations.held()

    def tokens(self) -> tuple[KnownToken, ...]:
        """Every token that is known, stored or from the list."""
        return self._tokens.rows()

    def token(self, token: str) -> KnownToken | None:
        """One of them, written in whatever case."""
        return self._tokens.row(token)

    def group_of(self, token: str) -> str | None:
        """The group of a card that is known."""
        row = self._tokens.row(token)
        return None if row is None else row.token.group

    async def put_token(self, token: Token) -> KnownToken:
        """Store it, in the place of one from the list. Raises JournalFullError, JournalBrokenError."""
        await self._store.put_document(TOKENS, key_of(token.token), msgspec.json.encode(token))
        row = self._tokens.put(token)
        self._refresh(token.token)
        if token.blocked and self._stop is not None:
            await self._end_sessions(token.token, self._stop)
        return row

    async def remove_token(self, token: str) -> KnownToken | None:
        """Forget what was stored; what the list has of it counts again, and is answered.

        Raises JournalFullError, JournalBrokenError.
        """
        await self._store.delete_document(TOKENS, key_of(token))
        row = self._tokens.drop(token)
        self._refresh(token)
        return row

    async def _end_sessions(self, token: str, stop: Stop) -> None:
        """End what runs on this card; a charger that is away ends it when its driver does."""
        running = [
            StopCharging(charger=charger.name, evse=evse.number, transaction_id=evse.transaction_id)
            for charger in self._chargers.values()
            for evse in charger.evses.values()
            if evse.transaction_id is not None and key_of(evse.token) == key_of(token)
        ]
        for command in running:
            await stop(command, Origin(kind="site", name="a blocked card"))

    def _refresh(self, token: str) -> None:
        """A session that runs has the priority that its card has now."""
        for charger in self._chargers.values():
            for evse in charger.evses.values():
                if evse.transaction_id is not None and key_of(evse.token) == key_of(token):
                    evse.token_priority = self._tokens.priority_of(evse.token)
        self._wake()
