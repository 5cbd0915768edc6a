"""The control cycle: image -> step -> offers. It awaits its own timer and nothing else.

Offers leave in tasks of their own and their outcomes come back as part of a later image; readings and
events only leave their latest value here. A peer that hangs or a disk that stalls costs nothing.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import msgspec

from edge.core.evse import DEADLINE_MS, FOLLOW_MS
from edge.core.image import (
    CONFIRMED,
    LOST,
    REFUSED,
    UNSENT,
    Decision,
    Image,
    LimitImage,
    MeterImage,
    Offer,
    OfferResult,
)
from edge.core.memory import Memory
from edge.core.record import Record
from edge.core.step import step
from edge.site.blueprint import Blueprint
from edge.site.commands import Trigger
from edge.site.demands import Demands
from edge.site.observed import SAMPLE_LAG_MS, ObservedCharger, oldest_sample_ms
from edge.site.passports import Passports
from edge.site.ports import (
    Charger,
    Clock,
    Confirmed,
    Limit,
    OfferLost,
    OfferOutcome,
    OfferRefused,
    Reading,
    Recorder,
)

log = logging.getLogger(__name__)

PERIOD_MS = 1_000
WAKE_MS = 50  # several reasons to wake early make one cycle; an overload waits for no other
CHECKPOINT_EVERY = 60  # cycles
HALF_MINUTE_MS = 30_000


class Slowest:
    """The longest cycle of the last half minute to minute, ms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_ms = clock.mono_ms()
        self._before_ms = self._now_ms = 0

    def note(self, took_ms: int) -> None:
        """A cycle took so long."""
        if self._clock.mono_ms() - self._since_ms >= HALF_MINUTE_MS:
            self._since_ms += HALF_MINUTE_MS
            self._before_ms, self._now_ms = self._now_ms, 0
        self._now_ms = max(self._now_ms, took_ms)

    @property
    def ms(self) -> int:
        """As of now."""
        return max(self._before_ms, self._now_ms)


