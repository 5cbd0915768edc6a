"""Where a device keeps a quantity: its registers, their form and unit; and in how few requests it is read.

Meters and chargers write this alike: `name = { at = [0x0C, 0x0E, 0x10], type = "i32", unit = "mA" }`, with
`words = "little"` where one quantity has another order than the rest, and `exponent_at` where a register
holds the power of ten that the value is to be multiplied by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.core.manners import Manners
from edge.core.registers import BIG, LITTLE, TYPES, decode

# unit in the registers -> how many of ours (mA, mV, W, Wh, mHz) make one of it, as a fraction
UNITS = {
    "A": (1000, 1),
    "0.1 A": (100, 1),
    "0.01 A": (10, 1),
    "mA": (1, 1),
    "0.1 mA": (1, 10),
    "V": (1000, 1),
    "0.1 V": (100, 1),
    "0.01 V": (10, 1),
    "mV": (1, 1),
    "kW": (1000, 1),
    "10 W": (10, 1),
    "W": (1, 1),
    "0.1 W": (1, 10),
    "0.01 W": (1, 100),
    "mW": (1, 1000),
    "kWh": (1000, 1),
    "0.1 kWh": (100, 1),
    "10 Wh": (10, 1),
    "Wh": (1, 1),
    "0.1 Wh": (1, 10),
    "Hz": (1000, 1),
    "0.1 Hz": (100, 1),
    "0.01 Hz": (10, 1),
}
_EXPONENTS = range(-10, 11)  # SunSpec Information Model: sunssf


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One quantity: the first register of each of its values (L1, L2, L3, or one) and their form."""

    name: str
    at: tuple[int, ...]
    type: str
    multiply: int
    divide: int
    words: str
    exponent_at: int | None = None

    @property
    def width(self) -> int:
        """Registers of one value."""
        return TYPES[self.type][0]

    def values(self, registers: Mapping[int, int]) -> tuple[int | None, ...]:
        """In mA, mV, W, Wh or mHz, loads rounded up; None: not measured. Raises KeyError."""
        multiply, divide = self.multiply, self.divide
        if self.exponent_at is not None:
            exponent = decode([registers[self.exponent_at]], "i16")
            if exponent is None or exponent not in _EXPONENTS:
                return (None,) * len(self.at)
            multiply, divide = multiply * 10 ** max(exponent, 0), divide * 10 ** max(-exponent, 0)
        return tuple(
            decode(
                [registers[start + offset] for offset in range(self.width)],
                self.type,
                self.words,
                multiply=multiply,
                divide=divide,
            )
            for start in self.at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One request: consecutive registers."""

    address: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Serial:
    """How a device leaves its factory: what a line and a scan try first."""

    baud: int = 9600
    format: str = "8N1"
    unit: int = 1


def reads_of(fields: Iterable[Field], *, longest: int, bridges: int = 0) -> tuple[Read, ...]:
    """The requests that fetch these fields: neighbours together, across up to `bridges` unnamed registers."""
    pieces = {(start, field.width) for field in fields for start in field.at}
    pieces |= {(field.exponent_at, 1) for field in fields if field.exponent_at is not None}
    merged: list[Read] = []
    for start, width in sorted(pieces):
        last = merged[-1] if merged else None
        if last and last.address + last.count + bridges >= start <= last.address + longest - width:
            count = max(last.count, start + width - last.address)
            merged[-1] = Read(address=last.address, count=count)
        else:
            merged.append(Read(address=start, count=width))
    return tuple(merged)


def fields_of(table: Mapping[str, Any], *, words: str) -> tuple[Field, ...]:
    """The fields of one block of a data file. Raises ValueError or KeyError where it is wrong."""
    fields = []
    for name, row in table.items():
        order = row.get("words", words)
        if row["type"] not in TYPES or len(row["at"]) not in (1, 3) or order not in (BIG, LITTLE):
            raise ValueError(f"{name}: a known type and order of words, and one register or three")
        multiply, divide = UNITS[row["unit"]]
        fields.append(
            Field(
                name=name,
                at=tuple(row["at"]),
                type=row["type"],
                multiply=multiply,
                divide=divide,
                words=order,
                exponent_at=row.get("exponent_at"),
            )
        )
    return tuple(fields)


def manners_of(table: Mapping[str, Any]) -> Manners:
    """The `[manners]` of a data file. Raises TypeError where it has a word that nobody knows."""
    return Manners(**table)


def serial_of(table: Mapping[str, Any]) -> Serial:
    """The `[serial]` of a data file. Raises TypeError where it has a word that nobody knows."""
    return Serial(**table)
