"""A transaction has one id and one row, however often and in whichever state its messages come."""

import asyncio

from edge.site.commands import Origin, StartCharging, StopCharging
from edge.site.events import (
    Acknowledged,
    NotAnswered,
    Sampled,
    StartAnswer,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.tokens import Token
from edge.site.transactions import MOST_OPEN
from tests.site.standing_site import SITE, MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

CSMS = Origin(kind="csms", name="city")


@in_virtual_time
async def test_a_start_is_stored_before_it_is_answered_under_an_id_of_its_own():
    async with standing_site() as lot:
        await lot.connect()
        first = await lot.start()
        await lot.stop(first.transaction_id)
        second = await lot.start(meter_wh=5_000)
        assert (first.token.status, first.token.group) == ("accepted", "fleet")
        assert 0 < first.transaction_id < second.transaction_id
        assert [entry.session.transaction_id for entry in lot.journal.rows(TransactionStarted)] == [
            first.transaction_id,
            second.transaction_id,
        ]


@in_virtual_time
async def test_a_repeated_start_gets_the_same_answer_and_no_second_row():
    async with standing_site() as lot:
        await lot.connect()
        at_ms = lot.clock.now_ms()
        first = await lot.start(at_ms=at_ms)
        await asyncio.sleep(30)
        assert await lot.start(at_ms=at_ms) == first
        assert len(lot.journal.rows(TransactionStarted)) == 1


@in_virtual_time
async def test_a_repeated_start_whose_grant_is_spent_is_still_accepted():
    async with standing_site() as lot:
        await lot.connect()
        start = StartCharging(charger="bay-1", evse=1, token="CLOUD-ONLY")
        await lot.site.submit(start, CSMS)
        at_ms = lot.clock.now_ms()
        first = await lot.start(token="CLOUD-ONLY", at_ms=at_ms)
        assert first.token.status == "accepted"
        assert await lot.start(token="CLOUD-ONLY", at_ms=at_ms) == first


@in_virtual_time
async def test_a_grant_is_not_spent_on_a_start_that_could_not_be_stored():
    async with standing_site() as lot:
        await lot.connect()
        await lot.site.submit(StartCharging(charger="bay-1", evse=1, token="CLOUD-ONLY"), CSMS)
        lot.journal.is_full = True
        at_ms = lot.clock.now_ms()
        assert isinstance(await lot.start(token="CLOUD-ONLY", at_ms=at_ms), NotAnswered)
        lot.journal.is_full = False
        assert (await lot.start(token="CLOUD-ONLY", at_ms=at_ms)).token.status == "accepted"


@in_virtual_time
async def test_a_start_that_cannot_be_stored_is_not_answered_and_gets_no_current():
    async with standing_site() as lot:
        await lot.connect()
        lot.journal.is_full = True
        answer = await lot.start()
        assert isinstance(answer, NotAnswered)
        await asyncio.sleep(5)
        assert lot.bay().transaction_id is None
        assert lot.bay().setpoint_ma == 0
        assert lot.site.status().sentence == "No new charges: the journal is full."


@in_virtual_time
async def test_a_token_that_may_not_charge_gets_an_id_to_end_with_and_no_current():
    async with standing_site() as lot:
        await lot.connect()
        answer = await lot.start(token="STRANGER")
        assert isinstance(answer, StartAnswer)
        assert answer.token.status == "invalid"
        await asyncio.sleep(5)
        assert lot.bay().setpoint_ma == 0
        assert await lot.stop(answer.transaction_id) == Acknowledged()
        assert lot.journal.sessions[answer.transaction_id].ended_ms is not None


@in_virtual_time
async def test_nobody_may_charge_at_an_evse_that_has_no_place_in_the_site_file():
    async with standing_site() as lot:
        await lot.connect()
        answer = await lot.tell(TransactionStarted, evse=2, token="04AB", meter_wh=0)
        assert answer.token.status == "invalid"
        assert await lot.stop(answer.transaction_id) == Acknowledged()


@in_virtual_time
async def test_after_a_restart_a_token_that_may_not_charge_still_gets_no_current():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await lot.start(token="STRANGER")
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await asyncio.sleep(150)
        assert lot.bay().setpoint_ma == 0


@in_virtual_time
async def test_a_repeated_stop_changes_nothing():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start()
        assert await lot.stop(begun.transaction_id, meter_wh=5_000, reason="car-left") == Acknowledged()
        assert await lot.stop(begun.transaction_id, meter_wh=9_000) == Acknowledged()
        session = lot.journal.sessions[begun.transaction_id]
        assert (session.meter_stop_wh, session.reason) == (5_000, "car-left")
        assert len(lot.journal.rows(TransactionEnded)) == 1


@in_virtual_time
async def test_another_charger_cannot_end_a_transaction():
    async with standing_site() as lot:
        await lot.connect()
        await lot.connect("bay-2")
        begun = await lot.start("bay-1")
        assert await lot.stop(begun.transaction_id, "bay-2") == Acknowledged()
        assert lot.journal.sessions[begun.transaction_id].ended_ms is None
        assert lot.site.status().evses[0].transaction_id in (None, begun.transaction_id)
        await asyncio.sleep(2)
        assert lot.bay("bay-1").transaction_id == begun.transaction_id


@in_virtual_time
async def test_a_stop_that_cannot_be_stored_is_not_answered_and_the_transaction_goes_on():
    async with standing_site() as lot:
        await lot.connect()
        begun = await lot.start()
        lot.journal.is_full = True
        assert isinstance(await lot.stop(begun.transaction_id), NotAnswered)
        await asyncio.sleep(2)
        assert lot.bay().transaction_id == begun.transaction_id
        lot.journal.is_full = False
        assert await lot.stop(begun.transaction_id) == Acknowledged()
        await asyncio.sleep(2)
        assert lot.bay().transaction_id is None


@in_virtual_time
async def test_a_restart_goes_on_with_what_runs_and_never_gives_an_id_again():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        begun = await lot.start()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await asyncio.sleep(2)
        assert lot.bay().transaction_id == begun.transaction_id
        assert (await lot.start("bay-2")).transaction_id > begun.transaction_id


@in_virtual_time
async def test_without_a_database_ids_start_above_all_that_it_may_have_given():
    async with standing_site() as lot:
        await lot.connect()
        before = await lot.start()
        lot.clock.skipped_ms = 10_000
        async with standing_site() as fresh:
            fresh.clock.skipped_ms = 10_000
            await fresh.connect()
            assert (await fresh.start()).transaction_id > before.transaction_id


@in_virtual_time
async def test_a_queued_start_of_the_past_does_not_take_the_place_of_the_one_that_runs():
    async with standing_site() as lot:
        await lot.connect()
        running = await lot.start()
        yesterday_ms = lot.clock.now_ms() - 86_400_000
        past = await lot.start(at_ms=yesterday_ms, offline=True)
        await asyncio.sleep(2)
        assert lot.bay().transaction_id == running.transaction_id
        await lot.stop(past.transaction_id, at_ms=yesterday_ms + 1_000, offline=True)
        await asyncio.sleep(2)
        assert lot.bay().transaction_id == running.transaction_id


@in_virtual_time
async def test_samples_of_a_running_transaction_are_kept_and_others_are_not():
    async with standing_site() as lot:
        await lot.connect()
        await lot.tell(Sampled, evse=1, energy_wh=900)
        begun = await lot.start()
        await lot.tell(Sampled, evse=1, energy_wh=1_200)
        await lot.tell(Sampled, evse=1, energy_wh=1_300, transaction_id=4711)
        assert [(each.event.energy_wh, each.event.transaction_id) for each in lot.journal.kept] == [
            (1_200, begun.transaction_id)
        ]


@in_virtual_time
async def test_a_stop_is_commanded_only_where_that_transaction_runs():
    async with standing_site() as lot:
        await lot.connect("bay-1")
        await lot.connect("bay-2")
        begun = await lot.start("bay-1")
        wrong = await lot.site.submit(
            StopCharging(charger="bay-2", transaction_id=begun.transaction_id), CSMS
        )
        assert wrong.sentence == f"no transaction {begun.transaction_id} runs there"
        await lot.site.submit(StopCharging(charger="bay-1", transaction_id=begun.transaction_id), CSMS)
        assert [len(charger.commands) for charger in lot.chargers.values()] == [1, 0]


@in_virtual_time
async def test_every_token_may_charge_where_the_site_says_so():
    async with standing_site(tokens=(Token(token="04AB"),), extra='[tokens]\naccept = "all"\n') as lot:
        await lot.connect()
        assert (await lot.start(token="STRANGER")).token.status == "accepted"


@in_virtual_time
async def test_a_charger_that_forgets_its_ends_fills_no_memory_and_may_end_late():
    async with standing_site() as lot:
        await lot.connect()
        starts = [await lot.start(meter_wh=number) for number in range(MOST_OPEN + 10)]
        assert len(lot.site._parts.transactions._open) == MOST_OPEN
        await lot.stop(starts[0].transaction_id)
        first = lot.journal.sessions[starts[0].transaction_id]
        assert (first.meter_stop_wh, first.reason) == (5_000, "local")
        assert lot.site._parts.transactions.open_session(starts[-1].transaction_id) is not None


@in_virtual_time
async def test_a_start_in_the_year_9999_does_not_keep_its_place_for_ever():
    async with standing_site() as lot:
        await lot.connect()
        await lot.start(at_ms=253_402_300_799_000)
        await asyncio.sleep(60)
        second = await lot.start(meter_wh=2_000)
        await asyncio.sleep(2)
        assert lot.bay().transaction_id == second.transaction_id


@in_virtual_time
async def test_a_session_of_a_charger_that_left_the_site_file_does_not_keep_the_site_from_starting():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect("bay-2")
        await lot.start("bay-2")
    only_one = SITE.partition("[charger.bay-2]")[0]
    async with standing_site(only_one, journal=journal) as lot:
        await lot.connect()
        assert (await lot.start()).token.status == "accepted"
