"""Every end finds its transaction, or is an orphan with a name; what never ends is closed, visibly."""

import asyncio

import pytest

from edge.core.transaction import AMENDED, MATCHED, NO_START, NO_STOP, REPLACED
from edge.site.events import (
    Acknowledged,
    ChargerBooted,
    EvseStatusChanged,
    LinkChanged,
    Sampled,
    TransactionEnded,
)
from edge.site.tokens import Token
from tests.site.standing_site import SITE, MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

TWO_SOCKETS = SITE.replace('station = "CP-1"', 'station = "CP-1"\nevses = 2')
BOB = Token(token="BOB1")
ADA = Token(token="04AB")


def session_of(lot, begun):
    return lot.journal.sessions[begun.transaction_id]


def orphans(lot):
    return [each for each in lot.journal.sessions.values() if NO_START in each.flags]


@in_virtual_time
async def test_the_end_of_an_unknown_transaction_is_an_orphan_with_a_name_and_told_to_nobody():
    async with standing_site() as lot:
        await lot.connect()
        assert await lot.stop(4711) == Acknowledged()
        (row,) = lot.journal.rows(TransactionEnded)
        assert (row.event.transaction_id, row.deliver) == (4711, False)
        (orphan,) = orphans(lot)
        assert (orphan.told_id, orphan.energy_wh, orphan.meter_stop_wh) == (4711, 0, 5_000)
        assert orphan.transaction_id > 0
        assert await lot.stop(4711, at_ms=row.event.at_ms) == Acknowledged()  # however often
        assert len(orphans(lot)) == 1


@pytest.mark.parametrize("told_id", [-1, 0, 4711])
def test_an_end_without_its_id_ends_the_only_one_that_runs(told_id):
    @in_virtual_time
    async def story():
        async with standing_site() as lot:
            await lot.connect()
            begun = await lot.start()
            await asyncio.sleep(3_600)
            at_ms = lot.clock.now_ms()
            assert await lot.stop(told_id, at_ms=at_ms) == Acknowledged()
            session = session_of(lot, begun)
            assert (session.meter_stop_wh, session.flags, session.told_id) == (5_000, (MATCHED,), told_id)
            assert await lot.stop(told_id, at_ms=at_ms) == Acknowledged()
            assert orphans(lot) == []
            assert len(lot.journal.rows(TransactionEnded)) == 1

    story()


@in_virtual_time
async def test_of_two_sockets_the_token_tells_which():
    async with standing_site(TWO_SOCKETS, tokens=(ADA, BOB)) as lot:
        await lot.connect()
        ada = await lot.start(token=ADA.token, meter_wh=1_000)
        bob = await lot.start(token=BOB.token, evse=2, meter_wh=1_000)
        await lot.stop(-1, token="bob1", meter_wh=2_000)
        assert session_of(lot, bob).ended_ms is not None
        assert session_of(lot, ada).ended_ms is None


@in_virtual_time
async def test_of_two_sockets_the_meter_tells_which():
    async with standing_site(TWO_SOCKETS, tokens=(ADA, BOB)) as lot:
        await lot.connect()
        low = await lot.start(token=ADA.token, meter_wh=1_000)
        high = await lot.start(token=BOB.token, evse=2, meter_wh=90_000)
        await lot.stop(-1, meter_wh=2_000)
        assert session_of(lot, low).energy_wh == 1_000
        assert session_of(lot, high).ended_ms is None


@in_virtual_time
async def test_where_either_could_be_meant_it_is_an_orphan_and_both_run_on():
    async with standing_site(TWO_SOCKETS, tokens=(ADA, BOB)) as lot:
        await lot.connect()
        begun = [await lot.start(token=ADA.token), await lot.start(token=BOB.token, evse=2)]
        await lot.stop(-1)
        assert [session_of(lot, each).ended_ms for each in begun] == [None, None]
        assert len(orphans(lot)) == 1


@in_virtual_time
async def test_an_end_of_before_does_not_end_what_began_after_it():
    async with standing_site() as lot:
        await lot.connect()
        yesterday_ms = lot.clock.now_ms() - 86_400_000
        begun = await lot.start(meter_wh=1_000)
        await lot.stop(-1, at_ms=yesterday_ms, meter_wh=1_000, offline=True)
        assert session_of(lot, begun).ended_ms is None
        assert len(orphans(lot)) == 1


