"""Where a SunSpec meter keeps its quantities, once its model's number and address are known.

The map begins with "SunS" at one of three bases; then model after model, each with its number and length.
Models 201 to 204 are integers with powers of ten beside them, 211 to 214 floats; both count the offsets from
the register of the model's number. A power of ten may change: it is read in the request of what it scales.
"""

from dataclasses import replace

from edge.catalogue.fields import Field, fields_of
from edge.catalogue.meters import MeterModel

BASES = (40_000, 50_000, 0)
MAGIC = [0x5375, 0x6E53]
END = 0xFFFF
INTEGERS, FLOATS = range(201, 205), range(211, 215)
_BRIDGES = 40  # whole blocks are SunSpec's own way of reading


def fitted(model: MeterModel, number: int, address: int) -> MeterModel:
    """The fields of SunSpec model `number` whose own number stands at `address`."""
    phases = 1 if number in (201, 211) else 2 if number in (202, 212) else 3
    fast, slow = (_integers if number in INTEGERS else _floats)(address, phases)
    return replace(model, fast=fast, slow=slow, bridges=_BRIDGES, signed_current=True)


def _integers(base: int, phases: int) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    def field(
        name: str, offsets: list[int], unit: str, exponent: int, kind: str = "i16"
    ) -> dict[str, object]:
        at = [base + offset for offset in offsets]
        return {name: {"at": at, "type": kind, "unit": unit, "exponent_at": base + exponent}}

    fast = (
        field("current", [3, 4, 5], "A", 6)
        | field("voltage", [8, 9, 10], "V", 15)
        | field("phase_power", [19, 20, 21], "W", 22)
    )
    slow = (
        field("energy_export", [38], "Wh", 54, "u32")
        | field("energy_import", [46], "Wh", 54, "u32")
        | field("frequency", [16], "Hz", 17)
    )
    return _of_phases(fast, phases), fields_of(slow, words="big")


def _floats(base: int, phases: int) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    def field(name: str, offsets: list[int], unit: str) -> dict[str, object]:
        return {name: {"at": [base + offset for offset in offsets], "type": "f32", "unit": unit}}

    fast = (
        field("current", [4, 6, 8], "A")
        | field("voltage", [12, 14, 16], "V")
        | field("phase_power", [30, 32, 34], "W")
    )
    slow = (
        field("energy_export", [60], "Wh")
        | field("energy_import", [68], "Wh")
        | field("frequency", [26], "Hz")
    )
    return _of_phases(fast, phases), fields_of(slow, words="big")


def _of_phases(table: dict[str, object], phases: int) -> tuple[Field, ...]:
    """A meter of one phase has one value of each; of two, none on the third."""
    fields = fields_of(table, words="big")
    return tuple(replace(field, at=field.at[:phases]) for field in fields) if phases == 1 else fields
