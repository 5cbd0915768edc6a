"""A charger that is this box's own pins, a `site.ports.Charger`: pilot, contactor, plug, meter, heartbeat.

The rules are `edge.core.pilot`'s; here they meet pins and sessions. Linux is never the only thing that opens
a mains contactor: hardware must open it without our heartbeat, on a trip, and on a fault of the pilot.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from typing import Any

from edge.chargers.gpio_pins import Socket
from edge.chargers.modbus_memory import last_seen
from edge.chargers.modbus_sessions import Plugs
from edge.core.errors import ConfigError, DeviceError
from edge.core.pilot import FAULT_WELDED, Pilot
from edge.links.pins import Pins
from edge.settings.model import ChargerSettings, Site
from edge.site.commands import (
    AnyCommand,
    Done,
    NotSupported,
    Outcome,
    Refused,
    Reset,
    SetAvailability,
    StartCharging,
    StopCharging,
    Unreachable,
)
from edge.site.durable import Archive
from edge.site.events import ChargerBooted, LinkChanged
from edge.site.ports import Clock, Confirmed, OfferLost, OfferOutcome, OfferRefused, SiteDoors

log = logging.getLogger(__name__)

STEP_S = 0.02
TELL_MS = 1_000
LOOK_AGAIN_S = 10.0
_WORDS = {
    "pilot": "its pilot is shorted, open, or the car has no diode",
    "cable": "its cable says nothing known",
    "ventilation": "the car asks for ventilation, and none is declared",
    "rcd": "its residual current device has tripped",
    "contactor": "its contactor does not close",
    "welded": "its contactor does not open: switch its line off",
}


class GpioCharger:
    """A charger of the site file. `run` until cancelled; at the end everything is off."""

    def __init__(
        self,
        settings: ChargerSettings,
        pins: Pins,
        site: SiteDoors,
        clock: Clock,
        *,
        archive: Archive | None = None,
    ) -> None:
        self.settings = settings
        self._pins = pins
        self._site = site
        self._clock = clock
        self._archive = archive
        self._plugs = Plugs(settings.name, site, clock)
        has_ventilation = settings.gpio is not None and settings.gpio.has_ventilation
        self._pilot = Pilot(settings.evses[0].max_ma, has_ventilation=has_ventilation)
        self._socket: Socket | None = None
        self._told_ma = 0
        self._told_ms: int | None = None
        self._valid_ms = 0
        self._base_wh = 0
        self._fault = ""
        self._tells_at_ms = 0

    async def run(self) -> None:
        """Drive it at a steady pace; pins that are not there are looked for again."""
        if self._archive is not None and (seen := await last_seen(self._archive, self.settings.name)):
            self._base_wh = seen.energy_wh
            self._plugs.recall(seen)
        told = ""
        while True:
            try:
                await self._live()
            except (ConfigError, DeviceError) as error:
                if str(error) != told:
                    log.warning("%s: %s", self.settings.name, error)
                told = str(error)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _live(self) -> None:
        """Raises ConfigError, DeviceError; it is off then, and its link is lost."""
        if self.settings.gpio is None:
            raise ConfigError("it has no pins")
        if self._socket is None:
            self._socket = Socket(self.settings.gpio, self._pins)
        socket = self._socket
        try:
            socket.rest()
            await self._link(is_up=True)
            while True:
                self._step(socket)
                if self._clock.mono_ms() >= self._tells_at_ms:
                    self._tells_at_ms = self._clock.mono_ms() + TELL_MS
                    await self._tell(socket)
                await asyncio.sleep(STEP_S)
        finally:
            self._told_ms = None
            self._off(socket)
            await self._link(is_up=False)

    def _off(self, socket: Socket) -> None:
        try:
            socket.rest()
        except DeviceError as error:
            log.warning("%s: %s: its dead man has to open it", self.settings.name, error)

    def _step(self, socket: Socket) -> None:
        """Look, decide, drive."""
        now_ms = self._clock.mono_ms()
        self._pilot.step(socket.see(self._offered(now_ms)), now_ms)
        socket.drive(self._pilot, beats=self._is_trusted(now_ms), now_ms=now_ms)
        if self._pilot.fault != self._fault:
            self._fault = self._pilot.fault
            self._tells_at_ms = now_ms
            if self._fault:
                log.warning("%s: %s", self.settings.name, _WORDS[self._fault])
            else:
                log.info("%s: no fault any more", self.settings.name)

    def _is_trusted(self, now_ms: int) -> bool:
        """Whether its hardware may go on: not with a contactor that is welded, nor while nobody decides."""
        return self._fault != FAULT_WELDED and self._is_fresh(now_ms)

    def _is_fresh(self, now_ms: int) -> bool:
        return self._told_ms is not None and now_ms - self._told_ms < self._valid_ms

    def _offered(self, now_ms: int) -> int:
        """What the driver may draw: nothing without a session, what it falls back to without a decision."""
        if not self._plugs.is_running:
            return 0
        return self._told_ma if self._is_fresh(now_ms) else self.settings.evses[0].fallback_ma

    # -- the site ----------------------------------------------------------------------------------------

    async def _tell(self, socket: Socket) -> None:
        letter = self._pilot.letter or "A"
        if self._fault:
            letter = "F"
        elif letter == "C" and not self._pilot.closes:
            letter = "B"
        counted_wh = socket.energy_wh
        energy_wh = self._base_wh + (counted_wh or 0)
        await self._plugs.note(letter, {}, energy_wh=energy_wh, is_paused=self._told_ma == 0)

    def offer(
        self,
        evse: int,  # noqa: ARG002  it has one
        limit_ma: int,
        *,
        valid_ms: int,
        deadline_ms: int,  # noqa: ARG002  it is done at once
    ) -> Coroutine[Any, Any, OfferOutcome]:
        """Take the limit: the next step drives it."""
        return self._offer(limit_ma, valid_ms)

    async def _offer(self, limit_ma: int, valid_ms: int) -> OfferOutcome:
        if not self._is_up:
            return OfferLost(was_sent=False)
        now_ms = self._clock.mono_ms()
        if self._fault == FAULT_WELDED:
            return OfferRefused(sentence=_WORDS[FAULT_WELDED])
        self._told_ma, self._told_ms, self._valid_ms = limit_ma, now_ms, valid_ms
        return Confirmed(sent_ms=now_ms)

    @property
    def _is_up(self) -> bool:
        return self._site.charger(self.settings.name).is_linked

    async def _link(self, *, is_up: bool) -> None:
        """Whoever was away has started anew, as far as anybody can know."""
        if is_up == self._is_up:
            return
        here: dict[str, Any] = {
            "charger": self.settings.name,
            "at_ms": self._clock.now_ms(),
            "seen_ms": self._clock.mono_ms(),
            "is_synchronised": self._clock.is_synchronised(),
        }
        await self._site.report(LinkChanged(**here, is_up=is_up, address="its own pins"))
        if is_up:
            await self._site.report(ChargerBooted(**here, vendor="Ampyard", model="GPIO", protocol="gpio"))

    async def perform(self, command: AnyCommand, *, deadline_ms: int) -> Outcome:  # noqa: ARG002
        """What this box itself can do; a reset forgets a fault that somebody has mended."""
        if not self._is_up:
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
        if isinstance(command, Reset):
            self._pilot.reset()
            return Done()
        return NotSupported()

    async def probe(self) -> bool:
        """There is nothing to ask."""
        return False

    async def stay_away(self, for_ms: int) -> None:
        """Its own pins cannot be refused; whoever tests its dead man stops this box."""


def gpio_chargers_of(
    site: Site, pins: Pins, doors: SiteDoors, clock: Clock, *, archive: Archive | None = None
) -> Iterator[GpioCharger]:
    """A driver for each charger on pins."""
    for charger in site.chargers:
        if charger.gpio is not None:
            yield GpioCharger(charger, pins, doors, clock, archive=archive)
