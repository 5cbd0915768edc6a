"""Transactions that chargers name themselves: found by that name, over repetitions and restarts."""

import asyncio

from edge.site.events import Acknowledged, Sampled, StillRuns, TransactionEnded
from tests.site.standing_site import standing_site
from tests.site.virtual_time import in_virtual_time


@in_virtual_time
async def test_samples_and_the_end_come_under_the_chargers_own_name():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(own_id="tx-a")
        assert lot.site.charger("bay-1").own_ids == {begun.transaction_id: "tx-a"}
        await asyncio.sleep(60)
        await lot.tell(Sampled, evse=1, own_id="tx-a", energy_wh=2_000)
        ended = await lot.stop(0, own_id="tx-a", meter_wh=3_000)
        session = lot.journal.sessions[begun.transaction_id]
        assert isinstance(ended, Acknowledged)
        assert (session.energy_wh, session.flags) == (2_000, ())
        assert [entry.event.transaction_id for entry in lot.journal.kept] == [begun.transaction_id]


@in_virtual_time
async def test_a_repeated_start_and_a_repeated_end_make_nothing_new():
    async with standing_site() as lot:
        await lot.connect()
        at_ms = lot.clock.now_ms()
        begun = await lot.start(own_id="tx-a", at_ms=at_ms)
        assert await lot.start(own_id="tx-a", at_ms=at_ms) == begun
        for _ in range(2):
            await lot.stop(0, own_id="tx-a", meter_wh=3_000)
        assert len(lot.journal.sessions) == len(lot.journal.rows(TransactionEnded)) == 1


@in_virtual_time
async def test_a_name_that_a_forgetful_charger_gives_twice_is_two_transactions():
    async with standing_site() as lot:
        await lot.connect()
        first = await lot.start(own_id="1")
        await asyncio.sleep(1_800)
        await lot.stop(0, own_id="1", meter_wh=2_000)
        await asyncio.sleep(60)
        second = await lot.start(own_id="1", meter_wh=2_000)
        await asyncio.sleep(1_800)
        await lot.stop(0, own_id="1", meter_wh=5_000)
        energies = [lot.journal.sessions[each.transaction_id].energy_wh for each in (first, second)]
        assert energies == [1_000, 3_000]


@in_virtual_time
async def test_one_that_was_never_told_to_begin_says_so_and_one_that_was_is_not_begun_again():
    async with standing_site() as lot:
        await lot.connect()
        late = await lot.start(own_id="tx-late", is_late=True)
        await asyncio.sleep(60)
        again = await lot.start(own_id="tx-late", is_late=True)
        assert again.transaction_id == late.transaction_id
        assert lot.journal.sessions[late.transaction_id].flags == ("no-start",)


@in_virtual_time
async def test_after_a_restart_the_names_are_known_again():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(own_id="tx-a")
    async with standing_site(journal=lot.journal) as after:
        await after.connect()
        assert after.site.charger("bay-1").own_ids == {begun.transaction_id: "tx-a"}
        await asyncio.sleep(1_800)
        await after.stop(0, own_id="tx-a", meter_wh=4_000)
        assert after.journal.sessions[begun.transaction_id].energy_wh == 3_000


@in_virtual_time
async def test_an_end_under_an_unknown_name_ends_no_other_transaction_of_the_same_card():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(own_id="tx-a")
        await lot.stop(0, own_id="tx-b", meter_wh=9_000, token="04AB")
        assert lot.journal.sessions[begun.transaction_id].ended_ms is None
        orphan = next(each for each in lot.journal.sessions.values() if each.flags)
        assert (orphan.flags, orphan.energy_wh) == (("no-start",), 0)


@in_virtual_time
async def test_what_the_charger_says_does_not_run_ends_at_its_last_sample():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(own_id="tx-a")
        await asyncio.sleep(60)
        await lot.tell(Sampled, evse=1, own_id="tx-a", energy_wh=1_800)
        await lot.tell(StillRuns, transaction_id=begun.transaction_id, own_id="tx-a", does=True)
        assert lot.journal.sessions[begun.transaction_id].ended_ms is None
        await lot.tell(StillRuns, transaction_id=begun.transaction_id, own_id="tx-a", does=False)
        session = lot.journal.sessions[begun.transaction_id]
        assert (session.energy_wh, session.flags) == (800, ("no-stop",))
        await lot.stop(0, own_id="tx-a", meter_wh=2_000)  # its own word after all
        amended = lot.journal.sessions[begun.transaction_id]
        assert (amended.energy_wh, amended.flags) == (1_000, ("no-stop", "end-amended"))
