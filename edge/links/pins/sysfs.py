"""Pins that a kernel module shows as files: 0 or 1, or one bit of a number behind `#`.

A channel of `/sys/class/pwm` makes pulses by hardware, as steady as its clock.
"""

from pathlib import Path

from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pull, cannot


class SysFs:
    """Files by their paths."""

    def input(self, name: str, *, pull: Pull) -> "_File":  # noqa: ARG002  the module has its own
        """A file that is read."""
        file = _File(name)
        if file.read() is None:
            raise ConfigError(f"{name}: cannot be read as a number: is the kernel module loaded?")
        return file

    def output(self, name: str, *, high: bool) -> "_File":
        """A file that is written."""
        file = _File(name)
        try:
            file.write(high=high)
        except DeviceError as error:
            raise ConfigError(str(error)) from error
        return file

    def pulse(self, name: str, *, hertz: int) -> "_Channel":
        """A channel such as /sys/class/pwm/pwmchip0/pwm0, exported and ours to write; high at first."""
        if not (Path(name) / "duty_cycle").exists():
            raise cannot(f"make {hertz} Hz: only channels of /sys/class/pwm do", name)
        try:
            return _Channel(Path(name), hertz)
        except OSError as error:
            raise ConfigError(f"{name}: {error}") from error

    def counter(self, name: str, *, pull: Pull) -> "_Polled":
        """A file whose rising edges are counted by whoever asks often enough."""
        return _Polled(self.input(name, pull=pull))

    async def run(self) -> None:
        """There is nothing to ask."""

    def close(self) -> None:
        """Files stay as they are."""


class Channel:
    """A channel of an analogue converter, as the kernel's industrial I/O shows it: one number in a file."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError where it is not there."""
        self._path = Path(name)
        if self.read() is None:
            raise ConfigError(f"{name}: cannot be read as a number: is the converter's driver loaded?")

    def read(self) -> int | None:
        """The number now; None: it cannot be read."""
        try:
            return int(self._path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


class _File:
    def __init__(self, name: str) -> None:
        path, _, bit = name.partition("#")
        self._path = Path(path)
        self._bit = int(bit) if bit else None

    def _number(self) -> int:
        return int(self._path.read_text(encoding="ascii").strip(), 0)

    def read(self) -> bool | None:
        try:
            number = self._number()
        except (OSError, ValueError):
            return None
        return bool(number if self._bit is None else number >> self._bit & 1)

    def write(self, *, high: bool) -> None:
        try:
            number = int(high)
            if self._bit is not None:
                mask = 1 << self._bit
                number = self._number() | mask if high else self._number() & ~mask
            self._path.write_text(f"{number}\n", encoding="ascii")
        except (OSError, ValueError) as error:
            raise DeviceError(f"{self._path}: {error}") from error

    def set(self, duty_ppm: int) -> None:
        self.write(high=duty_ppm > 0)


class _Channel:
    def __init__(self, path: Path, hertz: int) -> None:
        self._path = path
        self._period_ns = 1_000_000_000 // hertz
        self._write("duty_cycle", 0)  # never longer than the period, whatever that was
        self._write("period", self._period_ns)
        self.set(1_000_000)
        self._write("enable", 1)

    def set(self, duty_ppm: int) -> None:
        try:
            self._write("duty_cycle", self._period_ns * duty_ppm // 1_000_000)
        except OSError as error:
            raise DeviceError(f"{self._path}: {error}") from error

    def _write(self, name: str, number: int) -> None:
        (self._path / name).write_text(f"{number}\n", encoding="ascii")


class _Polled:
    def __init__(self, file: _File) -> None:
        self._file = file
        self._was = False
        self._count = 0

    def count(self) -> int:
        now = self._file.read() is True
        self._count += now and not self._was
        self._was = now
        return self._count


def open_driver() -> SysFs:
    """The files of this machine."""
    return SysFs()
