"""Demand windows and borne overloads, from the site file to what people read."""

import asyncio

import msgspec

from edge.building.mqtt import messages
from edge.site.demands import PEAKS, Peak
from edge.site.ports import Reading
from tests.site.standing_site import SITE, standing_site
from tests.site.virtual_time import in_virtual_time

TARGET = "\n[grid.demand]\ntarget_kw = 20.7\n"


def grid(lot):
    return lot.site.status().circuits[0]


async def both_charge(lot):
    for name in ("bay-1", "bay-2"):
        await lot.connect(name)
        await lot.start(name)
    await asyncio.sleep(2)


async def drive(lot, seconds):
    """Both cars take what they are offered; the meter sees it before a sample tells of it."""
    for _ in range(seconds // 10):
        lot.taken_ma = {name: lot.bay(name).setpoint_ma for name in ("bay-1", "bay-2")}
        await asyncio.sleep(3)
        for name, taken_ma in lot.taken_ma.items():
            await lot.draw(taken_ma, name)
        await asyncio.sleep(7)


@in_virtual_time
async def test_a_bay_says_that_it_keeps_the_quarter_hour():
    async with standing_site(extra=TARGET) as lot:
        await both_charge(lot)
        bay = lot.bay()
        demand = grid(lot).demand
        assert bay.word == "demand"
        assert bay.sentence.endswith(": keeps this quarter-hour below 20.7 kW.")
        assert demand.limit_w <= 20_700
        assert sum(lot.bay(name).setpoint_ma for name in ("bay-1", "bay-2")) * 3 * 230 <= 20_700_000
        row = next(row for row in lot.site.explain(bay.id).limits if row.name == "grid demand")
        assert row.binds
        assert row.until
        assert "5.1 kWh used" in row.source
        assert "this quarter-hour below 20.7 kW" in demand.sentence


@in_virtual_time
async def test_the_months_peak_outlives_a_restart():
    async with standing_site(extra=TARGET, is_metered=False) as lot:
        for _ in range(2_800):  # more than two whole quarters and the rest of one
            now_ms = lot.clock.mono_ms()
            lot.site.read(
                Reading(
                    circuit="grid",
                    taken_ms=now_ms,
                    unchanged_since_ms=now_ms,
                    current_ma=(20_000, 20_000, 20_000),
                    power_w=13_000,
                )
            )
            await asyncio.sleep(1)
        journal = lot.journal
        assert grid(lot).demand.peak_w == 13_000
    kept = msgspec.json.decode((await journal.documents(PEAKS))["grid"], type=Peak)
    assert kept == Peak(month=202603, peak_w=13_000)
    async with standing_site(extra=TARGET, journal=journal) as lot:
        await asyncio.sleep(2)
        assert grid(lot).demand.peak_w == 13_000
        assert "month's peak 13 kW" in grid(lot).demand.sentence


@in_virtual_time
async def test_an_overload_that_is_borne_is_told_and_leaves_the_bays_as_they_are():
    text = SITE.replace("building_max_a = 30", 'building_max_a = 30\nprotection = "gG"')
    async with standing_site(text) as lot:
        lot.meter(10_000)
        await both_charge(lot)
        await drive(lot, 3_600)  # the device is known again
        before = [lot.bay(name).setpoint_ma for name in ("bay-1", "bay-2")]
        lot.meter(15_000)
        await asyncio.sleep(5)
        assert [lot.bay(name).setpoint_ma for name in ("bay-1", "bay-2")] == before
        assert grid(lot).overload == "above its rating, which its gG bears for a while; nothing rises"
        told = msgspec.json.decode(messages(lot.site.status())["circuits/grid"])
        assert told["overload_borne"] is True


@in_virtual_time
async def test_the_building_is_told_how_the_window_stands():
    async with standing_site(extra=TARGET) as lot:
        await asyncio.sleep(2)
        told = msgspec.json.decode(messages(lot.site.status())["circuits/grid"])["demand"]
        assert told["target_kw"] == 20.7
        assert told["window_min"] == 15
        assert told["peak_kw"] is None
