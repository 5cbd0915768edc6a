"""What chargers call their transactions where they name them themselves, and which of ours those are."""

from typing import TypeVar

from msgspec.structs import replace

from edge.core import transaction
from edge.site.durable import Journal, Resumed, Session
from edge.site.events import Sampled, StillRuns, TransactionEnded, TransactionStarted

Told = TypeVar("Told", Sampled, TransactionEnded, StillRuns)
MOST_NAMES = 512  # of a lot; a box that runs for years must not remember every name


class OwnIds:
    """Remembers the latest transaction of each name; the journal knows those before."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ours: dict[tuple[str, str], int] = {}

    def resume(self, resumed: Resumed) -> None:
        """Take up the names of what was running."""
        for session in resumed.open_sessions:
            if session.transaction_id in resumed.own_ids:
                self.learn(session, resumed.own_ids[session.transaction_id])

    def learn(self, session: Session, own_id: str) -> None:
        """A charger calls a transaction of ours so."""
        if own_id:
            self._ours.pop((session.charger, own_id), None)
            self._ours[session.charger, own_id] = session.transaction_id
            if len(self._ours) > MOST_NAMES:
                del self._ours[next(iter(self._ours))]

    def of(self, session: Session) -> str:
        """What its charger calls it; empty: it has our number."""
        names = (name for (_, name), number in self._ours.items() if number == session.transaction_id)
        return next(names, "")

    def resolved(self, event: Told) -> Told:
        """The event with our number of its transaction, where its charger has a name for it that we know."""
        number = self._ours.get((event.charger, event.own_id)) if event.own_id else None
        return event if number is None else replace(event, transaction_id=number)

    async def found(self, event: TransactionEnded) -> TransactionEnded:
        """The same for an end of long ago."""
        event = self.resolved(event)
        if event.own_id and not event.transaction_id:
            session = await self._journal.find_session(event.charger, transaction.own_key(event.own_id))
            if session is not None:
                return replace(event, transaction_id=session.transaction_id)
        return event

    async def beginning(self, event: TransactionStarted) -> tuple[str, Session | None]:
        """What a repetition of this start has in common with it, and the session that it has made already.

        A charger that forgets what it has counted may give a name twice: another beginning is another
        transaction. Of one that is late nobody knows when it began.
        """
        if not event.own_id:
            key = transaction.start_key(event.evse, event.token, event.at_ms, event.meter_wh)
            return key, await self._journal.find_session(event.charger, key)
        key = transaction.own_key(event.own_id)
        session = await self._journal.find_session(event.charger, key)
        if session is None or event.is_late or event.at_ms in (session.started_ms, session.told_started_ms):
            return key, session
        key = transaction.own_key(event.own_id, event.at_ms)
        return key, await self._journal.find_session(event.charger, key)
