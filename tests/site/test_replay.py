"""What was recorded of a run is executed again, step by step, with the same decisions to the last bit."""

import asyncio

import aiosqlite
import msgspec

from edge import settings
from edge.catalogue import guards
from edge.core.image import Image
from edge.core.memory import Memory
from edge.core.step import step
from edge.journal.recorder import MAX_WAITING, SqliteRecorder, recorded
from edge.site.blueprint import Blueprint
from edge.site.events import LinkChanged
from edge.site.ports import OfferLost, OfferRefused
from tests.interop.box import TOKEN, box, site_file
from tests.site.standing_site import standing_site
from tests.site.test_site import bound
from tests.site.virtual_time import in_virtual_time


def replay(lot, rows):
    """How many decisions were made again; every one must be as it was."""
    memory = None
    compared = 0
    for _, checkpoint, image, decision in rows:
        if checkpoint is not None:
            memory = Memory.restore(lot, msgspec.json.decode(checkpoint))
        if memory is None:
            continue
        now_ms, plain = msgspec.json.decode(image)
        again = step(memory, Image.from_plain(plain), now_ms)
        assert again.plain() == msgspec.json.decode(decision), f"step {compared}"
        compared += 1
    return compared


async def a_lively_hour(lot):
    """Boots, starts, samples, a building that steps, limits, refusals, silence and a lost link."""
    await lot.connect("bay-1")
    await lot.connect("bay-2")
    await asyncio.sleep(20)
    first = await lot.start("bay-1")
    await asyncio.sleep(12)
    await lot.draw(30_000, "bay-1")
    await lot.start("bay-2")
    lot.meter(building_ma=25_000)
    await asyncio.sleep(70)
    await lot.draw(16_000, "bay-1")
    await lot.draw(16_000, "bay-2")
    lot.site.limit(bound(limit_ma=8_000, expires_ms=lot.clock.mono_ms() + 100_000))
    await asyncio.sleep(130)
    lot.chargers["bay-2"].answer = OfferRefused(sentence="not today")
    lot.meter(building_ma=45_000)
    await asyncio.sleep(60)
    lot.chargers["bay-2"].answer = OfferLost(was_sent=True)
    await asyncio.sleep(30)
    lot.chargers["bay-2"].answer = None
    await lot.tell(LinkChanged, "bay-2", is_up=False)
    await asyncio.sleep(200)
    await lot.connect("bay-2")
    lot.meter(building_ma=5_000)
    await asyncio.sleep(100)
    await lot.stop(first.transaction_id)
    await asyncio.sleep(60)


@in_virtual_time
async def test_a_lively_hour_is_decided_again_from_any_checkpoint():
    async with standing_site() as lot:
        await a_lively_hour(lot)
    rows = lot.recorder.rows
    checkpoints = [number for number, row in enumerate(rows) if row[1] is not None]
    assert len(checkpoints) > 8
    assert len({row[3] for row in rows}) > 50  # it was lively
    assert replay(lot.blueprint.lot, rows) == len(rows)
    for begin in checkpoints[1:]:
        after = [rows[begin], *[(digest, None, *rest) for digest, _, *rest in rows[begin + 1 :]]]
        assert replay(lot.blueprint.lot, after) == len(rows) - begin


async def test_what_the_whole_box_recorded_in_its_file_is_decided_again(tmp_path):
    async with box(tmp_path, "bay-1", "bay-2", simulated=("bay-1", "bay-2")) as lot:
        text = site_file(lot.world, "bay-1", "bay-2")
        for bay in ("bay-1", "bay-2"):
            await lot.until(lambda _, bay=bay: lot.world.charger(bay).is_connected)
            lot.world.plug(bay, "quick")
            await lot.world.token(bay, TOKEN)
        await lot.until(lambda _: lot.bay("bay-2").setpoint_ma > 0)
        lot.world.building(30_000)
        await lot.until(lambda status: status.cycle > 8)
        await asyncio.sleep(2.5)  # the recorder writes every 2 s
    blueprint = Blueprint(
        settings.read(text, guards(), file="interop", folder=tmp_path).accepted(), dead_man_ms=60_000
    )
    (digest,) = {row[0] for row in await every_row(tmp_path / "steps.db")}
    rows = await recorded(tmp_path / "steps.db", digest)
    assert replay(blueprint.lot, rows) == len(rows) > 8


async def every_row(path):
    async with aiosqlite.connect(path) as connection, connection.execute("SELECT digest FROM step") as cursor:
        return await cursor.fetchall()


async def test_after_steps_that_found_no_room_recording_goes_on_at_a_checkpoint(tmp_path):
    recorder = SqliteRecorder(tmp_path / "steps.db")
    for number in range(MAX_WAITING + 30):
        checkpoint = b"[]" if number % (MAX_WAITING + 20) == 0 else None
        recorder.record(digest="d", checkpoint=checkpoint, image=b"%d" % number, decision=b"")
    assert recorder.dropped == MAX_WAITING + 20
    running = asyncio.create_task(recorder.run())
    async with asyncio.timeout(5):
        while len(await recorded_or_none(tmp_path)) < 10:  # noqa: ASYNC110  a file has no bell
            await asyncio.sleep(0.1)
    running.cancel()
    rows = await recorded(tmp_path / "steps.db", "d")
    assert [int(row[2]) for row in rows] == list(range(MAX_WAITING + 20, MAX_WAITING + 30))


async def recorded_or_none(folder):
    try:
        return await recorded(folder / "steps.db", "d")
    except aiosqlite.OperationalError:
        return []
