"""The wall clock's past: stretches in which it ran evenly, and what their times were wrong by.

A box without a battery dates a month of records by a wrong clock. When it learns the time, the monotonic
clock says by how much it was wrong since it booted: that is written once, with the stretch, and no record is
touched; what was told stays beside what is known now. Only sessions, which people read and bill, carry
both times in their row. Earlier boots stay unsure: nobody knows how long the box was off in between.
"""

from pathlib import Path

from edge.journal.archive import SqliteArchive
from edge.journal.moments import Mend, correction_of, mended
from edge.journal.writer import Statement, Writer
from edge.site.durable import Mended, Session, Stretch

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

END_OURS = "UPDATE clock_stretch SET ended_ms = wall_ms + ? - mono_ms WHERE ended_ms IS NULL AND boot = ?"
END_EARLIER = """
    UPDATE clock_stretch
       SET ended_ms = max(wall_ms, coalesce((SELECT stored_ms FROM event ORDER BY seq DESC LIMIT 1), wall_ms))
     WHERE ended_ms IS NULL
"""
BEGIN = """
    INSERT INTO clock_stretch (first_seq, boot, wall_ms, mono_ms, is_sure) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (first_seq) DO UPDATE SET
        boot = excluded.boot, wall_ms = excluded.wall_ms, mono_ms = excluded.mono_ms,
        is_sure = excluded.is_sure, ended_ms = NULL, correction_ms = NULL
"""
MEND = "UPDATE clock_stretch SET correction_ms = ? WHERE first_seq = ?"
FREEZE = """
    UPDATE delivery SET is_as_told = 1
     WHERE (seq, csms) IN (SELECT min(seq), csms
                             FROM delivery
                            WHERE state = 'waiting' OR state = 'parked'
                            GROUP BY csms, state, charger)
"""
MEND_SESSION = """
    UPDATE session
       SET started_ms = ?, told_started_ms = ?, start_is_sure = ?,
           ended_ms = ?, told_ended_ms = ?, end_is_sure = ?
     WHERE transaction_id = ?
"""
UNSURE_SESSIONS = """
    SELECT session.transaction_id,
           (SELECT min(seq) FROM event
             WHERE event.transaction_id = session.transaction_id AND kind = 'transaction-started'),
           (SELECT max(seq) FROM event
             WHERE event.transaction_id = session.transaction_id AND kind = 'transaction-ended')
      FROM session
     WHERE (start_is_sure = 0 AND told_started_ms IS NULL)
        OR (end_is_sure = 0 AND told_ended_ms IS NULL AND ended_ms IS NOT NULL)
"""
FIRSTS = "SELECT first_seq FROM clock_stretch ORDER BY first_seq"
UNSURE = """
    SELECT first_seq, wall_ms, mono_ms, ended_ms
      FROM clock_stretch
     WHERE boot = ? AND is_sure = 0 AND correction_ms IS NULL
     ORDER BY first_seq
"""


def boot_id() -> str:
    """The kernel's name for the time since it booted, in which its monotonic clock can be compared."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


class Stretches:
    """The stretches of one journal. `boot`: the kernel's name of this life of the machine."""

    def __init__(self, archive: SqliteArchive, writer: Writer, boot: str) -> None:
        self._archive = archive
        self._writer = writer
        self._boot = boot

    async def begin(self, stretch: Stretch, seq: int) -> Mended:
        """From event `seq` on. Raises JournalFullError, JournalBrokenError."""
        mends = await self._mends(stretch) if stretch.is_sure else []
        sessions = await self._sessions(mends)
        statements: list[Statement] = [
            (END_OURS, (stretch.mono_ms, self._boot)),
            (END_EARLIER, ()),
            *((MEND, (mend.correction_ms, mend.first_seq)) for mend in mends),
            *(mending(session) for session in sessions),
            (BEGIN, (seq, self._boot, stretch.wall_ms, stretch.mono_ms, stretch.is_sure)),
        ]
        if mends:
            statements.append((FREEZE, ()))
        await self._writer.write(statements, is_urgent=True)
        return Mended(stretches=len(mends), sessions=tuple(sessions))

    async def _mends(self, stretch: Stretch) -> list[Mend]:
        """How the unsure stretches of this boot are mended: the monotonic clock ran through all of them."""
        return [
            Mend(
                first_seq=first_seq,
                wall_ms=wall_ms,
                ended_ms=wall_ms + stretch.mono_ms - mono_ms if ended_ms is None else ended_ms,
                correction_ms=correction_of(stretch, wall_ms, mono_ms),
            )
            for first_seq, wall_ms, mono_ms, ended_ms in await self._archive.rows(UNSURE, (self._boot,))
        ]

    async def _sessions(self, mends: list[Mend]) -> list[Session]:
        """The sessions that were dated in these stretches, mended."""
        if not mends:
            return []
        firsts = [first for (first,) in await self._archive.rows(FIRSTS)]
        by_first = {mend.first_seq: mend for mend in mends}

        def mend_of(seq: int | None) -> Mend | None:
            """Of the stretch that an event was written in."""
            return (
                None
                if seq is None
                else by_first.get(max((each for each in firsts if each <= seq), default=0))
            )

        found = []
        for transaction_id, start_seq, end_seq in await self._archive.rows(UNSURE_SESSIONS):
            session = await self._archive.session(transaction_id)
            if session is None:
                continue
            start = None if session.start_is_sure else mend_of(start_seq)
            end = None if session.end_is_sure else mend_of(end_seq)
            if (now := mended(session, start, end)) != session:
                found.append(now)
        return found


def mending(session: Session) -> Statement:
    """What stores the times of a mended session."""
    return (
        MEND_SESSION,
        (
            session.started_ms,
            session.told_started_ms,
            session.start_is_sure,
            session.ended_ms,
            session.told_ended_ms,
            session.end_is_sure,
            session.transaction_id,
        ),
    )
