"""A whole server over real sockets beside npm's `ocpp-rpc` in strict mode: CPU, throughput, memory."""

import asyncio
import shutil
import sys
from pathlib import Path

from tests.bench.frames import MESSAGES
from tests.bench.orders import Process

STATIONS = 100
EACH = 60  # messages of a station in a burst
IDLE = 240
MANY = 200
SETTLE_S = 15  # every charger has been set up and offered something
NODE_MODULES = Path(sys.prefix) / "npm" / "node_modules"
SCRIPT = Path(__file__).parents[1] / "npm" / "serving.js"


class Side:
    """A server and its stations."""

    def __init__(self, server, load):
        self.server = server
        self.load = load

    @classmethod
    async def start(cls, name, stations):
        server = await (start_ours(stations) if name == "ours" else start_npm())
        return cls(server, await Process.start("tests.bench.load"))

    async def connect(self, stations):
        await self.load.ask("connect", await self.server.ask("url"), stations)

    async def burst(self, message):
        """CPU of the server for one message in us, and messages a second."""
        before = await self.server.ask("spent")
        burst = await self.load.ask("burst", message, EACH)
        after = await self.server.ask("spent")
        assert burst["answered"] == STATIONS * EACH, burst
        return {
            "cpu_us": (after["cpu_ns"] - before["cpu_ns"]) / burst["answered"] / 1_000,
            "per_s": burst["answered"] / burst["took_ns"] * 1e9,
        }

    async def end(self):
        await self.load.end()
        await self.server.end()


async def start_ours(stations):
    return await Process.start("tests.bench.serving_ours", stations)


async def start_npm():
    """Its own threads may use the same core as ours, and no other."""
    if not NODE_MODULES.is_dir():
        raise SystemExit("the foreign peers of npm are not installed: make bench does it")
    return await Process.start_command(
        shutil.which("taskset"), "-c", "0", shutil.which("node"), SCRIPT, NODE_PATH=str(NODE_MODULES)
    )


async def bursts(rounds):
    """For each message and side what each round took, both sides in turn."""
    sides = {name: await Side.start(name, STATIONS) for name in ("ours", "ocpp-rpc")}
    measured = {message: {name: [] for name in sides} for message in MESSAGES}
    for side in sides.values():
        await side.connect(STATIONS)
        await side.burst("Heartbeat")  # its compiler has seen what it shall do
        await side.burst("MeterValues, 12 samples")
    for message in MESSAGES:
        for _ in range(rounds):
            for name, side in sides.items():
                measured[message][name].append(await side.burst(message))
    for side in sides.values():
        await side.end()
    return measured


async def idle_bytes():
    """What one more idle connection costs our server, bytes."""
    side = await Side.start("ours", 2 * IDLE)
    await side.connect(IDLE)  # what the first ones make is there to stay
    before = await side.server.ask("rss")
    await side.connect(IDLE)
    after = await side.server.ask("rss")
    await side.end()
    return (after - before) / IDLE


async def resident():
    """What the whole application has in memory with `MANY` chargers that charge, bytes."""
    server = await Process.start("tests.bench.side_ours", MANY)
    fleet = await Process.start("tests.bench.fleet", await server.ask("url"), MANY)
    await fleet.ask("begin")
    await asyncio.sleep(SETTLE_S)
    resident_bytes = await server.ask("rss")
    await fleet.end()
    await server.end()
    return resident_bytes
