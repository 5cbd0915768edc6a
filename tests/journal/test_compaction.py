"""What is forgotten is old, told to everybody, and neither a start nor an end."""

import msgspec
import pytest
from msgspec.structs import replace

from edge.journal.compaction import DAY_MS, Compaction, Retention
from edge.journal.opening import open_journal
from edge.journal.space import MB
from edge.site.authorisation import AUTHORISED, Said
from edge.site.durable import Entry
from edge.site.events import AlertRaised, SignedValue, TokenAnswer
from tests.journal.test_journal import ROUTES, ended, sampled, started

MINUTE = 60_000


class MovableClock:
    def __init__(self):
        self.ms = 1_800_000_000_000

    def now_ms(self):
        return self.ms

    def mono_ms(self):
        return self.ms

    def is_synchronised(self):
        return True


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
async def journal(tmp_path, clock):
    async with open_journal(
        tmp_path / "journal.db", clock, ROUTES, quota=32 * MB, keep_ms=20, boot="this"
    ) as journal:
        yield journal


async def a_session(journal, clock, number, *, minutes=60, is_told=True, is_sealed=True, **fields):
    await journal.append(started(transaction_id=number))
    for _ in range(minutes):
        clock.ms += MINUTE
        entry = sampled(number)
        journal.keep(replace(entry, event=replace(entry.event, at_ms=clock.ms, **fields)))
    alert = AlertRaised(charger="bay-1", at_ms=clock.ms, seen_ms=1, word="x", sentence="y")
    journal.keep(Entry(event=alert, deliver=False))
    await journal.append(ended(started(transaction_id=number)))
    if is_sealed:
        await journal.books.seal(number, account=b"{}", cdr=b"{}", sealed_ms=clock.ms)
    if is_told:
        while (delivery := await journal.outbox.next("city", "bay-1")) is not None:
            await journal.outbox.confirm(delivery, cloud_transaction_id=str(number))
        await journal.put_document("x", "y", b"z")  # behind the last confirmation


async def kinds(journal):
    rows = await journal.rows("SELECT kind, count(*) FROM event GROUP BY kind")
    return dict(rows)


async def test_samples_that_every_cloud_has_are_thinned_after_their_time(journal, clock):
    await a_session(journal, clock, 7)
    compaction = Compaction(journal, clock, Retention(samples_ms=DAY_MS, keep_ms=10 * DAY_MS))
    await compaction.retain()
    assert (await kinds(journal))["sampled"] == 60
    clock.ms += 2 * DAY_MS
    await compaction.retain()
    assert 4 <= (await kinds(journal))["sampled"] <= 5
    assert (await kinds(journal))["transaction-started"] == 1


async def test_after_the_last_day_the_books_are_left(journal, clock):
    await a_session(journal, clock, 7)
    clock.ms += 20 * DAY_MS
    await Compaction(journal, clock, Retention(samples_ms=DAY_MS, keep_ms=10 * DAY_MS)).retain()
    assert await kinds(journal) == {"transaction-started": 1, "transaction-ended": 1}
    assert len(await journal.sessions(10)) == 1


async def test_what_a_cloud_must_still_be_told_is_kept_however_old(journal, clock):
    await a_session(journal, clock, 7, is_told=False)
    clock.ms += 500 * DAY_MS
    await Compaction(journal, clock).retain()
    assert (await kinds(journal))["sampled"] == 60
    backlog = await journal.outbox.backlog("city")
    assert backlog.waiting == 62


async def test_for_want_of_room_the_least_missed_goes_first_and_never_the_books(journal, clock):
    for number in range(1, 4):
        await a_session(journal, clock, number)
    clock.ms += 2 * 3_600_000
    journal.space.look(used=30 * MB)
    assert journal.space.level != "fine"
    compaction = Compaction(journal, clock)
    await compaction.make_room()
    found = await kinds(journal)
    assert "alert-raised" not in found
    assert found["transaction-started"] == found["transaction-ended"] == 3
    assert compaction.dropped > 0


async def test_freed_pages_go_back_to_the_disk(journal, clock, tmp_path):
    for number in range(1, 6):
        await a_session(journal, clock, number, minutes=200)
    pages = (await journal.rows("PRAGMA page_count"))[0][0]
    clock.ms += 500 * DAY_MS
    compaction = Compaction(journal, clock)
    await compaction.retain()
    assert (await journal.rows("PRAGMA page_count"))[0][0] < pages * 0.7


async def test_what_a_meter_has_signed_and_what_no_record_is_made_of_yet_is_kept_at_any_price(journal, clock):
    signed = (SignedValue(data="OCMF|{}|{}", context="periodic"),)
    await a_session(journal, clock, 1, minutes=30, signed=signed)
    await a_session(journal, clock, 2, minutes=40, is_sealed=False)
    await a_session(journal, clock, 3, minutes=50)
    await journal.append(started(transaction_id=4))  # runs until today
    for _ in range(20):
        clock.ms += MINUTE
        entry = sampled(4)
        journal.keep(replace(entry, deliver=False, event=replace(entry.event, at_ms=clock.ms)))
    clock.ms += 500 * DAY_MS
    compaction = Compaction(journal, clock)
    await compaction.retain()
    journal.space.look(used=31 * MB)
    await compaction.make_room()
    rows = await journal.rows(
        "SELECT transaction_id, count(*) FROM event WHERE kind = 'sampled' GROUP BY transaction_id"
    )
    assert dict(rows) == {1: 30, 2: 40, 4: 20}


async def test_what_a_cloud_said_of_a_card_is_forgotten_when_it_counts_no_more(journal, clock):
    for age_days, key in ((31, "old"), (29, "young")):
        said = Said(answer=TokenAnswer(status="accepted"), at_ms=clock.ms - age_days * DAY_MS)
        await journal.put_document(AUTHORISED, key, msgspec.json.encode(said))
    await Compaction(journal, clock).retain()
    assert list(await journal.documents(AUTHORISED)) == ["young"]
