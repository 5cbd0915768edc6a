"""Meters as data: where each quantity stands in the registers, and how it is read in few requests."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from edge.catalogue.fields import Field, Read, Serial, fields_of, manners_of, reads_of, serial_of
from edge.core.manners import Manners
from edge.core.registers import BIG, LITTLE

_FOLDER = "meters"
TRANSPORTS = ("rtu", "tcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A register that tells the model: what it holds is one of `values`, each with its name."""

    at: int
    values: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterModel:
    """What is known of one meter. `fast` is read all the time, `slow` now and then.

    `aside` is read behind `fast` in a request of its own: not every device of the family has it.
    `signed_current`: its currents are negative while a phase feeds in. `largest_is_absent`: the largest
    number of a signed type means "not measured", besides the smallest. `bridges`: how many registers that
    nobody named a request may run across. `bills`: whether it may be offered for billing. `discovery`: its
    registers are found on the device itself.
    """

    name: str
    devices: tuple[str, ...]
    transports: tuple[str, ...]
    serial: Serial
    manners: Manners
    function: int
    word_order: str
    confidence: str
    sources: tuple[str, ...]
    notes: str
    fast: tuple[Field, ...]
    slow: tuple[Field, ...]
    aside: tuple[Field, ...] = ()
    signed_current: bool = False
    largest_is_absent: bool = False
    bridges: int = 0
    bills: bool = True
    identity: Identity | None = None
    discovery: str = ""

    @property
    def longest_read(self) -> int:
        """Registers in one request."""
        return self.manners.longest_read

    @property
    def can_guard(self) -> bool:
        """Whether it measures the current of each phase, without which no fuse is guarded."""
        return bool(self.discovery) or any(
            field.name == "current" and len(field.at) == 3 for field in self.fast
        )

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what it measures."""
        return tuple(field.name for field in (*self.fast, *self.aside, *self.slow))

    def reads(self, fields: tuple[Field, ...]) -> tuple[Read, ...]:
        """The requests that fetch these fields."""
        return reads_of(fields, longest=self.longest_read, bridges=self.bridges)

    def values(self, field: Field, registers: dict[int, int]) -> tuple[int | None, ...]:
        """A field's values in mA, mV, W or Wh, loads rounded up; None: not measured. Raises KeyError."""
        values = field.values(registers)
        if not self.largest_is_absent or not field.type.startswith("i"):
            return values
        return tuple(
            None if self._is_largest(field, start, registers) else value
            for start, value in zip(field.at, values, strict=True)
        )

    def _is_largest(self, field: Field, start: int, registers: dict[int, int]) -> bool:
        words = [registers[start + offset] for offset in range(field.width)]
        first, *others = words if field.words == BIG else words[::-1]
        return first == 0x7FFF and all(word == 0xFFFF for word in others)


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
    """A meter from the text of its data file. Raises ValueError, KeyError, TypeError where that is wrong."""
    data = tomllib.loads(text)
    if data["function"] not in (3, 4) or data["word_order"] not in (BIG, LITTLE):
        raise ValueError(f"{name}: function is 3 or 4, word_order big or little")
    if not set(data["transports"]) <= set(TRANSPORTS):
        raise ValueError(f"{name}: transports are rtu and tcp")
    order = data["word_order"]
    return MeterModel(
        name=name,
        devices=tuple(data["devices"]),
        transports=tuple(data["transports"]),
        serial=serial_of(data.get("serial", {})),
        manners=manners_of(data.get("manners", {})),
        function=data["function"],
        word_order=order,
        confidence=data["confidence"],
        sources=tuple(data["sources"]),
        notes=data.get("notes", ""),
        fast=fields_of(data.get("fast", {}), words=order),
        slow=fields_of(data.get("slow", {}), words=order),
        aside=fields_of(data.get("aside", {}), words=order),
        signed_current=data.get("signed_current", False),
        largest_is_absent=data.get("largest_is_absent", False),
        bridges=data.get("bridges", 0),
        bills=data.get("bills", True),
        identity=_identity(data.get("identity")),
        discovery=data.get("discovery", ""),
    )


def _identity(table: dict[str, Any] | None) -> Identity | None:
    if table is None:
        return None
    return Identity(at=table["at"], values={int(value): name for value, name in table["values"].items()})
