"""Limits from outside: kept over a restart with their end; evidence of a grid operator's commands."""

import asyncio

import pytest

from edge.site.documents import Documents
from edge.site.evidence import COMMANDS
from edge.site.limits import LIMITS, MOST
from edge.site.ports import Limit
from tests.site.standing_site import MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time


def limit(lot, limit_ma=10_000, *, seconds=600, **how):
    expires_ms = None if seconds is None or limit_ma is None else lot.clock.mono_ms() + seconds * 1000
    values = {"name": "building/grid", "source": "mqtt", "kind": "chargers", "target": "grid"} | how
    return Limit(**values, limit_ma=limit_ma, expires_ms=expires_ms)


@in_virtual_time
async def test_a_limit_outlives_a_restart_until_its_own_end():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        lot.site.limit(limit(lot, 12_000, seconds=600))
        lot.site.limit(limit(lot, 9_000, name="short/grid", seconds=3))
        lot.site.limit(limit(lot, 8_000, name="gone/grid"))
        lot.site.limit(limit(lot, None, name="gone/grid"))
        await asyncio.sleep(100)
    async with standing_site(journal=journal) as lot:
        await asyncio.sleep(2)
        (row,) = lot.site.status().limits
        assert (row.name, row.limit_ma) == ("building/grid", 12_000)
        assert 490_000 <= row.left_ms <= 500_000
        await asyncio.sleep(500)
        assert lot.site.status().limits == ()


@in_virtual_time
async def test_while_the_clock_is_in_doubt_a_limit_lasts_as_long_as_it_was_set_for():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        lot.site.limit(limit(lot, 12_000, seconds=600))
        await asyncio.sleep(100)
    async with standing_site(journal=journal) as lot:
        lot.clock.is_synchronised = lambda: False
        await lot.site.resume()
        await asyncio.sleep(2)
        assert lot.site.status().limits[0].left_ms >= 595_000


@in_virtual_time
async def test_what_contacts_and_clouds_say_is_not_kept():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        lot.site.limit(limit(lot, source="contact", seconds=None))
        lot.site.limit(
            limit(lot, source="csms", name="city/bay-1", kind="evse", target="bay-1", seconds=None)
        )
        await asyncio.sleep(1)
        assert await journal.documents(LIMITS) == {}


@in_virtual_time
async def test_names_that_somebody_makes_up_do_not_fill_the_box():
    async with standing_site() as lot:
        for number in range(MOST):
            lot.site.limit(limit(lot, name=f"{number}/grid"))
        with pytest.raises(ValueError, match="in force already"):
            lot.site.limit(limit(lot, name="one more/grid"))
        lot.site.limit(limit(lot, 5_000, name="0/grid"))
        lot.site.limit(limit(lot, source="contact", name="relay/grid", seconds=None))


@in_virtual_time
async def test_a_grid_operators_command_leaves_evidence_of_before_and_after():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await lot.start()
        await asyncio.sleep(2)
        lot.site.limit(limit(lot, 6_100, source="contact", name="relay/grid", seconds=None, is_operator=True))
        lot.site.limit(limit(lot, 6_100, source="contact", name="relay/grid", seconds=None, is_operator=True))
        lot.site.limit(limit(lot))
        (row,) = lot.site.evidence(0, 10**15)
        assert (row.name, row.limit_ma, row.after) == ("relay/grid", 6_100, None)
        assert row.before.grid_ma is not None
        await asyncio.sleep(63)
        (row,) = lot.site.evidence(0, 10**15)
        assert row.after is not None
        assert row.after.at_ms >= row.at_ms + 59_000
        lot.site.limit(limit(lot, None, source="contact", name="relay/grid", is_operator=True))
        await asyncio.sleep(1)
        assert len(await journal.documents(COMMANDS)) == 2
    async with standing_site(journal=journal) as lot:
        lot.site.limit(limit(lot, None, source="contact", name="relay/grid", is_operator=True))
        rows = lot.site.evidence(0, 10**15)
        assert [row.limit_ma for row in rows] == [6_100, None], "a restart is no command"
        assert rows[1].after is None
        await asyncio.sleep(62)
        assert lot.site.evidence(0, 10**15)[1].after is not None
        assert lot.site.evidence(0, rows[0].at_ms) == []


async def test_documents_are_deleted_in_their_turn():
    journal = MemoryJournal()
    documents = Documents(journal)
    documents.remember("kind", "key", b"1")
    documents.remember("kind", "key", None)
    task = asyncio.create_task(documents.run())
    await asyncio.sleep(0.01)
    task.cancel()
    assert await journal.documents("kind") == {}


@in_virtual_time
async def test_a_schedule_steps_down_and_up_by_itself_also_over_a_restart():
    journal = MemoryJournal()

    async def now(lot):
        await asyncio.sleep(0)
        return [row.limit_ma for row in lot.site.status().limits]

    async with standing_site(journal=journal) as lot:
        at_ms = lot.clock.mono_ms()
        steps = ((at_ms + 100_000, 8_000), (at_ms + 200_000, 20_000), (at_ms + 201_000, 16_000))
        lot.site.limit(limit(lot, 12_000, seconds=300, steps=steps))
        await asyncio.sleep(98)
        assert await now(lot) == [12_000]
        await asyncio.sleep(4)
        assert await now(lot) == [8_000]
    async with standing_site(journal=journal) as lot:
        await asyncio.sleep(95)
        assert await now(lot) == [8_000]
        await asyncio.sleep(8)
        assert await now(lot) == [16_000]
        await asyncio.sleep(100)
        assert await now(lot) == []
