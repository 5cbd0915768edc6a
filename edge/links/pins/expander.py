"""Pins of expanders on I2C: PCF8574 (8, one byte read and written) and MCP23017 (16, registers).

Straight to /dev/i2c-N, as Linux' `i2c-dev` offers it; several pins of one chip share what it drives.
"""

import fcntl
import os
from collections.abc import Callable

from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pull, cannot

I2C_SLAVE = 0x0703  # linux/i2c-dev.h
# MCP23017 data sheet, table 3-1, IOCON.BANK = 0; port B follows each
DIRECTION, PULL_UP, PORT, LATCH = 0x00, 0x0C, 0x12, 0x14


class Wire:
    """Bytes to and from one address of one bus. Raises OSError."""

    def __init__(self, bus: str, address: int) -> None:
        self._file = os.open(f"/dev/{bus}", os.O_RDWR)
        fcntl.ioctl(self._file, I2C_SLAVE, address)

    def write(self, data: bytes) -> None:
        """All in one message."""
        os.write(self._file, data)

    def read(self, count: int) -> bytes:
        """As many as there are to be."""
        return os.read(self._file, count)

    def close(self) -> None:
        """Let the bus go."""
        os.close(self._file)


class Pcf8574:
    """Eight pins. A pin that shall be read is left high: it only pulls down."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._out = 0xFF

    def set_up(self, bit: int, *, is_input: bool, pulls_up: bool) -> None:  # noqa: ARG002  it always does
        """Make it an input, or leave it as it is until it is written."""
        if is_input:
            self.write(bit, high=True)

    def read(self, bit: int) -> bool:
        """The level at the pin."""
        return bool(self._wire.read(1)[0] >> bit & 1)

    def write(self, bit: int, *, high: bool) -> None:
        """Drive it; the others stay as they were."""
        self._out = self._out | 1 << bit if high else self._out & ~(1 << bit)
        self._wire.write(bytes((self._out,)))


class Mcp23017:
    """Sixteen pins, A0 to A7 and B0 to B7."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._kept = {register: 0xFF if register < PULL_UP else 0 for register in (0, 1, 12, 13, 20, 21)}

    def set_up(self, bit: int, *, is_input: bool, pulls_up: bool) -> None:
        """Its direction, and its pull-up."""
        self._put(PULL_UP, bit, high=pulls_up)
        self._put(DIRECTION, bit, high=is_input)

    def read(self, bit: int) -> bool:
        """The level at the pin."""
        self._wire.write(bytes((PORT + bit // 8,)))
        return bool(self._wire.read(1)[0] >> bit % 8 & 1)

    def write(self, bit: int, *, high: bool) -> None:
        """Drive it; the others stay as they were."""
        self._put(LATCH, bit, high=high)

    def _put(self, first: int, bit: int, *, high: bool) -> None:
        register, mask = first + bit // 8, 1 << bit % 8
        value = self._kept[register] | mask if high else self._kept[register] & ~mask
        self._wire.write(bytes((register, value)))
        self._kept[register] = value


class Expanders:
    """Pins by `i2c-1/0x22/3` and `i2c-1/0x20/mcp23017/11`."""

    def __init__(self, wire: Callable[[str, int], Wire] = Wire) -> None:
        self._wire = wire
        self._wires: list[Wire] = []
        self._chips: dict[tuple[str, str], Pcf8574 | Mcp23017] = {}

    def input(self, name: str, *, pull: Pull) -> "_Pin":
        """A pin that is read."""
        return self._pin(name, is_input=True, pulls_up=pull == "up")

    def output(self, name: str, *, high: bool) -> "_Pin":
        """A pin that is driven: its level stands before its direction."""
        chip, bit = self._chip(name)
        try:
            chip.write(bit, high=high)
        except OSError as error:
            raise ConfigError(f"{name}: {error}") from error
        return self._pin(name, is_input=False, pulls_up=False)

    def pulse(self, name: str, *, hertz: int) -> "_Pin":
        """None: the bus is too slow."""
        raise cannot(f"make {hertz} Hz", name)

    def counter(self, name: str, *, pull: Pull) -> "_Pin":  # noqa: ARG002
        """None: pulses would be missed."""
        raise cannot("count pulses", name)

    async def run(self) -> None:
        """There is nothing to ask."""

    def close(self) -> None:
        """Let the buses go; the chips keep what they drive."""
        for wire in self._wires:
            wire.close()
        self._wires.clear()

    def _pin(self, name: str, *, is_input: bool, pulls_up: bool) -> "_Pin":
        chip, bit = self._chip(name)
        try:
            chip.set_up(bit, is_input=is_input, pulls_up=pulls_up)
        except OSError as error:
            raise ConfigError(f"{name}: {error}") from error
        return _Pin(chip, bit, name)

    def _chip(self, name: str) -> tuple[Pcf8574 | Mcp23017, int]:
        bus, address, *kind, bit = name.split("/")
        if int(bit) > (15 if kind else 7):
            raise ConfigError(f"{name}: this chip has no pin {bit}")
        place = (bus, address)
        if place not in self._chips:
            try:
                wire = self._wire(bus, int(address, 16))
            except OSError as error:
                raise ConfigError(f"{name}: {error}") from error
            self._wires.append(wire)
            self._chips[place] = Mcp23017(wire) if kind else Pcf8574(wire)
        return self._chips[place], int(bit)


class _Pin:
    def __init__(self, chip: Pcf8574 | Mcp23017, bit: int, name: str) -> None:
        self._chip = chip
        self._bit = bit
        self._name = name

    def read(self) -> bool | None:
        try:
            return self._chip.read(self._bit)
        except (OSError, IndexError):
            return None

    def write(self, *, high: bool) -> None:
        try:
            self._chip.write(self._bit, high=high)
        except OSError as error:
            raise DeviceError(f"{self._name}: {error}") from error

    def set(self, duty_ppm: int) -> None:
        self.write(high=duty_ppm > 0)

    def count(self) -> int:
        return 0


def open_driver() -> Expanders:
    """The buses of this machine."""
    return Expanders()
