"""What is forgotten, and when: diagnostics, then samples that every cloud has, thinned and at last dropped.

Starts, ends and sessions are never forgotten, nor is anything that a cloud must still be told, that a meter
has signed, or that the record of a session will be made of. Goes through the events in pieces, oldest first,
and remembers how far it came; every deletion goes through the one writer.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from edge.journal.journal import SqliteJournal
from edge.site.ports import Clock

DAY_MS = 86_400_000
RECENT_MS = 3_600_000  # what is younger is not dropped even for want of room
THINNED_MS = 900_000  # of a thinned hour four samples are left
BOOKS = frozenset({"transaction-started", "transaction-ended"})
SAMPLES = frozenset({"sampled", "evse-status-changed"})
CURSORS = "compaction"  # the document that knows how far each rule came

PIECE = 1_000
AT_ONCE = 200
PAGES = 256
BREATH_S = 0.02  # between two pieces the reader is everybody's

NEXT = """
    SELECT seq, kind, transaction_id, at_ms, stored_ms,
           EXISTS (SELECT 1 FROM delivery WHERE delivery.seq = event.seq AND state <> 'confirmed')
           OR (kind = 'sampled' AND instr(body, CAST('"signed":[{' AS BLOB)))
           OR EXISTS (SELECT 1
                        FROM session LEFT JOIN record USING (transaction_id)
                       WHERE session.transaction_id = event.transaction_id
                         AND (ended_ms IS NULL OR (is_accepted AND record.transaction_id IS NULL)))
      FROM event
     WHERE seq > ?
     ORDER BY seq
     LIMIT ?
"""
FORGET_SAID = """
    DELETE FROM document
     WHERE kind = 'authorised' AND json_extract(CAST(body AS TEXT), '$.at_ms') < ?
"""
Rule = Literal["diagnostics", "thin", "samples"]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """For how long samples are kept as they came, and everything but the books at all.

    `said_ms`: for how long what a cloud has said of a card counts.
    """

    samples_ms: int = 90 * DAY_MS
    keep_ms: int = 400 * DAY_MS
    said_ms: int = 30 * DAY_MS


class Compaction:
    """Forgets. `dropped` counts the events that are gone."""

    def __init__(self, journal: SqliteJournal, clock: Clock, retention: Retention | None = None) -> None:
        self.dropped = 0
        self._journal = journal
        self._clock = clock
        self._retention = retention or Retention()

    async def retain(self) -> None:
        """Forget what is old enough, from where the last time stopped. Raises the journal's errors."""
        now_ms = self._clock.now_ms()
        stored = await self._journal.documents(CURSORS)
        cursors = {rule: int(body) for rule, body in stored.items()}
        ages: dict[Rule, int] = {
            "diagnostics": self._retention.keep_ms,
            "thin": self._retention.samples_ms,
            "samples": self._retention.keep_ms,
        }
        for rule, age_ms in ages.items():
            came = await self._forget(rule, cursors.get(rule, 0), before_ms=now_ms - age_ms)
            if came > cursors.get(rule, 0):
                await self._journal.put_document(CURSORS, rule, str(came).encode())
        await self._journal.writer.write([(FORGET_SAID, (now_ms - self._retention.said_ms,))])

    async def make_room(self) -> None:
        """Forget more than retention asks for, least missed first, until there is room."""
        before_ms = self._clock.now_ms() - RECENT_MS
        for rule in ("diagnostics", "thin", "samples"):
            if self._journal.space.wanted:
                await self._forget(rule, 0, before_ms=before_ms, until_room=True)

    async def _forget(self, rule: Rule, cursor: int, *, before_ms: int, until_room: bool = False) -> int:
        """Apply a rule to everything stored before; how far it came."""
        kept: dict[int, int] = {}
        while rows := await self._journal.rows(NEXT, (cursor, PIECE)):
            old = [row for row in rows if row[4] < before_ms]
            await self._drop(_chosen(rule, old, kept))
            if len(old) < len(rows):
                return int(old[-1][0]) if old else cursor
            cursor = int(rows[-1][0])
            if until_room:
                await measure(self._journal)
                if not self._journal.space.wanted:
                    break
            await asyncio.sleep(BREATH_S)
        return cursor

    async def _drop(self, seqs: list[int]) -> None:
        writer = self._journal.writer
        for start in range(0, len(seqs), AT_ONCE):
            some = [(seq,) for seq in seqs[start : start + AT_ONCE]]
            deliveries = [("DELETE FROM delivery WHERE seq = ?", row) for row in some]
            events = [("DELETE FROM event WHERE seq = ?", row) for row in some]
            await writer.write([*deliveries, *events], is_urgent=True)
            self.dropped += len(some)
        if seqs:
            await writer.shrink(PAGES)


async def measure(journal: SqliteJournal) -> None:
    """Let the journal's space know how much is used, which is less than the file where pages are free."""
    counts = [await journal.rows(f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")]
    pages, free, size = (int(rows[0][0]) for rows in counts)
    journal.space.look((pages - free) * size)


def _chosen(rule: Rule, rows: Iterable[tuple[Any, ...]], kept: dict[int, int]) -> list[int]:
    """The events that a rule drops. `kept`: the last quarter of an hour of each transaction that has one."""
    chosen = []
    for seq, kind, transaction_id, at_ms, _, is_needed in rows:
        if is_needed or kind in BOOKS:
            continue
        if rule == "diagnostics":
            is_dropped = kind not in SAMPLES
        elif rule == "samples":
            is_dropped = kind in SAMPLES
        else:
            quarter = at_ms // THINNED_MS
            is_dropped = kind == "sampled" and kept.get(transaction_id) == quarter
            if kind == "sampled":
                kept[transaction_id] = quarter
        if is_dropped:
            chosen.append(seq)
    return chosen
