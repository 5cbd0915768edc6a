"""A second, small file that knows how far transaction ids may have been given.

An id is given only when this file already covers it, so a database that is lost, damaged or brought back from
an older copy cannot make an id be given again. Why an id is never given twice, in short:

* the database is there: ids are above its highest;
* the database is lost: ids are above what this file covers, and it covers every id that was ever answered;
* this file is lost too (a new card): ids start at the seconds since 2020, and a lot begins less than one
  transaction a second, so the clock is ahead of every id given before (`edge.core.transaction.next_id`);
* the clock is wrong as well: what chargers tell of their own transactions lifts the ids above those
  (`edge.site.transactions`). What is left is a new card, a clock before the old card's last transaction, and
  no charger that remembers any of it.

Two slots in two blocks of a file that never grows: a torn write spoils one of them, a full disk neither.
"""

import asyncio
import logging
import os
import struct
import zlib
from pathlib import Path

from edge.site.durable import JournalBrokenError

log = logging.getLogger(__name__)

AHEAD = 32  # ids covered at once: a write of its own for one transaction in so many
_BLOCK = 4096
_SLOT = struct.Struct(">8sQQI")
_MAGIC = b"ampyard1"


class Identities:
    """`covered`: every id up to here may have been given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.covered = 0
        self.was_there = path.exists()
        self._turn = asyncio.Lock()

    def load(self) -> None:
        """Read the newer of the sound slots. Blocks. Raises JournalBrokenError where it cannot be made."""
        try:
            content = self._path.read_bytes() if self.was_there else b""
            sound = [slot for number in (0, 1) if (slot := _slot(content, number)) is not None]
            self._count, self.covered = max(sound, default=(0, 0))
            if self.was_there and not sound:
                log.error("%s is damaged: ids start above the clock and the journal", self._path.name)
            if len(content) < 2 * _BLOCK or not sound:
                self._make()
        except OSError as error:
            raise JournalBrokenError(f"{self._path}: {error.strerror}") from error

    async def cover(self, transaction_id: int) -> None:
        """Return when this id is covered on the disk. Raises JournalBrokenError."""
        async with self._turn:
            if transaction_id > self.covered:
                await asyncio.to_thread(self._write, transaction_id + AHEAD)

    def _write(self, covered: int) -> None:
        count = self._count + 1
        try:
            handle = os.open(self._path, os.O_WRONLY)
            try:
                os.pwrite(handle, _packed(count, covered), (count % 2) * _BLOCK)
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise JournalBrokenError(f"{self._path}: {error.strerror}") from error
        self._count, self.covered = count, covered

    def _make(self) -> None:
        new = self._path.with_name(self._path.name + ".new")
        with new.open("wb") as file:
            file.write(_packed(0, self.covered).ljust(2 * _BLOCK, b"\0"))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _slot(content: bytes, number: int) -> tuple[int, int] | None:
    raw = content[number * _BLOCK : number * _BLOCK + _SLOT.size]
    if len(raw) < _SLOT.size:
        return None
    magic, count, covered, check = _SLOT.unpack(raw)
    is_sound = magic == _MAGIC and check == zlib.crc32(raw[: _SLOT.size - 4])
    return (count, covered) if is_sound else None


def _packed(count: int, covered: int) -> bytes:
    head = _SLOT.pack(_MAGIC, count, covered, 0)[:-4]
    return head + zlib.crc32(head).to_bytes(4, "big")
