"""What people ask of an open journal: its state, what stands in it, whether it is sound; copies of it."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from edge.journal import restoring
from edge.journal.integrity import find_damage
from edge.journal.journal import SqliteJournal
from edge.site.durable import JournalFullError, NotRestorableError
from edge.site.events import AnyEvent
from edge.site.upkeep import CsmsBacklog, Found, JournalState, ParkedRow, Search

FOUND = """
    SELECT event.seq, event.kind, event.stored_ms, event.body, event.transaction_id,
           (SELECT group_concat(csms || ' ' || state, ', ') FROM delivery WHERE delivery.seq = event.seq)
      FROM event
     WHERE {conditions}
     ORDER BY seq DESC
     LIMIT ?
"""
PARKED = """
    SELECT delivery.csms, delivery.seq, delivery.charger, event.kind, event.transaction_id,
           delivery.attempts, coalesce(delivery.error, '')
      FROM delivery JOIN event USING (seq)
     WHERE delivery.state = 'parked'
     ORDER BY delivery.csms, delivery.seq
     LIMIT ?
"""
CHECKS = {
    "{} rows refer to rows that are not there": "SELECT count(*) FROM pragma_foreign_key_check",
    "{} sessions have no start": """
        SELECT count(*) FROM session
         WHERE ' ' || flags || ' ' NOT LIKE '% no-start %'
           AND NOT EXISTS (SELECT 1 FROM event WHERE event.transaction_id = session.transaction_id
                                                 AND event.kind = 'transaction-started')
    """,
    "{} sessions have ended without an end": """
        SELECT count(*) FROM session
         WHERE ended_ms IS NOT NULL AND ' ' || flags || ' ' NOT LIKE '% no-start %'
           AND NOT EXISTS (SELECT 1 FROM event WHERE event.transaction_id = session.transaction_id
                                                 AND event.kind = 'transaction-ended')
    """,
}
MOST_PARKED = 1_000
PIECE = 1 << 18


class SqliteUpkeep:
    """The journal in this file, for people. `restart`: called when a copy shall take its place."""

    def __init__(self, path: Path, journal: SqliteJournal, *, restart: Callable[[], None]) -> None:
        self._path = path
        self._journal = journal
        self._restart = restart

    async def state(self) -> JournalState:
        """How it is now."""
        journal, books = self._journal, self._journal.books
        ((events, sessions, running, records, schema),) = await books.rows(
            "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM session),"
            " (SELECT count(*) FROM session WHERE ended_ms IS NULL), (SELECT count(*) FROM record),"
            " (SELECT user_version FROM pragma_user_version)"
        )
        waiting = []
        for csms in journal.outbox.csmss:
            backlog = await journal.outbox.backlog(csms)
            waiting.append(
                CsmsBacklog(
                    csms=csms, waiting=backlog.waiting, parked=backlog.parked, oldest_ms=backlog.oldest_ms
                )
            )
        return JournalState(
            file=str(self._path),
            size=await asyncio.to_thread(lambda: self._path.stat().st_size),
            room=max(0, journal.space.room),
            level=journal.space.level,
            schema=schema,
            events=events,
            sessions=sessions,
            running=running,
            records=records,
            dropped=journal.writer.dropped,
            waiting=tuple(waiting),
            findings=journal.findings,
        )

    async def search(self, search: Search) -> list[Found]:
        """What fits, newest first."""
        asked: dict[str, object] = {
            "event.charger = ?": search.charger,
            "event.kind = ?": search.kind,
            "event.transaction_id = ?": search.transaction_id,
            "event.at_ms >= ?": search.since_ms,
            "event.at_ms < ?": search.until_ms,
            "event.seq < ?": search.before,
        }
        given = {text: value for text, value in asked.items() if value is not None}
        values = list(given.values())
        if search.transaction_id is not None:  # no index on it, but its events lie between its ends
            given["event.seq BETWEEN ? AND ?"] = None
            values += await self._journal.books.span(search.transaction_id)
        sql = FOUND.format(conditions=" AND ".join(given) or "true")
        rows = await self._journal.books.rows(sql, (*values, search.limit))
        return [
            Found(
                seq=seq,
                kind=kind,
                stored_ms=stored_ms,
                transaction_id=number,
                deliveries=deliveries or "",
                event=msgspec.json.decode(body, type=AnyEvent),
            )
            for seq, kind, stored_ms, body, number, deliveries in rows
        ]

    async def parked(self) -> list[ParkedRow]:
        """What a CSMS refused again and again, and what hangs on it."""
        return [
            ParkedRow(
                csms=csms,
                seq=seq,
                charger=charger,
                kind=kind,
                transaction_id=number,
                attempts=attempts,
                error=error,
            )
            for csms, seq, charger, kind, number, attempts, error in await self._journal.books.rows(
                PARKED, (MOST_PARKED,)
            )
        ]

    async def retry(self, csms: str) -> int:
        """Let what was set aside for a CSMS wait again. Raises KeyError, the journal's errors."""
        if csms not in self._journal.outbox.csmss:
            raise KeyError(csms)
        return await self._journal.outbox.requeue(csms)

    async def verify(self) -> list[str]:
        """What is wrong with it; nothing: it is sound. Reads the whole file."""
        damage = await asyncio.to_thread(find_damage, self._path, everything=True)
        if damage is not None:
            return [f"the file is damaged: {damage}"]
        wrong = []
        for sentence, sql in CHECKS.items():
            ((count,),) = await self._journal.books.rows(sql)
            wrong += [sentence.format(count)] if count else []
        return wrong

    @contextlib.asynccontextmanager
    async def backup(self) -> AsyncIterator[Path]:
        """A whole copy of one moment, gone when the context is left. Raises the journal's errors."""
        copy = self._path.with_name(f"{self._path.stem}-backup.new")
        size = await asyncio.to_thread(lambda: self._path.stat().st_size)
        if shutil.disk_usage(self._path.parent).free < size + restoring.ROOM_LEFT:
            raise JournalFullError(f"no room for a copy of {size // 1_000_000} MB")
        try:
            await asyncio.to_thread(restoring.back_up, self._path, copy)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    async def restore(self, pieces: AsyncIterator[bytes], *, is_forced: bool) -> int:
        """Take a copy in and start anew with it; how many sessions it has. Raises NotRestorableError.

        While transactions run only if forced: what has begun since the copy would be unknown.
        """
        ((running,),) = await self._journal.books.rows("SELECT count(*) FROM session WHERE ended_ms IS NULL")
        if running and not is_forced:
            raise NotRestorableError(f"{running} transactions run, and would not be known any more")
        uploaded = self._path.with_name(f"{self._path.stem}-restore.new")
        try:
            with uploaded.open("wb") as file:
                async for piece in pieces:
                    if shutil.disk_usage(self._path.parent).free < len(piece) + restoring.ROOM_LEFT:
                        raise NotRestorableError("there is no room for it")
                    await asyncio.to_thread(file.write, piece)
            sessions, _ = await asyncio.to_thread(restoring.judge, uploaded)
            await asyncio.to_thread(restoring.accept, uploaded, self._path)
        except (OSError, sqlite3.Error) as error:
            raise NotRestorableError(str(error)) from None
        finally:
            uploaded.unlink(missing_ok=True)
        self._restart()
        return sessions
