"""A copy of the journal takes the place of the present one, which is kept under another name.

What was confirmed since the copy was made is not told again: the present file knows it, if it can be read.
"""

import contextlib
import logging
import os
import sqlite3
from pathlib import Path

from edge.journal.integrity import find_damage, set_aside
from edge.journal.migration import newest
from edge.site.durable import NotRestorableError

log = logging.getLogger(__name__)

ROOM_LEFT = 16 * 1024 * 1024
PIECE_PAGES = 256
BREATH_S = 0.005
KNOWN_SINCE = """
    UPDATE delivery SET state = 'confirmed', error = NULL
     WHERE state <> 'confirmed'
       AND EXISTS (SELECT 1
                     FROM present.event AS theirs JOIN event AS ours USING (seq)
                    WHERE theirs.seq = delivery.seq AND theirs.body = ours.body)
       AND NOT EXISTS (SELECT 1
                         FROM present.delivery AS theirs
                        WHERE theirs.seq = delivery.seq AND theirs.csms = delivery.csms
                          AND theirs.state <> 'confirmed')
"""
NAMED_SINCE = """
    INSERT INTO cloud_transaction (csms, transaction_id, cloud_id, next_seq)
    SELECT csms, transaction_id, cloud_id, next_seq
      FROM present.cloud_transaction JOIN session USING (transaction_id)
     WHERE true
        ON CONFLICT (csms, transaction_id) DO UPDATE SET next_seq = max(next_seq, excluded.next_seq)
"""


def copy_of(path: Path) -> Path:
    """Where a copy waits to take the journal's place."""
    return path.with_name(f"{path.stem}-restore{path.suffix}")


def back_up(path: Path, to: Path) -> int:
    """A whole copy of one moment, made while others write; how many bytes. Blocks.

    Raises sqlite3.Error, OSError.
    """
    to.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source,
        contextlib.closing(sqlite3.connect(to)) as target,
    ):
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it is one moment's
        source.backup(target, pages=PIECE_PAGES, sleep=BREATH_S)
        target.execute("PRAGMA journal_mode = delete")  # one file, whole
    return to.stat().st_size


def judge(copy: Path) -> tuple[int, int]:
    """How many sessions and events it has. Blocks. Raises NotRestorableError."""
    try:
        if (damage := find_damage(copy, everything=True)) is not None:
            raise NotRestorableError(f"it is damaged: {damage}")
        with contextlib.closing(sqlite3.connect(copy)) as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if not 1 <= version <= newest():
                raise NotRestorableError(f"its schema is {version}, known are 1 to {newest()}")
            (sessions,) = file.execute("SELECT count(*) FROM session").fetchone()
            (events,) = file.execute("SELECT count(*) FROM event").fetchone()
    except sqlite3.Error as error:
        raise NotRestorableError(f"it is no journal: {error}") from None
    return int(sessions), int(events)


def accept(uploaded: Path, path: Path) -> None:
    """Have it take the journal's place at the next start. Blocks. Raises OSError."""
    with uploaded.open("rb") as file:
        os.fsync(file.fileno())
    uploaded.replace(copy_of(path))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def take_place(path: Path) -> str | None:
    """Put a waiting copy into the place of a journal that is not open; what happened.

    Blocks. Raises OSError.
    """
    copy = copy_of(path)
    if not copy.exists():
        return None
    if not path.exists():
        copy.replace(path)
        return f"{path.name} was restored from a copy."
    _carry_over(copy, path)
    aside = set_aside(path, "replaced")
    copy.replace(path)
    return f"{path.name} was restored from a copy; what stood there is kept as {aside.name}."


def _carry_over(copy: Path, path: Path) -> None:
    """What the present file knows of what was told, and how it was answered."""
    try:
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as file:
            file.execute("ATTACH DATABASE ? AS present", (str(path),))
            file.execute("BEGIN IMMEDIATE")
            file.execute(NAMED_SINCE)
            file.execute(KNOWN_SINCE)
            file.execute("COMMIT")
    except sqlite3.Error as error:
        log.warning("journal: what was told since the copy was made is told again: %s", error)
