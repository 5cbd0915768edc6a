"""A meter on Modbus as the catalogue's file says: `fields` are rows made by the build.

A row: (name, function, registers, type, word order, multiply, divide). Values come in mA, mV, W, Wh.
"""

from boards.common import modbus_links
from edge.core.registers import TYPES, decode


class Meter:
    """Read with few requests; what cannot be read raises ModbusError or OSError."""

    def __init__(self, line, unit: int, fields: list, longest: int = 125) -> None:
        self._line = line
        self._unit = unit
        self._fields = fields
        self._blocks = _blocks(fields, longest)

    async def read(self) -> dict:
        """name -> tuple of values, None where the meter does not measure."""
        registers = {}
        for function, at, count in self._blocks:
            words = await modbus_links.read(self._line, function, at, count, self._unit)
            for place, word in enumerate(words):
                registers[function, at + place] = word
        found = {}
        for name, function, starts, kind, order, multiply, divide in self._fields:
            width = TYPES[kind][0]
            found[name] = tuple(
                decode(
                    [registers[function, at + place] for place in range(width)],
                    kind,
                    order,
                    multiply=multiply,
                    divide=divide,
                )
                for at in starts
            )
        return found


def _blocks(fields: list, longest: int) -> list[tuple[int, int, int]]:
    """Requests that fetch all fields: neighbours together."""
    wanted = set()
    for _, function, starts, kind, _, _, _ in fields:
        for at in starts:
            for place in range(TYPES[kind][0]):
                wanted.add((function, at + place))
    blocks = []
    for function, at in sorted(wanted):
        last = blocks[-1] if blocks else [0, 0, longest]
        if last[0] == function and last[1] + last[2] == at and last[2] < longest:
            last[2] += 1
        else:
            blocks.append([function, at, 1])
    return [(function, at, count) for function, at, count in blocks]
