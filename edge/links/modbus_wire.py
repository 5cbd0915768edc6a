"""One Modbus wire: opened when it is needed, one request at a time, and what came back instead of an answer.

Three kinds: Modbus TCP; RTU on a serial port; RTU frames to a gateway's TCP port.
"""

import asyncio
import logging
import random
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import ModbusPDU

from edge.core.errors import DeviceError

FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 5.0
SILENCES_BEFORE_CLOSING = 3
SERIAL_OPENS_S = 1.0
_NEVER_S = 3600.0  # the library's own time-out; the wire has a better one for each request

Ask = Callable[[ModbusBaseClient], Awaitable[ModbusPDU]]
Format = Literal["8N1", "8E1", "8O1", "8N2"]

# The library logs every failed request. Whoever uses a link tells it once when lost, and once when back.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a wire leads. `device`: a serial port; else `host` and `port`. `is_rtu`: frames with a checksum.

    `name` is what people call it; `timeout_s`: what the network may take, and connecting; 0: there is none.
    """

    name: str
    host: str = ""
    port: int = 0
    device: str = ""
    baud: int = 9600
    format: Format = "8N1"
    is_rtu: bool = False
    is_ascii: bool = False
    timeout_s: float = 1.0

    @property
    def has_transactions(self) -> bool:
        """Whether an answer says which request it belongs to."""
        return not (self.is_rtu or self.is_ascii)

    def wire_s(self, sent: int, received: int) -> float:
        """How long frames of so many bytes are on the wire, with the silences that frame them."""
        if self.has_transactions:
            return 0.0
        bits = 10 if self.format == "8N1" else 11
        times = 2 if self.is_ascii else 1
        return times * (sent + received) * bits / self.baud + 2 * self.gap_s

    @property
    def gap_s(self) -> float:
        """The silence between frames: 3.5 characters; above 19200 Bd always 1.75 ms."""
        if self.has_transactions:
            return 0.0
        bits = 10 if self.format == "8N1" else 11
        return 0.00175 if self.baud > 19_200 else 3.5 * bits / self.baud


class SilenceError(Exception):
    """Nothing usable came. `heard`: the bytes that did come."""

    def __init__(self, heard: bytes) -> None:
        super().__init__()
        self.heard = heard


class Wire:
    """The connection to one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._client: ModbusBaseClient | None = None
        self._heard = b""
        self._retry_s = FIRST_RETRY_S
        self._retry_at = 0.0
        self._silences = 0
        self._reason = ""

    async def ask(self, ask: Ask, timeout_s: float) -> ModbusPDU:
        """One request and its answer. Raises SilenceError, or DeviceError where there is no connection."""
        client = await self._connected()
        self._heard = b""
        answer = None
        try:
            async with asyncio.timeout(timeout_s):
                answer = await ask(client)
        except (TimeoutError, ModbusException) as error:
            heed_cancellation()
            self._note_silence()
            raise SilenceError(self._heard) from error
        heed_cancellation()
        self._silences = 0
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> ModbusBaseClient:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        now = asyncio.get_running_loop().time()
        if now < self._retry_at:
            raise DeviceError(self._reason)
        client = self._new_client()
        try:
            async with asyncio.timeout(self.place.timeout_s or SERIAL_OPENS_S):
                is_open = await _opened(client, is_serial=bool(self.place.device))
        except (TimeoutError, termios.error):  # a port that does not take this speed or format
            is_open = False
        except BaseException:
            client.close()
            raise
        if not is_open:
            client.close()
            self._wait_before_retry()
            raise DeviceError(self._reason)
        heed_cancellation()
        self._client, self._retry_s, self._silences = client, FIRST_RETRY_S, 0
        await asyncio.sleep(0)  # a serial port is read from the next turn of the loop on
        return client

    def _new_client(self) -> ModbusBaseClient:
        place = self.place
        framer = FramerType.ASCII if place.is_ascii else FramerType.RTU if place.is_rtu else FramerType.SOCKET
        if place.device:
            return AsyncModbusSerialClient(
                place.device,
                framer=framer,
                baudrate=place.baud,
                parity=place.format[1],
                stopbits=int(place.format[2]),
                timeout=_NEVER_S,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._trace,
            )
        return AsyncModbusTcpClient(
            place.host,
            port=place.port,
            framer=framer,
            timeout=_NEVER_S,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
        )

    def _trace(self, is_sent: bool, data: bytes) -> bytes:  # noqa: FBT001  the library calls it so
        if not is_sent:
            self._heard = data
        return data

    def _wait_before_retry(self) -> None:
        """Doubling with jitter up to a cap; a connection that opens resets it."""
        place = self.place
        setting = f"{place.baud} Bd {place.format}"
        self._reason = (
            f"{place.device} cannot be opened with {setting}: not there, in use, or not permitted"
            if place.device
            else f"{place.host}:{place.port} refuses connections, or is not there"
        )
        self._retry_at = asyncio.get_running_loop().time() + self._retry_s * random.uniform(0.5, 1)  # noqa: S311
        self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _note_silence(self) -> None:
        """A connection on which nothing answers for a while may be half open: start it anew."""
        self._silences += 0 if self.place.device else 1  # a serial port is never half open
        if self._silences >= SILENCES_BEFORE_CLOSING:
            self._silences = 0
            self.close()


async def _opened(client: ModbusBaseClient, *, is_serial: bool) -> bool:
    """Whether it connects. A serial port opens at once, and would stay locked if that were cut short."""
    if not is_serial:
        return await client.connect()
    opening = asyncio.ensure_future(client.connect())
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait({opening})
        client.close()
        raise


def other_unit(place: Place, heard: bytes, unit: int) -> int | None:
    """The unit that answered instead, where a whole frame of another one came."""
    if place.has_transactions:
        said = heard[6] if len(heard) > 7 else unit
    elif place.is_rtu and len(heard) >= 5:
        is_whole = FramerRTU.check_CRC(heard[:-2], int.from_bytes(heard[-2:]))
        said = heard[0] if is_whole else unit
    else:
        said = unit
    return None if said == unit else said


def heed_cancellation() -> None:
    """Raise what the library's `wait_for` loses before Python 3.12: a cancellation beside an answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
