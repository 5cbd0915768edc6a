"""Opens the journal of a site: damage set aside, what can be read taken over, the writer started."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from edge.journal.books import SqliteBooks
from edge.journal.database import open_database, open_sync
from edge.journal.identities import Identities
from edge.journal.integrity import find_damage, is_marked, rescue, set_aside, unmark
from edge.journal.journal import SqliteJournal
from edge.journal.restoring import take_place
from edge.journal.space import DEFAULT_QUOTA, Space
from edge.journal.stretches import boot_id
from edge.journal.writer import KEEP_MS, Writer
from edge.site.durable import JournalBrokenError
from edge.site.ports import Clock

log = logging.getLogger(__name__)

Made = TypeVar("Made")


@contextlib.asynccontextmanager
async def open_journal(
    path: Path,
    clock: Clock,
    routes: dict[str, tuple[str, ...]],
    *,
    quota: int = DEFAULT_QUOTA,
    keep_ms: int = KEEP_MS,
    boot: str | None = None,
    states_to: frozenset[str] = frozenset(),
) -> AsyncIterator[SqliteJournal]:
    """The journal in this file, with its writer running. Raises JournalBrokenError.

    `quota` in bytes. `keep_ms`: for how long samples are gathered into one commit. `boot`: the kernel's name
    of this life of the machine. `states_to`: the CSMSs that hear of each state in a transaction.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    space = Space(path, quota)
    identities = Identities(path.with_name(f"{path.stem}.ids"))
    findings = await _with_reserve(space, lambda: asyncio.to_thread(_make_ready, path, space, identities))
    connection = await _with_reserve(space, lambda: asyncio.to_thread(_open, path))
    reader = await open_database(path)
    scanner = await open_database(path)
    writer = Writer(connection, space, keep_ms=keep_ms)
    journal = SqliteJournal(
        writer,
        reader,
        clock,
        routes,
        books=SqliteBooks(scanner, writer),
        space=space,
        identities=identities,
        boot=boot or boot_id(),
        findings=findings,
        states_to=states_to,
    )
    try:
        await journal.prepare()
        writing = asyncio.create_task(writer.run(), name="journal writer")
        try:
            yield journal
        finally:
            writer.close()
            await writing  # what was still waiting is committed, whatever else is being cancelled
    finally:
        await asyncio.to_thread(writer.closed)
        await reader.close()
        await scanner.close()


def _open(path: Path) -> sqlite3.Connection:
    """For the writer alone. Raises JournalBrokenError."""
    try:
        return open_sync(path)
    except sqlite3.Error as error:
        raise JournalBrokenError(f"{path}: {error}") from error


async def _with_reserve(space: Space, work: Callable[[], Awaitable[Made]]) -> Made:
    """Even SQLite's own files may find no room on a full disk: then again, with a step of the reserve."""
    while True:
        try:
            return await work()
        except JournalBrokenError as error:
            if not isinstance(error.__cause__, OSError | sqlite3.OperationalError):
                raise
            if not await asyncio.to_thread(space.has_no_room) or not await asyncio.to_thread(space.release):
                raise


def _make_ready(path: Path, space: Space, identities: Identities) -> tuple[str, ...]:
    """What must be done before the file is opened, and what was found. Blocks. Raises JournalBrokenError."""
    findings = []
    rescued = path.with_name(f"{path.stem}-rescued{path.suffix}")
    try:
        if not path.exists() and rescued.exists():  # the power went between the two renamings
            rescued.replace(path)
        if (restored := take_place(path)) is not None:
            findings.append(restored)
        identities.load()
        if not path.exists() and identities.was_there:
            findings.append(f"{path.name} is missing: a new one was begun. Ids go on above the old ones.")
        elif path.exists() and (damage := find_damage(path, everything=is_marked(path))) is not None:
            findings.append(_replace(path, rescued, damage))
        unmark(path)
        space.look()
        if space.has_room_for_reserve:
            space.refill()
    except (OSError, sqlite3.Error) as error:
        raise JournalBrokenError(f"{path}: {error}") from error
    for finding in findings:
        log.error("journal: %s", finding)
    return tuple(findings)


def _replace(path: Path, rescued: Path, damage: str) -> str:
    """Put what can still be read of a damaged file in its place; answer what happened."""
    for side in ("", "-wal", "-shm"):
        rescued.with_name(rescued.name + side).unlink(missing_ok=True)
    counts = rescue(path, rescued)
    aside = set_aside(path)
    rescued.replace(path)
    return (
        f"{path.name} was damaged ({damage}) and is kept as {aside.name}. Taken over: "
        f"{counts['session']} sessions, {counts['event']} events, {counts['delivery']} deliveries."
    )
