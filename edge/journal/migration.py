"""Brings a journal's schema up to date: numbered steps, all of them or none, after a copy of the file."""

import contextlib
import logging
import re
import shutil
import sqlite3
from importlib import resources
from pathlib import Path

from edge.site.durable import JournalBrokenError

log = logging.getLogger(__name__)

INCREMENTAL = 2  # auto_vacuum: pages that retention frees go back to the disk a few at a time
ROOM_LEFT = 16 * 1024 * 1024  # what a copy must leave free


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file up to date. Blocks. Raises JournalBrokenError, sqlite3.Error; it is as before then."""
    version = _pragma(connection, "user_version")
    known = steps()
    if version > len(known):
        raise JournalBrokenError(f"{path}: written by a newer version (schema {version})")
    if version == len(known):
        return
    if version > 0:
        _keep_copy(connection, path, version)
    connection.execute("PRAGMA foreign_keys = 0")  # a table that others refer to may be made anew
    try:
        _apply(connection, known[version:], len(known))
    finally:
        connection.execute("PRAGMA foreign_keys = 1")
    if version > 0:
        log.info("journal: schema %d -> %d", version, len(known))
        _allow_shrinking(connection)


def _allow_shrinking(connection: sqlite3.Connection) -> None:
    """Files of the first schemas were made without: from now on freed pages can go back to the disk."""
    if _pragma(connection, "auto_vacuum") == INCREMENTAL:
        return
    try:
        connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:  # whole as it was, and good for use
        log.warning("journal: freed pages stay in the file, for it could not be made anew: %s", error)


def _apply(connection: sqlite3.Connection, steps: list[str], newest: int) -> None:
    """All steps in one transaction, references checked before it counts."""
    try:
        script = "\n".join(["BEGIN IMMEDIATE;", *steps, f"PRAGMA user_version = {newest};"])
        connection.executescript(script)
        _check_references(connection)
        connection.execute("COMMIT")
    except (sqlite3.Error, JournalBrokenError):
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def _check_references(connection: sqlite3.Connection) -> None:
    dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    if dangling:
        raise JournalBrokenError(f"{len(dangling)} rows refer to what is not there: {dangling[0]}")


def copy_of(path: Path, version: int) -> Path:
    """Where the file as it was in that version is kept."""
    return path.with_name(f"{path.stem}-schema-{version}{path.suffix}")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """A whole copy beside the file, under its name only when it is whole. An older copy has served."""
    copy = copy_of(path, version)
    size = _pragma(connection, "page_count") * _pragma(connection, "page_size")
    if shutil.disk_usage(path.parent).free < size + ROOM_LEFT:
        raise JournalBrokenError(
            f"{path}: no room for a copy of {size // 1_000_000} MB before its schema changes; free some first"
        )
    new = copy.with_suffix(".new")
    new.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(new)) as target:
        connection.backup(target)
    new.replace(copy)
    for older in path.parent.glob(f"{path.stem}-schema-*{path.suffix}"):
        if older != copy:
            older.unlink()
    log.info("journal: a copy of schema %d is kept as %s", version, copy.name)


def newest() -> int:
    """The number of the schema that this version writes."""
    return len(steps())


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def steps() -> list[str]:
    """The migrations in the order of their numbers, which start at 1 and leave no gap."""
    folder = resources.files("edge.journal") / "migrations"
    files = sorted(
        (entry for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name)),
        key=lambda entry: entry.name,
    )
    return [entry.read_text(encoding="utf-8") for entry in files]
