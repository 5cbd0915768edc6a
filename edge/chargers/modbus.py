"""One charger on Modbus, a `site.ports.Charger`: asked what it does, told what it may draw, its watchdog fed.

It has no clock and no memory of its own, so the box keeps its sessions (`modbus_sessions`). Nothing is
written twice that it has already, but for what its watchdog needs: some keep a limit in memory that wears.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from edge.catalogue import Field, ModbusChargerModel
from edge.chargers.modbus_measuring import Energy, known
from edge.chargers.modbus_memory import last_seen
from edge.chargers.modbus_sessions import Plugs
from edge.core.errors import DeviceError
from edge.core.registers import encode
from edge.links.modbus import Device, ModbusRefusedError, Urgency
from edge.settings.model import ChargerSettings
from edge.site.commands import (
    AnyCommand,
    Done,
    NotSupported,
    Outcome,
    Refused,
    SetAvailability,
    StartCharging,
    StopCharging,
    Unreachable,
)
from edge.site.durable import Archive
from edge.site.events import ChargerBooted, LinkChanged
from edge.site.ports import Clock, Confirmed, OfferLost, OfferOutcome, OfferRefused, SiteDoors

log = logging.getLogger(__name__)

POLL_MS = 1_000
SLOW_EVERY_MS = 10_000
CHECK_EVERY_MS = 30_000  # whether it still has what it was told
LET_FALL_MS = 5_000  # of silence, beyond its watchdog's time
SILENT_MS = 5_000  # a link without an answer for so long is lost
WATCHDOG_MS = 60_000  # long enough for a lost frame or two, short enough for a dead box
HOLDING = 3


class ModbusCharger:
    """A charger of the site file. `run` asks it until it is cancelled."""

    def __init__(
        self,
        settings: ChargerSettings,
        model: ModbusChargerModel,
        device: Device,
        site: SiteDoors,
        clock: Clock,
        *,
        voltage_mv: int,
        dead_man_ms: int,
        archive: Archive | None = None,
        poll_ms: int = POLL_MS,
    ) -> None:
        """`dead_man_ms`: T, after which nobody counts what it was told as held any more.

        `archive`: where it is found what it did before this process; None: nothing is known of that.
        """
        self.settings = settings
        self.model = model
        self._device = device
        self._site = site
        self._clock = clock
        self._dead_man_ms = dead_man_ms
        self._poll_ms = poll_ms
        self._archive = archive
        self._writing = asyncio.Lock()
        self._plugs = Plugs(settings.name, site, clock)
        self._is_linked = False
        self._is_set_up = False
        self._answered_ms = clock.mono_ms()
        self._slow_due_ms = self._fed_ms = self._checked_ms = 0
        self._told_ma: int | None = None  # the limit that it confirmed, since its link stands
        self._is_released: bool | None = None
        self._can_be_read_back = True
        self._energy = Energy(voltage_mv)
        self._lost_for = ""
        self._letter_before = ""
        self._was_linked = False

    async def run(self) -> None:
        """Ask at a steady pace; a late answer delays the next question."""
        due_ms = self._clock.mono_ms()
        while True:
            await self.poll()
            due_ms = max(due_ms + self._poll_ms, self._clock.mono_ms())
            await asyncio.sleep(max(0, due_ms - self._clock.mono_ms()) / 1000)

    async def poll(self) -> None:
        """Ask once what it does, and do what is due."""
        if self._must_let_it_fall:
            return
        try:
            if not self._is_set_up:
                await self._set_up()
            letter = await self._letter()
            if letter != self._letter_before:
                self._slow_due_ms = 0  # sessions begin and end with the register of that moment
            values = await self._measured(letter)
            await self._feed()
            await self._check()
        except DeviceError as error:
            await self._missed(error)
            return
        self._answered_ms = self._clock.mono_ms()
        self._letter_before = letter
        await self._recall()
        if not self._is_linked:
            await self._link_up()
        self._energy.note(values, self._clock.mono_ms())
        await self._plugs.note(letter, values, energy_wh=self._energy.wh, is_paused=self._told_ma == 0)

    async def _recall(self) -> None:
        """Once: what it did before this process."""
        archive, self._archive = self._archive, None
        if archive is None:
            return
        seen = await last_seen(archive, self.settings.name)
        self._plugs.recall(seen)
        if seen is not None:
            self._energy.resume(seen.energy_wh)

    @property
    def _must_let_it_fall(self) -> bool:
        """Whether asking would keep it from falling back, which is what is counted on since it was lost.

        It may hear us though we do not hear it: of two pairs of a cable one may be broken.
        """
        watchdog = self.model.watchdog
        if self._is_linked or watchdog is None or watchdog.feed != "any" or not self._was_linked:
            return False
        return self._clock.mono_ms() - self._answered_ms < SILENT_MS + self.watchdog_ms + LET_FALL_MS

    # -- limits ------------------------------------------------------------------------------------------

    def offer(
        self,
        evse: int,  # noqa: ARG002  it has one
        limit_ma: int,
        *,
        valid_ms: int,  # noqa: ARG002  its watchdog decides
        deadline_ms: int,
    ) -> Coroutine[Any, Any, OfferOutcome]:
        """Write the limit, unless it has it."""
        return self._offer(limit_ma, deadline_ms)

    async def _offer(self, limit_ma: int, deadline_ms: int) -> OfferOutcome:
        sent_ms = self._clock.mono_ms()
        if not self._is_linked:
            return OfferLost(was_sent=False)
        try:
            async with asyncio.timeout(deadline_ms / 1000), self._writing:
                if limit_ma == self._told_ma:
                    return Confirmed(sent_ms=self._answered_ms)
                await self._write_limit(limit_ma, deadline_ms)
        except ModbusRefusedError as refusal:
            self._told_ma = None
            return OfferRefused(sentence=str(refusal))
        except (DeviceError, TimeoutError):
            self._told_ma = None
            return OfferLost(was_sent=True)
        return Confirmed(sent_ms=sent_ms)

    async def _write_limit(self, limit_ma: int, deadline_ms: int | None = None) -> None:
        """What it may draw. It is released behind the limit, and stopped before it.

        Whoever calls this holds `_writing`: of two limits at once the older must not be written last.
        """
        model = self.model
        self._told_ma = None
        stops = limit_ma == 0 and model.off == "enable"
        if stops or (limit_ma == 0 and model.enable is not None):
            await self._switch(is_on=False, deadline_ms=deadline_ms)
        if not stops:
            words = model.limit.words(self._bounded(limit_ma), model.words)
            for at in model.limit.at:
                await self._device.write(at, words, deadline_ms=deadline_ms)
        if limit_ma > 0 and model.enable is not None:
            await self._switch(is_on=True, deadline_ms=deadline_ms)
        self._told_ma = limit_ma
        if model.watchdog is not None and model.watchdog.feed == "limit":
            self._fed_ms = self._clock.mono_ms()

    def _bounded(self, limit_ma: int) -> int:
        return limit_ma if self.model.highest_ma is None else min(limit_ma, self.model.highest_ma)

    async def _switch(self, *, is_on: bool, deadline_ms: int | None) -> None:
        switch = self.model.enable
        if switch is None or self._is_released is is_on:
            return
        self._is_released = None
        words = encode(switch.on if is_on else switch.off, switch.type, self.model.words)
        await self._device.write(switch.at, words, deadline_ms=deadline_ms)
        self._is_released = is_on

    # -- what it needs -----------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        """Tell it what it must know, and what it does without us; what it took is read back."""
        for at, value in self.model.begin:
            await self._device.write(at, [value])
        watchdog = self.model.watchdog
        if watchdog is not None and self.settings.dead_man == "watchdog":
            fallback_ma = self.settings.evses[0].fallback_ma
            for number, value in ((watchdog.current, fallback_ma), (watchdog.timeout, self.watchdog_ms)):
                if number is not None:
                    await self._write_and_read(number.at[0], number.words(value, self.model.words))
            self._story_of_watchdog(fallback_ma)
        self._is_set_up = True
        self._told_ma = self._is_released = None
        self._checked_ms = self._clock.mono_ms()
        self._fed_ms = self._checked_ms - self._every_ms  # at once, for some count only from then on

    @property
    def watchdog_ms(self) -> int:
        """After how long without us it falls back; where its model says nothing, ours.

        Fed until the next refresh would be due, it has fallen back when T has passed since the last one.
        """
        timeout = None if self.model.watchdog is None else self.model.watchdog.timeout
        if timeout is None:
            return WATCHDOG_MS
        least_ms = (timeout.least or 1) * 1000
        most_ms = min(WATCHDOG_MS, self._dead_man_ms * 2 // 3)
        return max(least_ms, min(most_ms, (timeout.most or 600) * 1000))

    @property
    def _every_ms(self) -> int:
        """How often it is fed, where not every request does that."""
        watchdog = self.model.watchdog
        return (None if watchdog is None else watchdog.every_ms) or self.watchdog_ms // 4

    async def _write_and_read(self, at: int, words: list[int]) -> None:
        """Raises DeviceError where something else stands there afterwards."""
        await self._device.write(at, words)
        found = await self._device.read(HOLDING, at, len(words))
        if found != words:
            raise DeviceError(f"register {at} was told {words} and has {found}: its watchdog is not set")

    def _story_of_watchdog(self, fallback_ma: int) -> None:
        watchdog = self.model.watchdog
        if watchdog is None:
            return
        is_ours = watchdog.current is not None
        after = f"{self.watchdog_ms // 1000} s" if watchdog.timeout is not None else "as set in the station"
        does = f"{fallback_ma // 1000} A, read back" if is_ours else "what is set in the station"
        log.info("%s %s: watchdog %s -> %s", self.settings.name, self.model.name, after, does)
        if watchdog.fallback_ma is not None and watchdog.fallback_ma != fallback_ma:
            log.warning(
                "%s can only fall back to %d A, not %d A: say fallback_a = %d",
                self.settings.name,
                watchdog.fallback_ma // 1000,
                fallback_ma // 1000,
                watchdog.fallback_ma // 1000,
            )

    async def _feed(self) -> None:
        """Show it that we live, in the way that its model asks for."""
        watchdog = self.model.watchdog
        if watchdog is None or watchdog.feed == "any":
            return
        if self._clock.mono_ms() - self._fed_ms < self._every_ms:
            return
        if watchdog.feed == "value" and watchdog.at is not None and watchdog.value is not None:
            await self._device.write(watchdog.at, [watchdog.value], urgency=Urgency.GUARD)
        elif watchdog.feed == "timeout" and watchdog.timeout is not None:
            words = watchdog.timeout.words(self.watchdog_ms, self.model.words)
            await self._device.write(watchdog.timeout.at[0], words, urgency=Urgency.GUARD)
        elif watchdog.feed == "limit":
            async with self._writing:
                if self._told_ma is not None:
                    await self._write_limit(self._told_ma)
        self._fed_ms = self._clock.mono_ms()

    async def _check(self) -> None:
        """Whether it still has its limit: after a power cut between two questions it has another one."""
        told_ma, now_ms = self._told_ma, self._clock.mono_ms()
        if told_ma is None or not self._can_be_read_back or now_ms - self._checked_ms < CHECK_EVERY_MS:
            return
        self._checked_ms = now_ms
        at, expected = self._standing(told_ma)
        try:
            found = await self._device.read(HOLDING, at, len(expected))
        except ModbusRefusedError:
            self._can_be_read_back = False  # it can only be written
            return
        if found != expected and told_ma == self._told_ma:
            log.warning(
                "%s has %s in register %d, told were %d mA: as after a boot",
                self.settings.name,
                found,
                at,
                told_ma,
            )
            self._is_set_up = False
            self._told_ma = self._is_released = None
            await self._booted()

    def _standing(self, told_ma: int) -> tuple[int, list[int]]:
        """Where it can be seen that it has what it was told, and what stands there then."""
        model, switch = self.model, self.model.enable
        if told_ma == 0 and model.off == "enable" and switch is not None:
            return switch.at, encode(switch.off, switch.type, model.words)
        return model.limit.at[0], model.limit.words(self._bounded(told_ma), model.words)

    # -- what it tells -----------------------------------------------------------------------------------

    async def _letter(self) -> str:
        state = self.model.state
        registers: dict[int, int] = {}
        for request in state.reads():
            words = await self._device.read(state.function, request.address, request.count)
            registers.update(enumerate(words, start=request.address))
        return state.letter(registers, self.model.words)

    async def _measured(self, letter: str) -> dict[str, tuple[int, ...]]:
        """Currents, voltages, power and energy by name; what it does not measure is not there."""
        values = await self._fields(self.model.fast_function, self.model.fast, Urgency.ROUTINE)
        if self.model.currents_only_while_charging and letter not in "CD" and "current" in values:
            values["current"] = (0, 0, 0)
        now_ms = self._clock.mono_ms()
        if self.model.slow and now_ms >= self._slow_due_ms:
            self._slow_due_ms = now_ms + SLOW_EVERY_MS
            values |= await self._fields(self.model.slow_function, self.model.slow, Urgency.IDLE)
        return values

    async def _fields(
        self, function: int, fields: tuple[Field, ...], urgency: Urgency
    ) -> dict[str, tuple[int, ...]]:
        registers: dict[int, int] = {}
        for request in self.model.reads(fields):
            words = await self._device.read(function, request.address, request.count, urgency=urgency)
            registers.update(enumerate(words, start=request.address))
        return dict(known(fields, registers))

    async def _missed(self, error: DeviceError) -> None:
        """No answer, or one that cannot be right: the link is lost when that lasts."""
        reason = str(error)
        if reason != self._lost_for and (not self._is_linked or self._is_overdue):
            self._lost_for = reason
            log.warning("%s: %s", self.settings.name, reason)
        if self._is_linked and self._is_overdue:
            self._is_linked = self._is_set_up = False
            self._told_ma = self._is_released = None
            await self._tell_link(is_up=False)

    @property
    def _is_overdue(self) -> bool:
        return self._clock.mono_ms() - self._answered_ms >= SILENT_MS

    async def _link_up(self) -> None:
        self._is_linked = self._was_linked = True
        self._lost_for = ""
        await self._tell_link(is_up=True)
        await self._booted()

    async def _booted(self) -> None:
        """Whoever was away may have started anew: it is booked as after a boot until it confirms."""
        await self._site.report(
            ChargerBooted(
                charger=self.settings.name,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                vendor=self.model.vendor,
                model=self.model.name,
                protocol="modbus",
            )
        )

    async def _tell_link(self, *, is_up: bool) -> None:
        await self._site.report(
            LinkChanged(
                charger=self.settings.name,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                is_up=is_up,
                address=self._device.line.where(self._device.unit),
            )
        )

    # -- commands ----------------------------------------------------------------------------------------

    async def perform(self, command: AnyCommand, *, deadline_ms: int) -> Outcome:  # noqa: ARG002  it is done at once
        """What the box itself can do for it; the rest it does not know."""
        if not self._is_linked:
            return Unreachable()
        if isinstance(command, StartCharging):
            refusal = await self._plugs.start(command.token)
            return Done() if refusal is None else Refused(sentence=refusal)
        if isinstance(command, StopCharging):
            if await self._plugs.stop(command.transaction_id):
                return Done()
            return Refused(sentence="its end cannot be stored now; it is tried again every second")
        if isinstance(command, SetAvailability):
            self._plugs.is_in_service = command.operative
            return Done()
        return NotSupported()

    async def probe(self) -> bool:
        """Its catalogue entry says what it can."""
        return False

    async def stay_away(self, for_ms: int) -> None:
        """A bus cannot be refused; whoever tests its watchdog must unplug it."""
