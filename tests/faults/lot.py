"""A lot under test: the simulated world in this process, the controller in one of its own.

Six chargers wired in rotation hang on two feeders; feeders and grid are tight enough to bind. The chargers
are quick (`QUICK`) and so are the cars, so that half a minute shows what takes hours in a lot; the times
that decide about safety, such as the controller's deadlines, are the product's own.
"""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from edge.journal.database import open_database
from edge.journal.journal import UPSERT_DOCUMENT
from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import GRID, CircuitPlan
from edge.plant.wiring import NOTHING, Triple, add
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from edge.simulator.registers import Fault
from edge.simulator.world import HOST, World, mono_ms
from tests.faults.controller import PRODUCT, Controller, free_port
from tests.faults.findings import Findings
from tests.faults.judge import Excess, Judge, Moment, Reaction, Witness

DEAD_MAN_S = 9
CLOCKS_MS = (0, 1_500, -1_500, 0, 3_000, -500)  # how wrong the chargers' clocks are, and stay: T allows 4 s
LATEST_CLOCK_MS = 1_500 + 1_000  # a slow clock fires late; schedules count in seconds
BUILDING_MAX_A = 12
RATINGS_A = {GRID: 40, "west": 20, "east": 20}  # one car at MAX_A nearly fills a feeder
MAX_A = 20
FALLBACKS_A = (6, 6, 0, 6, 6, 0)
PAUSES = b"Ampyard/Simulator/1.0"  # stops at 0 A, as tests/simulator shows
STALE_MS, FROZEN_MS = 5_000, 15_000
BELIEVED_MS = {Fault.FROZEN: FROZEN_MS}  # any other fault shows within `STALE_MS`

CARD = "04A1B2C3D4"
QUICK = Pace(answer_s=3.0, reconnect_s=0.3, boot_s=0.5)
_CAR = CarModel(follow_ms=400, start_ms=800, wanted_wh=1_000, taper_wh=20)
CARS = {
    "three": _CAR,
    "fast": replace(_CAR, max_ma=32_000),
    "one": replace(_CAR, phases=1, max_ma=32_000),
    "two": replace(_CAR, phases=2),
    "late": replace(_CAR, start_ms=6_000),
    "ramp": replace(_CAR, ramp_ma_per_s=40_000, max_ma=32_000),
    "small": replace(_CAR, wanted_wh=40, taper_wh=30),
}

SITE = """
[site]
name = "Faults"

[grid]
rating_a = {grid}
building_max_a = {building_max}

[grid.meter]
model = "eastron-sdm630"
host = "{meter_host}"
port = {meter_port}

[circuit.west]
parent = "grid"
rating_a = {west}

[circuit.east]
parent = "grid"
rating_a = {east}

[ocpp]
port = {ocpp_port}

[web]
port = {web_port}

[tokens]
accept = "all"

[uplink.cloud]
url = "{cloud_url}"

[control]
hold_up_s = 5
min_on_min = 0
min_off_min = 0
"""
CHARGER = """
[charger.{name}]
circuit = "{circuit}"
max_a = {max_a}
fallback_a = {fallback_a}
phase_rotation = "{rotation}"
"""


def world_plan(*, building_a: int = 4, noise_ma: int = 200, versions: Sequence[str] = ("1.6",)) -> WorldPlan:
    """`versions` of OCPP that the chargers speak, in turn."""
    rotations = ("L1L2L3", "L2L3L1", "L3L1L2")
    load_ma = building_a * 1_000
    building = BuildingPlan(steady_ma=(load_ma, load_ma, load_ma), noise_ma=noise_ma, seed=1)
    return WorldPlan(
        circuits=(
            CircuitPlan(name=GRID, parent=None, rating_ma=RATINGS_A[GRID] * 1_000, building=building),
            CircuitPlan(name="west", rating_ma=RATINGS_A["west"] * 1_000),
            CircuitPlan(name="east", rating_ma=RATINGS_A["east"] * 1_000),
        ),
        chargers=tuple(
            ChargerPlan(
                name=f"bay-{n}",
                circuit="west" if n <= 3 else "east",
                rotation=rotations[n % 3],
                max_ma=MAX_A * 1_000,
                clock_offset_ms=CLOCKS_MS[n - 1],
                has_stubborn_clock=True,
                version=versions[n % len(versions)],
            )
            for n in range(1, 7)
        ),
        cars=CARS,
        allowance_ms=Reaction().ms,
        pace=QUICK,
    )


