"""How a simulated meter writes what it measures into its registers, faultily where that is asked for."""

from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

from edge.catalogue import Field, MeterModel
from edge.core.registers import BIG, TYPES, encode
from edge.plant.wiring import NOTHING, Triple


class Fault(StrEnum):
    """What can be wrong with a meter."""

    NONE = "none"
    SILENT = "silent"
    """It takes requests and never answers."""
    SLOW = "slow"
    """It answers late."""
    BUSY = "busy"
    """It answers with exception 6, server device busy."""
    FROZEN = "frozen"
    """It answers, but its registers have stopped moving."""
    NAN = "nan"
    UNMEASURED = "unmeasured"
    """The maker's pattern for a value that it does not have."""
    INFINITE = "infinite"
    NEGATIVE = "negative"
    """The transformers are fitted backwards."""
    ROLLED_OVER = "rolled-over"
    """A counter wrapped: every value is absurdly large."""
    SWAPPED = "swapped"
    """The words of each value come in the other order."""


_PATTERNS = {  # the first word and every other one: of a float, of an integer
    Fault.NAN: ((0x7FC0, 0), (0x8000, 0)),
    Fault.UNMEASURED: ((0xFFC0, 0), (0x8000, 0)),
    Fault.INFINITE: ((0x7F80, 0), (0x8000, 0)),
    Fault.ROLLED_OVER: ((0x4F80, 0), (0x7FFF, 0xFFFF)),  # 2 ** 32 as a float
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a meter has measured."""

    voltage_mv: Triple = NOTHING
    current_ma: Triple = NOTHING
    power_w: Triple = NOTHING
    import_wh: int = 0

    @property
    def neutral_ma(self) -> int:
        """Of three currents in phase with their voltages."""
        x, y, z = self.current_ma
        return isqrt(x * x + y * y + z * z - x * y - y * z - z * x)

    def of(self, name: str) -> tuple[int, ...]:
        """The values of a quantity by the catalogue's name, in mA, mV, W or Wh. Raises KeyError."""
        return {
            "voltage": self.voltage_mv,
            "current": self.current_ma,
            "phase_power": self.power_w,
            "power": (sum(self.power_w),),
            "energy_import": (self.import_wh,),
            "energy_export": (0,),
            "neutral": (self.neutral_ma,),
        }[name]


class RegisterMap:
    """All registers of a model as one block; what lies between its quantities reads 0."""

    def __init__(self, model: MeterModel) -> None:
        fields = (*model.fast, *model.slow, *model.aside)
        self.model = model
        self.fields = fields
        self.first = min(min(field.at) for field in fields)
        self.count = max(max(field.at) + field.width for field in fields) - self.first

    def image(self, measured: Measured, fault: Fault = Fault.NONE) -> list[int]:
        """The block from the first register on."""
        words = [0] * self.count
        for field in self.fields:
            for at, value in zip(field.at, measured.of(field.name), strict=True):
                start = at - self.first
                words[start : start + field.width] = self._words(field, value, fault)
        return words

    def _words(self, field: Field, value: int, fault: Fault) -> list[int]:
        order = self.model.word_order
        if fault in _PATTERNS:
            floats, integers = _PATTERNS[fault]
            first, other = floats if TYPES[field.type][2] else integers
            words = [first] + [other] * (field.width - 1)
            return words if order == BIG else words[::-1]
        value = -value if fault is Fault.NEGATIVE and TYPES[field.type][1] else value
        words = encode(value, field.type, order, multiply=field.multiply, divide=field.divide)
        return words[::-1] if fault is Fault.SWAPPED else words
