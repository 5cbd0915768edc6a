"""A foreign charger at the whole box: from its boot to the row of its session."""

import asyncio

from ocpp.v16 import call

from edge.site.observed import SAMPLE_LAG_MS
from tests.interop.box import TOKEN, box
from tests.interop.peers import foreign_charger, limits


async def test_a_foreign_charger_charges_within_what_the_building_leaves(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        assert await charger.boot() == "Accepted"
        await charger.news.until(lambda: len(charger.profiles) == 2)
        beneath, above = charger.profiles[0], charger.profiles[1]
        assert (limits(beneath), limits(above)) == ([6], [6, 6])
        assert beneath["charging_profile_kind"] == above["charging_profile_kind"] == "Absolute"
        assert "duration" not in above["charging_schedule"]

        await charger.tell("Preparing")
        assert (await charger.call(call.Authorize(id_tag=TOKEN))).id_tag_info["status"] == "Accepted"
        assert (await charger.call(call.Authorize(id_tag="STRANGER"))).id_tag_info["status"] == "Invalid"
        started = await charger.begin(TOKEN)
        assert started.transaction_id > 0

        await charger.news.until(lambda: charger.limits[-1] == 29)  # 40 - 10 building - 0.6 tolerance
        assert limits(charger.profiles[1]) == [29, 6]
        lot.world.building(10_000 + 29_000)  # the world does not know its car, which takes all
        await asyncio.sleep(SAMPLE_LAG_MS / 1000 + 1)  # a sample counts when the readings go back as far
        await charger.sample(29, 2000)
        await lot.until(lambda _: lot.bay().measured_ma == (29_000, 29_000, 29_000))
        lot.world.building(25_000 + 29_000)
        await charger.news.until(lambda: charger.limits[-1] == 14)

        transaction_id = charger.transaction_id
        await charger.end("Local", meter_wh=3500)
        await charger.news.until(lambda: charger.limits[-1] == 0)
        (session,) = await lot.sessions()
        assert (session["transaction_id"], session["energy_wh"], session["reason"]) == (
            transaction_id,
            2500,
            "local",
        )


async def test_the_box_can_restart_under_a_running_transaction(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        await charger.boot()
        transaction_id = (await charger.begin(TOKEN)).transaction_id
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        await charger.tell("Charging")  # it only reconnects: it was never away
        await charger.news.until(lambda: charger.limits and charger.limits[-1] == 29)
        assert lot.bay().transaction_id == transaction_id
        charger.transaction_id = transaction_id
        await charger.end("EVDisconnected")
        (session,) = await lot.sessions()
        assert (session["transaction_id"], session["reason"]) == (transaction_id, "car-left")
