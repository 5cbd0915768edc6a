"""Events, sessions and delivery rows in one commit; documents beside them."""

import functools
import uuid
from collections.abc import Callable

import aiosqlite
import msgspec

from edge.journal.archive import UPSERT_SESSION, SqliteArchive, row_of
from edge.journal.books import SqliteBooks
from edge.journal.identities import Identities
from edge.journal.outbox import SqliteOutbox
from edge.journal.space import Space
from edge.journal.stretches import Stretches
from edge.journal.writer import Statement, Writer
from edge.site.durable import Entry, JournalFullError, Mended, Resumed, Stretch
from edge.site.events import TransactionEnded, TransactionStarted
from edge.site.ports import Clock

INSERT_EVENT = """
    INSERT INTO event (seq, kind, charger, evse, at_ms, stored_ms, transaction_id, dedup, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_DELIVERY = """
    INSERT INTO delivery (csms, seq, charger, message_id, is_offline) VALUES (?, ?, ?, ?, ?)
"""
UPSERT_DOCUMENT = """
    INSERT INTO document (kind, key, body) VALUES (?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""


class SqliteJournal(SqliteArchive):
    """The journal of one site. Made by `edge.journal.opening`, which also runs its writer.

    `findings`: what was wrong with its files at the start, for whoever must know.
    """

    def __init__(
        self,
        writer: Writer,
        reader: aiosqlite.Connection,
        clock: Clock,
        routes: dict[str, tuple[str, ...]],
        *,
        books: SqliteBooks,
        space: Space,
        identities: Identities,
        boot: str,
        findings: tuple[str, ...] = (),
        states_to: frozenset[str] = frozenset(),
    ) -> None:
        """`routes`: for each charger the CSMSs that must be told of it, `states_to`: who hears of states.

        `books` has its own connection.
        """
        super().__init__(reader)
        self.writer = writer
        self.books = books
        self.space = space
        self.outbox = SqliteOutbox(writer, reader, routes, states_to)
        self.findings = findings
        self._identities = identities
        self._clock = clock
        self._stretches = Stretches(self, writer, boot)
        self._seq = 0

    async def prepare(self) -> None:
        """Learn where its numbers are. Call once, before anything else."""
        self._seq = await self._number("SELECT coalesce(max(seq), 0) FROM event")
        await self.outbox.prepare()

    async def append(self, entry: Entry) -> int:
        """Commit the entry and answer its sequence number. Raises JournalFullError, JournalBrokenError.

        A start is refused while there is still room for the ends of what runs.
        """
        is_start = isinstance(entry.event, TransactionStarted)
        if is_start and not self.space.takes_starts:
            raise JournalFullError(self.space.sentence)
        if entry.session is not None:
            await self._identities.cover(entry.session.transaction_id)
        seq, statements = self._statements(entry)
        await self.writer.write(
            statements,
            after=self._announcement(entry),
            is_urgent=isinstance(entry.event, TransactionEnded),
        )
        return seq

    def keep(self, entry: Entry) -> None:
        """Commit the entry soon, together with others; nothing where only starts and ends have room."""
        if not self.space.takes_samples:
            self.writer.dropped += 1
            return
        _, statements = self._statements(entry)
        self.writer.keep(statements, after=self._announcement(entry))

    async def resume(self) -> Resumed:
        """What was open when the process before us ended, and the highest id that may have been given."""
        resumed = await super().resume()
        highest = max(resumed.last_transaction_id, self._identities.covered)
        return msgspec.structs.replace(resumed, last_transaction_id=highest)

    async def put_document(self, kind: str, key: str, body: bytes) -> None:
        """Keep a document under its kind and key."""
        await self.writer.write([(UPSERT_DOCUMENT, (kind, key, body))])

    async def delete_document(self, kind: str, key: str) -> None:
        """Keep it no longer."""
        await self.writer.write([("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))])

    async def begin_stretch(self, stretch: Stretch) -> Mended:
        """The wall clock was set, or is sure now, or no more. Mends what an unsure one of this boot dated."""
        return await self._stretches.begin(stretch, self._seq + 1)

    def _announcement(self, entry: Entry) -> Callable[[], None] | None:
        if entry.session is not None and entry.session.ended_ms is not None:
            return functools.partial(self._announce_end, entry)
        return functools.partial(self.outbox.announce, entry.event) if entry.deliver else None

    def _announce_end(self, entry: Entry) -> None:
        if entry.deliver:
            self.outbox.announce(entry.event)
        self.books.note_end()

    def _statements(self, entry: Entry) -> tuple[int, list[Statement]]:
        self._seq += 1
        seq = self._seq
        event = entry.event
        transaction_id = getattr(event, "transaction_id", entry.transaction_id)
        statements: list[Statement] = []
        if entry.session is not None:
            transaction_id = entry.session.transaction_id
            statements.append((UPSERT_SESSION, row_of(entry.session)))
        elif isinstance(event, TransactionEnded):
            transaction_id = entry.transaction_id  # what it ends is not known here by that id
        row = (event.charger, event.evse, event.at_ms, self._clock.now_ms(), transaction_id, entry.dedup)
        body = msgspec.json.encode(event)
        kind = str(event.__struct_config__.tag)
        statements.append((INSERT_EVENT, (seq, kind, *row, body)))
        if entry.deliver:
            charger = event.charger
            statements.extend(
                (
                    INSERT_DELIVERY,
                    (csms, seq, charger, str(uuid.uuid4()), not self.outbox.is_linked(csms, charger)),
                )
                for csms in self.outbox.hearers(event)
            )
        return seq, statements
