"""Several sockets behind one supply, over real OCPP: nobody gets more than the line that they share bears."""

import asyncio
from dataclasses import replace

from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import CircuitPlan
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from edge.site.commands import Done, Origin, Reset, StopCharging
from tests.interop.box import TOKEN, box
from tests.interop.peers import foreign_twin

THIRSTY = CarModel(max_ma=32_000, follow_ms=0, start_ms=0, wanted_wh=50_000)
ROTATED = ("L1L2L3", "L2L3L1", "L3L1L2", "L1L2L3")


def world_plan():
    """A twin whose sockets share 32 A, and four sockets on 40 A."""
    building = BuildingPlan(steady_ma=(10_000, 10_000, 10_000), drift_ma=0, noise_ma=200, seed=1)
    return WorldPlan(
        circuits=(CircuitPlan(name="grid", parent=None, rating_ma=100_000, building=building),),
        chargers=(
            ChargerPlan(name="twin", connectors=2, supply_ma=32_000),
            ChargerPlan(name="quad", connectors=4, supply_ma=40_000, rotations=ROTATED),
        ),
        cars={"thirsty": THIRSTY},
        tick_ms=50,
        pace=Pace(answer_s=5, reconnect_s=0.2, boot_s=0.2),
    )


def site_file(world, *chargers, cloud=None):
    del cloud
    host, port = world.meter_address()
    blocks = {
        "twin": 'evses = 2\nmax_a = 32\nrating_a = 32\nphase_rotation = "L1L2L3"',
        "quad": "evses = 4\nmax_a = 32\nrating_a = 40\n"
        'phase_rotation = ["L1L2L3", "L2L3L1", "L3L1L2", "L1L2L3"]',
    }
    tables = [
        "[grid]\nrating_a = 100\nbuilding_max_a = 15",
        f'[grid.meter]\nmodel = "eastron-sdm630"\nhost = "{host}"\nport = {port}',
        *(f"[charger.{name}]\n{blocks[name]}" for name in chargers),
        '[tokens]\naccept = "known"\nlist = "tokens.csv"',
        "[control]\nhold_up_s = 5\nmin_on_min = 0\nmin_off_min = 0",
    ]
    return "\n\n".join(tables) + "\n"


async def charge(lot, bay):
    """A thirsty car and a card at a bay whose charger is there."""
    charger = lot.world.charger_of(bay)
    while not charger.is_connected:  # noqa: ASYNC110  the simulator has no bell for it
        await asyncio.sleep(0.05)
    lot.world.plug(bay, "thirsty")
    assert await lot.world.token(bay, TOKEN) == "Accepted"


def setpoints(status, charger):
    return [evse.setpoint_ma // 1000 for evse in status.evses if evse.charger == charger]


async def test_two_and_four_sockets_share_their_supplies_and_no_breaker_sees_more(tmp_path):
    plan = world_plan()
    async with box(tmp_path, "twin", "quad", plan=plan, site=site_file) as lot, asyncio.timeout(120):
        await charge(lot, "twin/1")
        await lot.until(lambda status: setpoints(status, "twin") == [31, 0], timeout_s=60)
        await charge(lot, "twin/2")
        for number in range(1, 5):
            await charge(lot, f"quad/{number}")
        await lot.until(lambda status: setpoints(status, "twin") == [15, 15], timeout_s=60)
        await lot.until(lambda status: setpoints(status, "quad") == [10, 9, 9, 9], timeout_s=60)
        bay = lot.bay("twin/2")
        assert bay.sentence == "15 A: twin's supply is full on L1."
        assert (bay.circuit, bay.feeder) == ("twin/supply", "twin's supply")
        assert [row.name for row in lot.site.explain("twin/2").limits] == ["EVSE", "twin's supply", "grid"]
        (supply,) = [each for each in lot.site.status().circuits if each.supplies == "twin"]
        assert (supply.title, supply.parent, supply.rating_ma) == ("twin's supply", "grid", 32_000)
        assert lot.world.verdict().excursions == ()

        lot.world.oddity("twin", "ignores_limits", value=True)  # and what the breaker would see is seen
        await lot.until(lambda _: lot.world.verdict().excursions != ())
        assert "twin/supply" in {each.circuit for each in lot.world.verdict().excursions}


async def test_a_foreign_charger_with_two_connectors(tmp_path):
    """The `ocpp` package, which keeps one profile for each id whatever its connector."""
    plan = replace(world_plan(), chargers=())
    async with (
        asyncio.timeout(120),
        box(tmp_path, "twin", plan=plan, site=site_file) as lot,
        foreign_twin(lot.url, "twin") as charger,
    ):
        assert await charger.boot() == "Accepted"
        await charger.news.until(lambda: len(charger.profiles) == 4)
        places = {(each["connector"], each["level"]) for each in charger.profiles.values()}
        assert places == {(1, 0), (1, 1), (2, 0), (2, 1)}
        assert {each["purpose"] for each in charger.profiles.values()} == {"TxDefaultProfile"}

        first = await charger.begin(1, TOKEN)
        second = await charger.begin(2, TOKEN)
        await charger.news.until(lambda: charger.limit(1) == charger.limit(2) == 15)

        await charger.end(987_654, "Local")  # of neither: both go on
        running = {evse.evse: evse.transaction_id for evse in lot.site.status().evses}
        assert running == {1: first, 2: second}

        stop = StopCharging(charger="twin", transaction_id=second)
        assert await lot.site.submit(stop, Origin(kind="page")) == Done()
        await charger.news.until(lambda: charger.remote_stops == [second])
        await charger.end(second, "Remote")
        await charger.tell(2, "Available")
        await charger.news.until(lambda: charger.limit(2) == 0)
        assert lot.bay("twin/1").transaction_id == first
        assert lot.bay("twin/2").transaction_id is None

        assert await lot.site.submit(Reset(charger="twin"), Origin(kind="page")) == Done()
        charger.profiles.clear()
        assert await charger.boot() == "Accepted"
        await charger.news.until(lambda: len(charger.profiles) == 4)
