"""Pins of Modbus I/O: coils and inputs of a unit on Modbus TCP, asked all the time, written when changed.

A level that was not heard of for a while is not known any more. An output that could not be written is
tried again with every round; whoever drives something that must fall off without us takes another pin.
"""

import asyncio
import logging
import re
from collections.abc import Coroutine
from typing import Any

from edge.core.errors import DeviceError
from edge.links.clock import SystemClock
from edge.links.modbus import COILS, INPUTS, Device, Lines
from edge.links.pins import Pull, cannot

log = logging.getLogger(__name__)

POLL_S = 0.1
STALE_MS = 2_000
AGAIN_ROUNDS = 10


class Bus:
    """Pins by `192.168.1.9:8899/1/coil/2`."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._clock = SystemClock()
        self._devices: dict[tuple[str, int, int], Device] = {}
        self._inputs: list[_Input] = []
        self._outputs: list[_Output] = []

    def input(self, name: str, *, pull: Pull) -> "_Input":  # noqa: ARG002  the device has its own
        """A bit that is asked for."""
        device, function, number = self._place(name)
        self._inputs.append(_Input(device, function, number, self._clock))
        return self._inputs[-1]

    def output(self, name: str, *, high: bool) -> "_Output":
        """A coil that is written."""
        device, function, number = self._place(name)
        if function != COILS:
            raise cannot("be driven: it is an input", name)
        self._outputs.append(_Output(device, number, high=high))
        return self._outputs[-1]

    def pulse(self, name: str, *, hertz: int) -> "_Output":
        """None: the bus is too slow."""
        raise cannot(f"make {hertz} Hz", name)

    def counter(self, name: str, *, pull: Pull) -> "_Input":  # noqa: ARG002
        """None: pulses would be missed."""
        raise cannot("count pulses", name)

    async def run(self) -> None:
        """Ask and write, round by round."""
        lost = ""
        while True:
            trouble = ""
            for output in self._outputs:
                trouble = await _tried(output.drive()) or trouble
            for pin in self._inputs:
                trouble = await _tried(pin.ask()) or trouble
            if trouble and not lost:
                log.warning("%s", trouble)
            elif lost and not trouble:
                log.info("pins on Modbus answer again")
            lost = trouble
            await asyncio.sleep(POLL_S)

    def close(self) -> None:
        """Hang up; the device keeps what it drives, or does what it does in silence."""
        self._lines.close()

    def _place(self, name: str) -> tuple[Device, int, int]:
        host, port, unit, kind, number = re.split("[:/]", name)
        place = (host, int(port), int(unit))
        if place not in self._devices:
            self._devices[place] = self._lines.to(host, int(port)).device(int(unit))
        return self._devices[place], COILS if kind == "coil" else INPUTS, int(number)


async def _tried(work: Coroutine[Any, Any, None]) -> str:
    try:
        await work
    except DeviceError as error:
        return str(error)
    return ""


class _Input:
    def __init__(self, device: Device, function: int, number: int, clock: SystemClock) -> None:
        self._device = device
        self._function = function
        self._number = number
        self._clock = clock
        self._level = False
        self._seen_ms: int | None = None

    async def ask(self) -> None:
        asked_ms = self._clock.mono_ms()
        bits = await self._device.read_bits(self._function, self._number, 1)
        self._level, self._seen_ms = bool(bits[0]), asked_ms

    def read(self) -> bool | None:
        if self._seen_ms is None or self._clock.mono_ms() - self._seen_ms > STALE_MS:
            return None
        return self._level

    def count(self) -> int:
        return 0


class _Output:
    def __init__(self, device: Device, number: int, *, high: bool) -> None:
        self._device = device
        self._number = number
        self._wanted = high
        self._written: bool | None = None
        self._rounds = 0

    async def drive(self) -> None:
        """Written again now and then: a device that lost its power has forgotten."""
        wanted = self._wanted
        self._rounds += 1
        if wanted != self._written or self._rounds >= AGAIN_ROUNDS:
            self._rounds = 0
            await self._device.write_coil(self._number, is_on=wanted)
            self._written = wanted

    def write(self, *, high: bool) -> None:
        self._wanted = high

    def set(self, duty_ppm: int) -> None:
        self.write(high=duty_ppm > 0)


def open_driver() -> Bus:
    """Whatever answers in the network."""
    return Bus()
