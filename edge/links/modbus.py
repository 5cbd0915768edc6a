"""Modbus lines that many devices share: each device with its manners, the meters that guard fuses in time.

A request answers exactly what was asked for, or raises DeviceError with the likely cause. A device that stays
silent is left alone for longer and longer, and costs the others little; whoever asks for it meanwhile is told
so at once. A command is sent all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pymodbus.client.base import ModbusBaseClient
from pymodbus.pdu import ModbusPDU

from edge.core.errors import DeviceError
from edge.core.manners import Manners
from edge.links.modbus_wire import Ask, Place, SilenceError, Wire, other_unit
from edge.links.turns import Turns, Urgency
from edge.settings import LineSettings

__all__ = ["COILS", "HOLDING", "INPUT", "INPUTS", "Device", "Line", "Lines", "Place", "Urgency"]

COILS, INPUTS, HOLDING, INPUT = 1, 2, 3, 4  # MODBUS Application Protocol V1.1b3 sections 6.1 to 6.4

FIRST_REST_S = 0.5
LONGEST_REST_S = 30.0
LONGEST_GUARD_REST_S = 1.0  # what guards a fuse is looked for all the time
_MOST_DOUBLINGS = 10  # beyond every cap
_GATEWAY_SILENCE = (10, 11)

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


class ModbusRefusedError(DeviceError):
    """The device answered with an exception. `code` is Modbus's own."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code

    @property
    def means_another_map(self) -> bool:
        """Whether it has no such function or registers: another model, perhaps."""
        return self.code in (1, 2, 3)

    @property
    def is_of_gateway(self) -> bool:
        """Whether the gateway says so, not the device: it has no such device, or a silent one."""
        return self.code in _GATEWAY_SILENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One request: how the library is asked, its function, and how many bytes go and come on an RTU wire."""

    ask: Ask
    function: int
    sent: int = 8
    received: int = 8
    is_write: bool = False


class _Presence:
    """What the line knows of one unit, whoever speaks to it."""

    def __init__(self) -> None:
        self.silences = 0
        self.silent_s = 0.0
        self.late_s = 0.0
        self.ready_s = 0.0
        self.writable_s = 0.0
        self.latency_s: float | None = None  # None: it never answered
        self.reason = ""
        self.is_spoilt = False


class Line:
    """One wire and those who share it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.turns = Turns()
        self._wire = Wire(place)
        self._units: dict[int, _Presence] = {}
        self.requests = 0

    def device(self, unit: int, manners: Manners | None = None) -> "Device":
        """The device of that number, spoken to in its manners."""
        return Device(self, unit, manners or Manners(), self._units.setdefault(unit, _Presence()))

    def close(self) -> None:
        """Close the wire; the next request opens it again."""
        self._wire.close()

    def where(self, unit: int) -> str:
        """A unit of this line, for people."""
        return f"unit {unit} {'at' if self.place.has_transactions else 'on'} {self.place.name}"

    async def ask(self, ask: Ask, timeout_s: float) -> ModbusPDU:
        """One request; you have the turn. Whatever happens, the next frame is kept apart from this one's."""
        began_s = asyncio.get_running_loop().time()
        self.requests += 1
        try:
            answer = await self._wire.ask(ask, timeout_s)
        except asyncio.CancelledError:
            if not self.place.has_transactions:  # its answer is still on the way
                self.turns.quiet(began_s + timeout_s - asyncio.get_running_loop().time())
            raise
        finally:
            self.turns.quiet(self.place.gap_s)
        return answer

    def silence(self, unit: int, heard: bytes) -> str:
        """The likely cause of what came back instead of an answer."""
        where = self.where(unit)
        other = other_unit(self.place, heard, unit)
        others = [each for number, each in self._units.items() if number != unit and each.latency_s]
        is_alone = not any(each.silences == 0 for each in others)
        if other is not None:
            return f"{where} does not answer: unit {other} does instead"
        if heard and not self.place.has_transactions:
            if is_alone:
                return f"{where}: noise instead of an answer: is the line's speed and format the device's?"
            return f"{where}: a spoilt answer: two devices with one number, or a bad wire"
        if is_alone or self.place.has_transactions:
            return f"{where} does not answer"
        return f"{where} does not answer, others on the line do: is that its number?"


