"""A Modbus TCP meter that measures a circuit of the lot, and everything that can be wrong with it."""

import asyncio
from random import Random
from typing import TYPE_CHECKING

from edge import catalogue
from edge.plant.wiring import NOTHING, Triple
from edge.simulator.registers import Fault, Measured, RegisterMap

if TYPE_CHECKING:
    from pymodbus.constants import ExcCodes
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import SimDevice

_UJ_PER_WH = 3_600_000_000
_UNUSED = 32  # registers behind the last known one, which read 0
_WIGGLE_MA = 15
_WIGGLE_MV = 300


class Meter:
    """One meter behind one TCP port. `measure` feeds it, `fault` spoils it.

    Like a real one it never reads quite the same twice: the voltage moves, and currents read up to
    15 mA high. Its registers are renewed every `refresh_ms`.
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
    ) -> None:
        self.model = catalogue.meter(model)
        self._registers = RegisterMap(self.model)
        self.fault = Fault.NONE
        self.slow_ms = 3_000
        self.requests = 0
        self.host = host
        self.port = port
        self._unit = unit
        self._voltage_mv = voltage_mv
        self._refresh_ms = refresh_ms
        self._random = Random(seed)
        self._flowing: Triple = NOTHING
        self._energy_uj = 0
        self._measured_ms: int | None = None
        self._renewed_ms: int | None = None
        self._image = self._registers.image(Measured())
        self._server: ModbusTcpServer | None = None
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
        self.slow_ms = slow_ms
        self._renewed_ms = None

    async def start(self) -> None:
        """Opens the port; port 0 takes a free one, which is then kept through stops and starts."""
        from pymodbus.server import ModbusTcpServer  # noqa: PLC0415  imported where it serves

        self._closing.clear()
        server = ModbusTcpServer(self._devices(), address=(self.host, self.port), ignore_missing_devices=True)
        await server.serve_forever(background=True)
        listener = server.transport
        if not isinstance(listener, asyncio.Server):
            raise TypeError("a TCP server listens through an asyncio.Server")
        self.port = listener.sockets[0].getsockname()[1]
        self._server = server

    async def stop(self) -> None:
        """Closes the port and every connection."""
        if self._server is not None:
            self._closing.set()
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    def _devices(self) -> "list[SimDevice]":
        from pymodbus.simulator import DataType, SimData, SimDevice  # noqa: PLC0415

        block = SimData(
            self._registers.first, values=[0] * (self._registers.count + _UNUSED), datatype=DataType.REGISTERS
        )
        return [
            SimDevice(self._unit, simdata=[block], action=self._answer),
            SimDevice(0 if self._unit else 1, simdata=[block], action=_nobody),
        ]

    async def _answer(  # noqa: PLR0917  the library calls it by position
        self,
        function: int,
        start: int,  # noqa: ARG002
        address: int,  # noqa: ARG002
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> "ExcCodes | None":
        """Lays the present image under the request; None lets it be answered."""
        from pymodbus.constants import ExcCodes  # noqa: PLC0415

        self.requests += 1
        if self.fault is Fault.SILENT:
            return await _nobody()
        if self.fault is Fault.BUSY:
            return ExcCodes.DEVICE_BUSY
        if function != self.model.function or values is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        if count > self.model.longest_read:
            return ExcCodes.ILLEGAL_VALUE
        if self.fault is Fault.SLOW:
            await self._dawdle()
        registers[: self._registers.count] = self._image
        return None

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


async def _nobody(*_request: object) -> "ExcCodes | None":
    """No device listens to this number: the request stays without an answer."""
    from pymodbus.exceptions import NoSuchIdException  # noqa: PLC0415

    raise NoSuchIdException
