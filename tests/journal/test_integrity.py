"""A damaged journal is set aside under a name that says so, and what can be read of it goes on."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from edge.journal.integrity import find_damage, mark
from edge.journal.opening import open_journal
from edge.site.durable import JournalBrokenError
from tests.journal.test_journal import ROUTES, FixedClock, ended, sampled, started

SESSIONS = 60
PAGE = 4096


@pytest.fixture
async def journal_file(tmp_path):
    """A journal with sixty sessions, the last of them open, and some hundred samples."""
    path = tmp_path / "journal.db"
    async with open_journal(path, FixedClock(), ROUTES) as journal:
        for number in range(1, SESSIONS + 1):
            await journal.append(started(transaction_id=number))
            for _ in range(5):
                journal.keep(sampled(number))
        await asyncio.gather(
            *(journal.append(ended(started(transaction_id=each))) for each in range(1, SESSIONS))
        )
        await journal.put_document("token", "ab", b"{}")
    return path


def root_page(path, table):
    with closing(sqlite3.connect(path)) as file:
        (number,) = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return number


def spoil(path, page, *, start=0, length=PAGE):
    content = bytearray(path.read_bytes())
    at = (page - 1) * PAGE + start
    content[at : at + length] = b"\xa5" * length
    path.write_bytes(content)


async def test_a_sound_file_is_left_alone(journal_file):
    assert find_damage(journal_file, everything=True) is None
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        assert journal.findings == ()
    assert not list(journal_file.parent.glob("*damaged*"))


async def test_a_damaged_table_costs_what_was_in_it_and_the_rest_goes_on(journal_file):
    spoil(journal_file, root_page(journal_file, "event_dedup"))
    mark(journal_file)
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        (finding,) = journal.findings
        resumed = await journal.resume()
        assert [session.transaction_id for session in resumed.open_sessions] == [SESSIONS]
        assert resumed.last_transaction_id >= SESSIONS
        assert await journal.documents("token") == {"ab": b"{}"}
        assert len(await journal.sessions(1000)) == SESSIONS
        await journal.append(started(transaction_id=resumed.last_transaction_id + 1))
    (aside,) = journal_file.parent.glob("journal-damaged-*.db")
    assert aside.name in finding
    assert "60 sessions" in finding
    assert find_damage(journal_file, everything=True) is None


async def test_rows_before_and_behind_the_damage_are_both_taken_over(journal_file):
    with closing(sqlite3.connect(journal_file)) as file:
        leaves = [
            page
            for (page,) in file.execute(
                "SELECT pageno FROM dbstat WHERE name = 'event' AND pagetype = 'leaf'"
            )
        ]
        (before,) = file.execute("SELECT count(*) FROM event").fetchone()
    spoil(journal_file, leaves[len(leaves) // 2])
    mark(journal_file)
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        kept = [seq for (seq,) in await journal.rows("SELECT seq FROM event ORDER BY seq")]
        assert kept[0] == 1
        assert kept[-1] == before
        assert before * 0.8 < len(kept) < before
        assert len(await journal.sessions(1000)) == SESSIONS


async def test_a_file_that_is_no_database_is_kept_and_no_id_is_given_again(journal_file):
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        highest = (await journal.resume()).last_transaction_id
    spoil(journal_file, 1)
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        assert "was damaged (file is not a database)" in journal.findings[0]
        assert (await journal.resume()).last_transaction_id >= highest >= SESSIONS
    assert len(list(journal_file.parent.glob("journal-damaged-*.db"))) == 1


async def test_a_journal_that_has_vanished_is_told_of_and_no_id_is_given_again(journal_file):
    journal_file.unlink()
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        assert journal.findings == (
            "journal.db is missing: a new one was begun. Ids go on above the old ones.",
        )
        assert (await journal.resume()).last_transaction_id >= SESSIONS


async def test_damage_that_shows_while_writing_is_told_and_found_at_the_next_start(journal_file):
    spoil(journal_file, root_page(journal_file, "event_dedup"))
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        assert journal.findings == ()
        with pytest.raises(JournalBrokenError):
            await journal.append(started(transaction_id=900))
        assert journal.writer.damaged.is_set()


async def test_when_the_power_goes_between_the_two_renamings_the_rescued_file_is_found(journal_file):
    journal_file.rename(journal_file.with_name("journal-rescued.db"))
    async with open_journal(journal_file, FixedClock(), ROUTES) as journal:
        assert journal.findings == ()
        assert len(await journal.sessions(1000)) == SESSIONS
