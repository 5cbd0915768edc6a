"""The utility's pulse: a contact that closes when a demand window begins, counted for the window it is of.

A pulse that does not come changes nothing for the worse: the window goes on by its own time, at the target.
"""

import asyncio
import logging

from edge.core.errors import ConfigError
from edge.links.pins import Input, Pins, closes_low
from edge.settings.model import Site
from edge.site.ports import Clock, SiteDoors

log = logging.getLogger(__name__)

PERIOD_S = 0.05
CLOSED_MS = 50  # less is noise
OPEN_MS = 1_000  # a contact that bounces has not been open
LOOK_AGAIN_MS = 10_000


class Pulse:
    """One contact."""

    def __init__(self, circuit: str, pin: str, pins: Pins) -> None:
        self.circuit = circuit
        self._pin = pin
        self._pins = pins
        self._input: Input | None = None
        self._due_ms = 0
        self._is_told = False
        self._is_armed = False
        self._since_ms: int | None = None
        self._was_closed = False

    def has_come(self, now_ms: int) -> bool:
        """Whether it closed, after it had been open for a while."""
        if self._input is None and now_ms >= self._due_ms:
            self._open(now_ms)
        level = None if self._input is None else self._input.read()
        if level is None:
            self._is_armed, self._since_ms = False, None
            return False
        is_closed = level != closes_low(self._pins.pin(self._pin))
        if self._since_ms is None or is_closed != self._was_closed:
            self._was_closed, self._since_ms = is_closed, now_ms
        lasted_ms = now_ms - self._since_ms
        if not is_closed:
            self._is_armed |= lasted_ms >= OPEN_MS
            return False
        if self._is_armed and lasted_ms >= CLOSED_MS:
            self._is_armed = False
            return True
        return False

    def _open(self, now_ms: int) -> None:
        self._due_ms = now_ms + LOOK_AGAIN_MS
        try:
            self._input = self._pins.input(self._pin)
        except ConfigError as error:
            if not self._is_told:
                log.warning("%s: %s: its demand windows go by their own time", self.circuit, error)
            self._is_told = True


class Pulses:
    """The contacts of all demand windows; `run` until cancelled."""

    def __init__(self, pulses: list[Pulse], doors: SiteDoors, clock: Clock) -> None:
        self._pulses = pulses
        self._doors = doors
        self._clock = clock

    async def run(self) -> None:
        """Look at them all the time."""
        while True:
            for pulse in self._pulses:
                if pulse.has_come(self._clock.mono_ms()):
                    log.info("%s: the utility begins a demand window", pulse.circuit)
                    self._doors.pulse(pulse.circuit)
            await asyncio.sleep(PERIOD_S)


def pulses_of(site: Site, pins: Pins, doors: SiteDoors, clock: Clock) -> Pulses:
    """The contacts that the site file names."""
    pulses = [Pulse(circuit, pin, pins) for circuit, pin in site.sync_pins.items()]
    return Pulses(pulses, doors, clock)
