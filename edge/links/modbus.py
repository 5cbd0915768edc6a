"""Modbus TCP: one connection for each host and port, whose users take turns.

A request either answers exactly the registers that were asked for, or raises DeviceError. The connection is
opened when it is needed; after a failure further requests fail at once until the next attempt is due, so that
nobody waits for a device that is away.
"""

import asyncio
import logging
import random

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from edge.core.errors import DeviceError

HOLDING, INPUT = 3, 4  # function codes: MODBUS Application Protocol V1.1b3 sections 6.3 and 6.4
FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 5.0
SILENCES_BEFORE_CLOSING = 3

_EXCEPTIONS = {  # MODBUS Application Protocol V1.1b3 section 7
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}

# The library logs every failed request. Whoever uses a link tells it once when lost, and once when back.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class ModbusTcp:
    """One connection. `timeout_s` is how long connecting, and each answer, may take."""

    def __init__(self, host: str, port: int, *, timeout_s: float = 1.0) -> None:
        self.host = host
        self.port = port
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._client: AsyncModbusTcpClient | None = None
        self._retry_s = FIRST_RETRY_S
        self._retry_at = 0.0
        self._silences = 0
        self._reason = ""

    async def read(self, unit: int, function: int, address: int, count: int) -> list[int]:
        """`count` registers from zero-based `address` on. Raises DeviceError, in two time-outs at most."""
        async with self._turn:
            client = await self._connected()
            request = client.read_holding_registers if function == HOLDING else client.read_input_registers
            try:
                answer = await request(address, count=count, device_id=unit)
                _heed_cancellation()
            except ModbusException as error:
                _heed_cancellation()
                self._note_silence()
                raise DeviceError(f"{self._place(unit)} does not answer") from error
            self._silences = 0
        return self._registers(answer, unit, address, count)

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        now = asyncio.get_running_loop().time()
        if now < self._retry_at:
            raise DeviceError(self._reason)
        client = AsyncModbusTcpClient(
            self.host, port=self.port, timeout=self._timeout_s, retries=0, reconnect_delay=0
        )
        if not await client.connect():
            client.close()
            self._wait_before_retry()
            self._reason = f"{self.host}:{self.port} refuses connections, or is not there"
            raise DeviceError(self._reason)
        self._client, self._retry_s, self._silences = client, FIRST_RETRY_S, 0
        return client

    def _wait_before_retry(self) -> None:
        """Doubling with jitter up to a cap; a connection that opens resets it."""
        self._retry_at = asyncio.get_running_loop().time() + self._retry_s * random.uniform(0.5, 1)  # noqa: S311
        self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _note_silence(self) -> None:
        """A link on which nothing answers for a while may be half open: start it anew."""
        self._silences += 1
        if self._silences >= SILENCES_BEFORE_CLOSING:
            self._silences = 0
            self.close()

    def _registers(self, answer: ModbusPDU, unit: int, address: int, count: int) -> list[int]:
        if answer.isError():
            code = answer.exception_code
            word = _EXCEPTIONS.get(code, "unknown exception")
            raise DeviceError(f"{self._place(unit)} answers exception {code}, {word}")
        registers = list(answer.registers)
        if len(registers) != count:
            raise DeviceError(
                f"{self._place(unit)} answers {len(registers)} of {count} registers at {address}"
            )
        return registers

    def _place(self, unit: int) -> str:
        return f"unit {unit} at {self.host}:{self.port}"


def _heed_cancellation() -> None:
    """Raise what the library's `wait_for` loses before Python 3.12: a cancellation beside an answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class ModbusLinks:
    """The connections of a site: those who name the same host and port share one."""

    def __init__(self, *, timeout_s: float = 1.0) -> None:
        self._timeout_s = timeout_s
        self._links: dict[tuple[str, int], ModbusTcp] = {}

    def to(self, host: str, port: int) -> ModbusTcp:
        """The connection to there."""
        key = (host, port)
        if key not in self._links:
            self._links[key] = ModbusTcp(host, port, timeout_s=self._timeout_s)
        return self._links[key]

    def close(self) -> None:
        """Close them all."""
        for link in self._links.values():
            link.close()
