"""The main job itself, in this process: a site file, the composed application, a world around it."""

import asyncio
import contextlib
from dataclasses import replace

import aiohttp

from edge import app, settings
from edge.catalogue import guards
from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import CircuitPlan
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from edge.simulator.world import World

CAR = CarModel(follow_ms=0, start_ms=0, wanted_wh=50_000)
TOKEN = "04A1B2C3D4"
PAUSES = ("Ampyard/Simulator/1.0", "Mobility/House/1.0")


def world_plan(*chargers):
    """A building of 10 A behind a fuse of 40 A, with these simulated chargers."""
    building = BuildingPlan(steady_ma=(10_000, 10_000, 10_000), drift_ma=0, noise_ma=200, seed=1)
    return WorldPlan(
        circuits=(CircuitPlan(name="grid", parent=None, rating_ma=40_000, building=building),),
        chargers=tuple(ChargerPlan(name=name) for name in chargers),
        cars={"quick": CAR},
        tick_ms=50,
        pace=Pace(answer_s=5, reconnect_s=0.2, boot_s=0.2),
    )


def site_file(world, *chargers, cloud=None):
    host, port = world.meter_address()
    tables = [
        '[site]\nname = "Interop"',
        "[grid]\nrating_a = 40\nbuilding_max_a = 15",
        f'[grid.meter]\nmodel = "eastron-sdm630"\nhost = "{host}"\nport = {port}',
        *(f'[charger.{name}]\nmax_a = 32\nphase_rotation = "L1L2L3"' for name in chargers),
        '[tokens]\naccept = "known"\nlist = "tokens.csv"',
        "[control]\nhold_up_s = 5\nmin_on_min = 0\nmin_off_min = 0",
    ]
    if cloud is not None:
        tables.append(f'[uplink.cloud]\nurl = "{cloud}"')
    return "\n\n".join(tables) + "\n"


class Running:
    """A box at work: where it listens, its site, and the world around it."""

    def __init__(self, started, world, socket=None):
        self.site = started.site
        self.url = f"ws://127.0.0.1:{started.ocpp_port}/lot"
        self.page = f"http://127.0.0.1:{started.web_port}"
        self.socket = socket
        self.world = world

    def bay(self, name="bay-1"):
        return next(evse for evse in self.site.status().evses if evse.id == name)

    async def until(self, is_so, timeout_s=60):
        """Wait for what the next cycles bring."""
        async with asyncio.timeout(timeout_s):
            async for status in self.site.watch():
                if is_so(status):
                    return

    async def sessions(self):
        async with aiohttp.ClientSession() as session, session.get(f"{self.page}/api/sessions") as answer:
            assert answer.status == 200
            return await answer.json()


@contextlib.asynccontextmanager
async def box(folder, *chargers, simulated=(), cloud=None, plan=None, site=site_file):
    """The application with these chargers in its site file; `simulated` ones belong to the world.

    `plan` instead of them is a whole world, `site` writes another file for it.
    """
    (folder / "tokens.csv").write_text(f"token,name,group,valid_until\n{TOKEN},Ada,fleet,\n")
    world = World(plan or world_plan(*simulated))
    await world.open()
    try:
        text = site(world, *chargers, cloud=cloud)
        site = settings.read(text, guards(), file="interop", folder=folder).accepted()
        site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
        home = app.Box(
            state=folder,
            records=folder / "steps.db",
            socket=folder / "box.sock",
            host="127.0.0.1",
            web_host="127.0.0.1",
            dead_man_ms=60_000,
            proven_pauses=PAUSES,
        )
        started = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run(site, home, started=started.set_result))
            lot = Running(await started, world, folder / "box.sock")
            living = group.create_task(world.run(lot.url))
            yield lot
            living.cancel()
            running.cancel()
    finally:
        await world.close()
