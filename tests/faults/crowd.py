"""A crowd for half an hour: `python -m tests.faults.crowd [--chargers 1000] [--minutes 30] [--seed 1]`.

Simulated chargers over real WebSockets, a car at every second one, the controller as a process of its own.
Half of the chargers lose their link again and again, at random. A line a minute; the exit code is 1 when a
cycle took 100 ms or more, memory grew, a transaction was lost, or a fuse carried more than it may.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import random
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import GRID, CircuitPlan
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from edge.simulator.referee import Verdict
from edge.simulator.world import HOST, World, mono_ms
from tests.faults.controller import Controller, free_port

GRID_A = 6_300
BUILDING_A = 200
FEEDERS = 10
MAX_A = 16
WARM_UP_MINUTES = 4
MOST_CYCLE_MS = 100
MOST_GROWTH = 1.03  # of what is resident, from the end of the warm-up to the end
AWAY_S = (0.2, 20.0)
RECONNECTS_EVERY_S = 120  # of one charger, in the mean
ALLOWANCE_MS = 10_000
CARD = "04A1B2C3D4"

SITE = """
[site]
name = "Crowd"

[grid]
rating_a = {grid}
building_max_a = {building}

[grid.meter]
model = "eastron-sdm630"
host = "{meter_host}"
port = {meter_port}

[ocpp]
port = {ocpp_port}

[web]
port = {web_port}

[tokens]
accept = "all"
"""
FEEDER = """
[circuit.{name}]
parent = "grid"
rating_a = {rating}

[charger."{name}-001..{name}-{count:03d}"]
circuit = "{name}"
max_a = {max_a}
fallback_a = {fallback}
phase_rotation = ["L1L2L3", "L2L3L1", "L3L1L2"]
"""


class Crowd:
    """The lot, who disturbs it, and what is seen of it."""

    def __init__(self, chargers: int, seed: int) -> None:
        self.each = chargers // FEEDERS
        self.feeder_a = max(40, self.each * MAX_A // 3)
        self.random = random.Random(seed)
        self.world = World(self._plan())
        self.names = list(self.world.chargers)
        self.reconnects = 0
        self.are_all_linked = asyncio.Event()

    def _plan(self) -> WorldPlan:
        steady_ma = BUILDING_A * 700
        building = BuildingPlan(
            steady_ma=(steady_ma, steady_ma, steady_ma), drift_ma=20_000, noise_ma=500, seed=1
        )
        feeders = [f"row{number}" for number in range(FEEDERS)]
        rotations = ("L1L2L3", "L2L3L1", "L3L1L2")
        return WorldPlan(
            circuits=(
                CircuitPlan(name=GRID, parent=None, rating_ma=GRID_A * 1_000, building=building),
                *(CircuitPlan(name=name, rating_ma=self.feeder_a * 1_000) for name in feeders),
            ),
            chargers=tuple(
                ChargerPlan(
                    name=f"{feeder}-{number:03d}",
                    circuit=feeder,
                    rotation=rotations[(number - 1) % 3],
                    max_ma=MAX_A * 1_000,
                )
                for feeder in feeders
                for number in range(1, self.each + 1)
            ),
            cars={"long": CarModel(wanted_wh=100_000)},
            tick_ms=500,
            allowance_ms=ALLOWANCE_MS,
            pace=Pace(answer_s=15.0, reconnect_s=1.0),
        )

    def site_file(self, ocpp_port: int, web_port: int) -> str:
        host, port = self.world.meter_address()
        head = SITE.format(
            grid=GRID_A,
            building=BUILDING_A,
            meter_host=host,
            meter_port=port,
            ocpp_port=ocpp_port,
            web_port=web_port,
        )
        fallback = 0 if self.each * 6 + 6 > self.feeder_a else 6
        return head + "".join(
            FEEDER.format(
                name=f"row{number}", rating=self.feeder_a, count=self.each, max_a=MAX_A, fallback=fallback
            )
            for number in range(FEEDERS)
        )

    async def arrive(self) -> None:
        """A car at every second charger, when all are linked."""
        while not all(charger.is_connected for charger in self.world.chargers.values()):  # noqa: ASYNC110
            await asyncio.sleep(1)  # a simulator rings no bell for that
        self.are_all_linked.set()
        for name in self.names[::2]:
            self.world.plug(name, "long")
            with contextlib.suppress(ValueError):
                await self.world.token(name, CARD)

    async def disturb(self) -> None:
        """Half of the chargers, those with cars and those without alike, come and go."""
        await self.are_all_linked.wait()
        unsteady = self.names[: len(self.names) // 2]
        pause_s = RECONNECTS_EVERY_S / len(unsteady)
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._reconnect(self.random.choice(unsteady)))
                await asyncio.sleep(self.random.expovariate(1 / pause_s))

    async def _reconnect(self, name: str) -> None:
        self.world.link(name, "cut")
        await asyncio.sleep(self.random.uniform(*AWAY_S))
        self.world.link(name, "restore")
        self.reconnects += 1


class Watch:
    """What a minute brought."""

    def __init__(self, crowd: Crowd, controller: Controller) -> None:
        self.crowd = crowd
        self.controller = controller
        self.resident_mib: list[float] = []
        self.slowest_ms: list[int] = []
        self._cpu_s = 0.0

    async def minute(self, number: int) -> None:
        slowest = 0
        for _ in range(2):
            await asyncio.sleep(30)
            status = await self.status()
            slowest = max(slowest, status["slowest_cycle_ms"])
        self.slowest_ms.append(slowest)
        self.resident_mib.append(self.resident())
        cpu_s = self.cpu_s()
        linked = sum(charger.is_connected for charger in self.crowd.world.chargers.values())
        load, late = (cpu_s - self._cpu_s) / 60, self.crowd.world.verdict().late_ma_ms / 1e6
        print(
            f"{number:6}  {linked:6}  {self.crowd.reconnects:10}  {slowest:10} ms"
            f"  {self.resident_mib[-1]:5.1f} MiB  {load:4.0%}  {late:5.1f} A.s",
            flush=True,
        )
        self._cpu_s = cpu_s

    async def status(self):
        connector = aiohttp.UnixConnector(path=str(self.controller.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://box/api/status") as answer,
        ):
            return json.loads(await answer.read())

    def resident(self) -> float:
        line = Path(f"/proc/{self.controller.pid}/status").read_text(encoding="ascii")
        return int(line.split("VmRSS:")[1].split()[0]) / 1_024

    def cpu_s(self) -> float:
        fields = (
            Path(f"/proc/{self.controller.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        )
        return (int(fields[11]) + int(fields[12])) / 100

    def faults(self, verdict: Verdict, missing: int) -> list[str]:
        """Everything that must not be, one sentence each."""
        after = self.resident_mib[WARM_UP_MINUTES:] or self.resident_mib[-1:]
        checks = (
            (max(self.slowest_ms) >= MOST_CYCLE_MS, f"a cycle took {max(self.slowest_ms)} ms"),
            (max(after) > after[0] * MOST_GROWTH, f"memory grew from {after[0]:.1f} to {max(after):.1f} MiB"),
            (verdict.late_ma_ms > 0, f"{verdict.late_ma_ms / 1e6:.3f} A.s above a limit, late"),
            (missing > 0, f"{missing} transactions of the chargers are not in the journal"),
            ("Traceback" in self.controller.told(), "tracebacks in the controller's log"),
        )
        return [sentence for is_so, sentence in checks if is_so]


def missing_from(journal: Path, crowd: Crowd) -> int:
    """How many transactions that chargers began are not in the journal."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
        kept = {number for (number,) in file.execute("SELECT transaction_id FROM session")}
    begun = [t for charger in crowd.world.chargers.values() for t in charger.station.performed]
    return sum(t.transaction_id is not None and t.transaction_id not in kept for t in begun)


