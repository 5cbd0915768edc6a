"""Stations knock one after the other, so that a cloud that comes back is not run over."""

import asyncio

from edge.uplink.door import Door
from tests.site.virtual_time import in_virtual_time


@in_virtual_time
async def test_two_hundred_knock_within_five_seconds_and_not_at_once():
    door, knocks = Door(), []
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def knock():
        async with door:
            knocks.append(loop.time() - began)
            await asyncio.sleep(0.1)  # the handshake

    await asyncio.gather(*(knock() for _ in range(200)))
    assert knocks[0] == 0
    assert max(knocks) < 5
    assert all(sum(at <= each < at + 1 for each in knocks) <= 41 for at in knocks)


@in_virtual_time
async def test_a_cloud_that_never_answers_holds_no_more_than_a_few():
    door, inside = Door(), []

    async def knock():
        async with door:
            inside.append(1)
            await asyncio.Event().wait()

    tasks = [asyncio.ensure_future(knock()) for _ in range(50)]
    await asyncio.sleep(10)
    assert len(inside) == 16
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
