"""How much a scan finds: `python -m tests.bench.scanning [--lines N] [--hosts N] [--seed N]`.

Random mixtures of simulated meters: lines with one to six devices at one of six settings, at the speed of the
wire; then addresses of the loopback network. Found: it answers there. Named: the model proposed reads the
registers of the real one, and every other that it could be is named beside it. Wrong: anything else.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

from edge.catalogue import meters
from edge.links.modbus import Line
from edge.meters.scan import SETTINGS, UNITS, scan_hosts, scan_line
from edge.simulator.meter import Meter
from edge.simulator.modbus import TcpHost
from edge.simulator.rtu_line import RtuLine

HOUR_MS = 3_600_000
AT_ONCE = 6
SUNSPEC = (201, 203, 204, 211, 213, 214)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scanning", description=__doc__)
    parser.add_argument("--lines", type=int, default=12)
    parser.add_argument("--hosts", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"{'':<18}{'there':>7}{'found':>7}{'named':>7}{'not sure':>10}{'wrong':>7}{'seconds':>9}")
    for name, scan in (
        ("serial lines", on_lines(options.lines, chance)),
        ("network", in_network(options.hosts, chance)),
    ):
        began = time.monotonic()
        told = asyncio.run(scan)
        print(
            f"{name:<18}{told['there']:>7}{told['found'] / told['there']:>7.0%}"
            f"{told['named'] / told['there']:>7.0%}{told['not sure']:>10}{told['wrong']:>7}"
            f"{time.monotonic() - began:>9.0f}",
            flush=True,
        )


async def on_lines(count, chance):
    told, turns = Counter(), asyncio.Semaphore(AT_ONCE)

    async def one(seed):
        async with turns:
            told.update(await on_line(random.Random(seed)))

    await asyncio.gather(*(one(chance.random()) for _ in range(count)))
    return told


async def on_line(chance):
    baud, parity = chance.choice(SETTINGS)
    wire = RtuLine(baud=baud, format=parity, think_ms=chance.randint(2, 60))
    units = chance.sample(UNITS, chance.randint(1, 6))
    there = {unit: metering(chance, unit) for unit in units}
    wire.devices += there.items()
    wire.open()

    def line_at(place):
        wire.heard_format = place.format  # a pseudo-terminal keeps no parity
        return Line(replace(place, format="8N1"))

    told = Counter(there=len(there))
    async for found in scan_line(str(wire.path), line_at=line_at):
        told[judged(found, there[found.unit].model.name)] += 1
        told["found"] += 1
    wire.close()
    return told


async def in_network(count, chance):
    hosts = [f"127.0.11.{number}" for number in range(1, 255)]
    there = {host: metering(chance, 1) for host in chance.sample(hosts, count)}
    told, port = Counter(there=count), 0
    async with AsyncExitStack() as stack:
        for host, meter in there.items():
            served = TcpHost({1: meter}, host=host, port=port)
            await served.start()
            stack.push_async_callback(served.stop)
            port = served.port
        async for found in scan_hosts(hosts, port=port):
            told[judged(found, there[found.place.host].model.name)] += 1
            told["found"] += 1
    return told


def metering(chance, unit):
    """Any model of the catalogue, in a building that draws, or does not, on a meter new or old."""
    meter = Meter(
        chance.choice(sorted(meters())),
        unit=unit,
        refresh_ms=0,
        sunspec=chance.choice(SUNSPEC),
        seed=chance.randint(0, 10**6),
    )
    flows = tuple(chance.choice((0, chance.randint(100, 250_000))) for _ in range(3))
    meter.measure(flows, 0)
    meter.measure(flows, chance.choice((0, chance.randint(1, 50_000))) * HOUR_MS)
    return meter


def judged(found, real):
    identified = found.identified
    if identified is None or identified.match is None:
        return "not sure"
    name = identified.match.model.name
    if real == name or real in identified.alike or real in identified.doubtful:
        return "named"
    return "wrong"


if __name__ == "__main__":
    main()
