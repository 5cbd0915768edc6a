"""The control cycle: when it runs, and what leaves first."""

import asyncio
import gc
import itertools

from edge.site.control import PERIOD_MS, WAKE_MS
from tests.site.standing_site import standing_site
from tests.site.virtual_time import in_virtual_time


def times(story, what):
    return [entry[0] for entry in story if entry[1] == what]


async def charging(lot):
    await lot.connect("bay-2")  # while it is unknown it is booked at its maximum
    await lot.connect()
    await lot.start()
    await asyncio.sleep(10)
    assert lot.bay().setpoint_ma == 32_000
    await lot.draw(32_000)
    await asyncio.sleep(3)
    lot.story.clear()


@in_virtual_time
async def test_at_rest_there_is_a_cycle_every_second():
    async with standing_site() as lot:
        await asyncio.sleep(5)
        beats = times(lot.story, "cycle")
        assert [after - before for before, after in itertools.pairwise(beats)] == [PERIOD_MS] * 4


@in_virtual_time
async def test_a_reading_above_the_rating_lowers_a_charger_at_once():
    async with standing_site() as lot:
        await charging(lot)
        lot.meter(building_ma=45_000)
        stepped_ms = lot.clock.mono_ms()
        await asyncio.sleep(0.3)
        assert lot.chargers["bay-1"].offers[-1] == (1, 17_000)
        assert times(lot.story, "offer") == [stepped_ms]


@in_virtual_time
async def test_an_offer_leaves_before_the_decision_is_recorded_and_published():
    async with standing_site() as lot:
        await charging(lot)
        lot.meter(building_ma=45_000)
        await asyncio.sleep(0.01)
        assert [entry[1] for entry in lot.story] == ["offer", "record", "cycle"]


@in_virtual_time
async def test_no_offer_waits_for_the_garbage_collector():
    assert gc.isenabled()
    async with standing_site() as lot:
        await charging(lot)
        assert lot.chargers["bay-1"].was_collecting is False
        assert gc.isenabled()


@in_virtual_time
async def test_other_reasons_gather_for_50_ms_and_make_one_cycle():
    async with standing_site() as lot:
        await asyncio.sleep(0.1)
        lot.story.clear()
        first_ms = lot.clock.mono_ms()
        await lot.boot("bay-1")
        await asyncio.sleep(0.02)
        await lot.boot("bay-2")
        await asyncio.sleep(0.2)
        assert times(lot.story, "cycle") == [first_ms + WAKE_MS]
