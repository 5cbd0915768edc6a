"""A clock that is set is recorded, and what a wrong one dated is dated anew, told times kept beside."""

import pytest

from edge.journal.opening import open_journal
from edge.site import endings
from edge.site.durable import Entry, Session
from edge.site.endings import OpenTransaction
from edge.site.events import TransactionEnded, TransactionStarted
from edge.site.timekeeping import Timekeeper

DAY = 86_400_000
WRONG = 1_700_000_000_000  # what a box without a battery believes at its start
ROUTES = {"bay-1": ("city",)}


class Box:
    """Two clocks, a journal on the disk, and what somebody was told."""

    def __init__(self):
        self.mono = 1_000
        self.offset = WRONG
        self.is_sure = False
        self.told = []
        self.redated = []

    def now_ms(self):
        return self.mono + self.offset

    def mono_ms(self):
        return self.mono

    def is_synchronised(self):
        return self.is_sure

    def open(self, tmp_path, boot="first"):
        return open_journal(tmp_path / "journal.db", self, ROUTES, keep_ms=10, boot=boot)

    def keeper(self, journal):
        return Timekeeper(
            journal, self, alert=lambda *words: self.told.append(words), redate=self.redated.extend
        )


@pytest.fixture
def box():
    return Box()


async def start(journal, box, number, *, charger_clock=None):
    at_ms = box.now_ms() if charger_clock is None else charger_clock
    event = TransactionStarted(
        charger="bay-1", evse=1, at_ms=at_ms, seen_ms=box.mono, token="AB", meter_wh=0, transaction_id=number
    )
    session = Session(
        transaction_id=number,
        charger="bay-1",
        evse=1,
        token="AB",
        started_ms=at_ms,
        meter_start_wh=0,
        start_is_sure=box.is_sure,
    )
    await journal.append(Entry(event=event, session=session, dedup=f"start/{number}"))
    return session


async def end(journal, box, session):
    event = TransactionEnded(
        charger="bay-1",
        evse=1,
        at_ms=box.now_ms(),
        seen_ms=box.mono,
        transaction_id=session.transaction_id,
        meter_wh=5_000,
    )
    ended = Session(
        transaction_id=session.transaction_id,
        charger="bay-1",
        evse=1,
        token="AB",
        started_ms=session.started_ms,
        meter_start_wh=0,
        ended_ms=event.at_ms,
        meter_stop_wh=5_000,
        end_is_sure=box.is_sure,
    )
    await journal.append(Entry(event=event, session=ended, dedup=f"stop/{session.transaction_id}"))


async def test_after_a_month_without_time_records_are_moved_and_told_times_kept(box, tmp_path):
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        box.mono += 5 * DAY
        first = await start(journal, box, 7)
        box.mono += DAY
        await end(journal, box, first)
        running = await start(journal, box, 8)
        box.mono += 24 * DAY
        box.offset += 300 * DAY
        box.is_sure = True
        await keeper.look()
        mended = await journal.session(7)
        assert mended.started_ms == first.started_ms + 300 * DAY
        assert (mended.told_started_ms, mended.start_is_sure) == (first.started_ms, True)
        assert mended.ended_ms - mended.started_ms == DAY
        assert mended.told_ended_ms == first.started_ms + DAY
        open_one = await journal.session(8)
        assert (open_one.started_ms, open_one.ended_ms) == (running.started_ms + 300 * DAY, None)
        assert {each.transaction_id for each in box.redated} == {7, 8}
        ((who, word, sentence),) = box.told
        assert (who, word) == ("this box", "clock-set")
        assert "2 sessions are dated anew" in sentence
        begun, _ = await journal.story(7)
        assert (begun.at_ms, begun.event.at_ms, begun.is_sure) == (
            mended.started_ms,
            first.started_ms,
            True,
        )
        assert begun.stored_ms == first.started_ms


