"""A whole lot. Its chargers talk to the simulated CSMS itself here: nobody balances, which is the point."""

import asyncio
import struct
from contextlib import asynccontextmanager

import aiohttp
import pytest
from pymodbus.client import AsyncModbusTcpClient

from edge.ocpp.profiles import above, beneath
from edge.ocpp.rpc import CallTimedOut
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.ocpp.v16.charging import charging_profile
from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import CircuitPlan
from edge.simulator import control
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan, demo
from edge.simulator.snapshot import snapshot
from edge.simulator.world import World, wall_ms

CAR = CarModel(follow_ms=0, start_ms=0)
PLAN = WorldPlan(
    circuits=(
        CircuitPlan(
            name="grid", parent=None, rating_ma=40_000, building=BuildingPlan(steady_ma=(10_000, 5_000, 0))
        ),
        CircuitPlan(name="west", rating_ma=32_000),
    ),
    chargers=(
        ChargerPlan(name="bay-1", circuit="west"),
        ChargerPlan(name="bay-2", circuit="west", rotation="L2L3L1"),
        ChargerPlan(name="twin", connectors=2, rotation="L3"),
    ),
    cars={"quick": CAR},
    tick_ms=10,
    allowance_ms=200,
    pace=Pace(answer_s=0.5, reconnect_s=0.05, boot_s=0.05),
)


class Lot:
    """A running world and a way to wait for what becomes true in it."""

    def __init__(self, world):
        self.world = world

    async def until(self, is_so):
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110  a world ticks; there is nothing else to wait for
                await asyncio.sleep(0.01)

    async def charge(self, bay, car="quick", *, milliamps):
        self.world.plug(bay, car)
        assert await self.world.token(bay, "AA") == "Accepted"
        await self.until(lambda: max(self.world.connector(bay).evse.flowing_ma) == milliamps)

    def grid(self):
        return self.world.referee.currents_ma["grid"]


@asynccontextmanager
async def running(plan=PLAN):
    world = World(plan)
    await world.open()
    lot = Lot(world)
    try:
        async with asyncio.TaskGroup() as group:
            life = group.create_task(world.run(world.cloud_url))
            await lot.until(lambda: all(c.is_connected for c in world.chargers.values()))
            yield lot
            life.cancel()
    finally:
        await world.close()


async def test_the_meter_reads_what_the_building_and_the_cars_draw_on_each_grid_phase():
    async with running() as lot:
        await lot.charge("bay-2", CarModel(phases=1, follow_ms=0, start_ms=0), milliamps=16_000)
        assert lot.grid() == (10_000, 21_000, 0)
        await asyncio.sleep(0.3)
        host, port = lot.world.meter_address()
        client = AsyncModbusTcpClient(host, port=port, timeout=1, retries=0)
        await client.connect()
        answer = await client.read_input_registers(6, count=6, device_id=1)
        client.close()
        read = struct.unpack(">3f", struct.pack(">6H", *answer.registers))
        assert read == pytest.approx((10, 21, 0), abs=0.02)


async def test_without_a_controller_a_step_of_the_building_overloads_and_the_referee_counts_it():
    async with running() as lot:
        await lot.charge("bay-1", milliamps=16_000)
        assert lot.world.verdict().excess_ma_ms == 0
        lot.world.building(30_000, phase=1)
        await lot.until(lambda: lot.world.verdict().late_ma_ms > 0)
        lot.world.building(0, phase=1)
        await lot.until(lambda: lot.grid()[0] <= 40_000)
        verdict = lot.world.verdict()
        (excursion,) = verdict.excursions
        assert (excursion.circuit, excursion.phase, excursion.peak_ma) == ("grid", 0, 46_000)
        assert excursion.cause.startswith("the building on grid")
        assert verdict.longest_ms >= 200
        assert verdict.excess_ma_ms >= 6_000 * 200