class Lot:
    """A world, a controller, and ways to wait for what becomes true."""

    def __init__(self, plan: WorldPlan, controller: Controller) -> None:
        self.plan = plan
        self.world = World(plan)
        self.controller = controller
        self.ocpp_port = free_port()
        self.witness = Witness(self.world.lot.ratings_ma(), look=self._look, allowance_ms=plan.allowance_ms)
        self.witness.disturb("the beginning", mono_ms())
        self.world.referee = self.witness

    async def open(self) -> None:
        await self.world.open()
        meter_host, meter_port = self.world.meter_address()
        self.controller.configure(
            SITE.format(
                **RATINGS_A,
                building_max=BUILDING_MAX_A,
                meter_host=meter_host,
                meter_port=meter_port,
                ocpp_port=self.ocpp_port,
                web_port=free_port(),
                cloud_url=self.world.cloud_url,
            )
            + "".join(
                CHARGER.format(
                    name=c.name, circuit=c.circuit, rotation=c.rotation, max_a=MAX_A, fallback_a=fallback_a
                )
                for c, fallback_a in zip(self.plan.chargers, FALLBACKS_A, strict=True)
            )
        )
        await _teach_pauses(self.controller.journal)

    async def live(self) -> None:
        await self.world.run(f"ws://{HOST}:{self.ocpp_port}/")

    async def start(self) -> None:
        await self.controller.start(mono_ms())

    async def restart(self) -> None:
        """Killed, and back: it listens and its chargers have found it."""
        await self.controller.kill()
        await self.start()
        await self.until_told("web      http", times=self.controller.lives)
        await self.until_linked()

    # -- waiting -----------------------------------------------------------------------------------------

    async def until(self, is_so: Callable[[], bool], *, within_s: float = 15, what: str = "") -> None:
        """Returns when it is so; a world ticks, there is nothing else to wait for."""
        try:
            async with asyncio.timeout(within_s):
                while not is_so():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s: {what or is_so}\n{self.tail()}") from None

    async def until_linked(self) -> None:
        await self.until(self.is_linked, what="every charger is connected")

    async def until_told(self, words: str, *, times: int = 1, within_s: float = 15) -> None:
        """Until the controller's log has said this so often."""
        await self.until(lambda: self.controller.told().count(words) >= times, within_s=within_s, what=words)

    def is_linked(self) -> bool:
        return all(charger.is_connected for charger in self.world.chargers.values())

    async def charge(self, bay: str, car: str | CarModel = "three", *, token: str = CARD) -> None:
        self.world.plug(bay, car)
        assert await self.world.token(bay, token) == "Accepted"

    def drawn_ma(self, bay: str) -> int:
        return max(self.world.connector(bay).evse.flowing_ma)

    def grid_ma(self) -> Triple:
        return self.world.referee.currents_ma[GRID]

    async def ask(self, path: str) -> Any:
        """What the controller says of itself, over its Unix socket."""
        connector = aiohttp.UnixConnector(path=str(self.controller.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.get(f"http://localhost{path}") as answer,
        ):
            return await answer.json()

    async def order(self, path: str, body: dict[str, Any]) -> int:
        connector = aiohttp.UnixConnector(path=str(self.controller.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.post(f"http://localhost{path}", json=body) as answer,
        ):
            return answer.status

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.controller.told().splitlines()[-lines:])

    # -- the end -----------------------------------------------------------------------------------------

    async def heal(self) -> None:
        """Everything that was broken is repaired, and every car leaves."""
        world = self.world
        await world.cloud.start()
        world.cloud.mood.slow_ms = world.cloud.mood.loses_answers = 0
        world.meter_fault(Fault.NONE)
        for name in ("cloud", "meter:grid", *world.chargers):
            world.link(name, "restore")
        for name, charger in world.chargers.items():
            oddities = charger.station.oddities
            oddities.answer_delay_ms = 0
            oddities.hangs = oddities.loses_answers = oddities.rejects_profiles = False
            await world.power(name, "on")
        await self.start()
        for bay in world.bays():
            if world.connector(bay).evse.car is not None:
                world.unplug(bay)

    async def drain(self, *, within_s: float = 40) -> str:
        """Until nothing waits anywhere; what still waits then."""
        try:
            async with asyncio.timeout(within_s):
                while self.waiting():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return self.waiting()
        return ""

    def waiting(self) -> str:
        """What is not in the CSMS's books yet; empty when everything is."""
        world = self.world
        away = [name for name, charger in world.chargers.items() if not charger.is_connected]
        owed = {name: len(c.station.outbox) for name, c in world.chargers.items() if len(c.station.outbox)}
        rows = self.rows("waiting")
        return " ".join(
            text
            for text in (
                f"away {away}" if away else "",
                f"owed by chargers {owed}" if owed else "",
                f"{rows} rows" if rows else "",
            )
            if text
        )

    def rows(self, state: str) -> int:
        """How many delivery rows of the journal are in this state."""
        with contextlib.closing(sqlite3.connect(f"file:{self.controller.journal}?mode=ro", uri=True)) as file:
            (count,) = file.execute("SELECT count(*) FROM delivery WHERE state = ?", (state,)).fetchone()
        return int(count)

    async def findings(self) -> Findings:
        """Heals, drains, stops the controller, and adds up."""
        await self.heal()
        undrained = await self.drain()
        exit_code = await self.controller.stop()
        verdict = self.world.verdict()
        return Findings(
            excess_ma_ms=verdict.excess_ma_ms,
            late_ma_ms=verdict.late_ma_ms,
            longest_ms=verdict.longest_ms,
            bound_ms=self.bound_ms(),
            unexcused=self.unexcused(),
            transactions=sum(len(c.station.performed) for c in self.world.chargers.values()),
            audit=self.world.audit(),
            irregularities=self.world.cloud.books.irregularities,
            undrained=undrained,
            exit_code=exit_code,
            tracebacks=self.controller.told().count("Traceback"),
            lives=self.controller.lives,
        )

    def bound_ms(self) -> int:
        """For how long some circuit was nearly full: a lot with room to spare proves nothing."""
        limits = self.witness.limits_ma
        return sum(
            after.at_ms - moment.at_ms
            for moment, after in pairwise(self.witness.moments)
            if any(max(moment.currents[name]) > limit_ma * 9 // 10 for name, limit_ma in limits.items())
        )

    def currents(self) -> list[str]:
        """What flowed, once a second, in amperes: a line for every second."""
        lines = []
        began_ms = shown_ms = self.witness.moments[0].at_ms
        for moment in self.witness.moments:
            if moment.at_ms < shown_ms:
                continue
            shown_ms += 1_000
            circuits = "  ".join(
                f"{name} {' '.join(f'{ma / 1_000:4.1f}' for ma in triple)}"
                for name, triple in moment.currents.items()
            )
            drawn = " ".join(f"{self.tops(moment, name):4.1f}" for name in self.world.chargers)
            trouble = "".join(name[-1] if name in moment.deaf else "." for name in self.world.chargers)
            blind = "blind" if moment.is_blind else ""
            lines.append(
                f"{(moment.at_ms - began_ms) / 1_000:6.1f} s  {circuits}  |{drawn}| {trouble} {blind}"
            )
        return lines

    def tops(self, moment: Moment, name: str) -> float:
        """What a charger drew on its strongest phase, A."""
        return max(moment.chargers[GRID][name]) / 1_000

    def unexcused(self) -> list[Excess]:
        judge = Judge(self.witness.limits_ma, dead_man_ms=DEAD_MAN_S * 1_000 + LATEST_CLOCK_MS)
        return judge.unexcused(self.witness.moments)

    # -- the truth ---------------------------------------------------------------------------------------

    def _look(self, currents: dict[str, Triple], now_ms: int) -> Moment:
        chargers: dict[str, dict[str, Triple]] = {name: {} for name in RATINGS_A}
        for plan in self.plan.chargers:
            drawn = NOTHING
            for bay in plan.bays():
                evse = self.world.lot.evses[bay]
                drawn = add(drawn, evse.plan.wiring.to_grid(evse.flowing_ma))
            chargers[plan.circuit][plan.name] = chargers[GRID][plan.name] = drawn
        fault = self.world.meters[GRID].fault
        return Moment(
            at_ms=now_ms,
            currents=currents,
            buildings={name: load.load_ma(now_ms) for name, load in self.world.lot.buildings.items()},
            chargers=chargers,
            deaf=frozenset(name for name in self.world.chargers if self._is_deaf(name)),
            is_blind=fault is not Fault.NONE or self.world.line("meter:grid") != "sound",
            blindness_ms=BELIEVED_MS.get(fault, STALE_MS) + 1_000,
            started_ms=self.controller.started_ms,
        )

    def _is_deaf(self, name: str) -> bool:
        charger = self.world.chargers[name]
        oddities = charger.station.oddities
        return (
            not charger.is_connected
            or self.world.line(name) != "sound"
            or oddities.hangs
            or oddities.rejects_profiles
            or oddities.loses_answers
            or oddities.answer_delay_ms > 0
        )


async def _teach_pauses(journal: Path) -> None:
    """What an earlier life of the controller has learnt of these chargers: 0 A stops them."""
    connection = await open_database(journal)
    await connection.execute(UPSERT_DOCUMENT, ("pauses", PAUSES.decode(), b"true"))
    await connection.close()


@contextlib.asynccontextmanager
async def running(
    plan: WorldPlan | None = None,
    *,
    entry: str = PRODUCT,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Lot]:
    """A lot whose chargers are all connected to its controller; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ampyard-faults-") as folder:
        controller = Controller(Path(folder), dead_man_s=DEAD_MAN_S, entry=entry, environment=environment)
        lot = Lot(plan or world_plan(), controller)
        await lot.open()
        try:
            async with asyncio.TaskGroup() as group:
                life = group.create_task(lot.live())
                await lot.start()
                await lot.until_linked()
                await lot.until_told(" A accepted, connector", times=len(lot.plan.chargers))
                try:
                    yield lot
                finally:
                    life.cancel()
        finally:
            await controller.kill()
            await lot.world.close()
