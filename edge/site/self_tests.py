"""What people ask of passports: to see one, to probe a charger anew, to test its dead man, to stop that."""

import asyncio
import logging

from edge.site.blueprint import Blueprint
from edge.site.commands import Done, NoAnswer, Outcome, Refused, Started, Unreachable
from edge.site.events import Sampled
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.passport import STAGES, Passport, Stage, TestState
from edge.site.passports import Passports
from edge.site.ports import Charger, Clock
from edge.site.self_test import MORE_MA, SelfTest

log = logging.getLogger(__name__)

FRESH_MS = 60_000


class SelfTests:
    """One test at a time on the whole site: each is booked at its worst case."""

    def __init__(
        self,
        blueprint: Blueprint,
        observed: dict[str, ObservedCharger],
        clock: Clock,
        drivers: dict[str, Charger],
        passports: Passports,
    ) -> None:
        self._blueprint = blueprint
        self._observed = observed
        self._clock = clock
        self._drivers = drivers
        self._passports = passports
        self._group: asyncio.TaskGroup | None = None
        self._test: SelfTest | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Carry out what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.Event().wait()

    def sampled(self, event: Sampled) -> None:
        """A charger's sample, for the test that waits for it."""
        test = self._test
        if test is not None and event.charger == test.charger.name and event.evse == test.evse.number:
            test.sampled(event)

    def passport(self, charger: str) -> Passport:
        """Everything that is known of one charger."""
        return self._passports.passport(charger)

    async def probe(self, charger: str) -> Outcome:
        """Ask it anew what it can."""
        observed, driver = self._observed[charger], self._drivers.get(charger)
        if driver is None or not observed.is_linked:
            return Unreachable()
        return Done() if await driver.probe() else NoAnswer()

    def begin_test(self, charger: str, stages: tuple[Stage, ...] = STAGES) -> Outcome:
        """Test its dead man, if that can be seen now; the passport tells how far it is."""
        observed, driver = self._observed[charger], self._drivers.get(charger)
        if driver is None or not observed.is_linked:
            return Unreachable()
        if self._group is None or self._task is not None:
            running = "" if self._test is None else f": {self._test.charger.name}"
            return Refused(sentence=f"one test at a time{running}")
        settings = self._blueprint.chargers[charger]
        if settings.dead_man == "none":
            return Refused(sentence="the site file says that it has no dead man")
        if settings.dead_man == "watchdog":
            return Refused(
                sentence="its watchdog is fed by whatever asks it: unplug its bus to see it fall back"
            )
        if settings.dead_man == "hardware":
            return Refused(sentence="its dead man is hardware: stop this box to see its contactor open")
        if not observed.model:
            return Refused(sentence="it has not told yet what model it is")
        evse = self._drawing(observed)
        if evse is None:
            least_ma = min(socket.fallback_ma for socket in settings.evses) + MORE_MA
            return Refused(
                sentence=f"needs a car drawing more than {least_ma / 1000:g} A there, by a sample of now"
            )
        self._test = SelfTest(
            observed,
            evse,
            driver,
            self._passports,
            self._clock,
            fallback_ma=settings.evses[evse.number - 1].fallback_ma,
            dead_man_ms=self._blueprint.lot.dead_man_ms,
            tell=lambda stage, sentence: self._tell(charger, stage, sentence),
        )
        self._tell(charger, stages[0], "begins")
        self._task = self._group.create_task(self._go_through(self._test, stages), name="self-test")
        return Started(request_id=0)

    async def abort_test(self, charger: str) -> Outcome:
        """End the test; the charger has its limits back when this answers."""
        if self._task is None or self._test is None or self._test.charger.name != charger:
            if charger not in self._observed:
                raise KeyError(charger)
            return Refused(sentence="no test runs there")
        self._task.cancel()
        await asyncio.wait([self._task])
        return Done()

    async def _go_through(self, test: SelfTest, stages: tuple[Stage, ...]) -> None:
        name, closing = test.charger.name, "aborted; its limits are renewed"
        log.info("%s: self-test of its dead man begins", name)
        try:
            await test.run(stages)
            closing = "done"
        finally:
            self._test = self._task = None
            state = self._passports.tests[name]
            self._tell(name, state.stage, closing, is_over=True)
            log.info("%s: self-test %s", name, closing)

    def _drawing(self, charger: ObservedCharger) -> ObservedEvse | None:
        now_ms, sockets = self._clock.mono_ms(), self._blueprint.chargers[charger.name].evses
        for evse in charger.evses.values():
            least_ma = sockets[evse.number - 1].fallback_ma + MORE_MA
            is_fresh = evse.terminals_ma is not None and now_ms - evse.sampled_ms <= FRESH_MS
            if evse.transaction_id and is_fresh and max(evse.terminals_ma or (0,)) > least_ma:
                return evse
        return None

    def _tell(self, charger: str, stage: Stage, sentence: str, *, is_over: bool = False) -> None:
        before = self._passports.tests.get(charger)
        if before is None or (before.stage, before.sentence) != (stage, sentence) or is_over:
            now_ms = self._clock.now_ms()
            self._passports.tests[charger] = TestState(
                stage=stage, sentence=sentence, since_ms=now_ms, is_over=is_over
            )
