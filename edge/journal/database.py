"""Opens a journal file: settings that survive power cuts, read back and asserted, in the newest schema."""

import asyncio
import sqlite3
from pathlib import Path

import aiosqlite

from edge.journal.migration import INCREMENTAL, migrate
from edge.site.durable import JournalBrokenError

SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: the commit is on the disk before it is answered
    "foreign_keys": 1,
}
BUSY_MS = 5_000
CHECKPOINT_PAGES = 2_000  # 8 MB of log: what is rewritten again and again reaches the file once


async def open_database(path: Path) -> aiosqlite.Connection:
    """A connection with durable settings and the newest schema. Raises JournalBrokenError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        opened = await asyncio.to_thread(open_sync, path)
    except sqlite3.Error as error:
        raise JournalBrokenError(f"{path}: {error}") from error
    return await aiosqlite.Connection(lambda: opened, iter_chunk_size=64)


def open_sync(path: Path) -> sqlite3.Connection:
    """The same, blocking. Raises JournalBrokenError, sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)  # one after the other
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if connection.execute("PRAGMA page_count").fetchone() == (0,):  # only an empty file takes it
            connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        for name, value in SETTINGS.items():
            connection.execute(f"PRAGMA {name} = {value}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        migrate(connection, path)
        _check_settings(connection, path)
    except (sqlite3.Error, JournalBrokenError):
        connection.close()
        raise
    return connection


def _check_settings(connection: sqlite3.Connection, path: Path) -> None:
    for name, value in SETTINGS.items():
        if (found := connection.execute(f"PRAGMA {name}").fetchone()[0]) != value:
            raise JournalBrokenError(f"{path}: {name} is {found}, {value} was asked for")


async def pragma(connection: aiosqlite.Connection, name: str) -> object:
    """The value that SQLite really uses."""
    async with connection.execute(f"PRAGMA {name}") as cursor:
        row = await cursor.fetchone()
    return None if row is None else row[0]