async def test_sessions_end_up_in_the_books_once_whatever_happens_to_lines_and_power():
    async with running() as lot:
        world = lot.world
        await lot.charge("bay-1", milliamps=16_000)
        await lot.charge("twin/2", milliamps=16_000)
        world.link("cloud", "cut")
        await lot.until(lambda: not any(c.is_connected for c in world.chargers.values()))
        world.unplug("bay-1")
        await lot.charge("bay-2", milliamps=16_000)
        await world.power("twin", "cycle")
        world.link("cloud", "restore")
        world.unplug("bay-2")
        await lot.until(
            lambda: all(not len(c.station.outbox) and c.is_connected for c in world.chargers.values())
        )
        assert world.audit().is_clean
        assert len(world.cloud.books.transactions) == 3
        assert world.cloud.books.irregularities == []


async def test_a_stalled_line_looks_alive_and_nobody_answers():
    async with running() as lot:
        lot.world.link("bay-1", "stall")
        request = ask.ChangeConfiguration(key="ResetRetries", value="2")
        with pytest.raises(CallTimedOut):
            await lot.world.cloud.call("bay-1", request, tell.ChangeConfigurationResponse, timeout_s=0.2)
        lot.world.link("bay-1", "restore")
        await lot.until(lambda: lot.world.charger("bay-1").station.configuration["ResetRetries"] == "2")


async def test_a_cut_charger_goes_on_charging_and_comes_back_without_a_boot():
    async with running() as lot:
        await lot.charge("bay-1", milliamps=16_000)
        lot.world.link("bay-1", "cut")
        await lot.until(lambda: not lot.world.charger("bay-1").is_connected)
        assert lot.grid()[0] == 26_000
        lot.world.link("bay-1", "restore")
        await lot.until(lambda: lot.world.charger("bay-1").is_connected)
        assert len(lot.world.cloud.stations["bay-1"].boots) == 1


async def test_the_dead_man_fires_in_a_charger_that_nobody_reaches_any_more():
    async with running() as lot:
        await lot.charge("bay-1", milliamps=16_000)
        for profile in (
            beneath(1, fallback_ma=6_000),
            above(1, limit_ma=10_000, fallback_ma=6_000, now_ms=wall_ms(), hold_s=2),
        ):
            status = await lot.world.cloud.set_charging_profile("bay-1", 1, charging_profile(profile))
            assert status == "Accepted"
        sent_ms = wall_ms()
        await lot.until(lambda: lot.grid()[0] == 20_000)
        lot.world.link("bay-1", "stall")
        await lot.until(lambda: lot.grid()[0] == 16_000)
        assert 900 <= wall_ms() - sent_ms <= 2_300


async def test_before_it_runs_a_world_can_be_looked_at():
    world = World(PLAN)
    await world.open()
    try:
        state = snapshot(world)
        assert state.chargers["bay-1"].line == "cut"
        assert state.circuits["grid"].current_ma == (10_000, 5_000, 0)
    finally:
        await world.close()


async def test_a_faulty_connector_stops_and_reports_it():
    async with running() as lot:
        await lot.charge("bay-1", milliamps=16_000)
        lot.world.charger_fault("bay-1", "GroundFailure")
        await lot.until(lambda: lot.grid()[0] == 10_000)
        await lot.until(lambda: lot.world.cloud.stations["bay-1"].statuses[1] == "Faulted")


async def test_names_that_nothing_has_are_refused():
    async with running() as lot:
        for act in (
            lambda: lot.world.plug("bay-9"),
            lambda: lot.world.plug("bay-1", "hovercraft"),
            lambda: lot.world.building(1, circuit="west"),
            lambda: lot.world.meter_fault("frozen", circuit="west"),
            lambda: lot.world.link("bay-9", "cut"),
            lambda: lot.world.oddity("bay-1", "sings", True),
        ):
            with pytest.raises(LookupError):
                act()
        with pytest.raises(ValueError, match="no car"):
            lot.world.unplug("bay-1")


# -- over HTTP ---------------------------------------------------------------------------------------------


