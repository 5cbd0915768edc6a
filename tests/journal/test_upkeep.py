"""The journal is looked at, searched, copied and replaced while it is in use."""

import asyncio
import contextlib
import sqlite3

import pytest

from edge.journal.opening import open_journal
from edge.journal.upkeep import SqliteUpkeep
from edge.site.durable import JournalFullError, NotRestorableError
from edge.site.upkeep import Search
from tests.journal.test_journal import ROUTES, FixedClock, ended, sampled, started


class Kept:
    def __init__(self, path, journal):
        self.path = path
        self.journal = journal
        self.restarts = 0
        self.upkeep = SqliteUpkeep(path, journal, restart=self.restart)

    def restart(self):
        self.restarts += 1

    async def tell(self, number):
        """The clouds have heard of a session."""
        outbox = self.journal.outbox
        while (delivery := await outbox.next("city", "bay-1")) is not None:
            await outbox.confirm(delivery, cloud_transaction_id=f"cloud-{number}")


@contextlib.asynccontextmanager
async def kept(folder):
    path = folder / "journal.db"
    async with open_journal(path, FixedClock(), ROUTES, keep_ms=20) as journal:
        yield Kept(path, journal)


async def pieces(body):
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


async def a_copy(at):
    async with at.upkeep.backup() as copy:
        return copy.read_bytes()


async def test_its_state_says_what_waits_and_what_is_parked_for_each_csms(tmp_path):
    async with kept(tmp_path) as at:
        await at.journal.append(started())
        await at.journal.append(started("bay-2", transaction_id=8))
        await at.journal.append(ended(started()))
        await at.journal.outbox.park(await at.journal.outbox.next("city", "bay-1"), error="InternalError")
        state = await at.upkeep.state()
        assert (state.events, state.sessions, state.running, state.level) == (3, 2, 1, "fine")
        assert [(each.csms, each.waiting, each.parked) for each in state.waiting] == [
            ("city", 2, 1),
            ("landlord", 1, 0),
        ]


async def test_a_search_finds_newest_first_and_says_who_was_told(tmp_path):
    async with kept(tmp_path) as at:
        await at.journal.append(started())
        at.journal.keep(sampled())
        await at.journal.append(ended(started()))
        await at.tell(7)
        await at.journal.append(started("bay-2", transaction_id=8))
        found = await at.upkeep.search(Search(limit=10))
        assert [row.seq for row in found] == [4, 3, 2, 1]
        found = await at.upkeep.search(Search(limit=10, transaction_id=7, kind="transaction-ended"))
        assert [(row.seq, row.deliveries) for row in found] == [(3, "city confirmed")]
        assert [row.seq for row in await at.upkeep.search(Search(limit=1, charger="bay-1", before=3))] == [2]
        assert await at.upkeep.search(Search(limit=9, since_ms=3_000)) == []


async def test_what_is_parked_is_shown_and_waits_again_in_its_old_order(tmp_path):
    async with kept(tmp_path) as at:
        outbox = at.journal.outbox
        await at.journal.append(started())
        await at.journal.append(ended(started()))
        await outbox.park(await outbox.next("city", "bay-1"), error="InternalError")
        assert await outbox.next("city", "bay-1") is None
        parked = await at.upkeep.parked()
        assert [(row.seq, row.kind, row.error) for row in parked] == [
            (1, "transaction-started", "InternalError"),
            (2, "transaction-ended", "its transaction is parked"),
        ]
        assert await at.upkeep.retry("city") == 2
        assert (await outbox.next("city", "bay-1")).seq == 1
        with pytest.raises(KeyError):
            await at.upkeep.retry("nowhere")


async def test_a_sound_journal_is_called_sound_and_what_lacks_its_end_is_counted(tmp_path):
    async with kept(tmp_path) as at:
        await at.journal.append(started())
        await at.journal.append(ended(started()))
        assert await at.upkeep.verify() == []
        with contextlib.closing(sqlite3.connect(at.path)) as other, other:
            other.execute("DELETE FROM delivery")
            other.execute("DELETE FROM event WHERE kind = 'transaction-ended'")
        assert await at.upkeep.verify() == ["1 sessions have ended without an end"]


async def test_a_backup_is_one_moment_of_a_journal_that_is_written_to_meanwhile(tmp_path):
    async with kept(tmp_path) as at:
        for number in range(1, 200):
            await at.journal.append(started(transaction_id=number))
        is_over = asyncio.Event()

        async def write():
            number = 1_000
            while not is_over.is_set():
                number += 1
                await at.journal.append(started(transaction_id=number))

        writing = asyncio.create_task(write())
        copy = tmp_path / "copy.db"
        copy.write_bytes(await a_copy(at))
        is_over.set()
        await writing
        with contextlib.closing(sqlite3.connect(copy)) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            ((sessions,),) = file.execute("SELECT count(*) FROM session").fetchall()
            ((events,),) = file.execute("SELECT count(*) FROM event").fetchall()
            assert sessions == events >= 199
        assert not list(tmp_path.glob("*.new"))


async def test_no_copy_is_begun_that_finds_no_room(tmp_path, monkeypatch):
    async with kept(tmp_path) as at:
        monkeypatch.setattr("edge.journal.restoring.ROOM_LEFT", 1 << 60)
        with pytest.raises(JournalFullError):
            await a_copy(at)


async def test_a_restored_copy_takes_its_place_and_nobody_is_told_twice_what_was_told_since(tmp_path):
    async with kept(tmp_path) as at:
        await at.journal.append(started())
        await at.journal.append(ended(started()))
        copy = await a_copy(at)  # nothing of it is told yet
        await at.tell(7)
        await at.journal.append(started(transaction_id=9))
        await at.journal.append(ended(started(transaction_id=9)))
        assert await at.upkeep.restore(pieces(copy), is_forced=False) == 1
        assert at.restarts == 1
    async with kept(tmp_path) as at:
        assert [session.transaction_id for session in await at.journal.sessions(9)] == [7]
        assert await at.journal.outbox.next("city", "bay-1") is None
        assert await at.journal.outbox.cloud_transaction("city", 7) == "cloud-7"
        assert (await at.journal.resume()).last_transaction_id >= 9
        assert "restored" in at.journal.findings[0]
    (aside,) = tmp_path.glob("journal-replaced-*.db")
    with contextlib.closing(sqlite3.connect(aside)) as file:
        assert file.execute("SELECT count(*) FROM session").fetchone() == (2,)


async def test_what_is_no_journal_or_would_forget_what_runs_is_refused(tmp_path):
    async with kept(tmp_path) as at:
        await at.journal.append(ended(started()))
        copy = await a_copy(at)
        for body in (b"nothing of the kind" * 1_000, copy[:4_096] + b"\xff" * 8_192):
            with pytest.raises(NotRestorableError):
                await at.upkeep.restore(pieces(body), is_forced=True)
        await at.journal.append(started(transaction_id=8))
        with pytest.raises(NotRestorableError, match="1 transactions run"):
            await at.upkeep.restore(pieces(copy), is_forced=False)
        assert (at.restarts, list(tmp_path.glob("*restore*"))) == (0, [])
