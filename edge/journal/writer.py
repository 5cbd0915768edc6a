"""The one writer: whoever waits meanwhile shares the next commit.

While a commit is on its way to the disk, writes gather; the next commit takes all of them. A write that
fails alone must not take its companions with it: a failing group is repeated one by one. On a full disk what
is urgent gets a step of the reserve, as often as there is one.
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from edge.journal.integrity import is_damage
from edge.journal.space import Space
from edge.site.durable import JournalBrokenError, JournalFullError

Done = TypeVar("Done")
Statement = tuple[str, tuple[object, ...]]

KEEP_MS = (
    12_000  # what nobody waits for is grouped for so long: each commit rewrites a dozen pages of the card
)
MAX_KEPT = 10_000
MAX_GROUP = 500


class _Write:
    __slots__ = ("after", "done", "is_urgent", "statements")

    def __init__(
        self,
        statements: list[Statement],
        done: asyncio.Future[None] | None,
        after: Callable[[], None] | None = None,
        *,
        is_urgent: bool = False,
    ) -> None:
        self.statements = statements
        self.done = done
        self.after = after
        self.is_urgent = is_urgent


class Writer:
    """Commits groups of statements on one connection, in the order in which they came.

    `commits` and `rows` count for whoever measures, `dropped` what was not kept because too much waited or
    room was scarce. `damaged` is set when SQLite finds that the file is damaged.
    """

    def __init__(self, connection: sqlite3.Connection, space: Space, *, keep_ms: int = KEEP_MS) -> None:
        self.commits = 0
        self.rows = 0
        self.dropped = 0
        self.damaged = asyncio.Event()
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "journal writer")
        self._space = space
        self._keep_ms = keep_ms
        self._timer: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()
        self._queue: deque[_Write] = deque()
        self._kept = 0
        self._news = asyncio.Event()
        self._is_closing = False

    async def write(
        self,
        statements: list[Statement],
        *,
        after: Callable[[], None] | None = None,
        is_urgent: bool = False,
    ) -> None:
        """Return once the statements are committed. Raises JournalFullError, JournalBrokenError.

        `after` is called with the commit, before anybody who waits for it runs on. `is_urgent`: the reserve
        is for this.
        """
        if self._is_closing:
            raise JournalBrokenError("the journal is closing")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Write(statements, done, after, is_urgent=is_urgent))
        self._news.set()
        await done

    async def shrink(self, pages: int) -> None:
        """Give freed pages of the file back to the disk, so many at most."""
        async with self._turn:  # sqlite3 goes through all steps of it in a script only
            await self._in_thread(self._connection.executescript, f"PRAGMA incremental_vacuum({pages})")

    def keep(
        self,
        statements: list[Statement],
        *,
        after: Callable[[], None] | None = None,
        rides: bool = False,
    ) -> None:
        """Commit soon, with others; dropped and counted when too much waits already.

        `rides`: whenever another commit is made, for what is no loss until then.
        """
        if self._kept >= MAX_KEPT:
            self.dropped += 1
            return
        self._kept += 1
        self._queue.append(_Write(statements, None, after))
        if self._timer is None and not rides:
            self._timer = asyncio.get_running_loop().call_later(self._keep_ms / 1000, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._news.set()

    async def run(self) -> None:
        """Commit until closed; what still waits then is committed first."""
        while not (self._is_closing and not self._queue):
            await self._news.wait()
            self._news.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._queue:
                group = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_GROUP))]
                self._kept -= sum(write.done is None for write in group)
                await self._commit(group)

    def close(self) -> None:
        """No new writes; `run` ends when the waiting ones are committed."""
        self._is_closing = True
        self._news.set()

    def closed(self) -> None:
        """Nothing writes any more: the connection is closed. Blocks."""
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()

    async def _commit(self, group: list[_Write]) -> None:
        async with self._turn:
            failure = await self._try(group)
        if failure is None:
            for write in group:
                self._settle(write, None)
        elif len(group) > 1:
            for write in group:
                await self._commit([write])
        elif group[0].is_urgent and isinstance(failure, JournalFullError) and await self._has_released():
            await self._commit(group)
        else:
            self._settle(group[0], failure)

    async def _has_released(self) -> bool:
        return await asyncio.to_thread(self._space.release)

    async def _try(self, group: list[_Write]) -> Exception | None:
        """One transaction for all of them; the reason when it could not be."""
        is_full = self._space.level == "full"
        try:
            await self._in_thread(self._commit_now, _runs(group), is_full)
        except Exception as error:  # noqa: BLE001  whatever it is, it must cost this write and not the writer
            return self._failure(error)
        self.commits += 1
        self.rows += sum(len(write.statements) for write in group)
        return None

    def _commit_now(self, runs: list[tuple[str, list[tuple[object, ...]]]], is_full: bool) -> None:  # noqa: FBT001
        """In the writer's thread, all of it in one trip. Raises what SQLite or a value is to blame for."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for sql, rows in runs:
                connection.executemany(sql, rows)
            connection.execute("COMMIT")
        except Exception:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        if is_full:
            with contextlib.suppress(sqlite3.Error):  # so that what was written makes room for the next
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    async def _in_thread(self, work: Callable[..., Done], *values: object) -> Done:
        """Whole, whoever is cancelled meanwhile: the connection is one thread's."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)

    def _failure(self, error: Exception) -> Exception:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            self._space.was_full()
            return JournalFullError(str(error))
        if isinstance(error, sqlite3.Error) and is_damage(error):
            self.damaged.set()
        return JournalBrokenError(str(error) or type(error).__name__)

    def _settle(self, write: _Write, failure: Exception | None) -> None:
        if failure is None and write.after is not None:
            write.after()
        if write.done is None:
            self.dropped += failure is not None
        elif not write.done.done():
            if failure is None:
                write.done.set_result(None)
            else:
                write.done.set_exception(failure)


def _runs(group: list[_Write]) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Neighbouring statements of the same text together, in order: fewer trips to the writer's thread."""
    runs: list[tuple[str, list[tuple[object, ...]]]] = []
    for write in group:
        for sql, row in write.statements:
            if runs and runs[-1][0] is sql:
                runs[-1][1].append(row)
            else:
                runs.append((sql, [row]))
    return runs
