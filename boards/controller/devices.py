"""The chargers of a board's lot, on Modbus, as the build has turned their catalogue files into constants.

A table: `state` (function, at, registers, letters), `limit` (at, type, multiply, divide), `begin` (writes),
`watchdog` (writes), `fields` as of boards/common/meter.py. Values in mA, mV, W, Wh.
"""

from boards.common import modbus_links
from boards.common.meter import Meter
from boards.common.modbus import ModbusError
from edge.core.registers import decode, encode

LOST_AFTER = 3  # polls without an answer
ENERGY_EVERY = 5


class Device:
    """One charger on its line. `poll` it; what it says stands in its attributes."""

    def __init__(self, line, unit: int, table: dict) -> None:
        self.letter = ""
        self.terminals_ma = None
        self.sampled_ms = 0
        self.energy_wh = None
        self.is_linked = False
        self.losses = 0
        self._line = line
        self._unit = unit
        self._table = table
        self._fast = Meter(line, unit, [row for row in table["fields"] if row[0] == "current"])
        self._slow = Meter(line, unit, [row for row in table["fields"] if row[0] == "energy"])
        self._polls = 0
        self._failed = LOST_AFTER

    async def poll(self, now_ms: int) -> None:
        """Ask it; what does not answer is lost after a few times."""
        try:
            if not self.is_linked:
                await self._begin()
            await self._ask(now_ms)
        except (OSError, ModbusError):
            self._failed += 1
            if self._failed >= LOST_AFTER and self.is_linked:
                self.is_linked = False
                self.losses += 1
            return
        self._failed = 0
        self.is_linked = True

    async def _begin(self) -> None:
        for at, words in self._table["begin"] + self._table["watchdog"]:
            await modbus_links.write(self._line, at, words, self._unit)

    async def _ask(self, now_ms: int) -> None:
        state = self._table["state"]
        words = await modbus_links.read(
            self._line, state["function"], state["at"], state["count"], self._unit
        )
        code = decode(words, state["type"], state["words"])
        self.letter = state["letters"].get(code, "F")
        currents = (await self._fast.read()).get("current")
        if currents and None not in currents:
            self.terminals_ma = currents
            self.sampled_ms = now_ms
        if self._polls % ENERGY_EVERY == 0:
            energies = (await self._slow.read()).get("energy")
            if energies and None not in energies:
                self.energy_wh = sum(energies)
        self._polls += 1

    async def offer(self, limit_ma: int) -> None:
        """Write the limit. Raises OSError, ModbusError: nobody knows what it has now."""
        limit = self._table["limit"]
        step = max(1, limit["multiply"] // limit["divide"])
        words = encode(
            limit_ma - limit_ma % step,
            limit["type"],
            limit["words"],
            multiply=limit["multiply"],
            divide=limit["divide"],
        )
        for at in limit["at"]:
            await modbus_links.write(self._line, at, words, self._unit)

    @property
    def has_car(self) -> bool:
        """Whether a plug is in."""
        return self.letter in ("B", "C", "D")
