"""Transactions, from the first message to the last: decided by core.transaction, kept by the journal.

Nothing is answered before it is committed. A repeated message finds what it made and gets the same answer.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace

from edge.core import transaction
from edge.site.events import (
    Acknowledged,
    NotAnswered,
    Sampled,
    StartAnswer,
    TokenAnswer,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.ports import Clock, Entry, Journal, JournalBrokenError, JournalFullError, Session
from edge.site.tokens import fingerprint, shortened

log = logging.getLogger(__name__)

MOST_OPEN = 64  # sessions of one charger at hand: one that forgets its ends must not fill the memory
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
    ) -> None:
        """`sleepers`: fingerprints of tokens whose cars do not wake from a pause.

        `priority_of` says which priority comes with a token, and whose it is.
        """
        self._priority_of = priority_of
        self._journal = journal
        self._clock = clock
        self._chargers = chargers
        self._sleepers = sleepers
        self._open: dict[int, Session] = {}
        self._last_id = 0
        self.is_full = False
        self._turns: dict[str, asyncio.Lock] = {}
        self._working: set[asyncio.Task[Any]] = set()

    async def resume(self) -> list[Session]:
        """Take up what the process before us left running. Call once, before anything else."""
        resumed = await self._journal.resume()
        self._last_id = resumed.last_transaction_id
        for session in sorted(resumed.open_sessions, key=lambda each: each.transaction_id):
            self._hold(session)
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
                )
        return list(resumed.open_sessions)

    def open_session(self, transaction_id: int) -> Session | None:
        """An open session by our id."""
        return self._open.get(transaction_id)

    async def start(self, event: TransactionStarted, token: TokenAnswer) -> StartAnswer | NotAnswered:
        """Begin, or recognise the repetition of, a transaction. Whole, even if nobody waits any more."""
        return await self._whole(event.charger, self._start(event, token))

    async def end(self, event: TransactionEnded) -> Acknowledged | NotAnswered:
        """End a transaction, once. Whole, even if nobody waits any more."""
        return await self._whole(event.charger, self._end(event))

    async def _whole(self, charger: str, work: Coroutine[None, None, Answered]) -> Answered:
        """Do it in a task of the site's own, one after the other for each charger.

        The link that brought the message may be cut while the disk writes: what is committed then must be
        known here as well, or the repetition would meet half of it.
        """
        task = asyncio.create_task(self._in_turn(charger, work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return await asyncio.shield(task)

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
        key = transaction.start_key(event.evse, event.token, event.at_ms, event.meter_wh)
        known = await self._journal.find_session(event.charger, key)
        if known is not None:
            return StartAnswer(transaction_id=known.transaction_id, token=_as_before(known, token))
        self._last_id = transaction.next_id(self._last_id, self._clock.now_ms() // 1000)
        session = Session(
            transaction_id=self._last_id,
            charger=event.charger,
            evse=event.evse,
            token=event.token,
            started_ms=event.at_ms,
            meter_start_wh=event.meter_wh,
            is_accepted=token.status == "accepted",
        )
        kept = replace(event, transaction_id=session.transaction_id)
        failure = await self._commit(Entry(event=kept, session=session, dedup=key))
        if failure is not None:
            return failure
        self._hold(session)
        if evse is not None and token.status == "accepted" and self._is_newest(evse, event.at_ms):
            evse.begin(
                session.transaction_id,
                event.token,
                event.meter_wh,
                self._past(event.at_ms),
                event.seen_ms,
                sleeps=fingerprint(event.token) in self._sleepers,
                token_priority=self._priority_of(event.token),
            )
            self._chargers[event.charger].touch()
        name = evse.name if evse else event.charger
        log.info("%s transaction %d begins, token %s", name, session.transaction_id, shortened(event.token))
        return StartAnswer(transaction_id=session.transaction_id, token=token)

    async def _end(self, event: TransactionEnded) -> Acknowledged | NotAnswered:
        """End a transaction, once. An end of none that we know is kept as it came."""
        session = self._open.get(event.transaction_id)
        if session is None:
            session = await self._journal.session(event.transaction_id)
        is_ours = session is not None and session.charger == event.charger
        is_ended = session is not None and session.ended_ms is not None
        verdict = transaction.judge_stop(is_open=is_ours and not is_ended, is_ended=is_ours and is_ended)
        if verdict == transaction.REPEATED:
            return Acknowledged()
        if verdict == transaction.UNKNOWN or session is None:
            log.warning(
                "%s ends transaction %d, which we do not know: kept as it came",
                event.charger,
                event.transaction_id,
            )
            failure = await self._commit(Entry(event=event, deliver=False))
            return failure or Acknowledged()
        ended = replace(
            session,
            ended_ms=event.at_ms,
            meter_stop_wh=event.meter_wh,
            reason=event.reason,
            last_meter_wh=event.meter_wh,
        )
        failure = await self._commit(
            Entry(
                event=replace(event, evse=session.evse),
                session=ended,
                dedup=transaction.stop_key(session.transaction_id),
            )
        )
        if failure is not None:
            return failure
        self._forget(ended)
        return Acknowledged()

    def _hold(self, session: Session) -> None:
        """Keep an open session at hand, and of each charger no more than it can have running.

        The others stay open in the journal, where their end finds them.
        """
        self._open[session.transaction_id] = session
        charger = self._chargers.get(session.charger)
        running = {evse.transaction_id for evse in charger.evses.values()} if charger else set()
        mine = [number for number, each in self._open.items() if each.charger == session.charger]
        for number in mine[:-MOST_OPEN]:
            if number not in running:
                del self._open[number]

    def sample(self, event: Sampled) -> None:
        """Keep a sample of a running transaction; nobody waits for it."""
        evse = self._evse(event.charger, event.evse)
        transaction_id = event.transaction_id
        if transaction_id is None and evse is not None:
            transaction_id = evse.transaction_id
        if transaction_id in self._open:
            self._journal.keep(Entry(event=replace(event, transaction_id=transaction_id)))

    def _forget(self, session: Session) -> None:
        self._open.pop(session.transaction_id, None)
        evse = self._evse(session.charger, session.evse)
        if evse is not None and evse.transaction_id == session.transaction_id:
            evse.end()
            self._chargers[session.charger].touch()
        energy_wh = transaction.energy_wh(session.meter_start_wh, session.meter_stop_wh)
        name = evse.name if evse else session.charger
        if energy_wh is None:
            log.warning("%s transaction %d ends below its start", name, session.transaction_id)
        else:
            log.info("%s transaction %d ends: %.1f kWh", name, session.transaction_id, energy_wh / 1000)

    async def _commit(self, entry: Entry) -> NotAnswered | None:
        try:
            await self._journal.append(entry)
        except JournalFullError:
            self.is_full = True
            return NotAnswered(sentence="the journal is full")
        except JournalBrokenError as error:
            log.error("the journal cannot store: %s", error)  # noqa: TRY400  the sentence says it all
            return NotAnswered(sentence="the journal cannot store")
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
