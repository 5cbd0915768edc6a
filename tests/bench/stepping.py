"""From a step of the site meter to the last SetChargingProfile received, by real WebSockets on loopback.

Each side runs in a process of its own, its stations in another; the reading is handed to both at the point
where a meter driver would. The building rises by 1 A for each charger, so every charger must be lowered.
"""

import asyncio
import time

from tests.bench.lot import MAX_A
from tests.bench.orders import Process

SIDES = {"ours": "tests.bench.side_ours", "stock": "tests.bench.side_stock"}
AFTERWARDS_S = 0.2  # answers, records and the page's status belong to the CPU figure
PAUSE_S = 0.5
PATIENCE_S = 30


class Side:
    """One side and its stations."""

    def __init__(self, name, count, process, fleet):
        self.name = name
        self.count = count
        self.process = process
        self.fleet = fleet
        self.offered_a = MAX_A
        self.building_a = 0

    @classmethod
    async def start(cls, name, count):
        process = await Process.start(SIDES[name], count)
        fleet = await Process.start("tests.bench.fleet", await process.ask("url"), count)
        side = cls(name, count, process, fleet)
        await fleet.ask("begin")
        await process.ask("rest", 0, 0)
        await side.until_offered(MAX_A)
        await side.settle()
        return side

    def total_ma(self):
        """What the meter shows: the cars and the building."""
        return self.count * (self.offered_a + self.building_a) * 1_000

    async def until_offered(self, limit_a):
        deadline = time.monotonic() + PATIENCE_S
        while (seen := await self.fleet.ask("limits")) != {"lowest": limit_a, "highest": limit_a}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"offered {seen}, not {limit_a} A")
            await asyncio.sleep(0.05)

    async def step(self):
        """One step: wall ms to the first and the last profile, CPU ms, and where our time went."""
        await self.fleet.ask("arm")
        self.building_a += 1
        began_ns = await self.process.ask("step", self.total_ma())
        deadline = time.monotonic() + PATIENCE_S
        while (seen := await self.fleet.ask("lowered"))["count"] < self.count:
            if time.monotonic() > deadline:
                now = await self.fleet.ask("limits")
                raise TimeoutError(f"{self.name}: {seen} below {self.offered_a} A; now {now}")
            await asyncio.sleep(0.02)
        await asyncio.sleep(AFTERWARDS_S)
        spent = await self.process.ask("spent")
        self.offered_a -= 1
        await self.settle()
        result = {
            "first_ms": (seen["first_ns"] - began_ns) / 1e6,
            "last_ms": (seen["last_ns"] - began_ns) / 1e6,
            "cpu_ms": spent["cpu_ns"] / 1e6,
        }
        if "decided" in spent:
            decided_ns, done_ns = spent["decided"]
            result["waiting_ms"] = (decided_ns - began_ns) / 1e6
            result["deciding_ms"] = (done_ns - decided_ns) / 1e6
            result["sending_ms"] = (seen["last_ns"] - done_ns) / 1e6
        return result

    async def settle(self):
        """The cars have followed: the next step meets a lot at rest."""
        await self.process.ask("rest", self.offered_a, self.total_ma())
        await asyncio.sleep(PAUSE_S)

    async def end(self):
        await self.fleet.end()
        await self.process.end()


async def steps(count, rounds):
    """`rounds` steps of both sides in turn: a list of results for each side."""
    sides = {name: await Side.start(name, count) for name in SIDES}
    results = {name: [] for name in SIDES}
    for _ in range(rounds):
        for name, side in sides.items():
            results[name].append(await side.step())
    for side in sides.values():
        await side.end()
    return results
