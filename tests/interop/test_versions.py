"""Simulated chargers of every version at the whole box: the same lot, the same bills, whatever they speak."""

import asyncio

import aiohttp
import pytest

from edge.plant.building import BuildingPlan
from edge.plant.lot import CircuitPlan
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, WorldPlan
from tests.interop.box import CAR, TOKEN, box

NEW = ("2.0.1", "2.1")


def world(**versions):
    building = BuildingPlan(steady_ma=(10_000, 10_000, 10_000), drift_ma=0, noise_ma=200, seed=1)
    return WorldPlan(
        circuits=(CircuitPlan(name="grid", parent=None, rating_ma=40_000, building=building),),
        chargers=tuple(ChargerPlan(name=name, version=version) for name, version in versions.items()),
        cars={"quick": CAR},
        tick_ms=50,
        pace=Pace(answer_s=5, reconnect_s=0.2, boot_s=0.2),
    )


def flows(lot, bay):
    return lot.world.connector(bay).evse.flowing_ma


def free(*bays):
    """Whether a status says that these are."""
    return lambda status: {evse.id for evse in status.evses if evse.word == "free"} >= set(bays)


async def transactions(lot):
    async with aiohttp.ClientSession() as session, session.get(f"{lot.page}/api/transactions") as answer:
        return await answer.json()


async def starts(lot, bay):
    lot.world.plug(bay, "quick")
    assert await lot.world.token(bay, TOKEN) == "Accepted"


async def test_a_lot_of_three_versions_shares_one_fuse_and_books_all_alike(tmp_path):
    plan = world(**{"bay-1": "1.6", "bay-2": "2.0.1", "bay-3": "2.1"})
    bays = ("bay-1", "bay-2", "bay-3")
    async with box(tmp_path, *bays, plan=plan) as lot, asyncio.timeout(120):
        await lot.until(free(*bays))
        for name in bays:
            await starts(lot, name)
        shared = [(9_000, 9_000, 9_000)] * 2  # (40 - 10 - 3 x 0.6) / 3, whole amperes
        await lot.until(lambda _: [flows(lot, name) for name in bays[1:]] == shared, timeout_s=60)
        await lot.until(lambda _: all((lot.bay(name).session_wh or 0) > 5 for name in bays))
        for name in bays:
            assert await lot.world.token(name, TOKEN) == "Stopped"
        await lot.until(lambda _: all(lot.bay(name).transaction_id is None for name in bays))
        rows = await transactions(lot)
        performed = [one for name in bays for one in lot.world.charger(name).station.performed]
        true_wh = {one.station: one.meter_stop_wh - one.meter_start_wh for one in performed}
        assert {row["charger"]: row["energy_wh"] for row in rows} == true_wh
        assert {(row["reason"], tuple(row["flags"])) for row in rows} == {("local", ())}
        assert lot.world.verdict().late_ma_ms == 0


@pytest.mark.parametrize("version", NEW)
async def test_what_happened_while_the_box_was_away_is_delivered_in_order(tmp_path, version):
    async with box(tmp_path, "bay-1", plan=world(**{"bay-1": version})) as lot, asyncio.timeout(120):
        await lot.until(free("bay-1"))
        lot.world.link("bay-1", "cut")
        await lot.until(lambda _: not lot.site.charger("bay-1").is_linked)
        await starts(lot, "bay-1")
        await asyncio.sleep(0.5)
        lot.world.unplug("bay-1")
        await starts(lot, "bay-1")
        lot.world.link("bay-1", "up")
        await lot.until(lambda _: lot.bay().transaction_id is not None, timeout_s=60)
        rows = await transactions(lot)
        assert sorted(row["reason"] or "runs" for row in rows) == ["car-left", "runs"]
        assert all(row["flags"] == [] for row in rows)


async def test_a_charger_that_learns_another_version_keeps_its_history(tmp_path):
    async with box(tmp_path, "bay-1", plan=world(**{"bay-1": "1.6"})) as lot, asyncio.timeout(120):
        await lot.until(free("bay-1"))
        await starts(lot, "bay-1")
        await lot.until(lambda _: lot.bay().transaction_id is not None)
        charger = lot.world.charger("bay-1")
        lot.world.unplug("bay-1")
        await lot.until(lambda _: lot.bay().transaction_id is None)
        charger.learn("2.0.1")
        await charger.power_cycle()
        await lot.until(lambda _: lot.site.charger("bay-1").boot.protocol == "OCPP 2.0.1")
        await starts(lot, "bay-1")
        await lot.until(lambda _: lot.bay().transaction_id is not None)
        rows = await transactions(lot)
        assert [row["charger"] for row in rows] == ["bay-1"] * 2
        assert lot.site.passports().passport("bay-1").proofs is not None
