"""A Modbus meter that measures a circuit of the lot, and everything that can be wrong with it."""

import asyncio
from random import Random

from edge import catalogue
from edge.plant.wiring import NOTHING, Triple
from edge.simulator.modbus import (
    BUSY,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    RefusalError,
    SilentError,
    TcpHost,
)
from edge.simulator.registers import Fault, Measured, RegisterMap

_UJ_PER_WH = 3_600_000_000
_UNUSED = 32  # registers behind the last known one, which read 0
_WIGGLE_MA = 15
_WIGGLE_MV = 300


class Meter:
    """One meter, behind a TCP port of its own or on a line. `measure` feeds it, `fault` spoils it.

    Like a real one it never reads quite the same twice: the voltage moves, and currents read up to
    15 mA high. Its registers are renewed every `refresh_ms`; `absent` are those that this device lacks.
    """

    def __init__(
        self,
        model: str,
        *,
        unit: int = 1,
        voltage_mv: int = 230_000,
        refresh_ms: int = 200,
        port: int = 0,
        host: str = "127.0.0.1",
        seed: int = 0,
        sunspec: int = 203,
        absent: frozenset[int] = frozenset(),
    ) -> None:
        self.model = catalogue.meter(model)
        self.absent = absent
        self._registers = RegisterMap(self.model, sunspec=sunspec)
        self.fault = Fault.NONE
        self.slow_ms = 3_000
        self.requests = 0
        self.host = host
        self.port = port
        self.unit = unit
        self._voltage_mv = voltage_mv
        self._refresh_ms = refresh_ms
        self._random = Random(seed)
        self._flowing: Triple = NOTHING
        self._energy_uj = 0
        self._measured_ms: int | None = None
        self._renewed_ms: int | None = None
        self._image = self._registers.image(Measured())
        self._tcp: TcpHost | None = None
        self._closing = asyncio.Event()

    def measure(self, current_ma: Triple, now_ms: int) -> None:
        """What flows from now on, by grid phase."""
        if self._measured_ms is not None:
            elapsed_ms = now_ms - self._measured_ms
            self._energy_uj += sum(self._flowing) * self._voltage_mv * elapsed_ms // 1_000
        self._measured_ms, self._flowing = now_ms, current_ma
        if self._renewed_ms is not None and now_ms - self._renewed_ms < self._refresh_ms:
            return
        self._renewed_ms = now_ms
        if self.fault is not Fault.FROZEN:
            self._image = self._registers.image(self._reading(), self.fault)

    def set_fault(self, fault: Fault, *, slow_ms: int = 3_000) -> None:
        """Spoils the meter from its next renewal on, or heals it with `Fault.NONE`."""
        self.fault = fault
        self._closing.set()  # whoever dawdles ends that
        self._closing = asyncio.Event()
        self.slow_ms = slow_ms
        self._renewed_ms = None

    async def start(self) -> None:
        """Opens the port; port 0 takes a free one, which is then kept through stops and starts."""
        self._closing = asyncio.Event()
        self._tcp = TcpHost({self.unit: self}, host=self.host, port=self.port)
        await self._tcp.start()
        self.port = self._tcp.port

    async def stop(self) -> None:
        """Closes the port and every connection."""
        if self._tcp is not None:
            self._closing.set()
            await self._tcp.stop()
            self._tcp = None

    async def read(self, function: int, address: int, count: int) -> list[int]:
        """Its registers of now. Raises RefusalError, or SilentError."""
        self.requests += 1
        if self.fault is Fault.SILENT:
            raise SilentError
        if self.fault is Fault.BUSY:
            raise RefusalError(BUSY)
        if function != self.model.function:
            raise RefusalError(ILLEGAL_FUNCTION)
        if count > self.model.longest_read:
            raise RefusalError(ILLEGAL_VALUE)
        first = address - self._registers.first
        last = self._registers.count + _UNUSED
        if first < 0 or first + count > last or not self.absent.isdisjoint(range(address, address + count)):
            raise RefusalError(ILLEGAL_ADDRESS)
        if self.fault is Fault.SLOW:
            await self._dawdle()
        return [*self._image, *[0] * _UNUSED][first : first + count]

    async def write(self, function: int, address: int, values: list[int]) -> None:  # noqa: ARG002
        """A meter takes no orders."""
        self.requests += 1
        raise RefusalError(ILLEGAL_FUNCTION)

    def spoil(self, frame: bytes) -> bytes:
        """A frame with a bit turned, where that is its fault."""
        return frame[:-1] + bytes([frame[-1] ^ 0x10]) if self.fault is Fault.GARBLED else frame

    async def _dawdle(self) -> None:
        try:
            async with asyncio.timeout(self.slow_ms / 1_000):
                await self._closing.wait()
        except TimeoutError:
            return

    def _reading(self) -> Measured:
        def voltage() -> int:
            return self._voltage_mv + self._random.randint(-_WIGGLE_MV, _WIGGLE_MV)

        def current(true_ma: int) -> int:
            return true_ma + self._random.randint(0, _WIGGLE_MA)

        volts = (voltage(), voltage(), voltage())
        amps = (current(self._flowing[0]), current(self._flowing[1]), current(self._flowing[2]))
        watts = (volts[0] * amps[0], volts[1] * amps[1], volts[2] * amps[2])
        return Measured(
            voltage_mv=volts,
            current_ma=amps,
            power_w=(watts[0] // 1_000_000, watts[1] // 1_000_000, watts[2] // 1_000_000),
            import_wh=self._energy_uj // _UJ_PER_WH,
        )
