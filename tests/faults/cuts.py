"""What is acknowledged survives: `python -m tests.faults.cuts [--kills 2000] [--power 500] [--controls]`.

A process that does nothing but begin and end transactions of fifty chargers tells each answer through a pipe,
and dies at any moment: by kill -9, or because the ext4 that its journal is on is shut down without flushing
(EXT4_IOC_SHUTDOWN on a loop device, for root). Only answers that had come through before the cut count; every
one of them must be in the journal, once, in a file that SQLite finds sound. `--controls` breaks a promise on
purpose, and must find losses: answers before the commit, and synchronous=NORMAL. The rollback journal, which
is SQLite's default, is tried as well; it loses by the gap between its commit and the folder's own.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import random
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edge.journal import database
from edge.journal.opening import open_journal
from tests.journal.disks import may_mount
from tests.journal.test_journal import FixedClock, ended, started

PRODUCERS = 50
EXT4_SHUTDOWN = 0x8004587D
NO_FLUSH = 2
ROUTES = {"bay-1": ("city",)}
SOUND = "sound"
ANSWER_FIRST = "answer-first"
NORMAL = "synchronous-normal"
DELETE = "rollback-journal"
UNDELIVERED = (
    "SELECT count(*) FROM event WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.seq = event.seq)"
)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.cuts", description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000)
    parser.add_argument("--power", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--controls", action="store_true")
    options = parser.parse_args()
    is_good = told("kill -9", kills(options.kills, options.seed))
    if options.power and may_mount():
        is_good &= told("power cuts", power_cuts(options.power, options.seed))
    elif options.power:
        print("power cuts: only root may shut a file system down")
    if options.controls:
        is_good &= not told("control: answers first, kill -9", kills(50, options.seed, ANSWER_FIRST))
        if may_mount():
            is_good &= not told(
                "control: synchronous=NORMAL, power cuts", power_cuts(60, options.seed, NORMAL)
            )
            told("rollback journal, power cuts", power_cuts(60, options.seed, DELETE))
    return is_good


def told(name, tally):
    print(
        f"{name}: {tally.runs} runs, {tally.acknowledged} acknowledged, {tally.lost} lost, "
        f"{tally.doubled} doubled, {tally.damaged} files damaged, {tally.seconds:.0f} s",
        flush=True,
    )
    return tally.is_clean


class Tally:
    def __init__(self):
        self.runs = self.acknowledged = self.lost = self.doubled = self.damaged = 0
        self.seconds = 0.0

    @property
    def is_clean(self):
        return self.acknowledged > 0 and not (self.lost or self.doubled or self.damaged)

    def add(self, acknowledged, path):
        self.runs += 1
        self.acknowledged += len(acknowledged)
        with contextlib.closing(sqlite3.connect(path)) as file:
            try:
                self.damaged += file.execute("PRAGMA quick_check").fetchone() != ("ok",)
                rows = file.execute("SELECT dedup, count(*) FROM event GROUP BY charger, dedup").fetchall()
                (missing,) = file.execute(UNDELIVERED).fetchone()
            except sqlite3.OperationalError:  # not even the tables are there
                self.lost += len(acknowledged)
                return
            except sqlite3.DatabaseError:
                self.damaged += 1
                return
        kept = {dedup for dedup, _ in rows}
        self.lost += len(acknowledged - kept) + missing
        self.doubled += sum(count > 1 for _, count in rows)


def kills(runs, seed, how=SOUND):
    """One after the other in one file, so that each life also meets what the last one left."""
    chance, tally, began = random.Random(seed), Tally(), time.monotonic()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-cuts-") as folder:
        path, everything = Path(folder) / "journal.db", set()
        for run in range(runs):
            life = Life(path, run, how)
            everything |= life.until(chance.uniform(0, 0.08))
            life.kill()
            if run % 20 == 19 or run == runs - 1:
                tally.add(everything, path)
                everything = set()
                for side in Path(folder).iterdir():
                    side.unlink()
        tally.runs = runs
    tally.seconds = time.monotonic() - began
    return tally


def power_cuts(runs, seed, how=SOUND):
    """On a file system of its own, which is shut down without a flush and mounted again."""
    chance, tally, began = random.Random(seed), Tally(), time.monotonic()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-cuts-") as folder:
        image, place = Path(folder) / "disk.img", Path(folder) / "disk"
        place.mkdir()
        with image.open("wb") as file:
            file.truncate(48 * 1024 * 1024)
        order("mkfs.ext4", "-q", "-F", "-m", "0", image)
        for run in range(runs):
            order("mount", "-o", "loop", image, place)
            try:
                for side in place.glob("journal*"):
                    side.unlink()
                life = Life(place / "journal.db", run, how)
                acknowledged = life.until(chance.uniform(0, 0.15))
                handle = os.open(place, os.O_RDONLY)
                acknowledged |= life.heard()
                fcntl.ioctl(handle, EXT4_SHUTDOWN, struct.pack("I", NO_FLUSH))
                os.close(handle)
                life.kill()
            finally:
                order("umount", place)
            order("mount", "-o", "loop", image, place)
            try:
                tally.add(acknowledged, place / "journal.db")
            finally:
                order("umount", place)
    tally.seconds = time.monotonic() - began
    return tally


def order(*words):
    subprocess.run(words, check=True, timeout=60)


class Life:
    """A child that begins and ends transactions until it dies."""

    def __init__(self, path, number, how):
        self._reader, writer = os.pipe()
        self._rest = b""
        self._pid = os.fork()
        if self._pid == 0:
            with contextlib.suppress(BaseException):
                live(path, number, writer, how)
            os._exit(0)
        os.close(writer)

    def until(self, seconds):
        """Everything that was answered up to so long after the first answer."""
        found = self._take(30)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            found |= self._take(left)
        return found

    def heard(self):
        """What has come through by now."""
        return self._take(0)

    def kill(self):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._reader)

    def _take(self, timeout):
        if not select.select([self._reader], [], [], timeout)[0]:
            return set()
        *lines, self._rest = (self._rest + os.read(self._reader, 1 << 16)).split(b"\n")
        return {line.decode() for line in lines}


def live(path, number, pipe, how):
    if how == NORMAL:
        database.SETTINGS["synchronous"] = 1
    if how == DELETE:  # as SQLite is without anybody's settings
        database.SETTINGS.update(journal_mode="delete", synchronous=2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    asyncio.run(_live(path, number, pipe, is_hasty=how == ANSWER_FIRST))


async def _live(path, number, pipe, *, is_hasty):
    async with open_journal(path, FixedClock(), ROUTES) as journal:
        firsts = (number * 1_000_000 + each * 10_000 for each in range(PRODUCERS))
        await asyncio.gather(*(produce(journal, pipe, first, is_hasty) for first in firsts))


async def produce(journal, pipe, first, is_hasty):
    number = first
    while True:
        number += 1
        for entry in (started(transaction_id=number), ended(started(transaction_id=number))):
            if is_hasty:
                os.write(pipe, f"{entry.dedup}\n".encode())
            await journal.append(entry)
            if not is_hasty:
                os.write(pipe, f"{entry.dedup}\n".encode())


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
