"""A small lot around a controller's board: eight simulated chargers, a meter, a cloud that keeps books."""

import asyncio
import contextlib
import io
import json
import tempfile
from pathlib import Path

from boards import build
from edge.catalogue import modbus_charger
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.modbus import TcpHost
from edge.simulator.modbus_charger import ModbusBay
from edge.simulator.world import World, mono_ms
from tests.boards.plant import Board
from tests.interop.box import world_plan

CAR = CarModel(max_ma=16_000, follow_ms=300, start_ms=500, wanted_wh=50_000)
BAYS = tuple(f"bay-{number}" for number in range(1, 9))
STATION = "BOARD-1"
TICK_S = 0.1
PATIENCE_S = 60

SITE = """
[site]
name = "Small lot"

[grid]
rating_a = 80
building_max_a = 25

[grid.meter]
model = "eastron-sdm630"
host = "{meter_host}"
port = {meter_port}

{chargers}

[tokens]
accept = "all"

[uplink.cloud]
url = "{cloud}"

[control]
hold_up_s = 5
min_on_min = 0
min_off_min = 0
"""
CHARGER = """
[charger.{name}]
via = "modbus"
model = "ampyard-node"
host = "127.0.0.1"
port = {port}
unit = {unit}
max_a = 16
phase_rotation = "L1L2L3"
"""


class SmallLot:
    """The lot's truth. `board` runs the program; `cloud` is the simulated one."""

    def __init__(self, world, folder):
        self.world = world
        self.building_ma = 10_000
        self.rating_ma = 80_000
        self.worst_ma = 0
        self.over_ma_s = 0.0
        model = modbus_charger("ampyard-node")
        self.bays = {
            name: ModbusBay(model, Evse(EvsePlan(name=name, circuit="grid"), voltage_mv=230_000))
            for name in BAYS
        }
        self.host = TcpHost({number + 1: bay for number, bay in enumerate(self.bays.values())})
        self.folder = Path(folder)
        self.board = Board(folder, 0, heap="384k", program=Path(folder) / "slot_a")

    @property
    def cloud(self):
        return self.world.cloud

    async def open(self):
        await self.host.start()
        meter_host, meter_port = self.world.meter_address()
        chargers = "".join(
            CHARGER.format(name=name, port=self.host.port, unit=number + 1)
            for number, name in enumerate(BAYS)
        )
        text = SITE.format(
            meter_host=meter_host, meter_port=meter_port, chargers=chargers, cloud=self.world.cloud_url
        )
        (self.folder / "site.toml").write_text(text)
        with contextlib.redirect_stdout(io.StringIO()):
            build.build("controller", self.folder / "site.toml", self.folder, station=STATION)

    async def start(self):
        await self.board.start(f"from boards.controller.main import main; main({str(self.folder)!r})")

    def flowing_a(self, name):
        return max(self.bays[name].evse.flowing_ma) / 1_000

    def total_a(self):
        return sum(map(self.flowing_a, BAYS))

    def plug(self, *names):
        for name in names or BAYS:
            self.bays[name].evse.plug(CAR, mono_ms())

    def unplug(self, *names):
        for name in names or BAYS:
            self.bays[name].evse.unplug(mono_ms())

    async def live(self):
        while True:
            for bay in self.bays.values():
                bay.advance(mono_ms())
            drawn_ma = sum(max(bay.evse.flowing_ma) for bay in self.bays.values())
            self.world.building(self.building_ma + drawn_ma)
            self.worst_ma = max(self.worst_ma, self.building_ma + drawn_ma)
            await asyncio.sleep(TICK_S)

    async def until(self, is_so, timeout_s=PATIENCE_S):
        async with asyncio.timeout(timeout_s):
            while not is_so():  # noqa: ASYNC110  the plant rings no bell
                await asyncio.sleep(TICK_S)

    @property
    def books(self):
        return list(self.cloud.books.transactions.values())


@contextlib.asynccontextmanager
async def small_lot():
    """A lot whose board is not started yet."""
    world = World(world_plan())
    await world.open()
    try:
        with tempfile.TemporaryDirectory(prefix="ampyard-board-") as folder:
            lot = SmallLot(world, folder)
            await lot.open()
            async with asyncio.TaskGroup() as group:
                living = group.create_task(lot.live())
                ticking = group.create_task(world.run("ws://127.0.0.1:9/none"))
                try:
                    yield lot
                finally:
                    said = await lot.board.kill()
                    living.cancel()
                    ticking.cancel()
                    await lot.host.stop()
                    if "Traceback" in said:
                        raise AssertionError(said)
    finally:
        await world.close()


def json_of(path):
    """What stands in a slot of the flash."""
    return json.loads(path.read_text()[8:])
