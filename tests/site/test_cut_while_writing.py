"""A link that is cut while the disk still writes: what is committed is known, and the repetition meets it."""

import asyncio
import contextlib

from edge.site.durable import Entry, Session
from edge.site.events import Acknowledged, StartAnswer, TokenAnswer, TransactionEnded, TransactionStarted
from edge.site.observed import ObservedCharger
from edge.site.transactions import Transactions

ACCEPTED = TokenAnswer(status="accepted")
STARTED = TransactionStarted(charger="bay-1", evse=1, at_ms=1_000, seen_ms=1, token="ABCD", meter_wh=50)


class Clock:
    def now_ms(self) -> int:
        return 1_800_000_000_000

    def mono_ms(self) -> int:
        return 5_000

    def is_synchronised(self) -> bool:
        return True


class SlowJournal:
    """Commits when it is let, once for each `dedup`, as SQLite does."""

    def __init__(self) -> None:
        self.may_write = asyncio.Event()
        self.entries: list[Entry] = []

    async def append(self, entry: Entry) -> int:
        await self.may_write.wait()
        assert entry.dedup not in {each.dedup for each in self.entries}
        self.entries.append(entry)
        return len(self.entries)

    async def find_session(self, charger: str, dedup: str) -> Session | None:
        found = [e.session for e in self.entries if (e.event.charger, e.dedup) == (charger, dedup)]
        return found[0] if found else None

    async def session(self, transaction_id: int) -> Session | None:
        found = [e.session for e in self.entries if e.session.transaction_id == transaction_id]
        return found[-1] if found else None


async def cut_while_writing(journal: SlowJournal, work) -> None:
    """Whoever waited is gone before the disk has answered; then it answers."""
    waiting = asyncio.create_task(work)
    await asyncio.sleep(0.01)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    journal.may_write.set()
    await asyncio.sleep(0.01)


async def test_a_start_is_whole_and_its_repetition_gets_the_same_id_and_a_car_that_wants() -> None:
    journal, charger = SlowJournal(), ObservedCharger("bay-1", {1: "bay-1"})
    transactions = Transactions(
        journal, Clock(), {"bay-1": charger}, sleepers=set(), priority_of=lambda _: None, most_w={}
    )
    await cut_while_writing(journal, transactions.start(STARTED, ACCEPTED))
    answer = await transactions.start(STARTED, ACCEPTED)
    assert isinstance(answer, StartAnswer)
    assert charger.evses[1].transaction_id == answer.transaction_id
    assert transactions.open_session(answer.transaction_id) is not None
    assert len(journal.entries) == 1


async def test_an_end_is_whole_and_its_repetition_is_acknowledged() -> None:
    journal, charger = SlowJournal(), ObservedCharger("bay-1", {1: "bay-1"})
    transactions = Transactions(
        journal, Clock(), {"bay-1": charger}, sleepers=set(), priority_of=lambda _: None, most_w={}
    )
    journal.may_write.set()
    answer = await transactions.start(STARTED, ACCEPTED)
    ended = TransactionEnded(
        charger="bay-1", at_ms=2_000, seen_ms=2, transaction_id=answer.transaction_id, meter_wh=950
    )
    journal.may_write.clear()
    await cut_while_writing(journal, transactions.end(ended))
    assert charger.evses[1].transaction_id is None
    assert await transactions.end(ended) == Acknowledged()
    assert len(journal.entries) == 2
