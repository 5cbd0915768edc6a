"""Modbus over streams: who asks over TCP or a serial line, and who answers there."""

import asyncio

from boards.common import modbus
from boards.common.modbus import ModbusError

MOST_PEERS = 4
IDLE_S = 60
_CHUNK = 260


class TcpLine:
    """Asks one device over TCP, one request at a time; connects again when it must."""

    def __init__(self, host: str, port: int = 502, *, unit: int = 1, patience_s: float = 1.0) -> None:
        self._host = host
        self._port = port
        self._unit = unit
        self._patience_s = patience_s
        self._number = 0
        self._streams = None
        self._turn = asyncio.Lock()

    async def ask(self, pdu: bytes, unit: int | None = None) -> bytes:
        """The answer's PDU. Raises ModbusError, OSError (also where the time is over)."""
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(pdu, unit), self._patience_s)
            except asyncio.TimeoutError:
                await self._hang_up()
                raise OSError(110, "no answer from " + self._host)
            except (OSError, ModbusError):
                await self._hang_up()
                raise

    async def _ask(self, pdu: bytes, unit: int | None) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        self._number = self._number % 0xFFFF + 1
        writer.write(modbus.tcp_frame(self._number, self._unit if unit is None else unit, pdu))
        await writer.drain()
        frames = modbus.TcpFrames()
        while True:
            data = await reader.read(_CHUNK)
            if not data:
                raise OSError(104, self._host + " hung up")
            for number, _, answer in frames.feed(data):
                if number == self._number:  # an older one came too late
                    return answer

    async def _hang_up(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            await close(streams[1])


class SerialLine:
    """Asks the devices of a serial line, one after the other. `stream`: what asyncio can read and write."""

    def __init__(self, stream, *, patience_s: float = 0.5, gap_s: float = 0.005) -> None:
        self._reader = asyncio.StreamReader(stream)
        self._stream = stream
        self._patience_s = patience_s
        self._gap_s = gap_s
        self._turn = asyncio.Lock()

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        """The answer's PDU. Raises ModbusError, OSError (also where the time is over)."""
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(pdu, unit), self._patience_s)
            except asyncio.TimeoutError:
                raise OSError(110, "no answer from unit " + str(unit))
            finally:
                await asyncio.sleep(self._gap_s)

    async def _ask(self, pdu: bytes, unit: int) -> bytes:
        self._reader.write(modbus.rtu_frame(unit, pdu))
        await self._reader.drain()
        data = b""
        while True:
            data += await self._reader.read(1)
            length = modbus.rtu_length(data)
            if length and len(data) >= length:
                if modbus.crc(data[:length]) or data[0] != unit:
                    raise ModbusError(0, "noise on the line")
                return data[1 : length - 2]


async def close(writer) -> None:
    """End a connection: MicroPython's `close` alone does nothing."""
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass  # it was gone before


async def read(line, function: int, at: int, count: int, unit: int = 1) -> list[int]:
    """Registers of a device. Raises ModbusError, OSError."""
    return modbus.read_answer(await line.ask(modbus.read_request(function, at, count), unit), function, count)


async def write(line, at: int, values: list[int], unit: int = 1) -> None:
    """Write registers of a device. Raises ModbusError, OSError."""
    modbus.write_answer(await line.ask(modbus.write_request(at, values), unit))


class TcpDevice:
    """Answers over TCP for a bank. A few peers at a time; the silent ones are let go."""

    def __init__(self, bank) -> None:
        self._bank = bank
        self._peers = 0

    async def serve(self, port: int, host: str = "0.0.0.0"):
        """Begin; answers the server."""
        return await asyncio.start_server(self._peer, host, port)

    async def _peer(self, reader, writer) -> None:
        try:
            if self._peers < MOST_PEERS:
                self._peers += 1
                try:
                    await self._answer(reader, writer)
                finally:
                    self._peers -= 1
        except (OSError, ModbusError, asyncio.TimeoutError):
            pass  # who speaks no Modbus, or nothing for long, is hung up on
        finally:
            await close(writer)

    async def _answer(self, reader, writer) -> None:
        frames = modbus.TcpFrames()
        while True:
            data = await asyncio.wait_for(reader.read(_CHUNK), IDLE_S)
            if not data:
                return
            for number, unit, pdu in frames.feed(data):
                writer.write(modbus.tcp_frame(number, unit, modbus.answer(self._bank, pdu)))
            await writer.drain()


class SerialDevice:
    """Answers on a serial line for a bank, as one unit of it."""

    def __init__(self, bank, unit: int, *, silence_s: float = 0.005) -> None:
        self._bank = bank
        self._unit = unit
        self._silence_s = silence_s

    async def run(self, stream) -> None:
        """Until cancelled."""
        reader = asyncio.StreamReader(stream)
        frames = modbus.RtuRequests()
        while True:
            try:
                data = await asyncio.wait_for(reader.read(1), self._silence_s)
            except asyncio.TimeoutError:
                frames.silence()
                data = await reader.read(1)
            for unit, pdu in frames.feed(data):
                if unit == self._unit:
                    reader.write(modbus.rtu_frame(unit, modbus.answer(self._bank, pdu)))
                    await reader.drain()
                elif unit == 0:
                    modbus.answer(self._bank, pdu)  # to everybody: done, and not answered
