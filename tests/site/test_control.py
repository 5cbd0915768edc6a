"""The control cycle: when it runs, and what leaves first."""

import asyncio
import gc
import itertools

from edge.site.commands import Trigger
from edge.site.control import PERIOD_MS, WAKE_MS
from edge.site.events import EvseStatusChanged
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


async def leave(lot, begun, charger):
    """The driver stops and drives away; most stations send no samples of an empty bay."""
    await lot.stop(begun.transaction_id, charger)
    await lot.tell(EvseStatusChanged, charger, evse=1, state="available")


async def sharing(lot):
    """Two cars share what 21 A of building leave, 20 A each. Answers what began at bay-2."""
    lot.building_ma = 21_000
    for bay in ("bay-1", "bay-2"):
        await lot.connect(bay)
    await lot.start("bay-1")
    begun = await lot.start("bay-2")
    await asyncio.sleep(10)
    for bay in ("bay-1", "bay-2"):
        await lot.draw(lot.bay(bay).setpoint_ma, bay)
    await asyncio.sleep(5)
    for bay in ("bay-1", "bay-2"):
        await lot.draw(lot.bay(bay).setpoint_ma, bay)
    assert lot.bay("bay-1").setpoint_ma == lot.bay("bay-2").setpoint_ma == 20_000
    return begun


@in_virtual_time
async def test_who_drives_away_gives_his_current_back_at_once_although_no_sample_says_so():
    async with standing_site() as lot:
        begun = await sharing(lot)
        await leave(lot, begun, "bay-2")
        del lot.taken_ma["bay-2"]
        await asyncio.sleep(4)
        assert lot.bay("bay-2").booked_ma == (20_600, 20_600, 20_600), "the meters may not have seen it yet"
        await lot.draw(20_000, "bay-1")  # who charges goes on sending samples
        await asyncio.sleep(4)
        assert lot.bay("bay-2").booked_ma == (0, 0, 0)
        await asyncio.sleep(60)
        assert lot.bay("bay-1").setpoint_ma == 32_000


@in_virtual_time
async def test_what_still_flows_at_a_bay_that_calls_itself_free_is_the_buildings():
    async with standing_site() as lot:
        begun = await sharing(lot)
        await leave(lot, begun, "bay-2")  # and goes on drawing
        await asyncio.sleep(90)
        assert lot.bay("bay-1").setpoint_ma <= 21_000
        assert max(lot.site.status().circuits[0].background_ma) == 41_000


@in_virtual_time
async def test_a_bay_that_was_told_to_stop_is_asked_for_a_sample():
    async with standing_site() as lot:
        begun = await sharing(lot)
        lot.chargers["bay-2"].commands.clear()
        await lot.stop(begun.transaction_id, "bay-2")  # with the plug still in
        await asyncio.sleep(12)
        assert [type(command) for command in lot.chargers["bay-2"].commands] == [Trigger]
