"""How a simulated meter writes what it measures into its registers."""

import struct
from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a meter has measured."""

    voltage_mv: Triple = NOTHING
    current_ma: Triple = NOTHING
    power_w: Triple = NOTHING
    import_wh: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One quantity: where it begins, how it is packed, and SI units per raw unit as a fraction."""

    at: tuple[int, ...]
    packed: str
    milli: int
    """Raw units for one of ours: float volts from mV take 1000."""

    @property
    def words(self) -> int:
        """Registers of each value."""
        return struct.calcsize(f">{self.packed}") // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The register map of a meter, zero-based addresses as on the wire."""

    function: int
    most_per_read: int
    voltage: Field
    current: Field
    power: Field
    power_sum: Field
    import_wh: Field

    def fields(self) -> tuple[Field, ...]:
        """All that the map knows."""
        return (self.voltage, self.current, self.power, self.power_sum, self.import_wh)

    @property
    def first(self) -> int:
        """The lowest address."""
        return min(min(field.at) for field in self.fields())

    @property
    def count(self) -> int:
        """How many registers from the lowest to the highest."""
        return max(max(field.at) + field.words for field in self.fields()) - self.first

    def image(self, measured: Measured, fault: Fault = Fault.NONE) -> list[int]:
        """All registers from the first on; what lies between the fields reads 0."""
        words = [0] * self.count
        values = (
            (self.voltage, measured.voltage_mv),
            (self.current, measured.current_ma),
            (self.power, measured.power_w),
            (self.power_sum, (sum(measured.power_w),)),
            (self.import_wh, (measured.import_wh,)),
        )
        for field, numbers in values:
            for at, number in zip(field.at, numbers, strict=True):
                start = at - self.first
                words[start : start + field.words] = _words(field, number, fault)
        return words


_ODD_FLOATS = {
    Fault.NAN: float("nan"),
    Fault.UNMEASURED: -float("nan"),
    Fault.INFINITE: float("inf"),
    Fault.ROLLED_OVER: 4_294_967_295.0,
}


def _words(field: Field, number: int, fault: Fault) -> list[int]:
    raw = _packed(field, -number if fault is Fault.NEGATIVE else number, fault)
    words = [word for (word,) in struct.iter_unpack(">H", raw)]
    return words[::-1] if fault is Fault.SWAPPED else words


def _packed(field: Field, number: int, fault: Fault) -> bytes:
    if field.packed == "f":
        return struct.pack(">f", _ODD_FLOATS.get(fault, number / field.milli))
    if fault in {Fault.UNMEASURED, Fault.NAN, Fault.INFINITE}:
        return b"\x80" + bytes(field.words * 2 - 1)
    if fault is Fault.ROLLED_OVER:
        return b"\xff" * (field.words * 2)
    return struct.pack(f">{field.packed}", number // field.milli)


MODELS = {
    "eastron-sdm630": Model(
        function=4,
        most_per_read=80,
        voltage=Field(at=(0x0000, 0x0002, 0x0004), packed="f", milli=1_000),
        current=Field(at=(0x0006, 0x0008, 0x000A), packed="f", milli=1_000),
        power=Field(at=(0x000C, 0x000E, 0x0010), packed="f", milli=1),
        power_sum=Field(at=(0x0034,), packed="f", milli=1),
        import_wh=Field(at=(0x0048,), packed="f", milli=1_000),
    ),
    "schneider-iem3000": Model(
        function=3,
        most_per_read=125,
        voltage=Field(at=(0x0BD3, 0x0BD5, 0x0BD7), packed="f", milli=1_000),
        current=Field(at=(0x0BB7, 0x0BB9, 0x0BBB), packed="f", milli=1_000),
        power=Field(at=(0x0BED, 0x0BEF, 0x0BF1), packed="f", milli=1_000),
        power_sum=Field(at=(0x0BF3,), packed="f", milli=1_000),
        import_wh=Field(at=(0x0C83,), packed="q", milli=1),
    ),
}
