"""Pins of this machine and of what hangs on it: one small driver for each way to reach them.

| written | is | driver |
|---|---|---|
| `GPIO22` | a pin of a Raspberry Pi, by its BCM number | gpiozero |
| `gpiochip1/5` | a line of a GPIO chip, by its offset | libgpiod |
| `/sys/class/ionopi/digital_in/di1` | a file that holds 0 or 1 | sysfs |
| `/sys/class/pwm/pwmchip0/pwm0` | a channel that makes pulses by hardware | sysfs |
| `/sys/kernel/dout_drv/DOUT_DATA#3` | bit 3 of a file that holds a number | sysfs |
| `i2c-1/0x22/3` | bit 3 of a PCF8574 on I2C | expander |
| `i2c-1/0x20/mcp23017/11` | bit 11 of an MCP23017 on I2C | expander |
| `192.168.1.9:8899/1/coil/2` | a coil (or `input`) of unit 1 on Modbus TCP | modbus |

A level is True where the pin is high, a coil is set; None where nobody can tell. What a level means is said
where the pin is used.
"""

import asyncio
import importlib
import re
from collections.abc import Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from edge.core.errors import ConfigError

Pull = Literal["up", "down", "none"]

_DRIVERS = (
    (r"GPIO\d{1,3}", "edge.links.pins.raspberry"),
    (r"gpiochip\d{1,2}/\d{1,3}", "edge.links.pins.chip"),
    (r"/sys/\S+", "edge.links.pins.sysfs"),
    (r"i2c-\d{1,2}/0x[0-9a-fA-F]{2}/(mcp23017/)?\d{1,2}", "edge.links.pins.expander"),
    (r"[^\s/]+:\d{1,5}/\d{1,3}/(coil|input)/\d{1,5}", "edge.links.pins.bus"),
)
ALLOWED = "GPIO22, gpiochip1/5, /sys/..., i2c-1/0x22/3, host:502/1/coil/2, or a label of the board"


class Runs(Protocol):
    """Whoever uses pins."""

    async def run(self) -> None:
        """Until cancelled."""


@runtime_checkable
class Input(Protocol):
    """A pin that is read."""

    def read(self) -> bool | None:
        """Its level as last seen; None: it cannot be read. Blocks at most some ms, never raises."""


@runtime_checkable
class Output(Protocol):
    """A pin that is driven."""

    def write(self, *, high: bool) -> None:
        """Drive it. Blocks at most some ms. Raises DeviceError where it cannot be driven."""


class Pulse(Protocol):
    """A pin that makes pulses."""

    def set(self, duty_ppm: int) -> None:
        """High for so many millionths of each period; 0 is low, 1,000,000 high. Raises DeviceError."""


class Counter(Protocol):
    """A pin whose pulses are counted."""

    def count(self) -> int:
        """How many rising edges there were since the start."""


class Driver(Protocol):
    """What one kind of pin can do. `run` in a group of tasks where there is something to ask all the time."""

    def input(self, name: str, *, pull: Pull) -> Input:
        """Raises ConfigError where there is no such pin."""

    def output(self, name: str, *, high: bool) -> Output:
        """A pin that begins with this level. Raises ConfigError where it cannot be driven."""

    def pulse(self, name: str, *, hertz: int) -> Pulse:
        """Raises ConfigError where it makes no pulses."""

    def counter(self, name: str, *, pull: Pull) -> Counter:
        """Raises ConfigError where it counts none."""

    async def run(self) -> None:
        """Ask what must be asked, until cancelled; returns at once where nothing is."""

    def close(self) -> None:
        """Let all pins go, as they are when nobody drives them."""


def is_pin(name: str) -> bool:
    """Whether a pin can be written like that."""
    return any(re.fullmatch(pattern, name) for pattern, _ in _DRIVERS)


def closes_low(name: str) -> bool:
    """Whether a closed contact pulls a level down there, by a pull-up; 24 V inputs and files say 1."""
    return not name.startswith("/sys/") and ":" not in name


class Pins:
    """All pins of this machine; drivers are loaded when one of theirs is named."""

    def __init__(self, labels: dict[str, str] | None = None) -> None:
        """`labels`: what is printed on the board -> the pin."""
        self._labels = labels or {}
        self._drivers: dict[str, Driver] = {}

    def input(self, name: str, *, pull: Pull = "up") -> Input:
        """Raises ConfigError where there is no such pin on this machine."""
        driver, pin = self._find(name)
        return driver.input(pin, pull=pull)

    def output(self, name: str, *, high: bool = False) -> Output:
        """Raises ConfigError where there is no such pin on this machine."""
        driver, pin = self._find(name)
        return driver.output(pin, high=high)

    def pulse(self, name: str, *, hertz: int) -> Pulse:
        """Raises ConfigError where this pin makes no pulses."""
        driver, pin = self._find(name)
        return driver.pulse(pin, hertz=hertz)

    def counter(self, name: str, *, pull: Pull = "up") -> Counter:
        """Raises ConfigError where this pin counts no pulses."""
        driver, pin = self._find(name)
        return driver.counter(pin, pull=pull)

    def pin(self, name: str) -> str:
        """The pin that a label stands for; a pin's own name as it is."""
        return self._labels.get(name, name)

    async def run_with(self, works: Sequence[Runs]) -> None:
        """Run these, who use the pins, and what the pins need, until cancelled; then let all pins go."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(work.run())
                running: set[str] = set()
                while True:
                    for name in self._drivers.keys() - running:  # loaded when a pin of theirs is looked for
                        running.add(name)
                        group.create_task(self._drivers[name].run())
                    await asyncio.sleep(1)
        finally:
            self.close()

    def close(self) -> None:
        """Let all pins go."""
        for driver in self._drivers.values():
            driver.close()

    def _find(self, name: str) -> tuple[Driver, str]:
        pin = self.pin(name)
        for pattern, module in _DRIVERS:
            if re.fullmatch(pattern, pin):
                if module not in self._drivers:
                    loaded: Any = importlib.import_module(module)
                    self._drivers[module] = loaded.open_driver()
                return self._drivers[module], pin
        raise ConfigError(f"{name} is no pin here: {ALLOWED}")


def missing(package: str, extra: str) -> ConfigError:
    """What to say where a driver's library is not installed."""
    return ConfigError(f"{package} is not installed: pip install 'ampyard[{extra}]'")


def cannot(what: str, name: str) -> ConfigError:
    """What to say of a pin that can do less."""
    return ConfigError(f"{name} cannot {what}")