async def watched(options: argparse.Namespace) -> list[str]:
    crowd = Crowd(options.chargers, options.seed)
    with tempfile.TemporaryDirectory(prefix="ampyard-crowd-") as folder:
        controller = Controller(Path(folder), dead_man_s=60)
        await crowd.world.open()
        ocpp_port = free_port()
        controller.configure(crowd.site_file(ocpp_port, free_port()))
        await controller.start(mono_ms())
        watch = Watch(crowd, controller)
        print("minute  linked  reconnects  slowest cycle  resident    CPU  late", flush=True)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(crowd.world.run(f"ws://{HOST}:{ocpp_port}/ocpp")),
                    group.create_task(crowd.arrive()),
                    group.create_task(crowd.disturb()),
                ]
                for number in range(1, options.minutes + 1):
                    await watch.minute(number)
                for task in tasks:
                    task.cancel()
            await controller.stop()
            return watch.faults(crowd.world.verdict(), missing_from(controller.journal, crowd))
        finally:
            if options.log is not None:
                options.log.write_text(controller.told(), encoding="utf-8")
            await controller.kill()
            await crowd.world.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="A thousand chargers, half of them restless.")
    parser.add_argument("--chargers", type=int, default=1_000, metavar="N")
    parser.add_argument("--minutes", type=int, default=30, metavar="M")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep what the controller said")
    options = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    began_s = time.monotonic()
    faults = asyncio.run(watched(options))
    print(f"{time.monotonic() - began_s:.0f} s, seed {options.seed}: {'; '.join(faults) or 'clean'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
