"""The meter of the sun or of a battery: its power, polled when the line has room. It guards no fuse."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from edge.catalogue import meter
from edge.core.errors import DeviceError
from edge.links.modbus import Device, Lines, Urgency
from edge.meters.discovery import discover
from edge.settings import Site
from edge.settings.model import SourceSettings
from edge.site.ports import Clock, SourceReading

logger = logging.getLogger(__name__)

PERIOD_S = 1.0
_POWERS = ("phase_power", "power", "power_import", "power_export")

Values = dict[str, tuple[int | None, ...]]


class SourceMeter:
    """One such meter. `run` polls until it is cancelled."""

    def __init__(
        self, source: SourceSettings, *, device: Device, read: Callable[[SourceReading], None], clock: Clock
    ) -> None:
        """Raises KeyError where the catalogue does not know its model."""
        self._name = source.name
        self._settings = source.meter
        self._model = meter(source.meter.model)
        self._is_mapped = not self._model.discovery
        self._device = device
        self._read = read
        self._clock = clock
        self._is_lost = False
        self._counter = "energy_export" if source.meter.invert else "energy_import"  # of what it gives

    async def run(self) -> None:
        """Once a second."""
        while True:
            await self.poll()
            await asyncio.sleep(PERIOD_S)

    async def poll(self) -> None:
        """Ask once; that it is silent, and that it is back, is told in the log once."""
        taken_ms = self._clock.mono_ms()
        try:
            if not self._is_mapped:
                self._model = await discover(self._model, self._words)
                self._is_mapped = True
            values = await self._values()
        except DeviceError as error:
            if not self._is_lost:
                logger.warning("%s: meter lost: %s", self._name, error)
            self._is_lost = True
            return
        if self._is_lost:
            logger.info("%s: meter answers again", self._name)
        self._is_lost = False
        power_w = self._transformed(_power_w(values))
        self._read(
            SourceReading(
                name=self._name,
                taken_ms=taken_ms,
                power_w=-power_w if power_w is not None and self._settings.invert else power_w,
                energy_wh=self._transformed(values.get(self._counter, (None,))[0]),
                stale_ms=self._settings.stale_after_ms,
            )
        )

    async def _values(self) -> Values:
        model = self._model
        wanted = (*_POWERS, self._counter)
        fields = tuple(field for field in (*model.fast, *model.slow) if field.name in wanted)
        registers: dict[int, int] = {}
        for request in model.reads(fields):
            words = await self._words(request.address, request.count)
            registers.update(enumerate(words, start=request.address))
        return {field.name: model.values(field, registers) for field in fields}

    async def _words(self, address: int, count: int) -> list[int]:
        return await self._device.read(self._model.function, address, count, urgency=Urgency.IDLE)

    def _transformed(self, value: int | None) -> int | None:
        primary, secondary = self._settings.ct_ratio
        return None if value is None else value * primary // secondary


def _power_w(values: Values) -> int | None:
    """All phases together, by whatever the model has of it."""
    if "phase_power" in values:
        phases = values["phase_power"]
        return None if None in phases else sum(each or 0 for each in phases)
    if "power" in values:
        return values["power"][0]
    taken, given = values.get("power_import", (None,))[0], values.get("power_export", (None,))[0]
    return None if taken is None or given is None else taken - given


def sources_of(
    site: Site, *, lines: Lines, read: Callable[[SourceReading], None], clock: Clock
) -> Iterator[SourceMeter]:
    """A meter for each source of the site."""
    for source in site.sources:
        line = lines.of(source.meter.line, source.meter.host, source.meter.port)
        device = line.device(source.meter.unit, meter(source.meter.model).manners)
        yield SourceMeter(source, device=device, read=read, clock=clock)
