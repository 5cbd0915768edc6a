"""A disk that takes its time: `python -m tests.faults.slow_disk [--fsync 1.5] [--seconds 30]`.

Every fsync of the process takes so long (a library in front of libc, made with the machine's `cc`), while
sessions begin and end on a site whose control cycle runs. The longest control cycle must stay below 100 ms.
With `--commits`: single durable commits beside a bare append and fdatasync on a disk that is that slow.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edge.journal.opening import open_journal
from edge.site.events import Sampled
from tests.bench.journal import commits
from tests.site.standing_site import StandingSite
from tests.site.virtual_time import running

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_for_it(void) { usleep((useconds_t)atol(getenv("SLOW_FSYNC_US"))); }
int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync"); wait_for_it(); return real(fd); }
int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"); wait_for_it(); return real(fd); }
"""
MOST_MS = 100
LOT = """
[site]
timezone = "Europe/Berlin"

[grid]
rating_a = 800
building_max_a = 30

[grid.meter]
model = "eastron-sdm630"
host = "127.0.0.1"

[charger."bay-01..bay-50"]
max_a = 32
phase_rotation = "L1L2L3"

[tokens]
accept = "all"
"""


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.slow_disk", description=__doc__)
    parser.add_argument("--fsync", type=float, default=1.5, help="how long each takes, s")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--commits", action="store_true")
    options = parser.parse_args()
    if "SLOW_FSYNC_US" not in os.environ:
        return again(options.fsync)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-slow-") as folder:
        if options.commits:
            asyncio.run(commits(Path(folder)))
            return True
        return asyncio.run(charge(Path(folder), options))


def again(fsync_s):
    """This program once more, with the slow library in front."""
    with tempfile.TemporaryDirectory(prefix="ampyard-slow-") as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(SOURCE)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        slow = {"LD_PRELOAD": str(library), "SLOW_FSYNC_US": str(round(fsync_s * 1e6))}
        words = [sys.executable, "-m", "tests.faults.slow_disk", *sys.argv[1:]]
        return subprocess.run(words, check=False, env=os.environ | slow).returncode == 0


async def charge(folder, options):
    """Fifty chargers begin and end sessions as fast as the disk lets them; the lot is balanced meanwhile."""
    lot = StandingSite(LOT)
    names = list(lot.blueprint.chargers)
    async with open_journal(folder / "journal.db", lot.clock, dict.fromkeys(names, ("city",))) as journal:
        lot = StandingSite(LOT, journal=journal)
        await lot.site.resume()
        late = Lateness()
        counts = Counter()
        async with running(
            lot.site.run(), lot.poll(), late.run(), *(drive(lot, name, counts) for name in names)
        ):
            began = time.monotonic()
            await asyncio.sleep(options.seconds)
            seconds = time.monotonic() - began
            cycles, slowest_ms = lot.site.status().cycle, lot.site.control.slowest.ms
    print(f"fsync takes {options.fsync} s; {seconds:.0f} s, {cycles} control cycles of {len(names)} chargers")
    print(f"  {journal.writer.commits} commits, {counts['sessions']} sessions begun and ended")
    print(
        f"  longest control cycle {slowest_ms} ms; the event loop was late by {late.most_ms:.0f} ms at most"
    )
    return counts["sessions"] > 0 and slowest_ms < MOST_MS


async def drive(lot, name, counts):
    """One session after the other, with samples, until cancelled."""
    await lot.connect(name)
    while True:
        begun = await lot.start(name)
        for step in range(3):
            await lot.tell(Sampled, name, evse=1, current_ma=(10_000,) * 3, energy_wh=1_000 + step)
            await asyncio.sleep(0.2)
        await lot.stop(begun.transaction_id, name, meter_wh=1_010)
        counts["sessions"] += 1


class Lateness:
    """How late the event loop is."""

    def __init__(self):
        self.most_ms = 0.0

    async def run(self):
        await asyncio.sleep(1)  # what is imported at the first use
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.02)
            self.most_ms = max(self.most_ms, (time.monotonic() - began - 0.02) * 1000)


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
