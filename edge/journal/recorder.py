"""Recorded steps in a bounded file of their own, for explain and replay. Losing some is no harm.

A row is (digest of the settings, checkpoint of the memory or nothing, now and image, decision), packed.
Replaying starts at a checkpoint and runs forward; every decision must come out as it was recorded.
"""

import asyncio
import logging
import zlib
from collections import deque
from pathlib import Path

import aiosqlite

log = logging.getLogger(__name__)

FLUSH_S = 2.0
MAX_WAITING = 120
KEEP_ROWS = 7_200  # two hours at a cycle a second

SCHEMA = """
    CREATE TABLE IF NOT EXISTS step (
      id         INTEGER PRIMARY KEY,
      digest     TEXT NOT NULL,
      checkpoint BLOB,
      image      BLOB NOT NULL,
      decision   BLOB NOT NULL
    ) STRICT
"""
INSERT = "INSERT INTO step (digest, checkpoint, image, decision) VALUES (?, ?, ?, ?)"
FORGET = "DELETE FROM step WHERE id <= (SELECT max(id) FROM step) - ?"

Row = tuple[str, bytes | None, bytes, bytes]


class SqliteRecorder:
    """Takes steps without blocking; `dropped` counts those that found no room."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._waiting: deque[Row] = deque()
        self._has_gap = False

    def record(self, *, digest: str, checkpoint: bytes | None, image: bytes, decision: bytes) -> None:
        """Keep one step. Where one is missing nothing can be replayed: then on with the next checkpoint."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._has_gap = True
        if self._has_gap and checkpoint is None:
            self.dropped += 1
            return
        self._has_gap = False
        self._waiting.append((digest, checkpoint, image, decision))

    async def run(self) -> None:
        """Write until cancelled. A file that cannot be written is told once and not tried again."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            async with aiosqlite.connect(self._path, isolation_level=None) as connection:
                await connection.execute("PRAGMA journal_mode = wal")
                await connection.execute("PRAGMA synchronous = normal")
                await connection.execute(SCHEMA)
                while True:
                    await asyncio.sleep(FLUSH_S)
                    await self._flush(connection)
        except aiosqlite.Error as error:
            log.warning("steps are not recorded: %s: %s", self._path, error)

    async def _flush(self, connection: aiosqlite.Connection) -> None:
        rows = [
            (
                digest,
                checkpoint and zlib.compress(checkpoint, 1),
                zlib.compress(image, 1),
                zlib.compress(decision, 1),
            )
            for digest, checkpoint, image, decision in self._waiting
        ]
        self._waiting.clear()
        if rows:
            await connection.execute("BEGIN")
            await connection.executemany(INSERT, rows)
            await connection.execute(FORGET, (KEEP_ROWS,))
            await connection.execute("COMMIT")


async def recorded(path: Path, digest: str) -> list[Row]:
    """The recorded steps of these settings, oldest first, unpacked."""
    async with aiosqlite.connect(path) as connection:
        sql = "SELECT digest, checkpoint, image, decision FROM step WHERE digest = ? ORDER BY id"
        async with connection.execute(sql, (digest,)) as cursor:
            return [
                (
                    str(its),
                    packed and zlib.decompress(packed),
                    zlib.decompress(image),
                    zlib.decompress(decision),
                )
                async for its, packed, image, decision in cursor
            ]
