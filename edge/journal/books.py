"""Sealed records beside the sessions that they are of, read over a connection of its own.

Who bills, reports or reconciles reads much; nobody who waits for an answer at a charger waits behind it.
"""

import asyncio

import aiosqlite

from edge.journal.archive import SESSION_COLUMNS, SqliteArchive, session_of
from edge.journal.writer import Writer
from edge.site.durable import Session, TooManyError

SEAL = """
    INSERT INTO record (transaction_id, sealed_ms, account, cdr) VALUES (?, ?, ?, ?)
    ON CONFLICT (transaction_id) DO NOTHING
"""
UNSEALED = f"""
    SELECT {SESSION_COLUMNS} FROM session
     WHERE transaction_id >= ? AND is_accepted
       AND NOT EXISTS (SELECT 1 FROM record WHERE record.transaction_id = session.transaction_id)
     ORDER BY transaction_id
     LIMIT ?
"""  # noqa: S608  the columns are ours
ENDED = "session.ended_ms >= ? AND session.ended_ms < ? AND session.is_accepted"
COUNT = f"SELECT count(*) FROM session WHERE {ENDED}"  # noqa: S608  ours
ACCOUNTS = f"""
    SELECT record.account, {SESSION_COLUMNS}
      FROM session LEFT JOIN record USING (transaction_id)
     WHERE {ENDED}
     ORDER BY transaction_id
"""  # noqa: S608  ours
CDRS = f"""
    SELECT record.cdr
      FROM session JOIN record USING (transaction_id)
     WHERE {ENDED}
     ORDER BY transaction_id
"""  # noqa: S608  ours


class SqliteBooks(SqliteArchive):
    """What the billing office reads and seals."""

    def __init__(self, reader: aiosqlite.Connection, writer: Writer) -> None:
        super().__init__(reader)
        self._writer = writer
        self._ends = asyncio.Event()

    def note_end(self) -> None:
        """A session has ended, and that is committed."""
        self._ends.set()

    async def ended(self) -> None:
        """Return when a session has ended since the last call."""
        await self._ends.wait()
        self._ends.clear()

    async def unsealed(self, first: int, limit: int) -> list[Session]:
        """Sessions without a record, from this number on; those that run are among them."""
        return await self._sessions(UNSEALED, (first, limit))

    async def seal(self, transaction_id: int, *, account: bytes, cdr: bytes, sealed_ms: int) -> None:
        """Keep what was made of a session, unless it has a record. Raises the journal's errors."""
        await self._writer.write([(SEAL, (transaction_id, sealed_ms, account, cdr))])

    async def account(self, transaction_id: int) -> bytes | None:
        """What was sealed of a session."""
        rows = await self.rows("SELECT account FROM record WHERE transaction_id = ?", (transaction_id,))
        return bytes(rows[0][0]) if rows else None

    async def cdr(self, transaction_id: int) -> bytes | None:
        """Its record."""
        rows = await self.rows("SELECT cdr FROM record WHERE transaction_id = ?", (transaction_id,))
        return bytes(rows[0][0]) if rows else None

    async def accounts(
        self, since_ms: int, until_ms: int, *, most: int
    ) -> list[tuple[Session, bytes | None]]:
        """The accepted sessions that ended in this time, by their numbers, and what was sealed of them.

        Raises TooManyError.
        """
        ((count,),) = await self.rows(COUNT, (since_ms, until_ms))
        if count > most:
            raise TooManyError(count)
        rows = await self.rows(ACCOUNTS, (since_ms, until_ms))
        return await asyncio.to_thread(lambda: [(session_of(row[1:]), row[0]) for row in rows])

    async def cdrs(self, since_ms: int, until_ms: int) -> list[bytes]:
        """The records of the sessions that ended in this time, by their numbers."""
        return [bytes(cdr) for (cdr,) in await self.rows(CDRS, (since_ms, until_ms))]
