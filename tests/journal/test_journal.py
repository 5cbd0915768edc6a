"""The journal keeps what it has answered, in order, once."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.journal.database import open_database, pragma
from edge.journal.opening import open_journal
from edge.site.durable import Entry, JournalBrokenError, Session
from edge.site.events import Sampled, TransactionEnded, TransactionStarted

ROUTES = {"bay-1": ("city",), "bay-2": ("city", "landlord")}


class FixedClock:
    def now_ms(self) -> int:
        return 1_800_000_000_000

    def mono_ms(self) -> int:
        return 5_000

    def is_synchronised(self) -> bool:
        return True


def started(charger: str = "bay-1", transaction_id: int = 7) -> Entry:
    event = TransactionStarted(
        charger=charger,
        evse=1,
        at_ms=1000,
        seen_ms=1,
        token="ABCD",
        meter_wh=50,
        transaction_id=transaction_id,
    )
    session = Session(
        transaction_id=transaction_id,
        charger=charger,
        evse=1,
        token="ABCD",
        started_ms=1000,
        meter_start_wh=50,
    )
    return Entry(event=event, session=session, dedup=f"start/{transaction_id}")


def ended(entry: Entry) -> Entry:
    session = replace(entry.session, ended_ms=2000, meter_stop_wh=950, reason="local")
    event = TransactionEnded(
        charger=session.charger,
        evse=1,
        at_ms=2000,
        seen_ms=2,
        transaction_id=session.transaction_id,
        meter_wh=950,
    )
    return Entry(event=event, session=session, dedup=f"stop/{session.transaction_id}")


def sampled(transaction_id: int = 7) -> Entry:
    return Entry(
        event=Sampled(
            charger="bay-1", evse=1, at_ms=1500, seen_ms=2, transaction_id=transaction_id, energy_wh=500
        )
    )


async def test_settings_are_durable_as_sqlite_itself_reports_them(tmp_path: Path) -> None:
    connection = await open_database(tmp_path / "journal.db")
    assert await pragma(connection, "journal_mode") == "wal"
    assert await pragma(connection, "synchronous") == 2
    assert await pragma(connection, "foreign_keys") == 1
    await connection.close()


async def test_a_refused_start_is_found_as_refused(tmp_path: Path) -> None:
    entry = started()
    refused = replace(entry, session=replace(entry.session, is_accepted=False))
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.append(refused)
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        assert await journal.session(7) == refused.session


async def test_a_restart_finds_the_open_transaction_and_the_highest_id(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.append(started(transaction_id=7))
        await journal.append(started("bay-2", transaction_id=9))
        await journal.append(ended(started("bay-2", transaction_id=9)))
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        resumed = await journal.resume()
        assert [session.transaction_id for session in resumed.open_sessions] == [7]
        assert resumed.last_transaction_id >= 9


async def test_a_repeated_message_finds_the_session_that_the_first_one_made(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.append(started())
        found = await journal.find_session("bay-1", "start/7")
        assert found == started().session
        assert await journal.find_session("bay-2", "start/7") is None


async def test_the_same_entry_twice_is_refused_and_its_companions_in_the_commit_are_kept(
    tmp_path: Path,
) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.append(started())
        results = await asyncio.gather(
            journal.append(started("bay-2", transaction_id=8)),
            journal.append(started()),
            journal.append(started("bay-2", transaction_id=9)),
            return_exceptions=True,
        )
        assert [isinstance(result, JournalBrokenError) for result in results] == [False, True, False]
        assert {session.transaction_id for session in await journal.sessions(10)} == {7, 8, 9}


async def test_many_producers_share_commits(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await asyncio.gather(*(journal.append(started(transaction_id=number)) for number in range(1, 101)))
        assert journal.writer.commits < 20
        assert len(await journal.sessions(1000)) == 100


async def test_event_session_and_a_delivery_row_per_csms_are_one_commit(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with open_journal(path, FixedClock(), ROUTES) as journal:
        await journal.append(started("bay-2"))
        assert journal.writer.commits == 1
    rows = sqlite3.connect(path).execute("SELECT csms, state FROM delivery ORDER BY csms").fetchall()
    assert rows == [("city", "waiting"), ("landlord", "waiting")]


async def test_rows_leave_in_order_with_the_foreign_id_that_the_start_was_answered_with(
    tmp_path: Path,
) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        outbox = journal.outbox
        await journal.append(started())
        journal.keep(sampled())
        await journal.append(ended(started()))
        first = await outbox.next("city", "bay-1")
        assert isinstance(first.event, TransactionStarted)
        assert first.cloud_transaction_id is None
        again = await outbox.next("city", "bay-1")
        assert again.message_id == first.message_id
        await outbox.confirm(first, cloud_transaction_id="4711")
        second = await outbox.next("city", "bay-1")
        assert isinstance(second.event, Sampled)
        assert second.cloud_transaction_id == "4711"
        await outbox.confirm(second)
        third = await outbox.next("city", "bay-1")
        assert isinstance(third.event, TransactionEnded)
        await outbox.confirm(third)
        assert await outbox.next("city", "bay-1") is None
        assert await outbox.local_transaction("city", "bay-1", "4711") == 7


async def test_a_parked_row_takes_the_rest_of_its_transaction_along_and_nothing_else(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        outbox = journal.outbox
        await journal.append(started(transaction_id=7))
        await journal.append(started(transaction_id=8))
        await journal.append(ended(started(transaction_id=7)))
        await outbox.park(await outbox.next("city", "bay-1"), error="InternalError")
        following = await outbox.next("city", "bay-1")
        assert following.event.transaction_id == 8
        await outbox.confirm(following)
        assert await outbox.next("city", "bay-1") is None
        backlog = await outbox.backlog("city")
        assert (backlog.waiting, backlog.parked) == (0, 2)


async def test_whoever_waits_for_rows_is_woken_by_the_commit(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        waiting = asyncio.create_task(journal.outbox.wait("city", "bay-1"))
        await asyncio.sleep(0)
        await journal.append(started())
        await asyncio.wait_for(waiting, 5)
        assert await journal.outbox.next("city", "bay-1") is not None


async def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await (await open_database(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    with pytest.raises(JournalBrokenError, match="newer version"):
        await open_database(path)


async def test_documents_are_kept_by_kind_and_key(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.put_document("passport", "Acme/One", b"{}")
        await journal.put_document("passport", "Acme/One", b'{"pauses":true}')
        assert await journal.documents("passport") == {"Acme/One": b'{"pauses":true}'}


async def test_a_write_that_nobody_foresaw_fails_alone_and_the_next_is_kept(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        absurd = started()
        with pytest.raises(JournalBrokenError):
            await journal.append(replace(absurd, session=replace(absurd.session, meter_start_wh=2**70)))
        await asyncio.wait_for(journal.append(started(transaction_id=8)), 5)
        assert [session.transaction_id for session in await journal.sessions(9)] == [8]


async def test_a_parked_sample_costs_neither_the_others_nor_the_end(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        outbox = journal.outbox
        await journal.append(started())
        journal.keep(sampled())
        await journal.append(ended(started()))
        await outbox.confirm(await outbox.next("city", "bay-1"), cloud_transaction_id="4711")
        await outbox.park(await outbox.next("city", "bay-1"), error="InternalError")
        last = await outbox.next("city", "bay-1")
        assert isinstance(last.event, TransactionEnded)
        assert last.cloud_transaction_id == "4711"


async def test_what_was_just_committed_is_seen_while_others_read_without_a_pause(tmp_path: Path) -> None:
    """Reads of one connection that overlap without an end would all see what the first of them saw."""
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES) as journal:
        await journal.append(started("bay-2", transaction_id=1))
        is_over = asyncio.Event()

        async def ask() -> None:
            while not is_over.is_set():
                await journal.outbox.next("landlord", "bay-2")

        asking = [asyncio.create_task(ask()) for _ in range(8)]
        for number in range(10, 30):
            await journal.append(started(transaction_id=number))
            await journal.append(ended(started(transaction_id=number)))
            await journal.outbox.confirm(
                await journal.outbox.next("city", "bay-1"), cloud_transaction_id="47"
            )
            end = await journal.outbox.next("city", "bay-1")
            assert end.cloud_transaction_id == "47"
            await journal.outbox.confirm(end)
        is_over.set()
        await asyncio.gather(*asking)