class Control:
    """The cycle of one site. `on_cycle` runs after every whole cycle and must not block."""

    def __init__(
        self,
        blueprint: Blueprint,
        observed: dict[str, ObservedCharger],
        clock: Clock,
        recorder: Recorder | None,
        *,
        passports: Passports,
    ) -> None:
        self.cycle = 0
        self.decision: Decision | None = None
        self.readings: dict[str, Reading] = {}
        self.limits: dict[str, Limit] = {}
        self.on_cycle: Callable[[Decision], None] = lambda _: None
        self.on_sleeper: Callable[[str], None] = lambda _: None
        self.demands = Demands(blueprint, clock)
        self._blueprint = blueprint
        self._observed = observed
        self._clock = clock
        self._recorder = recorder
        self._passports = passports
        self._memory = Memory(blueprint.lot, now_ms=clock.mono_ms())
        self._results: list[OfferResult] = []
        self._chargers: dict[str, Charger] = {}
        self._due_ms = 0
        self._is_sooner = asyncio.Event()
        self._failing: set[str] = set()
        self.refusing: set[str] = set()
        self._confirmed_ma: dict[str, int] = {}
        self.slowest = Slowest(clock)

    def attach(self, charger: str, driver: Charger) -> None:
        """This driver carries out what is decided for `charger`."""
        self._chargers[charger] = driver

    def wake(self) -> None:
        """Something happened that should not wait for the next period."""
        self._cycle_within(WAKE_MS)

    def hurry(self) -> None:
        """Less is allowed than before: decide at once."""
        self._cycle_within(0)

    def read(self, reading: Reading) -> None:
        """The latest value of a meter; one above the circuit's limit makes a cycle at once."""
        self.readings[reading.circuit] = reading
        rating_ma = self._blueprint.lot.tree.circuits[reading.circuit].rating_ma
        if reading.current_ma is not None and max(reading.current_ma) > rating_ma:
            self._cycle_within(0)

    async def run(self) -> None:
        """Cycle until cancelled; leaves no task behind."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._due_ms = self._clock.mono_ms() + PERIOD_MS
                await self._cycle(group)
                await self._rest()

    def _cycle_within(self, wait_ms: int) -> None:
        due_ms = self._clock.mono_ms() + wait_ms
        if due_ms < self._due_ms:
            self._due_ms = due_ms
            self._is_sooner.set()

    async def _rest(self) -> None:
        """Until the next cycle is due, which events may bring forward meanwhile."""
        while (left_ms := self._due_ms - self._clock.mono_ms()) > 0:
            self._is_sooner.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_ms / 1000):
                    await self._is_sooner.wait()

    async def _cycle(self, group: asyncio.TaskGroup) -> None:
        """Decide, let the offers leave, and only then write down and tell what was decided."""
        now_ms = self._clock.mono_ms()
        starts_record = self._recorder is not None and self.cycle % CHECKPOINT_EVERY == 0
        checkpoint = self._memory.checkpoint() if starts_record else None
        with _without_collections():
            image = self._image(now_ms)
            decision = step(self._memory, image, now_ms)
            sent = [self._send(offer) for offer in decision.offers]
        for offer, outcome in zip(decision.offers, sent, strict=True):
            group.create_task(self._follow(offer, outcome))
        await asyncio.sleep(0)  # every one of them runs until it waits for its answer
        self._record(now_ms, checkpoint, image, decision)
        for evse in decision.learned:
            self._passports.paused(evse)
        for evse in decision.sleepers:
            self._mark_sleeper(evse)
        self.decision = decision
        self.cycle += 1
        self.on_cycle(decision)
        self.slowest.note(self._clock.mono_ms() - now_ms)

    def _record(self, now_ms: int, checkpoint: list[object] | None, image: Image, decision: Decision) -> None:
        if self._recorder is not None:
            self._recorder.record(
                digest=self._blueprint.digest,
                checkpoint=None if checkpoint is None else msgspec.json.encode(checkpoint),
                image=msgspec.json.encode((now_ms, image), enc_hook=_slots),
                decision=msgspec.json.encode(decision, enc_hook=_slots),
            )

    def _image(self, now_ms: int) -> Image:
        results, self._results = self._results, []
        evses = []
        oldest_ms = oldest_sample_ms(self._observed.values(), now_ms)
        for name in sorted(self._observed):
            charger = self._observed[name]
            evses.extend(charger.images(self._passports.traits, now_ms, oldest_ms))
        expired = [
            name
            for name, limit in self.limits.items()
            if limit.expires_ms is not None and limit.expires_ms <= now_ms
        ]
        for name in expired:
            log.info("limit %s has expired", name)
            del self.limits[name]
        return Image(
            meters=[_meter(self.readings[name]) for name in sorted(self.readings)],
            evses=evses,
            results=results,
            limits=[_limit(self.limits[name]) for name in sorted(self.limits)],
            demands=self.demands.images(self.readings),
        )

    def _send(self, offer: Offer) -> Coroutine[Any, Any, OfferOutcome]:
        """Let an offer leave; its outcome is awaited by `_follow`."""
        charger, number = self._blueprint.places[offer.evse]
        driver = self._chargers.get(charger)
        if driver is None:
            return _never_sent()
        return driver.offer(
            number,
            offer.limit_ma,
            valid_ms=self._blueprint.lot.dead_man_ms,
            deadline_ms=self._passports.traits(charger, offer.evse).deadline_ms,
        )

    async def _follow(self, offer: Offer, sent: Coroutine[Any, Any, OfferOutcome]) -> None:
        """What became of an offer goes into the next image."""
        evse, limit_ma = offer.evse, offer.limit_ma
        outcome = await sent
        self._results.append(self._result(evse, offer.number, outcome))
        self._tell(evse, limit_ma, outcome)
        self.wake()
        before_ma = self._confirmed_ma.get(evse, 0)
        if isinstance(outcome, Confirmed):
            self._confirmed_ma[evse] = limit_ma
            self._passports.answered(evse, limit_ma, outcome.sent_ms)
            if limit_ma > before_ma or limit_ma == 0 < before_ma:
                await self._look_again(evse)

    async def _look_again(self, evse: str) -> None:
        """Ask for a sample once the car has followed. Until it comes, nothing else on that circuit rises, and
        who stopped is booked at what it drew: many send no samples when nothing flows.
        """
        await asyncio.sleep((FOLLOW_MS + SAMPLE_LAG_MS) / 1000)
        charger, number = self._blueprint.places[evse]
        await self._chargers[charger].perform(
            Trigger(charger=charger, evse=number, what="meter-values"), deadline_ms=DEADLINE_MS
        )

    def _result(self, evse: str, number: int, outcome: OfferOutcome) -> OfferResult:
        sent_ms = self._clock.mono_ms()
        if isinstance(outcome, Confirmed):
            return OfferResult(evse=evse, number=number, result=CONFIRMED, sent_ms=outcome.sent_ms)
        if isinstance(outcome, OfferRefused):
            return OfferResult(evse=evse, number=number, result=REFUSED, sent_ms=sent_ms)
        word = LOST if outcome.was_sent else UNSENT
        return OfferResult(evse=evse, number=number, result=word, sent_ms=sent_ms)

    def _tell(self, evse: str, limit_ma: int, outcome: OfferOutcome) -> None:
        """Once when offers begin to fail, once when they succeed again."""
        if isinstance(outcome, OfferRefused):
            self.refusing.add(evse)
            self._passports.refused(evse)
        elif isinstance(outcome, Confirmed):
            self.refusing.discard(evse)
        if isinstance(outcome, Confirmed):
            if evse in self._failing:
                self._failing.discard(evse)
                log.info("%s takes limits again: %d A accepted", evse, limit_ma // 1000)
            return
        if evse in self._failing:
            return
        self._failing.add(evse)
        if isinstance(outcome, OfferRefused):
            log.warning("%s refuses %d A: %s", evse, limit_ma // 1000, outcome.sentence)
        else:
            log.warning("%s does not answer to %d A", evse, limit_ma // 1000)

    def _mark_sleeper(self, evse: str) -> None:
        charger, number = self._blueprint.places[evse]
        observed = self._observed[charger].evses[number]
        if not observed.sleeps and observed.token:
            observed.sleeps = True
            log.info("%s: its car did not wake after a pause; it keeps its minimum from now on", evse)
            self.on_sleeper(observed.token)


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """No limit waits for the garbage collector; it has its turn when the limits have left."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _never_sent() -> OfferOutcome:
    return OfferLost(was_sent=False)


def _slots(record: Record) -> list[object]:
    """A record's content as `Record.plain` tells it, one level at a time: the encoder does the rest."""
    return [getattr(record, field) for field in record.FIELDS]


def _meter(reading: Reading) -> MeterImage:
    """With the direction where all of it was measured, and then the bare currents with it."""
    knows = None not in (
        reading.current_ma,
        reading.magnitude_ma,
        reading.phase_power_w,
        reading.voltage_mv,
    )
    return MeterImage(
        circuit=reading.circuit,
        taken_ms=reading.taken_ms,
        unchanged_since_ms=reading.unchanged_since_ms,
        current_ma=reading.magnitude_ma if knows else reading.current_ma,
        power_w=reading.phase_power_w if knows else None,
        voltage_mv=reading.voltage_mv if knows else None,
        neutral_ma=reading.neutral_ma,
    )


def _limit(limit: Limit) -> LimitImage:
    return LimitImage(
        name=limit.name,
        kind=limit.kind,
        target=limit.target,
        limit_ma=limit.limit_ma or 0,
        expires_ms=limit.expires_ms,
    )
