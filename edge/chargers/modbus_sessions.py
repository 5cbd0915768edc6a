"""Sessions at a charger that keeps none: a plug goes in, somebody may charge, the plug comes out.

A charger without a card reader presents a token of its own name when a car comes: a site that accepts all
lets it charge, another one where that token is in its list. Else it waits for a card shown elsewhere
(`ampyard charger bay-5 start TOKEN`), or for its cloud.

Nothing tells one car from another. Who has not been seen for minutes, because this box or the wire was away,
may have left, and somebody else may stand there: what ran then is ended where it was seen last. What flowed
unseen is nobody's, and stands in the reconciliation.
"""

import asyncio
import logging
from typing import Any

from edge.chargers.modbus_memory import LastSeen
from edge.site.events import (
    EvseState,
    EvseStatusChanged,
    NotAnswered,
    Sampled,
    StartAnswer,
    StopReason,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.ports import Clock, SiteDoors

log = logging.getLogger(__name__)

EVSE = 1
SAMPLE_EVERY_MS = 10_000
STEP_MA = 500  # a change that is told at once
WITH_CAR = frozenset("BCD")
AWAY_MS = (
    180_000  # samples are kept each minute and written in groups; one car does not replace another so soon
)
ASK_AGAIN_MS = 30_000  # a token that was refused may have been put into the list meanwhile

Values = dict[str, tuple[int, ...]]


class Plugs:
    """The one socket of a charger, and whoever charges there."""

    def __init__(self, charger: str, site: SiteDoors, clock: Clock) -> None:
        self.is_in_service = True
        self._charger = charger
        self._site = site
        self._clock = clock
        self._letter = ""
        self._state: EvseState | None = None
        self._energy_wh: int | None = None
        self._sampled_ms = 0
        self._current_ma: tuple[int, ...] = ()
        self._asked_ms: int | None = None
        self._beginning = asyncio.Lock()
        self._seen: LastSeen | None = None
        self._seen_ms: int | None = None  # by the clock that does not jump; None: before this process
        self._unstored: TransactionEnded | None = None  # an end that the journal has not taken yet
        self._is_over = False  # it was stopped here: the car must leave before another begins

    @property
    def is_running(self) -> bool:
        """Whether somebody may charge."""
        return self._running is not None

    @property
    def _running(self) -> int | None:
        return self._site.charger(self._charger).transactions.get(EVSE)

    def recall(self, seen: LastSeen | None) -> None:
        """What is known of the time before this process. Call before the first `note`."""
        self._seen = seen

    async def note(self, letter: str, values: Values, *, energy_wh: int | None, is_paused: bool) -> None:
        """What it does now: IEC 61851's letter, and what it measures."""
        self._letter = letter
        if self._unstored is None or await self._store_end(self._unstored):
            if (running := self._running) is not None and letter != "A" and self._was_away:
                await self._end_unseen(running)
            if energy_wh is not None:
                self._energy_wh = energy_wh
            if letter == "A":
                await self._left()
            elif letter in WITH_CAR and self._running is None:
                await self._ask()
        self._seen_ms = self._clock.mono_ms()
        self._seen = LastSeen(at_ms=self._clock.now_ms(), energy_wh=self._energy_wh or 0)
        await self._tell_state(letter, is_paused=is_paused)
        await self._sample(values)

    @property
    def _was_away(self) -> bool:
        """Whether nobody has looked for so long that another car may stand there."""
        if self._seen_ms is not None:
            return self._clock.mono_ms() - self._seen_ms > AWAY_MS
        if self._seen is None:
            return False
        return not 0 <= self._clock.now_ms() - self._seen.at_ms <= AWAY_MS

    async def _end_unseen(self, transaction_id: int) -> None:
        """End it at the last that was seen of it, and say why."""
        if self._seen is None:
            return
        sentence = (
            f"transaction {transaction_id} was not seen for minutes and is ended where it was seen last"
        )
        log.warning("%s: %s: another car may stand there", self._charger, sentence)
        self._site.alert(self._charger, "unseen", sentence)
        here = self._here() | {"at_ms": self._seen.at_ms}
        self._asked_ms = None
        await self._store_end(
            TransactionEnded(
                **here, transaction_id=transaction_id, meter_wh=self._seen.energy_wh, reason="other"
            )
        )

    async def start(self, token: str) -> str | None:
        """Somebody may charge; None, or why not."""
        if self._letter not in WITH_CAR:
            return "no car is plugged in"
        if self._running is not None:
            return "a transaction runs there already"
        self._is_over = False
        return None if await self._begin(token) else "this token may not charge"

    async def stop(self, transaction_id: int, reason: StopReason = "remote") -> bool:
        """End a transaction; another one begins when the next car comes. False: it is not stored yet.

        It is tried again with every look at the charger.
        """
        self._is_over = True
        return await self._end(transaction_id, reason)

    async def _left(self) -> None:
        self._is_over, self._asked_ms = False, None
        if (running := self._running) is not None:
            await self._end(running, "car-left")

    async def _ask(self) -> None:
        """May whoever is plugged in charge? Asked again now and then: lists change."""
        now_ms = self._clock.mono_ms()
        asked_lately = self._asked_ms is not None and now_ms - self._asked_ms < ASK_AGAIN_MS
        if self._is_over or not self.is_in_service or asked_lately or self._energy_wh is None:
            return
        self._asked_ms = now_ms
        await self._begin(self._charger)

    async def _begin(self, token: str) -> bool:
        """Whether it charges now. One plug, one transaction: who asks meanwhile finds it begun."""
        async with self._beginning:
            if self._running is not None:
                return False
            presented = await self._site.report(TokenPresented(**self._here(), token=token))
            if not isinstance(presented, TokenAnswer) or presented.status != "accepted":
                return False
            started = await self._site.report(
                TransactionStarted(**self._here(), token=token, meter_wh=self._energy_wh or 0)
            )
            return isinstance(started, StartAnswer)

    async def _end(self, transaction_id: int, reason: StopReason) -> bool:
        """Whether it is stored."""
        ended = TransactionEnded(
            **self._here(), transaction_id=transaction_id, meter_wh=self._energy_wh or 0, reason=reason
        )
        return await self._store_end(self._unstored or ended)

    async def _store_end(self, ended: TransactionEnded) -> bool:
        answer = await self._site.report(ended)
        if isinstance(answer, NotAnswered):
            if self._unstored is None:
                log.warning(
                    "%s: the end of transaction %d waits: %s",
                    self._charger,
                    ended.transaction_id,
                    answer.sentence,
                )
            self._unstored = ended
            return False
        self._unstored = None
        self._asked_ms = self._clock.mono_ms() if self._is_over else None
        return True

    async def _tell_state(self, letter: str, *, is_paused: bool) -> None:
        state = self._meaning(letter, is_paused=is_paused)
        if state == self._state:
            return
        self._state = state
        error = f"state {letter}" if state == "faulted" else None
        await self._site.report(EvseStatusChanged(**self._here(), state=state, error=error))

    def _meaning(self, letter: str, *, is_paused: bool) -> EvseState:
        if letter in ("E", "F"):
            return "faulted"
        if letter == "A":
            return "available" if self.is_in_service else "unavailable"
        if letter in ("C", "D"):
            return "charging"
        if self._running is None:
            return "finishing" if self._is_over else "occupied"
        return "suspended-evse" if is_paused else "suspended-car"

    async def _sample(self, values: Values) -> None:
        """Now and then, and when the current has changed."""
        now_ms = self._clock.mono_ms()
        current_ma = values.get("current", ())
        has_moved = len(current_ma) != len(self._current_ma) or any(
            abs(now - then) >= STEP_MA for now, then in zip(current_ma, self._current_ma, strict=True)
        )
        if not has_moved and now_ms - self._sampled_ms < SAMPLE_EVERY_MS:
            return
        self._sampled_ms, self._current_ma = now_ms, current_ma
        power = values.get("power")
        await self._site.report(
            Sampled(
                **self._here(),
                transaction_id=self._running,
                current_ma=current_ma or None,
                voltage_mv=values.get("voltage"),
                power_w=None if power is None else power[0],
                energy_wh=self._energy_wh,
            )
        )

    def _here(self) -> dict[str, Any]:
        return {
            "charger": self._charger,
            "evse": EVSE,
            "at_ms": self._clock.now_ms(),
            "seen_ms": self._clock.mono_ms(),
            "is_synchronised": self._clock.is_synchronised(),
        }
