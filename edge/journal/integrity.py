"""A damaged journal: found out, set aside under a name that says so, and everything readable taken over.

SQLite answers damage with SQLITE_CORRUPT or SQLITE_NOTADB and nothing else: a full disk, a lock or a
failing read are no reason to set a file aside. The tables that everything hangs on are checked before the
site starts; the events, which may be millions, while it runs (`find_damage(..., everything=True)`).
"""

import contextlib
import logging
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from edge.journal.database import open_sync

log = logging.getLogger(__name__)

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
VITAL = ("session", "cloud_transaction", "document", "clock_stretch")
TABLES = (  # as they refer
    "document",
    "session",
    "record",
    "event",
    "delivery",
    "cloud_transaction",
    "clock_stretch",
)
_SIDES = ("", "-wal", "-shm")
MARK = ".damaged"  # beside the file: it was seen to be damaged while it was in use


def is_damage(error: sqlite3.Error) -> bool:
    """Whether this error says that the file is no sound database."""
    code = getattr(error, "sqlite_errorcode", None)  # None: raised by the module, not by SQLite
    return code is not None and (code & 0xFF) in _DAMAGE


def find_damage(path: Path, *, everything: bool) -> str | None:
    """What is wrong with the file, in SQLite's words; None: nothing. Blocks.

    Raises sqlite3.Error for everything that is no damage.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            present = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
            tables = [""] if everything else [f"({name})" for name in VITAL if name in present]
            for table in tables:
                found = connection.execute(f"PRAGMA quick_check{table}").fetchone()
                if found is not None and found[0] != "ok":
                    return str(found[0]).removeprefix("*** in database main ***\n").splitlines()[0]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return None


def mark(path: Path) -> None:
    """Have the next start look at the whole file."""
    with contextlib.suppress(OSError):
        path.with_name(path.name + MARK).touch()


def unmark(path: Path) -> None:
    """The whole file has been looked at."""
    path.with_name(path.name + MARK).unlink(missing_ok=True)


def is_marked(path: Path) -> bool:
    """Whether the file was seen to be damaged while it was in use."""
    return path.with_name(path.name + MARK).exists()


def set_aside(path: Path, why: str = "damaged") -> Path:
    """Give the file a name that says what it is, and why; nothing of it is lost. Blocks. Raises OSError."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    aside = path.with_name(f"{path.stem}-{why}-{stamp}{path.suffix}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}-{why}-{stamp}-{number}{path.suffix}")
    for side in _SIDES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).replace(aside.with_name(aside.name + side))
    path.with_name(path.name + MARK).unlink(missing_ok=True)
    _sync_folder(path.parent)
    return aside


def rescue(damaged: Path, path: Path) -> dict[str, int]:
    """Take every row that can still be read into a new file at `path`: how many of each table. Blocks."""
    counts = {}
    new = open_sync(path)
    try:
        new.execute("PRAGMA foreign_keys = 0")
        for table in TABLES:
            counts[table] = _rescue_table(damaged, new, table)
        _drop_dangling(new)
    finally:
        new.close()
    return counts


def _rescue_table(damaged: Path, new: sqlite3.Connection, table: str) -> int:
    """From the front until it breaks, then from the back until it breaks."""
    columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    new.execute("BEGIN IMMEDIATE")
    before = new.total_changes
    for direction in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.DatabaseError):
            if _copy_rows(damaged, new, table, columns, direction):
                break
    new.execute("COMMIT")
    return new.total_changes - before


def _copy_rows(
    damaged: Path, new: sqlite3.Connection, table: str, columns: list[str], direction: str
) -> bool:
    """Whether every row could be read."""
    with contextlib.closing(sqlite3.connect(damaged, isolation_level=None)) as old:
        old.text_factory = lambda raw: raw.decode("utf-8", "replace")
        there = {row[1] for row in old.execute(f"PRAGMA table_info({table})")}
        shared = [column for column in columns if column in there]
        if not shared:
            return False
        names, marks = ", ".join(shared), ", ".join("?" * len(shared))
        key = _key_of(new, table)
        order = ", ".join(f"{column} {direction}" for column in key)
        rows = old.execute(f"SELECT {names} FROM {table} NOT INDEXED ORDER BY {order}")  # noqa: S608  our names
        for row in rows:
            with contextlib.suppress(sqlite3.IntegrityError):  # a row that contradicts the schema is no row
                new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
    return True


def _key_of(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = [(row[5], row[1]) for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
    return [name for _, name in sorted(rows)]


def _drop_dangling(new: sqlite3.Connection) -> None:
    """What refers to a row that was lost says nothing any more."""
    new.execute("DELETE FROM delivery WHERE seq NOT IN (SELECT seq FROM event)")
    for table in ("cloud_transaction", "record"):
        new.execute(
            f"DELETE FROM {table} WHERE transaction_id NOT IN (SELECT transaction_id FROM session)"  # noqa: S608
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
