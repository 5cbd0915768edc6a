"""Chargers on Modbus at the whole box: one on a serial line, one over TCP, beside the building's meter."""

import asyncio
import contextlib
from dataclasses import replace

from edge import app, settings
from edge.catalogue import guarded, guards, modbus_charger
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.modbus import TcpHost
from edge.simulator.modbus_charger import ModbusBay
from edge.simulator.rtu_line import RtuLine
from edge.simulator.world import World, mono_ms
from tests.interop.box import Running, world_plan

CAR = CarModel(max_ma=16_000, follow_ms=300, start_ms=500, wanted_wh=50_000)
TICK_S = 0.1

SITE = """
[site]
name = "Wired"

[grid]
rating_a = 60
building_max_a = 20

[grid.meter]
model = "eastron-sdm630"
host = "{meter_host}"
port = {meter_port}

[line.rs485]
port = "{serial}"
baud = 19200
format = "8N1"

[charger.bay-1]
via = "modbus"
model = "heidelberg-energy-control"
line = "rs485"
unit = 5
phase_rotation = "L1L2L3"

[charger.bay-2]
via = "modbus"
model = "webasto-next"
host = "127.0.0.1"
port = {port}
phase_rotation = "L1L2L3"

[tokens]
accept = "all"

[control]
hold_up_s = 5
min_on_min = 0
min_off_min = 0
"""


class Wired:
    """Two bays on wires, alive: the meter shows what the building and their cars draw."""

    def __init__(self, world):
        self.world = world
        self.building_ma = 10_000
        self.bays = {
            "bay-1": self._bay("heidelberg-energy-control", "bay-1"),
            "bay-2": self._bay("webasto-next", "bay-2"),
        }

    def _bay(self, model, name):
        return ModbusBay(modbus_charger(model), Evse(EvsePlan(name=name, circuit="grid"), voltage_mv=230_000))

    def flowing_a(self, name):
        return max(self.bays[name].evse.flowing_ma) // 1_000

    def currents_a(self):
        return [self.flowing_a(name) for name in self.bays]

    def plug(self, name):
        self.bays[name].evse.plug(CAR, mono_ms())

    def unplug(self, name):
        self.bays[name].evse.unplug(mono_ms())

    async def live(self):
        while True:
            for bay in self.bays.values():
                bay.advance(mono_ms())
            drawn_ma = sum(max(bay.evse.flowing_ma) for bay in self.bays.values())
            self.world.building(self.building_ma + drawn_ma)
            await asyncio.sleep(TICK_S)

    async def until(self, is_so, timeout_s=120):
        async with asyncio.timeout(timeout_s):
            while not is_so():  # noqa: ASYNC110  the plant rings no bell
                await asyncio.sleep(TICK_S)


@contextlib.asynccontextmanager
async def lot(folder):
    """The box with both chargers; what lives outside it lives on when the box has stopped."""
    world = World(world_plan())
    await world.open()
    wired = Wired(world)
    line = RtuLine(baud=19_200, format="8N1")  # a pseudo-terminal keeps no parity
    line.open()
    line.devices.append((5, wired.bays["bay-1"]))
    host = TcpHost({255: wired.bays["bay-2"]})
    await host.start()
    meter_host, meter_port = world.meter_address()
    text = SITE.format(meter_host=meter_host, meter_port=meter_port, serial=line.path, port=host.port)
    site = settings.read(text, guards(), chargers=guarded(), file="wired", folder=folder).accepted()
    site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
    home = app.Box(
        state=folder,
        records=folder / "steps.db",
        host="127.0.0.1",
        web_host="127.0.0.1",
        proven_pauses=("Heidelberg/heidelberg-energy-control/", "Webasto/webasto-next/"),
    )
    started = asyncio.get_running_loop().create_future()
    try:
        async with asyncio.TaskGroup() as group:
            living = group.create_task(wired.live())
            ticking = group.create_task(world.run("ws://127.0.0.1:9/none"))
            running = group.create_task(app.run(site, home, started=started.set_result))
            yield wired, Running(await started, world), running
            for task in (running, living, ticking):
                task.cancel()
    finally:
        line.close()
        await host.stop()
        await world.close()


async def test_cars_on_wires_share_what_the_building_leaves_and_fall_back_without_the_box(tmp_path):
    async with lot(tmp_path) as (wired, box, running):
        await box.until(lambda status: all(evse.link == "up" for evse in status.evses), timeout_s=60)
        wired.plug("bay-1")
        wired.plug("bay-2")
        await wired.until(lambda: wired.flowing_a("bay-1") == wired.flowing_a("bay-2") == 16)
        refused = box.site.passports().begin_test("bay-1")
        assert "watchdog" in refused.sentence  # asking for samples would feed it
        wired.building_ma = 38_000
        await wired.until(lambda: sum(wired.currents_a()) <= 22, timeout_s=60)
        await wired.until(lambda: sum(wired.currents_a()) <= 22 and min(wired.currents_a()) >= 6)
        wired.unplug("bay-1")
        await box.until(lambda _: box.bay("bay-1").transaction_id is None)
        sessions = await box.sessions()
        ended = [each for each in sessions if each["charger"] == "bay-1"]
        assert [(each["reason"], each["energy_wh"] > 0) for each in ended] == [("car-left", True)]
        assert box.bay("bay-2").transaction_id is not None
        await wired.until(lambda: wired.flowing_a("bay-2") > 12)  # all but bay-1's fallback is its own now

        running.cancel()
        watchdog_s = wired.bays["bay-2"]._timeout_ms / 1_000
        assert watchdog_s == 60
        wired.bays["bay-2"]._fed_ms -= 55_000  # the test need not wait for all of it
        await wired.until(lambda: wired.bays["bay-2"].has_fallen_back, timeout_s=60)
        await wired.until(lambda: wired.flowing_a("bay-2") == 6, timeout_s=60)
