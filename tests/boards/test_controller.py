"""A small lot on a board: balanced, and told to a cloud through cuts of its power and of the line."""

import asyncio

from edge.ocpp.profiles import Period, Profile
from edge.ocpp.v16.charging import charging_profile
from tests.boards.small_lot import BAYS, STATION, small_lot


async def test_eight_cars_share_what_the_building_leaves_and_the_cloud_sees_them_all():
    async with small_lot() as lot:
        await lot.start()
        await lot.cloud.until(lambda: STATION in lot.cloud.stations and lot.cloud.stations[STATION].boots)
        lot.plug()
        await lot.until(lambda: lot.total_a() > 55)
        assert lot.worst_ma <= lot.rating_ma
        assert min(map(lot.flowing_a, BAYS)) >= 6

        lot.building_ma = 30_000
        await lot.until(lambda: lot.total_a() <= 50)
        await lot.cloud.until(lambda: len(lot.books) == 8)

        limit = Profile(
            id=7,
            connector=0,
            purpose="ChargePointMaxProfile",
            level=0,
            periods=(Period(start_s=0, rate=30_000),),
        )
        assert await lot.cloud.set_charging_profile(STATION, 0, charging_profile(limit)) == "Accepted"
        await lot.until(lambda: lot.total_a() <= 30)
        assert await lot.cloud.remote_stop(STATION, lot.books[0].transaction_id) == "Accepted"
        lot.unplug()
        await lot.until(lambda: lot.total_a() == 0)
        async with asyncio.timeout(60):
            while not all(each.meter_stop_wh is not None for each in lot.books):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert sorted(each.reason for each in lot.books) == ["EVDisconnected"] * 7 + ["Remote"]
        assert lot.cloud.books.irregularities == []


async def test_killed_at_any_time_it_goes_on_and_the_clouds_books_agree():
    async with small_lot() as lot:
        await lot.start()
        lot.plug()
        await lot.cloud.until(lambda: len(lot.books) == 8)
        for wait_s in (0.3, 0.9, 0.1):
            assert "Traceback" not in await lot.board.kill()
            lot.unplug("bay-1", "bay-2")
            await asyncio.sleep(wait_s)
            await lot.start()
            await lot.until(lambda: lot.flowing_a("bay-8") >= 6)
            lot.plug("bay-1", "bay-2")
            await asyncio.sleep(4)
        await lot.cloud.kill()
        lot.unplug()
        await asyncio.sleep(3)
        assert "Traceback" not in await lot.board.kill()
        await lot.cloud.start()
        await lot.start()
        async with asyncio.timeout(90):
            while any(each.meter_stop_wh is None for each in lot.books):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert lot.cloud.books.irregularities == []
        starts = [each.key for each in lot.books]
        assert len(starts) == len(set(starts)) >= 8
        assert lot.worst_ma <= lot.rating_ma
