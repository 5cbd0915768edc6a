"""A month without network, told: `python -m tests.bench.month [--rows 2000000] [--seconds 0]`.

Fifty chargers have run for thirty days; two million rows wait. The real uplink tells them to a CSMS that
keeps books, over real sockets, in one process with it and with the control cycle of the lot. Wanted: each
charger's rows in order, at least 200 messages a second, no control cycle of 100 ms. `--seconds`: no longer.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

from edge.journal.opening import open_journal
from edge.simulator.csms import Csms
from tests.bench.journal import CHARGERS, fill
from tests.faults.slow_disk import LOT
from tests.site.virtual_time import LoopClock, running
from tests.uplink.cloud_lot import CLOUD, CloudLot

LEAST_A_SECOND = 200
MOST_MS = 100


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.month", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=0, help="0: until everything is told")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-month-") as folder:
        return asyncio.run(month(Path(folder) / "journal.db", options))


async def month(path, options):
    routes = dict.fromkeys(CHARGERS, ("cloud",))
    async with open_journal(path, LoopClock(), routes):
        pass
    await asyncio.to_thread(fill, path, options.rows, "cloud")
    cloud = Csms(wall_ms=lambda: time.time_ns() // 1_000_000)
    cloud.mood.interval_s = 300
    await cloud.start()
    began = time.monotonic()
    async with open_journal(path, LoopClock(), routes) as journal:
        lot = CloudLot(cloud, journal, text(cloud.url))
        await lot.site.resume()
        waiting = (await journal.outbox.backlog("cloud")).waiting
        ready_s, size_mb = time.monotonic() - began, path.stat().st_size / 1e6
        print(f"{options.rows} rows, {size_mb:.0f} MB: ready in {ready_s:.2f} s", flush=True)
        slowest = [0]
        async with running(lot.site.run(), lot.poll(), lot.uplink().run(), watch(lot, slowest)):
            for name in CHARGERS:
                await lot.connect(name)
            began = time.monotonic()
            left = await told(lot, options.seconds)
            seconds = time.monotonic() - began
            slowest[0] = max(slowest[0], lot.site.control.slowest.ms)
            await cloud.kill()
    rate = (waiting - left) / seconds
    odd = cloud.books.irregularities
    print(f"told {waiting - left} of {waiting} in {seconds:.0f} s: {rate:.0f} a second, {left} left")
    print(f"  out of order, twice or strange: {len(odd)} {odd[:1]}; longest control cycle {slowest[0]} ms")
    return rate >= LEAST_A_SECOND and not odd and slowest[0] < MOST_MS


def text(url):
    return LOT.replace("bay-01..bay-50", "bay-1..bay-50") + CLOUD.format(url=url)


async def told(lot, seconds):
    """Until all is told, or the time is up; what is left."""
    try:
        await lot.until(lambda: is_told(lot), seconds or None)
    except TimeoutError:
        return (await lot.outbox.backlog("cloud")).waiting
    return 0


async def is_told(lot):
    await asyncio.sleep(0.5)
    return (await lot.outbox.backlog("cloud")).waiting == 0


async def watch(lot, slowest):
    """The site itself remembers for a minute."""
    while True:
        slowest[0] = max(slowest[0], lot.site.control.slowest.ms)
        await asyncio.sleep(10)


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
