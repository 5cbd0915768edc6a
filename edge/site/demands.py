"""What demand windows need of the world: the wall clock in local time, the meter's power, the month's peak.

A month is the local calendar's; so is an hour, whose boundaries lie where the utility's are in every zone.
Peaks are kept as documents: they are what is billed, and must outlive a restart.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from edge.core.image import Decision, DemandImage
from edge.site.blueprint import Blueprint
from edge.site.ports import Clock, Reading

PEAKS = "peak"


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The highest average of a month (2026 x 100 + 11 for November) on one circuit."""

    month: int
    peak_w: int


class Demands:
    """The demand windows of one site, as the shell sees them."""

    def __init__(self, blueprint: Blueprint, clock: Clock) -> None:
        tree = blueprint.lot.tree
        self._names = [name for name in tree.names if tree.circuits[name].demand is not None]
        self._zone = ZoneInfo(blueprint.settings.timezone) if blueprint.settings.timezone else None
        self._clock = clock
        self.peaks: dict[str, Peak] = {}
        self._pulses: dict[str, int] = {}

    def resume(self, documents: dict[str, bytes]) -> None:
        """The peaks that were kept."""
        for name, body in documents.items():
            self.peaks[name] = msgspec.json.decode(body, type=Peak)

    def pulse(self, circuit: str) -> None:
        """The utility begins a window there."""
        self._pulses[circuit] = self._pulses.get(circuit, 0) + 1

    def images(self, readings: dict[str, Reading]) -> list[DemandImage]:
        """One for each circuit with a target."""
        if not self._names:
            return []
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, tz=UTC).astimezone(self._zone)
        offset = now.utcoffset()
        shift_ms = 0 if offset is None else int(offset.total_seconds()) * 1000
        wall_ms = self._clock.now_ms() + shift_ms if self._clock.is_synchronised() else None
        month = now.year * 100 + now.month
        return [self._image(name, wall_ms, month, readings.get(name)) for name in self._names]

    def note(self, decision: Decision) -> list[tuple[str, bytes]]:
        """The peaks that this decision raised, by circuit, to be kept."""
        raised = []
        for view in decision.circuits:
            demand = view.demand
            if demand is None or demand.peak_w == 0:
                continue
            known = self.peaks.get(view.name)
            if known is None or known.month != demand.month or known.peak_w < demand.peak_w:
                self.peaks[view.name] = Peak(month=demand.month, peak_w=demand.peak_w)
                raised.append((view.name, msgspec.json.encode(self.peaks[view.name])))
        return raised

    def _image(self, name: str, wall_ms: int | None, month: int, reading: Reading | None) -> DemandImage:
        known = self.peaks.get(name)
        voltages = None if reading is None else reading.voltage_mv
        return DemandImage(
            circuit=name,
            wall_ms=wall_ms,
            month=month,
            peak_w=known.peak_w if known is not None and known.month == month else 0,
            power_w=None if reading is None else reading.power_w,
            voltage_mv=None if voltages is None else max(voltages),
            pulses=self._pulses.get(name, 0),
        )
