"""Opens a journal file: settings that survive power cuts, read back and asserted, and migrations."""

import re
from importlib import resources
from pathlib import Path

import aiosqlite

from edge.site.ports import JournalBrokenError

SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: the commit is on the disk before it is answered
    "foreign_keys": 1,
}
BUSY_MS = 5_000


async def open_database(path: Path) -> aiosqlite.Connection:
    """A connection with durable settings and the newest schema. Raises JournalBrokenError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        await _set(connection, path)
        await _migrate(connection, path)
    except aiosqlite.Error as error:
        await connection.close()
        raise JournalBrokenError(f"{path}: {error}") from error
    except JournalBrokenError:
        await connection.close()
        raise
    return connection


async def _set(connection: aiosqlite.Connection, path: Path) -> None:
    await connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    for name, value in SETTINGS.items():
        await connection.execute(f"PRAGMA {name} = {value}")
        if (found := await pragma(connection, name)) != value:
            raise JournalBrokenError(f"{path}: {name} is {found}, {value} was asked for")


async def pragma(connection: aiosqlite.Connection, name: str) -> object:
    """The value that SQLite really uses."""
    async with connection.execute(f"PRAGMA {name}") as cursor:
        row = await cursor.fetchone()
    return None if row is None else row[0]


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Bring the schema up to date, each step whole or not at all."""
    version = int(str(await pragma(connection, "user_version")))
    steps = _steps()
    if version > len(steps):
        raise JournalBrokenError(f"{path}: written by a newer version (schema {version})")
    for number, sql in enumerate(steps[version:], start=version + 1):
        script = f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;"
        try:
            await connection.executescript(script)
        except aiosqlite.Error:
            if connection.in_transaction:
                await connection.rollback()
            raise


def _steps() -> list[str]:
    """The migrations in the order of their numbers, which start at 1 and leave no gap."""
    folder = resources.files("edge.journal") / "migrations"
    files = sorted(
        (entry for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name)),
        key=lambda entry: entry.name,
    )
    return [entry.read_text(encoding="utf-8") for entry in files]
