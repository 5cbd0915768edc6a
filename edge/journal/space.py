"""How much room the journal has, what may still be written, and a reserve that keeps room for every end.

Four levels by what is left of the quota or of the disk, whichever is less. What goes first is what is missed
least: diagnostics and old samples are dropped (`tight`), samples are kept no longer (`scarce`), new
transactions are refused (`full`); ends and confirmations are written to the last byte, and then into the
reserve: a file of blocks that the disk has given already. It gives them back step by step, each time right
before the write that needs them is tried again, so that somebody else who fills the disk meanwhile gets the
first step at most. Refilled when there is room again.
"""

import contextlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

log = logging.getLogger(__name__)

Level = Literal["fine", "tight", "scarce", "full"]
MB = 1_000_000
DEFAULT_QUOTA = 2_000 * MB
RESERVE = 8 * MB
STEPS = 8
_SHARES: tuple[tuple[Level, int], ...] = (("full", 64), ("scarce", 24), ("tight", 8))  # parts of the quota


class Space:
    """The room of the journal at `path`. `used` is told by whoever asks the database."""

    def __init__(
        self,
        path: Path,
        quota: int = DEFAULT_QUOTA,
        *,
        on_level: Callable[[Level, str], None] = lambda _level, _sentence: None,
    ) -> None:
        """Sizes in bytes. `on_level` is called with each change and a sentence about it."""
        self.level: Level = "fine"
        self.room = quota
        self.has_room_for_reserve = False
        self.on_level = on_level
        self._path = path
        self._quota = quota
        self._used = 0
        self._reserve = path.with_name(f"{path.stem}.reserve")
        self._reserved = min(RESERVE, quota // 64)

    @property
    def takes_starts(self) -> bool:
        """Whether new transactions may be promised."""
        return self.level != "full"

    @property
    def takes_samples(self) -> bool:
        """Whether samples and diagnostics are still kept."""
        return self.level in {"fine", "tight"}

    @property
    def wanted(self) -> int:
        """How many bytes more there should be."""
        return max(0, self._quota // 8 - self.room)

    @property
    def sentence(self) -> str:
        """What somebody must know."""
        left = f"{max(0, self.room) // MB} MB left"
        return {
            "fine": f"The journal has room again: {left}.",
            "tight": f"The journal's room is tight, {left}: old samples are dropped first.",
            "scarce": f"The journal's room is scarce, {left}: no more samples are kept, starts and ends are.",
            "full": f"The journal is full, {left}: no new charges, those that run can end.",
        }[self.level]

    def look(self, used: int | None = None) -> None:
        """Judge the room anew; `used`: bytes of the database that hold something. Blocks for a moment."""
        self._used = self._used if used is None else used
        try:
            free = shutil.disk_usage(self._path.parent).free
        except OSError as error:
            log.warning("journal: how full the disk is cannot be told: %s", error)
            return
        self.room = min(free, self._quota - self._used)
        level: Level = next((name for name, part in _SHARES if self.room < self._quota // part), "fine")
        if level != self.level:
            self.level = level
            self.on_level(level, self.sentence)
        self.has_room_for_reserve = level != "full" and free > 2 * self._reserved

    def was_full(self) -> None:
        """A write found no room, whatever was thought before."""
        if self.level != "full":
            self.room, self.level = 0, "full"
            self.on_level(self.level, self.sentence)

    def has_no_room(self) -> bool:
        """Whether the disk has nothing left to speak of. Blocks for a moment."""
        try:
            return shutil.disk_usage(self._path.parent).free < MB
        except OSError:
            return False

    def refill(self) -> None:
        """Have the whole reserve again, if the disk can give it. Blocks."""
        try:
            with self._reserve.open("ab") as file:
                if file.tell() < self._reserved:
                    os.posix_fallocate(file.fileno(), 0, self._reserved)
                    os.fsync(file.fileno())
        except OSError:
            log.debug("journal: no room for the reserve")
            self._shrink_to(0)  # a part of it that counts for nothing would be a lie

    def release(self) -> bool:
        """Give a step of the reserve back to the disk; False when there is none left. Blocks."""
        with contextlib.suppress(OSError):
            size = self._reserve.stat().st_size
            if size > 0:
                self._shrink_to(max(0, size - max(1, self._reserved // STEPS)))
                return True
        return False

    def _shrink_to(self, size: int) -> None:
        with contextlib.suppress(OSError), self._reserve.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
