"""The composed application with a simulated charger, and its HTTP API over the Unix socket."""

import asyncio
import contextlib
from dataclasses import replace

import aiohttp

from edge import app, settings
from edge.catalogue import guards
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from edge.simulator.world import World
from tests.interop.box import CAR, PAUSES, TOKEN, site_file, world_plan

QUICK = Pace(answer_s=5, reconnect_s=0.05, boot_s=0.05, job_s=0.05)


class RealBox:
    """A box at work: its site and world, the path of its socket, and a client that speaks through it."""

    def __init__(self, started, world, path, client):
        self.site = started.site
        self.world = world
        self.path = path
        self.car = CAR
        self.client = client
        self.page = f"http://127.0.0.1:{started.web_port}"

    async def ask(self, method, path, body=None, *, over=None):
        """Status and content of the answer; `over` the page's port instead of the socket."""
        async with self.client.request(method, f"{over or 'http://box'}{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def told(self, kind, **arguments):
        return await self.ask("POST", "/api/chargers/bay-1/commands", {"kind": kind, **arguments})

    async def until(self, is_so):
        async with asyncio.timeout(60):
            async for status in self.site.watch():
                if is_so(status):
                    return

    async def until_linked(self):
        await self.until(
            lambda status: any(evse.link == "up" and evse.word == "free" for evse in status.evses)
        )


@contextlib.asynccontextmanager
async def real_box(folder, *, tokens=f"token,name,group,valid_until\n{TOKEN},Ada,fleet,\n"):
    """Two bays in the site file, of which only `bay-1` is in the world; state is kept in `folder`."""
    (folder / "tokens.csv").write_text(tokens)
    plan = world_plan("bay-1")
    world = World(
        WorldPlan(
            circuits=plan.circuits,
            chargers=(ChargerPlan(name="bay-1"),),
            cars={"quick": CAR},
            tick_ms=50,
            pace=QUICK,
        )
    )
    await world.open()
    try:
        text = site_file(world, "bay-1", "bay-2")
        site = settings.read(text, guards(), file="box", folder=folder).accepted()
        site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
        path = folder / "box.sock"
        home = app.Box(
            state=folder,
            records=folder / "steps.db",
            socket=path,
            host="127.0.0.1",
            web_host="127.0.0.1",
            dead_man_ms=60_000,
            proven_pauses=PAUSES,
        )
        started = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run(site, home, started=started.set_result))
            begun = await started
            living = group.create_task(world.run(f"ws://127.0.0.1:{begun.ocpp_port}/lot"))
            async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client:
                yield RealBox(begun, world, path, client)
            living.cancel()
            running.cancel()
    finally:
        await world.close()
