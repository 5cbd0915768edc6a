"""Transactions, from the first message to the last: decided by core.transaction, kept by the journal.

Nothing is answered before it is committed. A repeated message finds what it made and gets the same answer.
An end is matched to what it means, closed here where no charger ever tells it, or kept as an orphan
(`endings`): every transaction is in the journal, once, and says what is odd about it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace

from edge.core import transaction
from edge.site import endings
from edge.site.commands import Origin, StartCharging
from edge.site.durable import Entry, Journal, JournalBrokenError, JournalFullError, Session
from edge.site.endings import OpenTransaction
from edge.site.events import (
    Acknowledged,
    EvseStatusChanged,
    NotAnswered,
    Sampled,
    StartAnswer,
    StillRuns,
    TokenAnswer,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.own_ids import OwnIds
from edge.site.ports import Clock
from edge.site.tokens import fingerprint, key_of, shortened

log = logging.getLogger(__name__)

MOST_OPEN = 64  # sessions of one charger at hand: one that forgets its ends must not fill the memory
MOST_W = 80 * 240 * 3  # of a socket that the site file no longer has
MOST_EXPECTED = 200
TEND_S = 60.0
FORGOTTEN_MS = 3_600_000  # ends may come late and in any order; after an hour none will
Answered = TypeVar("Answered")


class Transactions:
    """The open sessions of the site, and the one place where they begin and end."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        chargers: dict[str, ObservedCharger],
        *,
        sleepers: set[str],
        priority_of: Callable[[str], tuple[int, str] | None],
        group_of: Callable[[str], str | None] = lambda _: None,
        most_w: dict[tuple[str, int], int],
    ) -> None:
        """`sleepers`: fingerprints of tokens whose cars do not wake from a pause.

        `priority_of` says which priority comes with a token, and whose it is; `group_of` its group.
        `most_w`: what each EVSE, by charger and number, can deliver.
        """
        self._most_w = most_w
        self._priority_of = priority_of
        self._group_of = group_of
        self._journal = journal
        self._clock = clock
        self._chargers = chargers
        self._sleepers = sleepers
        self._open: dict[int, OpenTransaction] = {}
        self._own_ids = OwnIds(journal)
        self._expected: dict[tuple[str, str], int] = {}
        self._last_id = 0
        self.is_full = False
        self._turns: dict[str, asyncio.Lock] = {}
        self._working: set[asyncio.Task[Any]] = set()

    async def resume(self) -> list[Session]:
        """Take up what the process before us left running. Call once, before anything else."""
        resumed = await self._journal.resume()
        self._last_id = resumed.last_transaction_id
        self._own_ids.resume(resumed)
        for session in sorted(resumed.open_sessions, key=lambda each: each.transaction_id):
            one = self._hold(session)
            for sample in await self._journal.samples(session.transaction_id):
                one.note(sample)
                one.keeps(sample)
            evse = self._evse(session.charger, session.evse)
            if evse is not None and session.is_accepted:
                seen_ms = self._clock.mono_ms()
                evse.begin(
                    session.transaction_id,
                    session.token,
                    session.meter_start_wh,
                    self._past(session.started_ms),
                    seen_ms,
                    token_priority=self._priority_of(session.token),
                    own_id=self._own_ids.of(session),
                )
        return list(resumed.open_sessions)

    def open_session(self, transaction_id: int) -> Session | None:
        """An open session by our id."""
        one = self._open.get(transaction_id)
        return None if one is None else one.session

    def expect(self, command: StartCharging, origin: Origin) -> None:
        """A cloud has asked for a start on this card, and will know it by a number."""
        key = (command.charger, key_of(command.token))
        self._expected.pop(key, None)
        if origin.number is not None:
            self._expected[key] = origin.number
        for old in list(self._expected)[:-MOST_EXPECTED]:
            del self._expected[old]

    def running(self, charger: str) -> list[Session]:
        """The open sessions of a charger."""
        return [one.session for one in self._open.values() if one.session.charger == charger]

    async def energy_since(self, token: str, since_ms: int) -> int:
        """What was charged with a token in the sessions that began since then, by now, Wh."""
        running_wh = sum(
            one.book.energy_wh
            for one in self._open.values()
            if key_of(one.session.token) == key_of(token)
            and one.session.is_accepted
            and one.session.started_ms >= since_ms
        )
        return running_wh + await self._journal.energy_since(token, since_ms)

    async def start(self, event: TransactionStarted, token: TokenAnswer) -> StartAnswer | NotAnswered:
        """Begin, or recognise the repetition of, a transaction. Whole, even if nobody waits any more."""
        return await self._whole(event.charger, self._start(event, token))

    async def end(self, event: TransactionEnded) -> Acknowledged | NotAnswered:
        """End a transaction, once. Whole, even if nobody waits any more."""
        return await self._whole(event.charger, self._end(event))

    def number_of(self, event: TransactionEnded) -> int | None:
        """Our number of a transaction that its charger names itself, where we know it."""
        return (self._own_ids.resolved(event).transaction_id or None) if event.own_id else None

    async def _whole(self, charger: str, work: Coroutine[None, None, Answered]) -> Answered:
        """Do it in a task of the site's own, one after the other for each charger.

        The link that brought the message may be cut while the disk writes: what is committed then must be
        known here as well, or the repetition would meet half of it.
        """
        return await asyncio.shield(self._begin_work(charger, work))

    def _begin_work(self, charger: str, work: Coroutine[None, None, Answered]) -> asyncio.Task[Answered]:
        task = asyncio.create_task(self._in_turn(charger, work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _in_turn(self, charger: str, work: Coroutine[None, None, Answered]) -> Answered:
        async with self._turns.setdefault(charger, asyncio.Lock()):
            return await work

    async def _start(self, event: TransactionStarted, token: TokenAnswer) -> StartAnswer | NotAnswered:
        """Begin, or recognise the repetition of, a transaction.

        Even a token that may not charge gets an id: the station has begun and must be able to end it
        (OCPP 1.6 ed. 2 section 4.8). An EVSE without a place in the site file is refused: nobody counts it.
        """
        evse = self._evse(event.charger, event.evse)
        if evse is None:
            log.warning(
                "%s starts on connector %d, which the site file does not have: refused",
                event.charger,
                event.evse,
            )
            token = TokenAnswer(status="invalid")
        key, known = await self._own_ids.beginning(event)
        if known is not None:
            return StartAnswer(transaction_id=known.transaction_id, token=_as_before(known, token))
        session = Session(
            transaction_id=self._new_id(),
            charger=event.charger,
            evse=event.evse,
            token=event.token,
            started_ms=event.at_ms,
            meter_start_wh=event.meter_wh,
            is_accepted=token.status == "accepted",
            start_is_sure=event.is_synchronised,
            token_group=self._group_of(event.token) or "",
            flags=(transaction.NO_START,) if event.is_late else (),
        )
        number = self._expected.pop((event.charger, key_of(event.token)), None)
        kept = replace(event, transaction_id=session.transaction_id, remote_start_id=number)
        failure = await self._commit(Entry(event=kept, session=session, dedup=key))
        if failure is not None:
            return failure
        self._hold(session)
        self._own_ids.learn(session, event.own_id)
        if evse is not None and token.status == "accepted" and self._is_newest(evse, event.at_ms):
            evse.begin(
                session.transaction_id,
                event.token,
                event.meter_wh,
                self._past(event.at_ms),
                event.seen_ms,
                sleeps=fingerprint(event.token) in self._sleepers,
                token_priority=self._priority_of(event.token),
                own_id=event.own_id,
            )
            self._chargers[event.charger].touch()
        name = evse.name if evse else event.charger
        log.info("%s transaction %d begins, token %s", name, session.transaction_id, shortened(event.token))
        return StartAnswer(transaction_id=session.transaction_id, token=token)

    async def _end(self, event: TransactionEnded) -> Acknowledged | NotAnswered:
        """End a transaction, once."""
        event = await self._own_ids.found(event)
        session = self.open_session(event.transaction_id)
        if session is None:
            session = await self._journal.session(event.transaction_id)
        is_ours = session is not None and session.charger == event.charger
        is_ended = session is not None and session.ended_ms is not None
        verdict = transaction.judge_stop(is_open=is_ours and not is_ended, is_ended=is_ours and is_ended)
        if verdict == transaction.UNKNOWN or session is None:
            return await self._end_unknown(event)
        if verdict == transaction.REPEATED:
            return await self._end_again(event, session)
        one = self._open.get(session.transaction_id) or await self._reopened(session)
        return await self._store_end(endings.ended(one, event))

    async def _end_unknown(self, event: TransactionEnded) -> Acknowledged | NotAnswered:
        """An end under an id that is none of ours: that of what it can only mean, or an orphan."""
        if await self._journal.find_session(event.charger, endings.told_key(event)) is not None:
            return Acknowledged()
        mine = [one for one in self._open.values() if one.session.charger == event.charger]
        one = None if event.own_id else endings.match(mine, event)
        if one is not None:
            number = one.session.transaction_id
            log.warning("%s ends %d, which must be %d", event.charger, event.transaction_id, number)
            return await self._store_end(endings.ended(one, event, transaction.MATCHED))
        self._lift(event.transaction_id)
        log.warning(
            "%s ends transaction %d, which we do not know: kept as an orphan",
            event.charger,
            event.transaction_id,
        )
        failure = await self._commit(endings.orphan(event, self._new_id()))
        return failure or Acknowledged()

    async def _end_again(self, event: TransactionEnded, session: Session) -> Acknowledged | NotAnswered:
        """Repeated, or the charger's own word after ours."""
        if not endings.may_be_amended(session):
            return Acknowledged()
        log.info("%s tells the end of transaction %d after all", event.charger, session.transaction_id)
        one = await self._reopened(session)
        failure = await self._commit(endings.amended(one, event))
        return failure or Acknowledged()

    async def _store_end(self, entry: Entry) -> Acknowledged | NotAnswered:
        failure = await self._commit(entry)
        if failure is None and entry.session is not None:
            self._forget(entry.session)
        return failure or Acknowledged()

    async def _reopened(self, session: Session) -> OpenTransaction:
        """What was charged, out of the samples that were kept."""
        one = OpenTransaction(session, self._most_w_of(session))
        for sample in await self._journal.samples(session.transaction_id):
            one.note(sample)
        return one

    def replaced(self, charger: str) -> None:
        """Another box stands in this charger's place: what ran on the old one has ended with it."""
        mine = [one for one in self._open.values() if one.session.charger == charger]
        for one in mine:
            self._begin_work(charger, self._close(one, transaction.REPLACED))

    async def tell_of(self, event: StillRuns) -> None:
        """A charger says whether a transaction runs. One that does not, and whose end is lost, ends here."""
        one = self._open.get(self._own_ids.resolved(event).transaction_id)
        if one is not None and one.session.charger == event.charger and not event.does:
            await self._whole(event.charger, self._close(one, transaction.NO_STOP))

    async def tend(self) -> None:
        """Close what its charger has forgotten to end, until cancelled."""
        while True:
            await asyncio.sleep(TEND_S)
            now_ms = self._clock.mono_ms()
            for one in list(self._open.values()):
                if not self._is_forgotten(one.session):
                    one.stale_since_ms = None
                    continue
                one.stale_since_ms = now_ms if one.stale_since_ms is None else one.stale_since_ms
                if now_ms - one.stale_since_ms >= FORGOTTEN_MS:
                    await self._whole(one.session.charger, self._close(one, transaction.NO_STOP))

    def _is_forgotten(self, session: Session) -> bool:
        """Whether its charger is here and says, or shows by another one, that it does not run."""
        charger = self._chargers.get(session.charger)
        evse = self._evse(session.charger, session.evse)
        if charger is None or evse is None or not charger.is_linked:
            return False
        return evse.transaction_id != session.transaction_id or evse.state == "available"

    async def _close(self, one: OpenTransaction, flag: str) -> Acknowledged | NotAnswered:
        number = one.session.transaction_id
        if self._open.get(number) is not one:
            return Acknowledged()
        log.warning("%s transaction %d is closed here: %s", one.session.charger, number, flag)
        is_sure = self._clock.is_synchronised()
        entry = endings.closed(one, flag, seen_ms=self._clock.mono_ms(), is_synchronised=is_sure)
        return await self._store_end(entry)

    def _hold(self, session: Session) -> OpenTransaction:
        """Keep an open session at hand, and of each charger no more than it can have running.

        The others stay open in the journal, where their end finds them.
        """
        held = self._open[session.transaction_id] = OpenTransaction(session, self._most_w_of(session))
        charger = self._chargers.get(session.charger)
        running = {evse.transaction_id for evse in charger.evses.values()} if charger else set()
        mine = [number for number, one in self._open.items() if one.session.charger == session.charger]
        for number in mine[:-MOST_OPEN]:
            if number not in running:
                del self._open[number]
        return held

    def redate(self, sessions: tuple[Session, ...]) -> None:
        """The clock was set right: what runs has begun at another time than was told."""
        for session in sessions:
            one = self._open.get(session.transaction_id)
            evse = self._evse(session.charger, session.evse)
            if one is None:
                continue
            moved_ms = one.redate(session)
            if evse is not None and evse.transaction_id == session.transaction_id:
                evse.started_at_ms = self._past((evse.started_at_ms or 0) + moved_ms)

    def sample(self, event: Sampled) -> None:
        """Keep a sample of a running transaction; nobody waits for it."""
        event = self._own_ids.resolved(event)
        if event.own_id and event.transaction_id is None:
            return  # of one that was never told to have begun
        evse = self._evse(event.charger, event.evse)
        transaction_id = event.transaction_id
        if transaction_id is None and evse is not None:
            transaction_id = evse.transaction_id
        one = None if transaction_id is None else self._open.get(transaction_id)
        if one is None or one.session.charger != event.charger:
            self._lift(transaction_id or 0)
            return
        one.note(event)
        if one.keeps(event):
            self._journal.keep(Entry(event=replace(event, transaction_id=transaction_id)))

    def state(self, event: EvseStatusChanged) -> None:
        """Keep what a charger says of an EVSE while a transaction runs there, with its time."""
        evse = self._evse(event.charger, event.evse)
        if evse is None or evse.transaction_id is None:
            return
        one = self._open.get(evse.transaction_id)
        if one is not None and one.keeps_state(event):
            self._journal.keep(Entry(event=event, transaction_id=evse.transaction_id))

    def _new_id(self) -> int:
        self._last_id = transaction.next_id(self._last_id, self._clock.now_ms() // 1000)
        return self._last_id

    def _lift(self, told_id: int) -> None:
        self._last_id = transaction.lifted(self._last_id, told_id)

    def _most_w_of(self, session: Session) -> int:
        return self._most_w.get((session.charger, session.evse), MOST_W)

    def _forget(self, session: Session) -> None:
        self._open.pop(session.transaction_id, None)
        evse = self._evse(session.charger, session.evse)
        if evse is not None and evse.transaction_id == session.transaction_id:
            evse.end()
            self._chargers[session.charger].touch()
        name = evse.name if evse else session.charger
        kwh = (session.energy_wh or 0) / 1000
        odd = f" ({', '.join(session.flags)})" if session.flags else ""
        level = logging.WARNING if odd else logging.INFO
        log.log(level, "%s transaction %d ends: %.1f kWh%s", name, session.transaction_id, kwh, odd)

    async def _commit(self, entry: Entry) -> NotAnswered | None:
        try:
            await self._journal.append(entry)
        except JournalFullError:
            self.is_full = True
            return NotAnswered(sentence="the journal is full")
        except JournalBrokenError as error:
            log.error("the journal cannot store: %s", error)  # noqa: TRY400  the sentence says it all
            return NotAnswered(sentence="the journal cannot store")
        if isinstance(entry.event, TransactionStarted):  # an end has room where a start has none
            self.is_full = False
        return None

    def _past(self, at_ms: int) -> int:
        """A beginning in the future began now: else what begins later could never take its place."""
        return min(at_ms, self._clock.now_ms())

    def _evse(self, charger: str, number: int) -> ObservedEvse | None:
        known = self._chargers.get(charger)  # what ran may have left the site file since
        return None if known is None else known.evses.get(number)

    @staticmethod
    def _is_newest(evse: ObservedEvse, at_ms: int) -> bool:
        """A queued start that belongs to the past must not take the place of the one that runs."""
        return evse.started_at_ms is None or at_ms >= evse.started_at_ms


def _as_before(known: Session, token: TokenAnswer) -> TokenAnswer:
    """The opinion of a token that the first of two equal starts was told; `token` is today's."""
    if known.is_accepted == (token.status == "accepted"):
        return token
    return TokenAnswer(status="accepted" if known.is_accepted else "invalid")
