"""Simulated Modbus devices behind real wires: what a request is answered, and the TCP port that answers it.

MODBUS Application Protocol V1.1b3 sections 4 and 6; nothing of the library that our own links use.
"""

import asyncio
from typing import Protocol

READS, BIT_READS = (3, 4), (1, 2)
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY = 1, 2, 3, 6


class RefusalError(Exception):
    """The device answers with an exception. `code` is Modbus's own."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class SilentError(Exception):
    """The device does not answer at all."""


class Served(Protocol):
    """A device's registers and bits. Both may take their time, and raise RefusalError or SilentError."""

    async def read(self, function: int, address: int, count: int) -> list[int]:
        """The registers of functions 3 and 4; the bits, as 0 and 1, of functions 1 and 2."""

    async def write(self, function: int, address: int, values: list[int]) -> None:
        """Registers by function 6 or 16, coils by 5 or 15."""

    def spoil(self, frame: bytes) -> bytes:
        """What becomes of an answer on the wire."""


async def answered(device: Served, request: bytes) -> bytes | None:
    """The answer to a request, both without address and checksum; None where there is none."""
    function = request[0]
    try:
        return await _answer(device, function, request)
    except RefusalError as refusal:
        return bytes([function | 0x80, refusal.code])
    except SilentError:
        return None


async def _answer(device: Served, function: int, request: bytes) -> bytes:
    address, number = int.from_bytes(request[1:3]), int.from_bytes(request[3:5])
    if function in READS or function in BIT_READS:
        if not 0 < number <= (125 if function in READS else 2000):
            raise RefusalError(ILLEGAL_VALUE)
        values = await device.read(function, address, number)
        body = _words(values) if function in READS else _bits(values)
        return bytes([function, len(body)]) + body
    if function == 5:
        await device.write(function, address, [1 if number else 0])
    elif function == 6:
        await device.write(function, address, [number])
    elif function == 15:
        packed = int.from_bytes(request[6:], "little")
        await device.write(function, address, [packed >> bit & 1 for bit in range(number)])
    elif function == 16:
        body = request[6:]
        await device.write(
            function, address, [int.from_bytes(body[at : at + 2]) for at in range(0, len(body), 2)]
        )
    else:
        raise RefusalError(ILLEGAL_FUNCTION)
    return request[:5]


def _words(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)


def _bits(values: list[int]) -> bytes:
    packed = sum(value << bit for bit, value in enumerate(values))
    return packed.to_bytes((len(values) + 7) // 8, "little")


class TcpHost:
    """One TCP port with devices behind it, each with its number. Port 0 takes a free one and keeps it."""

    def __init__(self, devices: dict[int, Served], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.devices = devices
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Opens the port."""
        self._server = await asyncio.start_server(self._talk, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes the port and every connection."""
        if self._server is None:
            return
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._talks.add(task)
        try:
            while True:
                head = await reader.readexactly(7)
                request = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
                device = self.devices.get(head[6])
                answer = None if device is None or not request else await answered(device, request)
                if device is not None and answer is not None:
                    body = device.spoil(answer)
                    writer.write(head[:4] + (len(body) + 1).to_bytes(2) + head[6:] + body)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the other end went away
        except asyncio.CancelledError:
            return  # the port is closed: a task of the server's, and its end
        finally:
            self._talks.discard(task)
            writer.close()
