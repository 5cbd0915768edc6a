"""Events, sessions and delivery rows in one commit; documents beside them."""

import asyncio
import contextlib
import functools
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec

from edge.journal.database import open_database
from edge.journal.outbox import SqliteOutbox
from edge.journal.writer import Statement, Writer
from edge.site.ports import Clock, Entry, Resumed, Session

INSERT_EVENT = """
    INSERT INTO event (seq, charger, evse, at_ms, stored_ms, transaction_id, dedup, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
UPSERT_SESSION = """
    INSERT INTO session (transaction_id, charger, evse, token, started_ms, meter_start_wh,
                         ended_ms, meter_stop_wh, reason, last_meter_wh, is_accepted)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (transaction_id) DO UPDATE SET
        ended_ms = excluded.ended_ms, meter_stop_wh = excluded.meter_stop_wh,
        reason = excluded.reason, last_meter_wh = excluded.last_meter_wh
"""
INSERT_DELIVERY = "INSERT INTO delivery (csms, seq, charger, message_id) VALUES (?, ?, ?, ?)"
UPSERT_DOCUMENT = """
    INSERT INTO document (kind, key, body) VALUES (?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""
SESSION_COLUMNS = """
    session.transaction_id, session.charger, session.evse, session.token, session.started_ms,
    session.meter_start_wh, session.ended_ms, session.meter_stop_wh, session.reason, session.last_meter_wh,
    session.is_accepted
"""


class SqliteJournal:
    """The journal of one site. Made by `open_journal`, which also runs its writer."""

    def __init__(
        self,
        writer: Writer,
        reader: aiosqlite.Connection,
        clock: Clock,
        routes: dict[str, tuple[str, ...]],
        last_seq: int,
    ) -> None:
        """`routes`: for each charger the CSMSs that must be told of it."""
        self.writer = writer
        self.outbox = SqliteOutbox(writer, reader)
        self._reader = reader
        self._clock = clock
        self._routes = routes
        self._seq = last_seq

    async def append(self, entry: Entry) -> int:
        """Commit the entry and answer its sequence number. Raises JournalFullError, JournalBrokenError."""
        seq, statements = self._statements(entry)
        await self.writer.write(statements, after=self._announcement(entry))
        return seq

    def keep(self, entry: Entry) -> None:
        """Commit the entry soon, together with others."""
        _, statements = self._statements(entry)
        self.writer.keep(statements, after=self._announcement(entry))

    async def find_session(self, charger: str, dedup: str) -> Session | None:
        """The session that an earlier entry with this `dedup` made."""
        sql = f"""
            SELECT {SESSION_COLUMNS}
              FROM event JOIN session ON session.transaction_id = event.transaction_id
             WHERE event.charger = ? AND event.dedup = ?
        """  # noqa: S608  the columns are ours
        return await self._session(sql, (charger, dedup))

    async def session(self, transaction_id: int) -> Session | None:
        """A session by our own transaction id."""
        sql = f"SELECT {SESSION_COLUMNS} FROM session WHERE transaction_id = ?"  # noqa: S608  ours
        return await self._session(sql, (transaction_id,))

    async def sessions(
        self,
        limit: int,
        *,
        is_running: bool | None = None,
        charger: str | None = None,
        since_ms: int | None = None,
    ) -> list[Session]:
        """The latest sessions, newest first; those that fit what is not None."""
        sql = f"""
            SELECT {SESSION_COLUMNS}
              FROM session
             WHERE (?1 IS NULL OR (ended_ms IS NULL) = ?1)
               AND (?2 IS NULL OR charger = ?2)
               AND (?3 IS NULL OR started_ms >= ?3)
             ORDER BY transaction_id DESC LIMIT ?4
        """  # noqa: S608  the columns are ours
        return await self._sessions(sql, (is_running, charger, since_ms, limit))

    async def resume(self) -> Resumed:
        """What was open when the process before us ended."""
        sql = f"SELECT {SESSION_COLUMNS} FROM session WHERE ended_ms IS NULL"  # noqa: S608  the columns are ours
        open_sessions = await self._sessions(sql, ())
        async with self._reader.execute("SELECT coalesce(max(transaction_id), 0) FROM session") as cursor:
            row = await cursor.fetchone()
        last_id = 0 if row is None else int(row[0])
        return Resumed(open_sessions=tuple(open_sessions), last_transaction_id=last_id)

    async def put_document(self, kind: str, key: str, body: bytes) -> None:
        """Keep a document under its kind and key."""
        await self.writer.write([(UPSERT_DOCUMENT, (kind, key, body))])

    async def delete_document(self, kind: str, key: str) -> None:
        """Keep it no longer."""
        await self.writer.write([("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))])

    async def documents(self, kind: str) -> dict[str, bytes]:
        """All documents of a kind, by key."""
        async with self._reader.execute("SELECT key, body FROM document WHERE kind = ?", (kind,)) as cursor:
            return {str(key): bytes(body) async for key, body in cursor}

    def _announcement(self, entry: Entry) -> Callable[[], None] | None:
        if not entry.deliver:
            return None
        return functools.partial(self.outbox.announce, entry.event.charger)

    def _statements(self, entry: Entry) -> tuple[int, list[Statement]]:
        self._seq += 1
        seq = self._seq
        event = entry.event
        transaction_id = getattr(event, "transaction_id", None) if entry.session is None else None
        if entry.session is not None:
            transaction_id = entry.session.transaction_id
        statements: list[Statement] = []
        if entry.session is not None:
            statements.append((UPSERT_SESSION, msgspec.structs.astuple(entry.session)))
        body = msgspec.json.encode(event)
        row = (seq, event.charger, event.evse, event.at_ms, self._clock.now_ms(), transaction_id, entry.dedup)
        statements.append((INSERT_EVENT, (*row, body)))
        if entry.deliver:
            statements.extend(
                (INSERT_DELIVERY, (csms, seq, event.charger, str(uuid.uuid4())))
                for csms in self._routes.get(event.charger, ())
            )
        return seq, statements

    async def _session(self, sql: str, values: tuple[object, ...]) -> Session | None:
        found = await self._sessions(sql, values)
        return found[0] if found else None

    async def _sessions(self, sql: str, values: tuple[object, ...]) -> list[Session]:
        async with self._reader.execute(sql, values) as cursor:
            return [_session(tuple(row)) async for row in cursor]


def _session(row: tuple[Any, ...]) -> Session:
    *columns, is_accepted = row
    names = Session.__struct_fields__[:-1]
    return Session(**dict(zip(names, columns, strict=True)), is_accepted=bool(is_accepted))


@contextlib.asynccontextmanager
async def open_journal(
    path: Path, clock: Clock, routes: dict[str, tuple[str, ...]]
) -> AsyncIterator[SqliteJournal]:
    """The journal in this file, with its writer running. Raises JournalBrokenError."""
    connection = await open_database(path)
    reader = await open_database(path)
    writer = Writer(connection)
    try:
        async with reader.execute("SELECT coalesce(max(seq), 0) FROM event") as cursor:
            row = await cursor.fetchone()
        last_seq = 0 if row is None else int(row[0])
        writing = asyncio.create_task(writer.run(), name="journal writer")
        try:
            yield SqliteJournal(writer, reader, clock, routes, last_seq)
        finally:
            writer.close()
            await writing  # what was still waiting is committed, whatever else is being cancelled
    finally:
        await connection.close()
        await reader.close()
