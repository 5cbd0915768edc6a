"""What is read from a journal: sessions, their stories, and what was open before a restart."""

import asyncio
from typing import Any

import aiosqlite
import msgspec

from edge.journal.moments import moved
from edge.site.durable import Resumed, Session, Told, Unconfirmed
from edge.site.events import AnyEvent, Sampled

SESSION_FIELDS = Session.__struct_fields__
SESSION_COLUMNS = ", ".join(f"session.{name}" for name in SESSION_FIELDS)
MARKS = ", ".join("?" * len(SESSION_FIELDS))
UPSERT_SESSION = f"""
    INSERT INTO session ({", ".join(SESSION_FIELDS)})
    VALUES ({MARKS})
    ON CONFLICT (transaction_id) DO UPDATE SET
        ended_ms = excluded.ended_ms, meter_stop_wh = excluded.meter_stop_wh,
        reason = excluded.reason, last_meter_wh = excluded.last_meter_wh,
        energy_wh = excluded.energy_wh, flags = excluded.flags, told_id = excluded.told_id,
        end_is_sure = excluded.end_is_sure, told_ended_ms = excluded.told_ended_ms
"""  # noqa: S608  the columns are ours
STORY = """
    SELECT event.seq, event.stored_ms, event.body,
           stretch.wall_ms, stretch.ended_ms, stretch.is_sure, stretch.correction_ms
      FROM event
      LEFT JOIN clock_stretch AS stretch
             ON stretch.first_seq = (SELECT max(first_seq) FROM clock_stretch WHERE first_seq <= event.seq)
     WHERE event.seq BETWEEN ? AND ? AND event.transaction_id = ?
     ORDER BY event.seq
"""
SAMPLES = """
    SELECT body FROM event
     WHERE seq BETWEEN ? AND ? AND transaction_id = ? AND kind = 'sampled'
     ORDER BY seq
"""
SPAN = """
    SELECT min(seq), max(seq) FILTER (WHERE kind = 'transaction-ended')
      FROM event
     WHERE transaction_id = ? AND (kind = 'transaction-started' OR kind = 'transaction-ended')
"""
OWN_IDS = """
    SELECT session.transaction_id, json_extract(CAST(event.body AS TEXT), '$.own_id')
      FROM session
      JOIN event ON event.transaction_id = session.transaction_id AND event.kind = 'transaction-started'
     WHERE session.ended_ms IS NULL
       AND json_extract(CAST(event.body AS TEXT), '$.own_id') <> ''
"""
MOST_EVENTS = 100_000  # of a transaction without an end: the latest tell what it has charged

UNCONFIRMED = """
    SELECT delivery.csms, event.transaction_id, delivery.state
      FROM delivery JOIN event ON event.seq = delivery.seq
     WHERE delivery.state <> 'confirmed' AND event.transaction_id IS NOT NULL
       AND event.kind IN ('transaction-started', 'transaction-ended')
"""


