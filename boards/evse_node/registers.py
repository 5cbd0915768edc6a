"""The registers of a node, as the gateway's catalogue has them: `ampyard-node.toml`.

| input register | what | |
|---|---|---|
| 0 | version of this table | 1 |
| 1 | state | 1 to 6: A to F of IEC 61851-1 |
| 2 | fault | 0: none; see FAULTS |
| 3 | most that this socket may give | 0.1 A |
| 4 | what the cable carries | 0.1 A; 65535: fixed |
| 5, 6, 7 | current of each phase | mA; 65535: not measured |
| 8, 9, 10 | voltage of each phase | 0.1 V; 65535: not measured |
| 11 | power, two registers | W |
| 13 | energy, two registers | Wh |
| 15 | offered on the pilot now | 0.1 A |
| 16 | starts of this board, and bit 15: it has fallen back | |
| 17 | version of its program | |

| holding register | what | |
|---|---|---|
| 100 | limit; written again it feeds the watchdog | 0.1 A; 0: no current |
| 101 | after so long without that it falls back | s, 5 to 600 |
| 102 | what it falls back to | 0.1 A |
| 103 | 1: faults that somebody has mended are forgotten | |
"""

from boards.common import modbus
from boards.common.modbus import ModbusError

TABLE = 1
UNKNOWN = 0xFFFF
LIMIT, TIMEOUT, FALLBACK, RESET = 100, 101, 102, 103
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 5, 600
FAULTS = ("", "pilot", "cable", "ventilation", "rcd", "contactor", "welded", "meter")
COUNT = 18
_FALLEN = 0x8000


def image(node) -> list[int]:
    """The input registers of a node now."""
    seen = node.meter
    energy_wh = node.energy_wh & 0xFFFFFFFF
    power_w = UNKNOWN << 16 | UNKNOWN if seen.power_w is None else max(0, seen.power_w) & 0xFFFFFFFF
    fallen = _FALLEN if node.has_fallen_back else 0
    cable_ma = node.cable_ma
    return (
        [TABLE, node.state, FAULTS.index(node.fault), node.max_ma // 100]
        + [UNKNOWN if cable_ma is None else cable_ma // 100]
        + [_word(ma) for ma in seen.current_ma]
        + [_word(None if mv is None else mv // 100) for mv in seen.voltage_mv]
        + [power_w >> 16, power_w & 0xFFFF, energy_wh >> 16, energy_wh & 0xFFFF]
        + [node.offered_ma // 100, node.starts & 0x7FFF | fallen, node.version]
    )


def _word(value: int | None) -> int:
    return UNKNOWN if value is None else min(max(value, 0), UNKNOWN - 1)


class Bank:
    """The registers over a node."""

    def __init__(self, node) -> None:
        self._node = node

    def read(self, function: int, at: int, count: int) -> list[int]:
        """Input registers by function 4, the others by 3. Raises ModbusError."""
        if function == modbus.READ_INPUT:
            first, values = 0, image(self._node)
        else:
            node = self._node
            first, values = LIMIT, [node.limit_ma // 100, node.timeout_s, node.fallback_ma // 100, 0]
        place = at - first
        if place < 0 or place + count > len(values):
            raise ModbusError(modbus.ILLEGAL_ADDRESS)
        return values[place : place + count]

    def write(self, at: int, words: list[int]) -> None:
        """All of it or nothing. Raises ModbusError."""
        if at < LIMIT or at + len(words) > RESET + 1:
            raise ModbusError(modbus.ILLEGAL_ADDRESS)
        for place, word in enumerate(words):
            if not _is_allowed(self._node, at + place, word):
                raise ModbusError(modbus.ILLEGAL_VALUE)
        for place, word in enumerate(words):
            self._write(at + place, word)

    def _write(self, at: int, word: int) -> None:
        if at == LIMIT:
            self._node.take_limit(word * 100)
        elif at == TIMEOUT:
            self._node.take_timeout(word)
        elif at == FALLBACK:
            self._node.take_fallback(word * 100)
        elif word:
            self._node.reset()


def _is_allowed(node, at: int, word: int) -> bool:
    if at == LIMIT:
        return word == 0 or 60 <= word <= 800
    if at == TIMEOUT:
        return LEAST_TIMEOUT_S <= word <= MOST_TIMEOUT_S
    if at == FALLBACK:
        return word == 0 or 60 <= word <= node.max_ma // 100
    return word in (0, 1)
