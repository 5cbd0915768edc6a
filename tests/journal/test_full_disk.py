"""On a full disk new transactions are refused, visibly, and every end of one that runs is stored."""

import asyncio
import threading

import pytest

from edge.journal.compaction import measure
from edge.journal.opening import open_journal
from edge.journal.space import MB
from edge.site.durable import JournalFullError
from tests.journal.disks import Hog, may_mount, small_disk
from tests.journal.test_journal import ROUTES, FixedClock, ended, sampled, started

QUOTA = 64 * MB
RUNNING = 60


@pytest.fixture
def disk(tmp_path):
    if not may_mount():
        pytest.skip("only root may mount a small disk")
    with small_disk(tmp_path, mb=24) as place:
        yield place


async def stored(path):
    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        return {each.transaction_id: each.ended_ms for each in await journal.sessions(1_000)}


async def begun(journal):
    for number in range(1, RUNNING + 1):
        await journal.append(started(transaction_id=number))


async def test_every_end_is_stored_on_a_full_disk_and_outlives_the_process(disk):
    path, hog = disk / "journal.db", Hog(disk)
    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        await begun(journal)
        assert hog.eat() > MB
        await measure(journal)
        assert "no new charges" in journal.space.sentence
        with pytest.raises(JournalFullError, match="no new charges"):
            await journal.append(started(transaction_id=900))
        journal.keep(sampled(1))
        assert journal.writer.dropped == 1
        for number in range(1, RUNNING + 1):
            await journal.append(ended(started(transaction_id=number)))
    hog.leave()
    sessions = await stored(path)
    assert len(sessions) == RUNNING
    assert None not in sessions.values()


async def test_the_reserve_reaches_although_somebody_else_takes_what_it_gives_back(disk):
    path, hog = disk / "journal.db", Hog(disk)
    is_over = threading.Event()

    def keep_eating():
        while not is_over.is_set():
            hog.eat()

    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        await begun(journal)
        hog.eat()
        await measure(journal)
        eating = threading.Thread(target=keep_eating)
        eating.start()
        try:
            answers = await asyncio.gather(
                *(journal.append(ended(started(transaction_id=number))) for number in range(1, RUNNING + 1)),
                return_exceptions=True,
            )
        finally:
            is_over.set()
            await asyncio.to_thread(eating.join)
    acknowledged = {number for number, answer in enumerate(answers, start=1) if isinstance(answer, int)}
    assert all(isinstance(answer, int | JournalFullError) for answer in answers)
    assert acknowledged
    hog.leave()
    sessions = await stored(path)
    assert {number for number, ended_ms in sessions.items() if ended_ms is not None} == acknowledged


async def test_it_starts_on_a_full_disk_and_ends_what_ran(disk):
    path, hog = disk / "journal.db", Hog(disk)
    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        await begun(journal)
    hog.eat()
    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        assert not journal.space.takes_starts
        assert len((await journal.resume()).open_sessions) == RUNNING
        for number in range(1, RUNNING + 1):
            await journal.append(ended(started(transaction_id=number)))
    hog.leave()
    assert None not in (await stored(path)).values()


async def test_with_room_again_the_reserve_is_whole_and_new_transactions_begin(disk):
    path, hog = disk / "journal.db", Hog(disk)
    told = []
    async with open_journal(path, FixedClock(), ROUTES, quota=QUOTA) as journal:
        journal.space.on_level = lambda level, _: told.append(level)
        await begun(journal)
        hog.eat()
        await measure(journal)
        await journal.append(ended(started(transaction_id=1)))
        hog.leave()
        await measure(journal)
        journal.space.refill()
        await journal.append(started(transaction_id=900))
        assert (disk / "journal.reserve").stat().st_blocks * 512 >= QUOTA // 64
    assert told[0] == "full"
    assert told[-1] != "full"


async def test_the_quota_counts_like_the_disk(tmp_path):
    async with open_journal(tmp_path / "journal.db", FixedClock(), ROUTES, quota=2 * MB) as journal:
        levels = ["fine"]
        journal.space.on_level = lambda level, _: levels.append(level)
        number = 0
        while journal.space.takes_starts:
            number += 1
            await asyncio.gather(
                *(journal.append(started(transaction_id=100 * number + each)) for each in range(100))
            )
            await measure(journal)
        with pytest.raises(JournalFullError):
            await journal.append(started(transaction_id=1))
        await journal.append(ended(started(transaction_id=100)))
    assert levels[-1] == "full"
    assert levels[1] == "tight"