class SqliteArchive:
    """Reads through a connection of its own, beside the writer."""

    def __init__(self, reader: aiosqlite.Connection) -> None:
        self._reader = reader

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
        asked = {"charger = ?": charger, "started_ms >= ?": since_ms}
        conditions = [text for text, value in asked.items() if value is not None]
        values = [value for value in asked.values() if value is not None]
        if is_running is not None:
            conditions.append("ended_ms IS NULL" if is_running else "ended_ms IS NOT NULL")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"""
            SELECT {SESSION_COLUMNS}
              FROM session {where}
             ORDER BY transaction_id DESC LIMIT ?
        """  # noqa: S608  the columns and conditions are ours
        return await self._sessions(sql, (*values, limit))

    async def unconfirmed(self) -> list[Unconfirmed]:
        """Starts and ends of transactions that wait for a CSMS, or were set aside."""
        return [
            Unconfirmed(csms=csms, transaction_id=number, state=state)
            for csms, number, state in await self.rows(UNCONFIRMED)
        ]

    async def story(self, transaction_id: int) -> list[Told]:
        """Everything that was kept of it, in the order in which it came."""
        first, last = await self.span(transaction_id)
        rows = await self.rows(STORY, (first, last, transaction_id))
        return await asyncio.to_thread(lambda: [_told(row) for row in rows])  # a long one has thousands

    async def samples(self, transaction_id: int) -> list[Sampled]:
        """What was kept of a transaction's samples, in the order in which they came."""
        first, last = await self.span(transaction_id)
        rows = await self.rows(SAMPLES, (max(first, last - MOST_EVENTS), last, transaction_id))
        return [msgspec.json.decode(body, type=Sampled) for (body,) in rows]

    async def energy_since(self, token: str, since_ms: int) -> int:
        """What was charged with this token in the sessions that began since then, Wh."""
        sql = """
            SELECT coalesce(sum(energy_wh), 0)
              FROM session
             WHERE started_ms >= ? AND is_accepted = 1 AND lower(token) = lower(?)
        """
        ((wh,),) = await self.rows(sql, (since_ms, token))
        return int(wh)

    async def resume(self) -> Resumed:
        """What was open when the process before us ended."""
        sql = f"SELECT {SESSION_COLUMNS} FROM session WHERE ended_ms IS NULL"  # noqa: S608  the columns are ours
        open_sessions = await self._sessions(sql, ())
        last_id = await self._number("SELECT coalesce(max(transaction_id), 0) FROM session")
        own_ids = {int(number): str(name) for number, name in await self.rows(OWN_IDS)}
        return Resumed(open_sessions=tuple(open_sessions), last_transaction_id=last_id, own_ids=own_ids)

    async def document(self, kind: str, key: str) -> bytes | None:
        """A document by its kind and key."""
        sql = "SELECT body FROM document WHERE kind = ? AND key = ?"
        rows = await self.rows(sql, (kind, key))
        return bytes(rows[0][0]) if rows else None

    async def documents(self, kind: str) -> dict[str, bytes]:
        """All documents of a kind, by key."""
        rows = await self.rows("SELECT key, body FROM document WHERE kind = ?", (kind,))
        return {str(key): bytes(body) for key, body in rows}

    async def span(self, transaction_id: int) -> tuple[int, int]:
        """The first and the last event that can be of this transaction."""
        ((first, last),) = await self.rows(SPAN, (transaction_id,))
        newest = await self._number("SELECT coalesce(max(seq), 0) FROM event")
        return (newest + 1 if first is None else int(first), newest if last is None else int(last))

    async def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a question; for the other modules of this room."""
        return await rows_of(self._reader, sql, values)

    async def _number(self, sql: str) -> int:
        rows = await self.rows(sql)
        return int(rows[0][0]) if rows else 0

    async def _session(self, sql: str, values: tuple[object, ...]) -> Session | None:
        found = await self._sessions(sql, values)
        return found[0] if found else None

    async def _sessions(self, sql: str, values: tuple[object, ...]) -> list[Session]:
        return [session_of(row) for row in await self.rows(sql, values)]


async def rows_of(
    reader: aiosqlite.Connection, sql: str, values: tuple[object, ...] = ()
) -> list[tuple[Any, ...]]:
    """All rows of a question, read in one go.

    A connection sees what is committed when the first of its open questions began: questions that overlap
    without an end would never see anything newer.
    """
    return [tuple(row) for row in await reader.execute_fetchall(sql, values)]


def session_of(row: tuple[Any, ...]) -> Session:
    """A row of SESSION_COLUMNS."""
    values = dict(zip(SESSION_FIELDS, row, strict=True))
    values["flags"] = tuple(str(values["flags"]).split())
    for name in ("is_accepted", "start_is_sure", "end_is_sure"):
        values[name] = bool(values[name])
    return Session(**values)


def row_of(session: Session) -> tuple[object, ...]:
    """The values of a session's row."""
    values = msgspec.structs.asdict(session)
    values["flags"] = " ".join(session.flags)
    return tuple(values[name] for name in SESSION_FIELDS)


def _told(row: tuple[Any, ...]) -> Told:
    seq, stored_ms, body, wall_ms, ended_ms, is_sure, correction_ms = row
    event: AnyEvent = msgspec.json.decode(body, type=AnyEvent)
    return Told(
        seq=seq,
        at_ms=moved(event.at_ms, wall_ms, ended_ms, correction_ms),
        stored_ms=stored_ms,
        is_sure=event.is_synchronised if is_sure is None else bool(is_sure) or correction_ms is not None,
        event=event,
    )
