"""Pins of a Raspberry Pi through gpiozero, by their BCM numbers; whichever library it finds below it."""

import importlib
import warnings
from typing import Any

from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pull, missing

_PULL = {"up": True, "down": False, "none": None}


class Raspberry:
    """`factory`: gpiozero's pin factory; None: the one that it finds here."""

    def __init__(self, factory: Any = None) -> None:  # noqa: ANN401  gpiozero has no types
        try:
            self._zero: Any = importlib.import_module("gpiozero")
        except ImportError:
            raise missing("gpiozero", "gpio") from None
        self._factory = factory
        self._open: list[Any] = []

    def input(self, name: str, *, pull: Pull) -> "_Input":
        """A digital input."""
        return _Input(self._made("DigitalInputDevice", name, **_input(pull)))

    def output(self, name: str, *, high: bool) -> "_Output":
        """A digital output."""
        return _Output(self._made("DigitalOutputDevice", name, initial_value=high), name)

    def pulse(self, name: str, *, hertz: int) -> "_Pulse":
        """A PWM output, high at first."""
        return _Pulse(self._made("PWMOutputDevice", name, frequency=hertz, initial_value=1))

    def counter(self, name: str, *, pull: Pull) -> "_Counter":
        """An input whose edges are counted in gpiozero's thread."""
        return _Counter(self._made("DigitalInputDevice", name, **_input(pull)))

    async def run(self) -> None:
        """There is nothing to ask: levels are read when they are wanted."""

    def close(self) -> None:
        """Make them inputs again."""
        for device in self._open:
            device.close()
        self._open.clear()

    def _made(self, kind: str, name: str, **how: object) -> Any:  # noqa: ANN401
        try:
            with warnings.catch_warnings():  # which libraries are not there; in the end one is, or it says so
                warnings.simplefilter("ignore")
                device = getattr(self._zero, kind)(
                    int(name.removeprefix("GPIO")), pin_factory=self._factory, **how
                )
        except self._zero.GPIOZeroError as error:
            raise ConfigError(f"{name}: {error}") from error
        self._open.append(device)
        return device


def _input(pull: Pull) -> dict[str, object]:
    return {"pull_up": _PULL[pull], "active_state": True if pull == "none" else None}


class _Input:
    def __init__(self, device: Any) -> None:  # noqa: ANN401
        self._device = device

    def read(self) -> bool | None:
        try:
            return bool(self._device.pin.state)
        except OSError:
            return None


class _Output:
    def __init__(self, device: Any, name: str) -> None:  # noqa: ANN401
        self._device = device
        self._name = name

    def write(self, *, high: bool) -> None:
        try:
            self._device.value = high
        except OSError as error:
            raise DeviceError(f"{self._name}: {error}") from error


class _Pulse:
    def __init__(self, device: Any) -> None:  # noqa: ANN401
        self._device = device

    def set(self, duty_ppm: int) -> None:
        self._device.value = duty_ppm / 1_000_000


class _Counter:
    def __init__(self, device: Any) -> None:  # noqa: ANN401
        self._count = 0
        device.when_activated = self._note

    def _note(self) -> None:
        self._count += 1

    def count(self) -> int:
        return self._count


def open_driver() -> Raspberry:
    """The pins of this machine."""
    return Raspberry()
