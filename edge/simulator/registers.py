"""How a simulated meter writes what it measures into its registers, faultily where that is asked for."""

from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

from edge.catalogue import Field, MeterModel
from edge.catalogue.sunspec import BASES, END, INTEGERS, MAGIC, fitted
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
    GARBLED = "garbled"
    """Its answers are spoilt on the wire."""


_PATTERNS = {  # the first word and every other one: of a float, of an integer
    Fault.NAN: ((0x7FC0, 0), (0x8000, 0)),
    Fault.UNMEASURED: ((0xFFC0, 0), (0x8000, 0)),
    Fault.INFINITE: ((0x7F80, 0), (0x8000, 0)),
    Fault.ROLLED_OVER: ((0x4F80, 0), (0x7FFF, 0xFFFF)),  # 2 ** 32 as a float
}


FREQUENCY_MHZ = 50_000
# as a SunSpec meter of integers shows them: up to 327 A and 327 kW
_EXPONENTS = {"current": -2, "voltage": -1, "frequency": -2, "phase_power": 1}
_COMMON, _COMMON_LENGTH = 1, 66  # SunSpec's first model, who it is; here it is all zero


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
            "power_import": (max(0, sum(self.power_w)),),
            "power_export": (max(0, -sum(self.power_w)),),
            "frequency": (FREQUENCY_MHZ,),
            "energy_import": (self.import_wh,),
            "energy_export": (0,),
            "neutral": (self.neutral_ma,),
        }[name]


class RegisterMap:
    """All registers of a model as one block; what lies between its quantities reads 0.

    A SunSpec device has its map before them: `sunspec` is the number of the meter model in it.
    """

    def __init__(self, model: MeterModel, *, sunspec: int = 203) -> None:
        self._map: dict[int, int] = {}
        if model.discovery:
            model, self._map = _with_map(model, sunspec)
        fields = (*model.fast, *model.slow, *model.aside)
        self.model = model
        self.fields = fields
        self.first = min([*self._map, *(min(field.at) for field in fields)])
        last = max([*self._map, *(max(field.at) + field.width - 1 for field in fields)])
        self.count = last + 1 - self.first

    def image(self, measured: Measured, fault: Fault = Fault.NONE) -> list[int]:
        """The block from the first register on."""
        words = [0] * self.count
        for at, word in self._map.items():
            words[at - self.first] = word
        for field in self.fields:
            values = measured.of(field.name)[: len(field.at)]
            if field.exponent_at is not None:
                words[field.exponent_at - self.first] = _exponent(field.name) & 0xFFFF
            for at, value in zip(field.at, values, strict=True):
                start = at - self.first
                words[start : start + field.width] = self._words(field, value, fault)
        return words

    def _words(self, field: Field, value: int, fault: Fault) -> list[int]:
        if fault in _PATTERNS:
            floats, integers = _PATTERNS[fault]
            first, other = floats if TYPES[field.type][2] else integers
            words = [first] + [other] * (field.width - 1)
            return words if field.words == BIG else words[::-1]
        value = -value if fault is Fault.NEGATIVE and TYPES[field.type][1] else value
        exponent = 0 if field.exponent_at is None else _exponent(field.name)
        words = encode(
            value,
            field.type,
            field.words,
            multiply=field.multiply * 10 ** max(exponent, 0),
            divide=field.divide * 10 ** max(-exponent, 0),
        )
        return words[::-1] if fault is Fault.SWAPPED else words


def _exponent(name: str) -> int:
    return _EXPONENTS.get(name, 0)


def _with_map(model: MeterModel, number: int) -> tuple[MeterModel, dict[int, int]]:
    """A SunSpec device whose meter model has that number: its fields, and the registers of its map."""
    at = BASES[0] + 2 + 2 + _COMMON_LENGTH
    length = 105 if number in INTEGERS else 124
    words = [*MAGIC, _COMMON, _COMMON_LENGTH]
    registers = dict(enumerate(words, start=BASES[0])) | {at: number, at + 1: length}
    end = at + 2 + length
    return fitted(model, number, at), registers | {end: END, end + 1: 0}