@in_virtual_time
async def test_another_box_in_its_place_closes_what_ran_on_the_old_one_at_its_last_sample():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(meter_wh=1_000)
        await asyncio.sleep(600)
        await lot.tell(Sampled, evse=1, energy_wh=2_500)
        await asyncio.sleep(600)
        await lot.tell(ChargerBooted, vendor="Keba", model="P30", protocol="OCPP 1.6")
        await asyncio.sleep(1)
        session = session_of(lot, begun)
        assert (session.energy_wh, session.flags, session.reason) == (1_500, (REPLACED,), "other")
        assert session.ended_ms - session.started_ms in range(600_000, 601_000)
        assert lot.journal.rows(TransactionEnded)[0].deliver
        assert lot.bay().transaction_id is None


@in_virtual_time
async def test_the_same_box_with_new_firmware_runs_on():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start()
        await lot.tell(ChargerBooted, vendor="Alfen", model="NG910", firmware="6.5", protocol="OCPP 1.6")
        await asyncio.sleep(1)
        assert session_of(lot, begun).ended_ms is None


@in_virtual_time
async def test_what_its_charger_forgot_is_closed_after_an_hour_and_its_own_word_still_counts():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start(meter_wh=1_000)
        await asyncio.sleep(120)
        await lot.tell(Sampled, evse=1, energy_wh=1_200)
        await lot.start(meter_wh=6_000)
        await asyncio.sleep(3_000)
        assert session_of(lot, begun).ended_ms is None
        await asyncio.sleep(1_000)
        closed = session_of(lot, begun)
        assert (closed.energy_wh, closed.flags) == (200, (NO_STOP,))
        assert await lot.stop(begun.transaction_id, meter_wh=5_900) == Acknowledged()
        amended = session_of(lot, begun)
        assert (amended.energy_wh, amended.flags) == (4_900, (NO_STOP, AMENDED))
        assert await lot.stop(begun.transaction_id, meter_wh=7_777) == Acknowledged()
        assert session_of(lot, begun) == amended
        told = [row.deliver for row in lot.journal.rows(TransactionEnded)]
        assert told == [True, False], "a cloud is told one end"


@in_virtual_time
async def test_a_charger_that_is_away_has_forgotten_nothing():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start()
        await lot.tell(LinkChanged, is_up=False)
        await asyncio.sleep(3 * 3_600)
        assert session_of(lot, begun).ended_ms is None


@in_virtual_time
async def test_one_sample_a_minute_is_kept_and_every_change_of_state_with_its_time():
    async with standing_site() as lot:
        await lot.connect()
        await lot.start()
        for number in range(30):
            await asyncio.sleep(10)
            await lot.tell(Sampled, evse=1, energy_wh=1_000 + number)
        samples = [each for each in lot.journal.kept if isinstance(each.event, Sampled)]
        assert 5 <= len(samples) <= 6
        for state in ("suspended-car", "suspended-car", "charging"):
            await lot.tell(EvseStatusChanged, evse=1, state=state)
        states = [each for each in lot.journal.kept if isinstance(each.event, EvseStatusChanged)]
        assert [(each.event.state, each.deliver) for each in states] == [
            ("suspended-car", True),
            ("charging", True),
        ]
        assert {each.transaction_id for each in states} == {lot.bay().transaction_id}


@in_virtual_time
async def test_what_was_charged_before_a_restart_counts_after_it():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        begun = await lot.start(meter_wh=1_000)
        for number in range(1, 10):
            await asyncio.sleep(60)
            await lot.tell(Sampled, evse=1, energy_wh=1_000 + 100 * number)
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await lot.stop(begun.transaction_id, meter_wh=50)  # its register began anew meanwhile
        assert session_of(lot, begun).energy_wh == 900
        assert session_of(lot, begun).flags == ("register-fell",)


@in_virtual_time
async def test_ids_go_on_above_what_chargers_remember_of_a_lost_journal():
    async with standing_site() as lot:
        await lot.connect()
        before = await lot.start()
        lost = before.transaction_id + 5_000
        await lot.tell(Sampled, "bay-2", evse=1, energy_wh=1, transaction_id=lost)
        assert (await lot.start("bay-2")).transaction_id > lost
        await lot.tell(Sampled, "bay-2", evse=1, energy_wh=1, transaction_id=2_147_483_647)
        assert (await lot.start("bay-2", meter_wh=5)).transaction_id < 2_000_000_000