async def test_clouds_are_told_the_mended_time_but_for_what_they_may_have_heard(box, tmp_path):
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        session = await start(journal, box, 7)
        box.mono += 3_600_000
        await end(journal, box, session)
        box.offset += 300 * DAY
        box.is_sure = True
        await keeper.look()
        head = await journal.outbox.next("city", "bay-1")
        assert head.event.at_ms == session.started_ms, "it may be on its way already"
        await journal.outbox.confirm(head, cloud_transaction_id="1")
        following = await journal.outbox.next("city", "bay-1")
        assert following.event.at_ms == session.started_ms + 3_600_000 + 300 * DAY


async def test_what_a_charger_dated_by_a_better_clock_is_left_alone(box, tmp_path):
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        right_ms = box.now_ms() + 300 * DAY
        await start(journal, box, 7, charger_clock=right_ms)
        box.mono += 60_000
        box.offset += 300 * DAY
        box.is_sure = True
        await keeper.look()
        assert (await journal.session(7)).started_ms == right_ms
        assert (await journal.session(7)).told_started_ms is None


async def test_nobody_knows_how_long_the_box_was_off_so_earlier_boots_stay_unsure(box, tmp_path):
    async with box.open(tmp_path) as journal:
        await box.keeper(journal).begin()
        session = await start(journal, box, 7)
    box.mono = 500
    async with box.open(tmp_path, boot="second") as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        await start(journal, box, 8)
        box.offset += 300 * DAY
        box.is_sure = True
        await keeper.look()
        kept = await journal.session(7)
        assert (kept.started_ms, kept.start_is_sure) == (session.started_ms, False)
        assert (await journal.session(8)).start_is_sure
        (told,) = await journal.story(7)
        assert not told.is_sure


async def test_a_restart_of_the_service_is_no_new_boot(box, tmp_path):
    async with box.open(tmp_path) as journal:
        await box.keeper(journal).begin()
        session = await start(journal, box, 7)
    box.mono += DAY
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        box.offset += 300 * DAY
        box.is_sure = True
        await keeper.look()
        assert (await journal.session(7)).started_ms == session.started_ms + 300 * DAY


async def test_set_twice_by_hand_before_it_is_sure_every_record_comes_out_right(box, tmp_path):
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        truth = {}
        for number, step in ((1, 100 * DAY), (2, -250 * DAY), (3, 450 * DAY)):
            await start(journal, box, number)
            truth[number] = box.mono
            box.mono += DAY
            box.offset += step
            await keeper.look()
        box.is_sure = True
        await keeper.look()
        for number, mono in truth.items():
            assert (await journal.session(number)).started_ms == mono + box.offset
        rows = await journal.rows("SELECT count(*) FROM event WHERE kind = 'clock-set'")
        assert len(box.told) == 3
        assert rows[0][0] >= 2, "the last one rides with the next commit"


async def test_a_clock_that_is_slewed_was_not_set(box, tmp_path):
    async with box.open(tmp_path) as journal:
        keeper = box.keeper(journal)
        await keeper.begin()
        for _ in range(100):
            box.mono += 1_000
            box.offset += 5
            await keeper.look()
        assert box.told == []
        assert len(await journal.rows("SELECT * FROM clock_stretch")) == 1


async def test_an_end_by_the_old_clock_of_a_charger_is_moved_with_its_start(box):
    one = OpenTransaction(
        Session(transaction_id=7, charger="bay-1", evse=1, token="AB", started_ms=WRONG, meter_start_wh=0),
        22_000,
    )
    mended = Session(
        transaction_id=7,
        charger="bay-1",
        evse=1,
        token="AB",
        started_ms=WRONG + 300 * DAY,
        told_started_ms=WRONG,
        meter_start_wh=0,
    )
    assert one.redate(mended) == 300 * DAY
    told = TransactionEnded(
        charger="bay-1", at_ms=WRONG + 3_600_000, seen_ms=1, transaction_id=7, meter_wh=9_000
    )
    ended = endings.ended(one, told).session
    assert ended.ended_ms - ended.started_ms == 3_600_000
    assert (ended.told_ended_ms, ended.energy_wh) == (told.at_ms, 9_000)
