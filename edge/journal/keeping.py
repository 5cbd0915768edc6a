"""Looks after an open journal: its room, its age, its health."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge.journal.compaction import Compaction, Retention, measure
from edge.journal.integrity import find_damage, mark
from edge.journal.journal import SqliteJournal
from edge.site.durable import JournalBrokenError, JournalFullError
from edge.site.ports import Clock

log = logging.getLogger(__name__)

LOOK_S = 10.0
RETAIN_S = 6 * 3_600.0
FIRST_S = 60.0  # the start belongs to the chargers
_PASSES = (JournalFullError, JournalBrokenError, sqlite3.Error)


class Keeper:
    """`run` beside the journal until cancelled."""

    def __init__(
        self,
        path: Path,
        journal: SqliteJournal,
        clock: Clock,
        retention: Retention | None = None,
        *,
        on_damage: Callable[[str], None],
    ) -> None:
        """`on_damage` is told what is wrong; the next start sets the file aside."""
        self._path = path
        self._journal = journal
        self._compaction = Compaction(journal, clock, retention)
        self._on_damage = on_damage

    async def run(self) -> None:
        """All of it, each at its pace."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_room())
            group.create_task(self._forget())
            group.create_task(self._check())
            group.create_task(self._await_damage())

    async def _keep_room(self) -> None:
        space = self._journal.space
        while True:
            try:
                await measure(self._journal)
                if space.has_room_for_reserve:
                    await asyncio.to_thread(space.refill)
                if space.level != "fine":
                    await self._compaction.make_room()
            except _PASSES as error:
                log.warning("journal: its room cannot be looked after: %s", error)
            await asyncio.sleep(LOOK_S)

    async def _forget(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                before = self._compaction.dropped
                await self._compaction.retain()
                if count := self._compaction.dropped - before:
                    log.info("journal: %d old samples and notes are forgotten", count)
            except _PASSES as error:
                log.warning("journal: nothing old is forgotten: %s", error)
            await asyncio.sleep(RETAIN_S)

    async def _check(self) -> None:
        """Once, the whole file: what was not looked at before the start."""
        await asyncio.sleep(FIRST_S)
        try:
            damage = await asyncio.to_thread(find_damage, self._path, everything=True)
        except sqlite3.Error as error:
            log.warning("journal: it cannot be checked: %s", error)
            return
        if damage is None:
            log.info("journal: checked, intact")
        else:
            self._tell(damage)

    async def _await_damage(self) -> None:
        await self._journal.writer.damaged.wait()
        self._tell("a write found it")

    def _tell(self, damage: str) -> None:
        mark(self._path)
        log.error("journal: %s is damaged: %s", self._path.name, damage)
        self._on_damage(damage)