class Device:
    """One device on a line. Every request raises DeviceError where it has no answer to give.

    `deadline_ms`: what a request may take altogether, the wait for its turn included.
    """

    def __init__(self, line: Line, unit: int, manners: Manners, presence: _Presence) -> None:
        self.line = line
        self.unit = unit
        self.manners = manners
        self._presence = presence

    @property
    def is_silent(self) -> bool:
        """Whether its last request went without an answer."""
        return self._presence.silences > 0

    @property
    def is_spoilt(self) -> bool:
        """Whether something came at its last silence, but nothing that could be read."""
        return self._presence.is_spoilt

    def expect(self, in_ms: int) -> None:
        """A block that guards a fuse is read next in so many ms: keep the line free for it then."""
        self.line.turns.expect(self, asyncio.get_running_loop().time() + in_ms / 1000)

    async def read(
        self,
        function: int,
        address: int,
        count: int,
        *,
        urgency: Urgency = Urgency.ROUTINE,
        deadline_ms: int | None = None,
        is_followed: bool = False,
    ) -> list[int]:
        """`count` registers from zero-based `address` on; `function` is HOLDING or INPUT.

        `is_followed`: the next request of yours belongs to this one, and comes at once.
        """

        def ask(client: ModbusBaseClient) -> Awaitable[ModbusPDU]:
            request = client.read_holding_registers if function == HOLDING else client.read_input_registers
            return request(address, count=count, device_id=self.unit)

        question = _Question(ask=ask, function=function, received=5 + 2 * count)
        answer = await self._request(question, urgency, deadline_ms, is_followed=is_followed)
        registers = list(answer.registers)
        if len(registers) != count:
            raise DeviceError(
                f"{self.line.where(self.unit)} answers {len(registers)} of {count} registers at {address}"
            )
        return registers

    async def read_bits(
        self,
        function: int,
        address: int,
        count: int,
        *,
        urgency: Urgency = Urgency.ROUTINE,
        deadline_ms: int | None = None,
    ) -> list[bool]:
        """`count` coils or discrete inputs; `function` is COILS or INPUTS."""

        def ask(client: ModbusBaseClient) -> Awaitable[ModbusPDU]:
            request = client.read_coils if function == COILS else client.read_discrete_inputs
            return request(address, count=count, device_id=self.unit)

        question = _Question(ask=ask, function=function, received=5 + (count + 7) // 8)
        answer = await self._request(question, urgency, deadline_ms)
        if len(answer.bits) < count:
            raise DeviceError(f"{self.line.where(self.unit)} answers fewer than {count} bits at {address}")
        return list(answer.bits[:count])

    async def write(
        self,
        address: int,
        registers: list[int],
        *,
        function: int | None = None,
        urgency: Urgency = Urgency.COMMAND,
        deadline_ms: int | None = None,
    ) -> None:
        """Registers from `address` on, told by function 6 or 16; by the device's own where none is named."""
        single = (function or self.manners.write_function) == 6 and len(registers) == 1

        def ask(client: ModbusBaseClient) -> Awaitable[ModbusPDU]:
            if single:
                return client.write_register(address, registers[0], device_id=self.unit)
            return client.write_registers(address, registers, device_id=self.unit)

        told, sent = (6, 8) if single else (16, 9 + 2 * len(registers))
        question = _Question(ask=ask, function=told, sent=sent, is_write=True)
        answer = await self._request(question, urgency, deadline_ms)
        if answer.address != address:
            raise DeviceError(f"{self.line.where(self.unit)} confirms another register than {address}")

    async def write_coil(
        self,
        address: int,
        *,
        is_on: bool,
        urgency: Urgency = Urgency.COMMAND,
        deadline_ms: int | None = None,
    ) -> None:
        """One coil, by function 5."""

        def ask(client: ModbusBaseClient) -> Awaitable[ModbusPDU]:
            return client.write_coil(address, is_on, device_id=self.unit)

        await self._request(_Question(ask=ask, function=5, is_write=True), urgency, deadline_ms)

    async def _request(
        self, question: _Question, urgency: Urgency, deadline_ms: int | None, *, is_followed: bool = False
    ) -> ModbusPDU:
        loop, presence = asyncio.get_running_loop(), self._presence
        if loop.time() < presence.silent_s + self._rest_s(urgency):
            raise DeviceError(presence.reason)
        wire_s = self.line.place.wire_s(question.sent, question.received)
        timeout_s = wire_s + max(self.manners.answer_ms / 1000, self.line.place.timeout_s)
        lasts_s = (
            timeout_s if presence.latency_s is None or presence.silences else wire_s + presence.latency_s
        )
        try:
            async with asyncio.timeout(None if deadline_ms is None else deadline_ms / 1000):
                for tries_left in range(self.manners.repeats, -1, -1):
                    ready_s = self._ready(is_write=question.is_write)
                    async with self.line.turns.turn(urgency, lasts_s, ready_s, is_followed=is_followed):
                        answer = await self._try(question, wire_s, timeout_s, tries_left)
                    if answer is not None:
                        return self._checked(answer, question.function)
        except TimeoutError:
            raise DeviceError(f"{self.line.where(self.unit)}: no answer within {deadline_ms} ms") from None
        raise DeviceError(presence.reason)

    def _ready(self, *, is_write: bool) -> Callable[[], float]:
        presence = self._presence
        return lambda: max(presence.ready_s, presence.writable_s if is_write else 0.0)

    async def _try(
        self, question: _Question, wire_s: float, timeout_s: float, tries_left: int
    ) -> ModbusPDU | None:
        """The answer; None where nothing usable came."""
        loop, presence = asyncio.get_running_loop(), self._presence
        began_s = loop.time()
        try:
            answer = await self.line.ask(question.ask, timeout_s)
        except SilenceError as silence:
            presence.is_spoilt = bool(silence.heard)
            presence.reason = self.line.silence(self.unit, silence.heard)
            if not tries_left:
                self._note_silence(timeout_s)
            return None
        finally:
            ended_s = loop.time()
            presence.ready_s = ended_s + self.manners.gap_ms / 1000
            if question.is_write:
                presence.ready_s = max(presence.ready_s, ended_s + self.manners.settle_ms / 1000)
                presence.writable_s = ended_s + self.manners.write_gap_ms / 1000
        if tries_left < self.manners.repeats:  # the answer to the try before may come yet
            presence.ready_s = max(presence.ready_s, ended_s + timeout_s)
        took_s = max(0.0, ended_s - began_s - wire_s)
        presence.latency_s = took_s if presence.latency_s is None else (3 * presence.latency_s + took_s) / 4
        return answer

    def _note_silence(self, timeout_s: float) -> None:
        presence = self._presence
        presence.silences += 1
        presence.silent_s = asyncio.get_running_loop().time()
        presence.late_s = 0.0 if self.line.place.has_transactions else timeout_s

    def _rest_s(self, urgency: Urgency) -> float:
        """How long it is left alone behind its last silence: doubling, less where it guards a fuse.

        Where answers do not say what they answer, a late one must not meet the next request: it gets time.
        """
        presence = self._presence
        if presence.silences == 0 or urgency is Urgency.COMMAND:
            return 0.0
        longest_s = LONGEST_GUARD_REST_S if urgency is Urgency.GUARD else LONGEST_REST_S
        doublings = min(presence.silences - 2, _MOST_DOUBLINGS)
        rest_s = 0.0 if doublings < 0 else min(FIRST_REST_S * 2**doublings, longest_s)
        return max(rest_s, presence.late_s)

    def _checked(self, answer: ModbusPDU, function: int) -> ModbusPDU:
        presence = self._presence
        if answer.function_code & 0x7F != function:
            presence.silences = 0
            raise DeviceError(f"{self.line.where(self.unit)} answers something that it was not asked")
        if not answer.isError():
            presence.silences = 0
            return answer
        code = answer.exception_code
        word = _EXCEPTIONS.get(code, "unknown exception")
        presence.reason = f"{self.line.where(self.unit)} answers exception {code}, {word}"
        if code in _GATEWAY_SILENCE:
            self._note_silence(0.0)
        else:
            presence.silences = 0
        raise ModbusRefusedError(presence.reason, code)


class Lines:
    """The lines of a site: those who name the same place share one."""

    def __init__(self, *, timeout_s: float = 1.0, devices: Mapping[str, str] | None = None) -> None:
        """`timeout_s`: what a network may take. `devices`: what the board calls a port -> its device."""
        self._timeout_s = timeout_s
        self._devices = devices or {}
        self._lines: dict[str, Line] = {}

    def to(self, host: str, port: int) -> Line:
        """The line to a host that speaks Modbus TCP."""
        return self.at(Place(name=f"{host}:{port}", host=host, port=port, timeout_s=self._timeout_s))

    def of(self, line: LineSettings | None, host: str | None, port: int) -> Line:
        """The line on which a device of the site file is: the one that it names, or its own address."""
        if line is None:
            return self.to(host or "", port)
        return self.at(
            Place(
                name=line.name,
                device=self._devices.get(line.device, line.device),
                host=line.host,
                port=line.port,
                baud=line.baud,
                format=line.format,
                is_rtu=True,
                timeout_s=self._timeout_s / 2 if line.host else 0.0,
            )
        )

    def at(self, place: Place) -> Line:
        """The line to there."""
        if place.name not in self._lines:
            self._lines[place.name] = Line(place)
        return self._lines[place.name]

    def close(self) -> None:
        """Close them all."""
        for line in self._lines.values():
            line.close()
