"""The box is the clock of its chargers: when it is set that is recorded, and mends what it had dated.

Intervals are measured with the monotonic clock and feel nothing. Wall times are stamps of records: when the
clock is set right after a month without time, those of this boot are moved by what the monotonic clock says,
and keep what they were told beside what is known now.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from edge.site.durable import Entry, Journal, JournalBrokenError, JournalFullError, Mended, Session, Stretch
from edge.site.events import ClockSet
from edge.site.ports import Clock

log = logging.getLogger(__name__)

LOOK_S = 1.0
STEP_MS = 1_000  # clocks are slewed by less between two looks, and set by more
TOLD_MS = 60_000  # who sets a clock by less need not be told
BOX = "this box"


class Timekeeper:
    """`begin` once, then `run` until cancelled."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        alert: Callable[[str, str, str], None],
        redate: Callable[[tuple[Session, ...]], None],
    ) -> None:
        """`alert` takes who, a word and a sentence; `redate` the sessions whose times have changed."""
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._redate = redate
        self._offset_ms = 0
        self._is_sure = False
        self._untold_ms: int | None = None  # what the clock showed before it was set, until that is stored

    async def begin(self) -> None:
        """The first stretch of this life. Raises JournalFullError, JournalBrokenError."""
        self._remember()
        await self._journal.begin_stretch(self._stretch())

    async def run(self) -> None:
        """Look every second."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except (JournalFullError, JournalBrokenError) as error:
                log.warning("that the clock was set cannot be stored yet: %s", error)

    async def look(self) -> None:
        """Whether the clock was set, or has become sure, since the last look. Raises the journal's errors."""
        offset_ms = self._clock.now_ms() - self._clock.mono_ms()
        step_ms = offset_ms - self._offset_ms
        is_set = abs(step_ms) >= STEP_MS
        if is_set and self._untold_ms is None:
            self._untold_ms = self._clock.now_ms() - step_ms
        if not is_set and self._is_sure == self._clock.is_synchronised():
            self._offset_ms = offset_ms  # slewed
            return
        mended = await self._journal.begin_stretch(self._stretch())
        self._remember()
        before_ms, self._untold_ms = self._untold_ms, None
        if mended.sessions:
            self._redate(mended.sessions)
        if before_ms is not None:
            self._tell(before_ms, mended)
        elif self._is_sure:
            log.info("the time is sure now; %d sessions are", len(mended.sessions))

    def _tell(self, before_ms: int, mended: Mended) -> None:
        now_ms = self._clock.now_ms()
        event = ClockSet(
            charger=BOX,
            at_ms=now_ms,
            seen_ms=self._clock.mono_ms(),
            is_synchronised=self._is_sure,
            before_ms=before_ms,
        )
        self._journal.keep(Entry(event=event, deliver=False))
        sentence = f"the clock was set from {_shown(before_ms)} to {_shown(now_ms)}"
        if mended.sessions:
            sentence += f"; {len(mended.sessions)} sessions are dated anew, what they were told is kept"
        if abs(now_ms - before_ms) >= TOLD_MS:
            self._alert(BOX, "clock-set", sentence)
        else:
            log.info("%s", sentence)

    def _stretch(self) -> Stretch:
        return Stretch(
            wall_ms=self._clock.now_ms(),
            mono_ms=self._clock.mono_ms(),
            is_sure=self._clock.is_synchronised(),
        )

    def _remember(self) -> None:
        self._offset_ms = self._clock.now_ms() - self._clock.mono_ms()
        self._is_sure = self._clock.is_synchronised()


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
