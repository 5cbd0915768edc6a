"""A journal in flash: records appended one by one, told to somebody in order, forgotten when he has them.

A record stands on a line of its own with its number and check. Whoever is told that a record is kept is told
so after it was written; a power cut can cost the record that was being written, and no other. Files hold some
dozens of records each, and a file whose records are all told is removed.
"""

import binascii
import json
import os

from boards.common import flash

ASIDE, BEGIN, END = 0, 1, 2
_SHARES = (8, 14, 16)  # of the files, in sixteenths
A_FILE = 32
MOST_FILES = 64


class Full(Exception):
    """No room: nothing that must not be lost may begin."""


class Log:
    """The records below `path`. `kept`: those that nobody was told of yet, oldest first."""

    def __init__(self, path: str, *, most_files: int = MOST_FILES) -> None:
        self._path = path
        self._most_files = most_files
        self._told = flash.load(path + ".told", {"number": 0})["number"]
        self._files = sorted(_files(path))
        self._last = self._told
        self._in_last = 0
        self._count = 0
        self._end = None  # how long the last file is, as far as it is whole
        for number in self._files:
            self._in_last, self._end = 0, 0
            for record, end in _records(self._name(number)):
                self._in_last += 1
                self._end = end
                self._last = max(self._last, record[0])
                self._count += record[0] > self._told

    def append(self, record: dict, rank: int = BEGIN) -> int:
        """Keep it; its number. Raises Full, OSError. The higher its rank, the longer there is room for it."""
        if not self._files or self._in_last >= A_FILE or (self._end is not None and self._is_torn()):
            if len(self._files) >= self._most_files * _SHARES[rank] // 16:
                raise Full
            self._files.append(self._last + 1)
            self._in_last = 0
        number = self._last + 1
        body = json.dumps([number, record])
        with open(self._name(self._files[-1]), "a") as file:
            file.write("%08x%s\n" % (binascii.crc32(body.encode()), body))
        flash.sync()
        self._end = None
        self._last = number
        self._in_last += 1
        self._count += 1
        return number

    def oldest(self) -> tuple[int, dict] | None:
        """The first that nobody was told of; None: there is none."""
        if not self._count:
            return None
        for first in self._files:
            for (number, record), _ in _records(self._name(first)):
                if number > self._told:
                    return number, record
        self._count = 0
        return None

    def told(self, number: int) -> None:
        """Everything up to this number is where it belongs."""
        if number <= self._told:
            return
        self._told = number
        self._count = max(0, self._count - 1)
        flash.store(self._path + ".told", {"number": number})
        while len(self._files) > 1 and self._files[1] <= number + 1:
            os.remove(self._name(self._files.pop(0)))

    def all(self):
        """Every record that still stands there: (number, record)."""
        for first in self._files:
            for record, _ in _records(self._name(first)):
                yield record[0], record[1]

    @property
    def waiting(self) -> int:
        """How many nobody was told of."""
        return self._count

    def _is_torn(self) -> bool:
        """Whether a power cut left half a record behind: nothing more is written after it."""
        return os.stat(self._name(self._files[-1]))[6] != self._end

    def _name(self, number: int) -> str:
        return self._path + "." + str(number)


def _files(path: str):
    folder, _, name = path.rpartition("/")
    for entry in os.ilistdir(folder or "/"):
        stem, _, number = entry[0].rpartition(".")
        if stem == name and number.isdigit():
            yield int(number)


def _records(name: str):
    """Every whole record of a file, and where it ends; from the first broken one on nothing counts."""
    end = 0
    with open(name, "rb") as file:
        while True:
            line = file.readline()
            if not line or line[-1:] != b"\n":
                return
            end += len(line)
            try:
                if int(line[:8], 16) != binascii.crc32(line[8:-1]):
                    return
                record = json.loads(line[8:-1])
            except ValueError:
                return
            yield record, end
