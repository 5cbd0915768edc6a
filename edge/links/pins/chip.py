"""Lines of a GPIO chip through libgpiod's own Python, version 2."""

import importlib
from typing import Any

from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pull, cannot, missing

CONSUMER = "ampyard"


class Chips:
    """Lines by `gpiochip1/5`."""

    def __init__(self) -> None:
        try:
            self._gpiod: Any = importlib.import_module("gpiod")
        except ImportError:
            raise missing("gpiod", "gpiod") from None
        self._requests: list[Any] = []

    def input(self, name: str, *, pull: Pull) -> "_Line":
        """A line that is read."""
        line = self._gpiod.line
        bias = {"up": line.Bias.PULL_UP, "down": line.Bias.PULL_DOWN, "none": line.Bias.AS_IS}[pull]
        return self._line(name, self._gpiod.LineSettings(direction=line.Direction.INPUT, bias=bias))

    def output(self, name: str, *, high: bool) -> "_Line":
        """A line that is driven."""
        line = self._gpiod.line
        value = line.Value.ACTIVE if high else line.Value.INACTIVE
        return self._line(name, self._gpiod.LineSettings(direction=line.Direction.OUTPUT, output_value=value))

    def pulse(self, name: str, *, hertz: int) -> "_Line":
        """None: Linux makes no steady pulses on such a line."""
        raise cannot(f"make {hertz} Hz: take a pin of a Raspberry Pi, or a board of its own", name)

    def counter(self, name: str, *, pull: Pull) -> "_Counter":
        """A line whose edges the kernel counts."""
        line = self._gpiod.line
        bias = line.Bias.PULL_UP if pull == "up" else line.Bias.AS_IS
        edge = line.Edge.RISING
        settings = self._gpiod.LineSettings(direction=line.Direction.INPUT, bias=bias, edge_detection=edge)
        return _Counter(self._request(name, settings)[0])

    async def run(self) -> None:
        """There is nothing to ask."""

    def close(self) -> None:
        """Give the lines back."""
        for request in self._requests:
            request.release()
        self._requests.clear()

    def _line(self, name: str, settings: Any) -> "_Line":  # noqa: ANN401
        request, offset = self._request(name, settings)
        return _Line(request, offset, self._gpiod.line.Value, name)

    def _request(self, name: str, settings: Any) -> tuple[Any, int]:  # noqa: ANN401
        chip, _, offset = name.partition("/")
        try:
            request = self._gpiod.request_lines(
                f"/dev/{chip}", consumer=CONSUMER, config={int(offset): settings}
            )
        except (OSError, ValueError) as error:
            raise ConfigError(f"{name}: {error}") from error
        self._requests.append(request)
        return request, int(offset)


class _Line:
    def __init__(self, request: Any, offset: int, values: Any, name: str) -> None:  # noqa: ANN401
        self._request = request
        self._offset = offset
        self._values = values
        self._name = name

    def read(self) -> bool | None:
        try:
            return bool(self._request.get_value(self._offset) == self._values.ACTIVE)
        except OSError:
            return None

    def write(self, *, high: bool) -> None:
        try:
            self._request.set_value(self._offset, self._values.ACTIVE if high else self._values.INACTIVE)
        except OSError as error:
            raise DeviceError(f"{self._name}: {error}") from error

    def set(self, duty_ppm: int) -> None:
        self.write(high=duty_ppm > 0)


class _Counter:
    def __init__(self, request: Any) -> None:  # noqa: ANN401
        self._request = request
        self._count = 0

    def count(self) -> int:
        try:
            if self._request.wait_edge_events(0):
                self._count += len(self._request.read_edge_events())
        except OSError:
            return self._count
        return self._count


def open_driver() -> Chips:
    """The chips of this machine."""
    return Chips()
