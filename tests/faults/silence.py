"""A line that goes silent and comes back: `python -m tests.faults.silence [--stations 200]`.

All stations of a lot are connected to a cloud through a relay that stops passing bytes, keeps its sockets
open and takes new ones without an answer, and after a while passes everything again. Told are: after how long
the first and the last station noticed, after how long the first and the last was back, and how many knocked
at most in one second.
"""

import argparse
import asyncio
import contextlib
import logging
import tempfile
import time
from collections import Counter
from pathlib import Path

from edge.journal.opening import open_journal
from edge.simulator.csms import Csms
from tests.faults.slow_disk import LOT
from tests.site.virtual_time import LoopClock, running
from tests.uplink.cloud_lot import CloudLot, cloud_text

MOST_NOTICED_S = 16
MOST_BACK_S = 5


class Relay:
    """Passes bytes to and fro, unless it is silent."""

    def __init__(self, port):
        self.target = port
        self.passes = asyncio.Event()
        self.passes.set()
        self.knocks = Counter()  # by second, once it passes again
        self._writers = set()

    async def handle(self, reader, writer):
        self._writers.add(writer)
        await self.passes.wait()
        self.knocks[int(time.monotonic())] += 1
        with contextlib.suppress(OSError):
            onward, back = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(back)
            await asyncio.gather(self.pump(reader, back), self.pump(onward, writer))

    async def pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self.passes.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def close(self):
        for writer in self._writers:
            writer.transport.abort()


async def explore(count, silent_s):
    """Seconds: noticed first and last, back first and last; and the most knocks in one."""
    cloud = Csms(wall_ms=lambda: time.time_ns() // 1_000_000)
    cloud.mood.interval_s = 300
    await cloud.start()
    relay = Relay(cloud.port)
    server = await asyncio.start_server(relay.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    names = [f"bay-{number:03}" for number in range(1, count + 1)]
    text = LOT.replace("bay-01..bay-50", f"bay-001..bay-{count:03}").replace("800", "4000")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-silence-") as folder:
        path = Path(folder) / "journal.db"
        async with open_journal(path, LoopClock(), dict.fromkeys(names, ("cloud",))) as journal:
            lot = CloudLot(cloud, journal, text + cloud_text(f"ws://127.0.0.1:{port}/ocpp"))
            await lot.site.resume()
            uplink = lot.uplink()
            stations = uplink._stations.values()
            async with running(lot.site.run(), uplink.run()):
                for name in names:
                    await lot.connect(name)
                await lot.until(lambda: all(each.state == "up" for each in stations), 60)
                began = time.monotonic()
                relay.passes.clear()
                await lot.until(lambda: any(each.state != "up" for each in stations), 30)
                first_s = time.monotonic() - began
                await lot.until(lambda: all(each.state != "up" for each in stations), 30)
                last_s = time.monotonic() - began
                await asyncio.sleep(max(0, silent_s - last_s))
                relay.knocks.clear()
                began = time.monotonic()
                relay.passes.set()
                await lot.until(lambda: any(each.state == "up" for each in stations), 60)
                back_s = time.monotonic() - began
                await lot.until(lambda: all(each.state == "up" for each in stations), 120)
                all_s = time.monotonic() - began
            relay.close()
            server.close()
            await cloud.kill()
    return first_s, last_s, back_s, all_s, max(relay.knocks.values())


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.silence", description=__doc__)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--silent", type=float, default=20, help="for how long, s")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    first_s, last_s, back_s, all_s, most = asyncio.run(explore(options.stations, options.silent))
    print(
        f"{options.stations} stations: silence noticed after {first_s:.1f} to {last_s:.1f} s; "
        f"back {back_s:.1f} to {all_s:.1f} s after the line, at most {most} knocks in a second"
    )
    return last_s <= MOST_NOTICED_S and back_s <= MOST_BACK_S


if __name__ == "__main__":
    raise SystemExit(not main())
