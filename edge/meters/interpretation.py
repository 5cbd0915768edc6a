"""What a meter's registers mean on the grid's phases, and whether they can be believed at all.

Positive is towards consumption. What cannot be believed is None: unknown is never permissive.
"""

import math
from dataclasses import dataclass

from edge.catalogue import MeterModel
from edge.core.quantities import PHASES
from edge.meters.plausibility import likely_cause
from edge.settings import MeterSettings

Triple = tuple[int, int, int]
Values = tuple[int | None, ...]

ABSURD_TIMES_RATING = 10  # a fuse carries that for a fraction of a second; a wrapped register shows far more


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreted:
    """One fast block. `doubt` says why there are no currents; empty where there are.

    `current_ma` is negative while a phase feeds in, `magnitude_ma` never.
    """

    current_ma: Triple | None
    voltage_mv: Triple | None
    power_w: int | None
    doubt: str = ""
    magnitude_ma: Triple | None = None
    phase_power_w: Triple | None = None


class Interpreter:
    """Reads one meter's blocks: its model, how it is wired, and what its circuit can carry."""

    def __init__(
        self, model: MeterModel, settings: MeterSettings, *, rating_ma: int, voltage_mv: int
    ) -> None:
        """`voltage_mv`: what a phase of this site has against neutral."""
        self.model = model
        self._invert = settings.invert
        self._ratio = settings.ct_ratio
        self._wiring = settings.wiring
        self._absurd_ma = rating_ma * ABSURD_TIMES_RATING
        self._nominal_mv = voltage_mv
        self._energy_wh: int | None = None

    def fast(self, registers: dict[int, int]) -> Interpreted:
        """Currents with their direction, voltages and power. Registers by their address."""
        read = {field.name: self.model.values(field, registers) for field in self.model.fast}
        currents = self._transformed(read.get("current", (None, None, None)))
        if self.model.signed_current:
            currents = tuple(None if current is None else abs(current) for current in currents)
        voltages = read.get("voltage", (None, None, None))
        powers = self._directed(self._transformed(read.get("phase_power", (None, None, None))))
        doubt = self._doubt(currents, voltages)
        if doubt:
            cause = likely_cause(self.model, registers)
            doubt = f"{doubt}; {cause}" if cause else doubt
            return Interpreted(current_ma=None, voltage_mv=None, power_w=None, doubt=doubt)
        signed = [
            signed_ma(current or 0, power, voltage)
            for current, power, voltage in zip(currents, powers, voltages, strict=True)
        ]
        return Interpreted(
            current_ma=self._on_grid(signed),
            voltage_mv=None if None in voltages else self._on_grid([voltage or 0 for voltage in voltages]),
            power_w=self._total(read, powers),
            magnitude_ma=self._on_grid([current or 0 for current in currents]),
            phase_power_w=None if None in powers else self._on_grid([power or 0 for power in powers]),
        )

    def neutral_ma(self, registers: dict[int, int]) -> int | None:
        """The current in the neutral; None where it is not measured, or cannot be believed."""
        for field in self.model.aside:
            if field.name == "neutral":
                (current,) = self._transformed(self.model.values(field, registers))
                if current is not None and 0 <= current <= self._absurd_ma:
                    return current
        return None

    def energy_wh(self, registers: dict[int, int]) -> int | None:
        """Energy taken from the grid. A counter that runs backwards is not believed until it runs on."""
        name = "energy_export" if self._invert else "energy_import"
        field = next((field for field in self.model.slow if field.name == name), None)
        if field is None:
            return None
        energy_wh = self._transformed(self.model.values(field, registers))[0]
        before_wh, self._energy_wh = self._energy_wh, energy_wh
        if energy_wh is None or energy_wh < 0 or (before_wh is not None and energy_wh < before_wh):
            return None
        return energy_wh

    def _transformed(self, values: Values) -> Values:
        """Behind current transformers that the meter was not told of, rounded away from zero."""
        primary, secondary = self._ratio
        return tuple(None if value is None else _scaled(value, primary, secondary) for value in values)

    def _total(self, read: dict[str, Values], powers: Values) -> int | None:
        if None not in powers:
            return sum(power or 0 for power in powers)
        if "power" in read:
            return self._directed(self._transformed(read["power"]))[0]
        if "power_import" in read and "power_export" in read:
            taken, given = self._transformed((read["power_import"][0], read["power_export"][0]))
            return None if taken is None or given is None else (self._directed((taken - given,))[0])
        return None

    def _directed(self, powers: Values) -> Values:
        """Transformers that were fitted backwards turn the power round."""
        return tuple(-power if power is not None and self._invert else power for power in powers)

    def _doubt(self, currents: Values, voltages: Values) -> str:
        names = ("L1", "L2", "L3")
        if len(currents) != len(names):
            return "it measures one phase alone"
        for name, current in zip(names, currents, strict=True):
            if current is None:
                return f"{name} is not measured"
            if current < 0:
                return f"{name} has a negative current"
            if current > self._absurd_ma:
                return f"{name} shows {current // 1000} A, which no fuse here would carry"
        known = [voltage for voltage in voltages if voltage is not None]
        if known and (
            min(known) < 0 or max(known) > 2 * self._nominal_mv or 2 * max(known) < self._nominal_mv
        ):
            return f"its voltages are {_volts(known)} V"
        return ""

    def _on_grid(self, values: list[int]) -> Triple:
        grid = [0, 0, 0]
        for phase in PHASES:
            grid[self._wiring[phase]] = values[phase]
        return grid[0], grid[1], grid[2]


def signed_ma(current_ma: int, power_w: int | None, voltage_mv: int | None) -> int:
    """A phase's current, negative by as much as exporting leaves room for load, whatever the limit.

    While the phase exports, its active part counts as negative, its reactive part as positive. With Ip and Iq
    those parts and L any limit, load may rise by sqrt(L^2 - Iq^2) + |Ip|, which is never less than
    L - (Iq - |Ip|). The bare sign of the power would give away 2 x Iq.
    """
    if power_w is None or power_w >= 0 or not voltage_mv or voltage_mv < 0:
        return current_ma
    active_ma = min((-power_w - 1) * 1_000_000 // voltage_mv, current_ma)  # 1 W: the rounding of the register
    square = current_ma**2 - active_ma**2
    root = math.isqrt(square)
    reactive_ma = root if root * root == square else root + 1
    return reactive_ma - active_ma


def _scaled(value: int, multiply: int, divide: int) -> int:
    size = (abs(value) * multiply + divide - 1) // divide
    return size if value >= 0 else -size


def _volts(millivolts: list[int]) -> str:
    return " ".join(str(millivolt // 1000) for millivolt in millivolts)
