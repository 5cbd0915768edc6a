"""Meters as data: where each quantity stands in the registers, and how it is read in few requests."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from edge.core.registers import BIG, LITTLE, TYPES, decode

_FOLDER = "meters"
# unit in the registers -> how many of ours (mA, mV, W, Wh) make one of it, as a fraction
_UNITS = {
    "A": (1000, 1),
    "mA": (1, 1),
    "V": (1000, 1),
    "0.1 V": (100, 1),
    "W": (1, 1),
    "0.1 W": (1, 10),
    "kW": (1000, 1),
    "Wh": (1, 1),
    "0.1 kWh": (100, 1),
    "kWh": (1000, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One quantity: the first register of each of its values (L1, L2, L3, or one) and their form."""

    name: str
    at: tuple[int, ...]
    type: str
    multiply: int
    divide: int

    @property
    def width(self) -> int:
        """Registers of one value."""
        return TYPES[self.type][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One request: consecutive registers."""

    address: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterModel:
    """What is known of one meter. `fast` is read all the time, `slow` now and then.

    `aside` is read behind `fast` in a request of its own: not every device of the family has it.
    """

    name: str
    devices: tuple[str, ...]
    function: int
    word_order: str
    longest_read: int
    confidence: str
    sources: tuple[str, ...]
    notes: str
    fast: tuple[Field, ...]
    slow: tuple[Field, ...]
    aside: tuple[Field, ...] = ()

    @property
    def can_guard(self) -> bool:
        """Whether it measures the current of each phase, without which no fuse is guarded."""
        return any(field.name == "current" and len(field.at) == 3 for field in self.fast)

    def reads(self, fields: tuple[Field, ...]) -> tuple[Read, ...]:
        """The requests that fetch these fields: neighbours together, never across registers nobody named."""
        pieces = sorted((start, field.width) for field in fields for start in field.at)
        merged: list[Read] = []
        for start, width in pieces:
            last = merged[-1] if merged else None
            if last and start == last.address + last.count and last.count + width <= self.longest_read:
                merged[-1] = Read(address=last.address, count=last.count + width)
            else:
                merged.append(Read(address=start, count=width))
        return tuple(merged)

    def values(self, field: Field, registers: dict[int, int]) -> tuple[int | None, ...]:
        """A field's values in mA, mV, W or Wh, loads rounded up; None: not measured. Raises KeyError."""
        return tuple(
            decode(
                [registers[start + offset] for offset in range(field.width)],
                field.type,
                self.word_order,
                multiply=field.multiply,
                divide=field.divide,
            )
            for start in field.at
        )


@functools.cache
def meters() -> dict[str, MeterModel]:
    """Every meter of the catalogue by the name of its file."""
    folder = resources.files("edge.catalogue") / _FOLDER
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    models = (read(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")) for file in files)
    return {model.name: model for model in models}


def meter(name: str) -> MeterModel:
    """The meter of that name. Raises KeyError."""
    return meters()[name]


def guards() -> dict[str, bool]:
    """Every meter's name, and whether it can guard a fuse: what reading a site file asks for."""
    return {name: model.can_guard for name, model in meters().items()}


def read(name: str, text: str) -> MeterModel:
    """A meter from the text of its data file. Raises ValueError or KeyError where the file is wrong."""
    data = tomllib.loads(text)
    if data["function"] not in (3, 4) or data["word_order"] not in (BIG, LITTLE):
        raise ValueError(f"{name}: function is 3 or 4, word_order big or little")
    return MeterModel(
        name=name,
        devices=tuple(data["devices"]),
        function=data["function"],
        word_order=data["word_order"],
        longest_read=data["longest_read"],
        confidence=data["confidence"],
        sources=tuple(data["sources"]),
        notes=data.get("notes", ""),
        fast=_fields(data["fast"]),
        slow=_fields(data.get("slow", {})),
        aside=_fields(data.get("aside", {})),
    )


def _fields(table: dict[str, Any]) -> tuple[Field, ...]:
    fields = []
    for name, row in table.items():
        if row["type"] not in TYPES or len(row["at"]) not in (1, 3):
            raise ValueError(f"{name}: a known type, and one register or three")
        multiply, divide = _UNITS[row["unit"]]
        fields.append(
            Field(name=name, at=tuple(row["at"]), type=row["type"], multiply=multiply, divide=divide)
        )
    return tuple(fields)
