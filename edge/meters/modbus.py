"""A circuit's meter on Modbus: polled without pause, each answer handed to the site.

Its fast block comes in time whoever else is on its line; counters are read when there is room.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator

from edge.catalogue import Field, MeterModel, meter
from edge.core.errors import DeviceError
from edge.links.modbus import Device, Lines, ModbusRefusedError, Urgency
from edge.meters.discovery import discover
from edge.meters.interpretation import Interpreted, Interpreter
from edge.meters.sum import SumMeter
from edge.settings import CircuitSettings, Site
from edge.site.ports import Clock, Reading

logger = logging.getLogger(__name__)

POLL_MS = 400  # twice a second and more, with room for a slow gateway
SLOW_EVERY_MS = 10_000
LOST_POLL_MS = 1_000  # whoever shares its connection gets on meanwhile
ASIDE_TRIES = 3  # a device that never answered these is not asked again
LOST_AFTER_MS = 2_000  # what the site calls late: from here on somebody must know


class ModbusMeter:
    """One meter. `run` polls until it is cancelled."""

    def __init__(
        self,
        circuit: CircuitSettings,
        *,
        device: Device,
        voltage_mv: int,
        read: Callable[[Reading], None],
        clock: Clock,
        trouble: Callable[[str, str], None] = lambda _circuit, _sentence: None,
        poll_ms: int = POLL_MS,
    ) -> None:
        """Raises ValueError where the circuit has no meter, KeyError where the catalogue does not know it."""
        if circuit.meter is None:
            raise ValueError(f"{circuit.name} has no meter")
        self._name = circuit.name
        self._device = device
        self._read = read
        self._clock = clock
        self._poll_ms = poll_ms
        self._found = not meter(circuit.meter.model).discovery
        self._interpreter = Interpreter(
            meter(circuit.meter.model),
            circuit.meter,
            rating_ma=circuit.rating_ma,
            voltage_mv=voltage_mv,
        )
        self._registers: dict[int, int] = {}
        self._unchanged_since_ms = 0
        self._energy_wh: int | None = None
        self._slow_due_ms = 0
        self._aside_fails = 0 if self._model.aside else ASIDE_TRIES
        self._neutral_ma: int | None = None
        self._neutral_ms = 0
        self._story = _Story(circuit.name, poll_ms, trouble)

    async def run(self) -> None:
        """Poll at a steady pace; a late answer delays the next request, it does not bunch them."""
        due_ms = self._clock.mono_ms()
        self._slow_due_ms = due_ms
        self._story.begin(due_ms)
        while True:
            if not self._story.is_lost:
                self._device.expect(self._poll_ms)
            await self.poll()
            pace_ms = max(self._poll_ms, LOST_POLL_MS) if self._story.is_lost else self._poll_ms
            due_ms = max(due_ms + pace_ms, self._clock.mono_ms())
            await asyncio.sleep(max(0, due_ms - self._clock.mono_ms()) / 1000)

    async def poll(self) -> None:
        """Ask once; hand over what was answered. Nothing is handed over of a meter that is silent."""
        taken_ms = self._clock.mono_ms()
        try:
            if not self._found:
                self._interpreter.model = await discover(self._model, self._words)
                self._found = True
            registers = await self._fetch(self._model.fast, Urgency.GUARD)
        except DeviceError as error:
            self._lost(error)
            return
        if registers != self._registers:
            self._registers, self._unchanged_since_ms = registers, taken_ms
        seen = self._interpreter.fast(registers)
        neutral_ma = await self._poll_neutral()
        self._read(
            Reading(
                circuit=self._name,
                taken_ms=taken_ms,
                unchanged_since_ms=self._unchanged_since_ms,
                current_ma=seen.current_ma,
                voltage_mv=seen.voltage_mv,
                power_w=seen.power_w,
                energy_wh=self._energy_wh,
                magnitude_ma=seen.magnitude_ma,
                phase_power_w=seen.phase_power_w,
                neutral_ma=neutral_ma,
            )
        )
        self._story.answered(seen, taken_ms)
        if taken_ms >= self._slow_due_ms:
            self._slow_due_ms = taken_ms + SLOW_EVERY_MS
            await self._poll_slow()

    @property
    def _model(self) -> MeterModel:
        return self._interpreter.model

    def _lost(self, error: DeviceError) -> None:
        reason = str(error)
        if isinstance(error, ModbusRefusedError) and error.means_another_map:
            reason = f"{reason}: is it a {self._model.name}?"
            self._found = not self._model.discovery
        self._story.lost(reason, self._clock.mono_ms())

    async def _words(self, address: int, count: int) -> list[int]:
        return await self._device.read(self._model.function, address, count, urgency=Urgency.GUARD)

    async def _poll_neutral(self) -> int | None:
        """None where it is not measured. Once it was, a silence that lasts is a failure and told."""
        if self._aside_fails >= ASIDE_TRIES:
            return None
        now_ms = self._clock.mono_ms()
        try:
            registers = await self._fetch(self._model.aside, Urgency.GUARD)
        except DeviceError as error:
            if self._aside_fails >= 0:
                self._aside_fails += 1
            if self._aside_fails == ASIDE_TRIES:
                logger.info("%s: no neutral current: %s", self._name, error)
            return self._neutral_ma if now_ms - self._neutral_ms <= LOST_AFTER_MS else None
        self._aside_fails = -1  # it can
        self._neutral_ma, self._neutral_ms = self._interpreter.neutral_ma(registers), now_ms
        return self._neutral_ma

    async def _poll_slow(self) -> None:
        try:
            counters = tuple(field for field in self._model.slow if field.name.startswith("energy"))
            registers = await self._fetch(counters, Urgency.IDLE)
        except DeviceError as error:
            logger.debug("%s: energy is not read: %s", self._name, error)
            self._energy_wh = None
        else:
            self._energy_wh = self._interpreter.energy_wh(registers)

    async def _fetch(self, fields: tuple[Field, ...], urgency: Urgency) -> dict[int, int]:
        registers: dict[int, int] = {}
        requests = self._model.reads(fields)
        for request in requests:
            words = await self._device.read(
                self._model.function,
                request.address,
                request.count,
                urgency=urgency,
                is_followed=urgency is Urgency.GUARD and request is not requests[-1],
            )
            registers.update(enumerate(words, start=request.address))
        return registers


class _Story:
    """What is told of a meter: the log once when lost and once when back, the site the cause of now."""

    def __init__(self, name: str, poll_ms: int, trouble: Callable[[str, str], None]) -> None:
        self._name = name
        self._trouble = trouble
        self._every_s = poll_ms / 1000
        self._usable_ms = 0
        self._is_well: bool | None = None  # None: not known yet

    @property
    def is_lost(self) -> bool:
        """Whether somebody was told that it is lost, and not yet that it is back."""
        return self._is_well is False

    def begin(self, now_ms: int) -> None:
        """Polling starts."""
        self._usable_ms = now_ms

    def answered(self, seen: Interpreted, now_ms: int) -> None:
        """The meter answered, usably or not."""
        if seen.current_ma is None:
            self.lost(f"answers, but {seen.doubt}", now_ms)
            return
        self._usable_ms = now_ms
        if self._is_well is not True:
            self._is_well = True
            self._trouble(self._name, "")
            amperes = " ".join(str((current + 500) // 1000) for current in seen.current_ma)
            logger.info("%s: meter answers: %s A, every %g s", self._name, amperes, self._every_s)

    def lost(self, reason: str, now_ms: int) -> None:
        """No usable answer; told when it lasts."""
        if now_ms - self._usable_ms < LOST_AFTER_MS:
            return
        self._trouble(self._name, reason)
        if self._is_well is not False:
            self._is_well = False
            logger.warning("%s: meter lost: %s", self._name, reason)


def meters_of(
    site: Site,
    *,
    lines: Lines,
    read: Callable[[Reading], None],
    clock: Clock,
    trouble: Callable[[str, str], None] = lambda _circuit, _sentence: None,
) -> Iterator[ModbusMeter]:
    """A meter for each circuit that has one; those on one line share it."""
    sums = [
        SumMeter(circuit.name, circuit.meter.sum, read)
        for circuit in site.circuits
        if circuit.meter is not None and circuit.meter.sum
    ]

    def heard(reading: Reading) -> None:
        read(reading)
        for each in sums:
            each.hear(reading)

    for circuit in site.circuits:
        if circuit.meter is not None and not circuit.meter.sum:
            line = lines.of(circuit.meter.line, circuit.meter.host, circuit.meter.port)
            device = line.device(circuit.meter.unit, meter(circuit.meter.model).manners)
            yield ModbusMeter(
                circuit, device=device, voltage_mv=site.voltage_mv, read=heard, clock=clock, trouble=trouble
            )
