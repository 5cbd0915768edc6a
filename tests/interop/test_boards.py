"""A node as a charger of a whole box, by the catalogue's file; and alone when the box dies."""

import asyncio
import contextlib
from dataclasses import replace

from edge import app, settings
from edge.catalogue import guarded, guards
from edge.simulator.world import World
from tests.boards.plant import node
from tests.boards.test_evse_node import free_port
from tests.interop.box import Running, world_plan

DEAD_MAN_MS = 15_000
SITE = """
[site]
name = "A board"

[grid]
rating_a = 63
building_max_a = 40

[grid.meter]
model = "eastron-sdm630"
host = "{meter_host}"
port = {meter_port}

[charger.bay-1]
via = "modbus"
model = "ampyard-node"
host = "127.0.0.1"
port = {port}
max_a = 16
phase_rotation = "L1L2L3"

[tokens]
accept = "all"

[control]
hold_up_s = 5
min_on_min = 0
min_off_min = 0
"""


async def measure(world, plant):
    """The meter shows the building and what the node's car draws."""
    while True:
        world.building(plant.building_ma + plant.flowing_ma)
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def lot(folder):
    """The box, the node and its plant."""
    world = World(world_plan())
    await world.open()
    port = free_port()
    try:
        async with node(port, timeout_s=60) as (_, plant), asyncio.TaskGroup() as group:
            meter_host, meter_port = world.meter_address()
            text = SITE.format(meter_host=meter_host, meter_port=meter_port, port=port)
            site = settings.read(text, guards(), chargers=guarded(), file="board", folder=folder).accepted()
            site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
            started = asyncio.get_running_loop().create_future()
            home = app.Box(state=folder, host="127.0.0.1", web_host="127.0.0.1", dead_man_ms=DEAD_MAN_MS)
            plant.building_ma = 10_000
            ticking = group.create_task(world.run("ws://127.0.0.1:9/none"))
            measuring = group.create_task(measure(world, plant))
            running = group.create_task(app.run(site, home, started=started.set_result))
            yield plant, Running(await started, world), running
            for task in (running, measuring, ticking):
                task.cancel()
    finally:
        await world.close()


async def test_a_node_charges_as_the_box_decides_and_falls_back_without_it(tmp_path):
    async with lot(tmp_path) as (plant, box, running):
        await box.until(lambda status: all(evse.link == "up" for evse in status.evses), timeout_s=60)
        plant.is_plugged = True
        await plant.until(lambda plant: plant.flowing_ma > 15_800, timeout_s=60)
        assert box.bay("bay-1").transaction_id is not None
        plant.building_ma = 52_000
        await plant.until(lambda plant: 6_000 < plant.flowing_ma <= 10_400, timeout_s=30)
        running.cancel()
        await plant.until(lambda plant: plant.flowing_ma == 6_000, timeout_s=2 * DEAD_MAN_MS / 1_000)