async def test_a_script_drives_the_lot_over_http():
    async with running() as lot, control.serve(lot.world) as port, aiohttp.ClientSession() as http:

        async def post(path, **body):
            async with http.post(f"http://127.0.0.1:{port}{path}", json=body) as answer:
                return answer.status, await answer.json()

        async def state():
            async with http.get(f"http://127.0.0.1:{port}/state") as answer:
                return await answer.json()

        assert await post("/plug", bay="bay-1", car="quick", token="AA") == (200, {"result": "Accepted"})
        await lot.until(lambda: lot.grid()[0] == 26_000)
        await lot.until(lambda: lot.world.connector("bay-1").transaction.transaction_id)
        seen = await state()
        assert seen["circuits"]["grid"]["current_ma"] == [26_000, 21_000, 16_000]
        assert seen["bays"]["bay-1"]["status"] == "Charging"
        assert seen["bays"]["bay-1"]["car"]["phases"] == 3
        assert seen["bays"]["twin/2"]["car"] is None
        assert seen["cloud"]["running"] == 1
        assert (await post("/building", amps=12.5, phase=2))[0] == 200
        await lot.until(lambda: lot.grid()[1] == 28_500)
        assert (await post("/fault/meter", kind="frozen"))[0] == 200
        assert (await post("/demand", bay="bay-1", wanted_wh=0))[0] == 200
        await lot.until(lambda: lot.grid()[0] == 10_000)
        assert (await post("/oddity", charger="bay-1", name="ignores_limits"))[0] == 200
        assert (await post("/token", bay="bay-1", token="AA")) == (200, {"result": "Stopped"})
        assert (await post("/unplug", bay="bay-1"))[0] == 200
        assert (await post("/fault/charger", bay="bay-1", error="NoError"))[0] == 200
        assert (await post("/power", charger="bay-2"))[0] == 200
        assert (await post("/cloud", slow_ms=1))[0] == 200
        assert (await post("/link", name="meter:grid", state="cut"))[0] == 200
        seen = await state()
        assert seen["circuits"]["grid"]["meter"] == "frozen"
        assert seen["chargers"]["bay-2"]["line"] == "sound"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/plug", {"bay": "bay-9"}, 404),
        ("/plug", {}, 400),
        ("/plug", {"bay": "bay-1", "colour": "red"}, 400),
        ("/unplug", {"bay": "bay-1"}, 400),
        ("/building", {"amps": -1}, 400),
        ("/building", {"amps": 1, "phase": 4}, 400),
        ("/fault/meter", {"kind": "sad"}, 400),
        ("/link", {"name": "bay-1", "state": "knotted"}, 400),
        ("/remote", {"station": "nobody", "action": "reset"}, 502),
    ],
)
async def test_a_wrong_command_is_refused_with_a_reason(path, body, status):
    world = World(PLAN)
    await world.open()
    try:
        async with (
            control.serve(world) as port,
            aiohttp.ClientSession() as http,
            http.post(f"http://127.0.0.1:{port}{path}", json=body) as answer,
        ):
            assert answer.status == status
            assert (await answer.json())["error"]
    finally:
        await world.close()


async def test_the_clouds_remote_start_and_stop_work_over_http():
    async with running() as lot, control.serve(lot.world) as port, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}/remote"
        lot.world.plug("bay-1", "quick")
        async with http.post(url, json={"station": "bay-1", "action": "start", "token": "AA"}) as answer:
            assert await answer.json() == {"result": "Accepted"}
        await lot.until(lambda: lot.world.cloud.books.transactions)
        (number,) = lot.world.cloud.books.transactions
        await lot.until(lambda: lot.world.charger("bay-1").station.running(number))
        stop = {"station": "bay-1", "action": "stop", "transaction_id": number}
        async with http.post(url, json=stop) as answer:
            assert await answer.json() == {"result": "Accepted"}


async def test_the_demo_lot_comes_to_life():
    async with running(demo()) as lot:
        assert len(lot.world.chargers) == 8
        assert lot.world.verdict().excess_ma_ms == 0


async def test_a_new_charger_appears_in_a_lot_that_lives_and_finds_the_controller():
    async with running() as lot:
        await lot.world.appear(ChargerPlan(name="AL-4711", circuit="grid", connectors=2, supply_ma=None))
        await lot.until(lambda: lot.world.charger("AL-4711").is_connected)
        await lot.charge("AL-4711/2", milliamps=16_000)
        with pytest.raises(ValueError, match="there already"):
            await lot.world.appear(ChargerPlan(name="AL-4711"))
