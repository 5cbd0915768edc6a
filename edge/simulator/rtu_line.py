"""An RS-485 line on a pseudo-terminal: devices that share a pair, and the time that bytes take on it.

The kernel moves bytes through a pseudo-terminal at once; the line makes them as late as the wire would. It
hears only what is sent at its own speed, it notices who speaks out of turn, and where two devices answer to
one number their answers spoil each other.
"""

import asyncio
import os
import termios
import tty
from pathlib import Path

from edge.simulator.modbus import Served, answered

_FIFO = 16  # bytes that a serial port hands over together
_SPEEDS = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()
}


class RtuLine:
    """One line. `path` is the serial port of whoever asks.

    `think_ms`: how long devices take to answer. `format` is theirs; what the asking end uses is
    `heard_format`, because a pseudo-terminal keeps no parity (None: the right one).
    `collisions` and `short_gaps` count what an asking end must never do: speak while somebody speaks, or
    within 3.5 characters behind a frame.
    """

    def __init__(self, *, baud: int = 9600, format: str = "8N1", think_ms: int = 10) -> None:  # noqa: A002
        self.baud = baud
        self.format = format
        self.heard_format: str | None = None
        self.think_ms = think_ms
        self.devices: list[tuple[int, Served]] = []
        self.requests = 0
        self.collisions = 0
        self.short_gaps = 0
        self.path = Path()
        self._ours = self._theirs = -1
        self._buffer = b""
        self._quiet_since_s = 0.0
        self._answering: asyncio.Task[None] | None = None

    @property
    def byte_s(self) -> float:
        """How long one byte takes."""
        return (10 if self.format == "8N1" else 11) / self.baud

    def open(self) -> None:
        """Lays the line."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = Path(os.ttyname(self._theirs))
        asyncio.get_running_loop().add_reader(self._ours, self._hear)

    def close(self) -> None:
        """Cuts it."""
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._answering is not None:
            self._answering.cancel()
        os.close(self._ours)
        os.close(self._theirs)

    def _hear(self) -> None:
        data = os.read(self._ours, 1024)
        loop = asyncio.get_running_loop()
        if self._answering is not None and not self._answering.done():
            self.collisions += 1
            self._answering.cancel()
            self._buffer = b""
            return
        if not self._buffer and loop.time() < self._quiet_since_s + 3.4 * self.byte_s:
            self.short_gaps += 1
        self._buffer += data
        length = _length(self._buffer)
        if length is None or len(self._buffer) < length:
            return
        frame, self._buffer = self._buffer[:length], b""
        if self._is_understood(frame):
            self.requests += 1
            self._answering = loop.create_task(self._answer(frame))

    def _is_understood(self, frame: bytes) -> bool:
        speed = termios.tcgetattr(self._theirs)[5]
        is_fast = _SPEEDS.get(speed) == self.baud
        return is_fast and self.heard_format in (None, self.format) and crc(frame[:-2]) == frame[-2:]

    async def _answer(self, frame: bytes) -> None:
        await asyncio.sleep(len(frame) * self.byte_s)
        heard = [device for unit, device in self.devices if unit == frame[0]]
        answers = [(device, await answered(device, frame[1:-2])) for device in heard]
        spoken = []
        for device, answer in answers:
            if answer is not None:
                whole = frame[:1] + answer
                spoken.append(device.spoil(whole + crc(whole)))
        if not spoken:
            return
        await asyncio.sleep(self.think_ms / 1000)
        await self._speak(spoken[0] if len(spoken) == 1 else _together(spoken))

    async def _speak(self, frame: bytes) -> None:
        loop = asyncio.get_running_loop()
        at_s = loop.time()
        for start in range(0, len(frame), _FIFO):
            piece = frame[start : start + _FIFO]
            at_s += len(piece) * self.byte_s
            await asyncio.sleep(max(0.0, at_s - loop.time()))
            self._quiet_since_s = loop.time()
            os.write(self._ours, piece)


def _length(buffer: bytes) -> int | None:
    """How long the request is that begins so; None: not known yet."""
    if len(buffer) < 2:
        return None
    if buffer[1] in (15, 16):
        return 9 + buffer[6] if len(buffer) > 6 else None
    return 8


def _together(frames: list[bytes]) -> bytes:
    """What a pair carries when several drive it: where they differ, nobody's byte."""
    mixed = bytes(a & b for a, b in zip(*frames[:2], strict=False))
    return mixed if mixed != frames[0] else mixed[:-1] + bytes([mixed[-1] ^ 0xFF])


def crc(data: bytes) -> bytes:
    """The checksum of an RTU frame, low byte first: CRC-16 with the polynomial 0xA001, from all ones."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")
