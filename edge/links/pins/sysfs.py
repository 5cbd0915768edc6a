"""Pins that a kernel module shows as files: 0 or 1, or one bit of a number behind `#`."""

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

    def pulse(self, name: str, *, hertz: int) -> "_File":
        """None: a file is too slow."""
        raise cannot(f"make {hertz} Hz", name)

    def counter(self, name: str, *, pull: Pull) -> "_Polled":
        """A file whose rising edges are counted by whoever asks often enough."""
        return _Polled(self.input(name, pull=pull))

    async def run(self) -> None:
        """There is nothing to ask."""

    def close(self) -> None:
        """Files stay as they are."""


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
