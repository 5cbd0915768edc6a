"""Chargers on Modbus as data: how each tells its state, takes a limit, and falls back without us."""

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from edge.catalogue.fields import UNITS, Field, Read, Serial, fields_of, manners_of, reads_of, serial_of
from edge.core.manners import Manners
from edge.core.registers import BIG, LITTLE, TYPES, decode, encode

_FOLDER = ("chargers", "modbus")
LETTERS = "ABCDEF"  # IEC 61851-1 table A.1
ASCII = "ascii"
UNSURE = "?"  # the cable decides
DOUBTFUL = "F"  # a code that nobody knows is a fault: no car is charged on a guess

Feed = Literal["any", "limit", "timeout", "value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """What tells whether a car hangs on the cable: a bit, or a number of at least so much."""

    at: int
    type: str
    bit: int | None
    least: int | None

    def has_car(self, registers: Mapping[int, int], words: str) -> bool:
        """Raises KeyError where its registers were not read."""
        value = decode([registers[self.at + n] for n in range(TYPES[self.type][0])], self.type, words)
        if value is None:
            return False
        return bool(value & self.bit) if self.bit is not None else value >= (self.least or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the state stands, and which letter each code means. `byte`: of ASCII, which character."""

    function: int
    at: int
    count: int
    type: str
    byte: int
    shift: int
    mask: int | None
    letters: Mapping[int, str]
    cable: Cable | None

    def reads(self) -> tuple[Read, ...]:
        """The requests that fetch it."""
        own = (Read(address=self.at, count=self.count),)
        if self.cable is None:
            return own
        return (*own, Read(address=self.cable.at, count=TYPES[self.cable.type][0]))

    def letter(self, registers: Mapping[int, int], words: str) -> str:
        """A to F. Raises KeyError where its registers were not read."""
        raw = [registers[self.at + n] for n in range(self.count)]
        if self.type == ASCII:
            text = b"".join(word.to_bytes(2) for word in raw)
            letter = chr(text[self.byte]).upper()
            return letter if letter in LETTERS else DOUBTFUL
        code = decode(raw, self.type, words)
        if code is None:
            return DOUBTFUL
        code >>= self.shift
        letter = self.letters.get(code if self.mask is None else code & self.mask, DOUBTFUL)
        if letter != UNSURE:
            return letter
        return "B" if self.cable is not None and self.cable.has_car(registers, words) else "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that is written: its registers, form and unit. `least`, `most` in that unit."""

    at: tuple[int, ...]
    type: str
    multiply: int
    divide: int
    least: int | None = None
    most: int | None = None

    def words(self, value: int, order: str) -> list[int]:
        """What is written for a value in mA or ms, rounded down to what the registers can say exactly.

        A float says whole amperes exactly. Raises ValueError where they cannot hold it.
        """
        step = 1000 if TYPES[self.type][2] else max(1, self.multiply // self.divide)
        value -= value % step
        return encode(value, self.type, order, multiply=self.multiply, divide=self.divide)

    def value(self, words: Sequence[int], order: str) -> int | None:
        """What stands there, in mA or ms."""
        return decode(list(words), self.type, order, multiply=self.multiply, divide=self.divide)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What releases a charge and what stops it."""

    at: int
    type: str
    on: int
    off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """What makes it fall back when we are gone.

    `current`, `timeout`: what it does then, and after how long, where we may say so; None: set in the
    station. `feed`: any request, the limit or the time-out written again, or a value. `fallback_ma`: where
    it cannot do anything else.
    """

    current: Number | None
    timeout: Number | None
    feed: Feed
    at: int | None
    value: int | None
    every_ms: int | None
    fallback_ma: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusChargerModel:
    """What is known of one charger. `begin`: registers to be written when it is found.

    `bills`: whether its register may be offered for billing. `currents_only_while_charging`: otherwise they
    are those of the last charge.
    """

    name: str
    vendor: str
    devices: tuple[str, ...]
    transports: tuple[str, ...]
    unit: int
    serial: Serial
    manners: Manners
    words: str
    confidence: str
    sources: tuple[str, ...]
    notes: str
    state: State
    limit: Number
    off: Literal["zero", "enable"]
    enable: Switch | None
    watchdog: Watchdog | None
    begin: tuple[tuple[int, int], ...]
    fast_function: int
    fast: tuple[Field, ...]
    slow_function: int
    slow: tuple[Field, ...]
    bills: bool
    currents_only_while_charging: bool

    @property
    def highest_ma(self) -> int | None:
        """The most that it may be told, per phase."""
        return None if self.limit.most is None else self.limit.most * 1000

    def reads(self, fields: tuple[Field, ...]) -> tuple[Read, ...]:
        """The requests that fetch these fields."""
        return reads_of(fields, longest=self.manners.longest_read)


@functools.cache
def modbus_chargers() -> dict[str, ModbusChargerModel]:
    """Every charger on Modbus by the name of its file."""
    folder = resources.files("edge.catalogue").joinpath(*_FOLDER)
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    models = (read(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")) for file in files)
    return {model.name: model for model in models}


def modbus_charger(name: str) -> ModbusChargerModel:
    """The charger of that name. Raises KeyError."""
    return modbus_chargers()[name]


def guarded() -> dict[str, str]:
    """Every charger's name, and who says what it does without us: what reading a site file asks for.

    "box": we do, and read it back. "station": it is set there, and nobody can check that from here.
    "nobody": it never falls back.
    """
    return {name: _guard_of(model.watchdog) for name, model in modbus_chargers().items()}


def _guard_of(watchdog: Watchdog | None) -> str:
    if watchdog is None:
        return "nobody"
    is_known = watchdog.fallback_ma is not None
    return "box" if is_known or (watchdog.current is not None and watchdog.timeout is not None) else "station"


def read(name: str, text: str) -> ModbusChargerModel:
    """A charger from the text of its file. Raises ValueError, KeyError or TypeError where that is wrong."""
    data = tomllib.loads(text)
    words = data["word_order"]
    if words not in (BIG, LITTLE) or data["confidence"] not in ("high", "medium") or not data["sources"]:
        raise ValueError(f"{name}: word_order big or little, confidence high or medium, and its sources")
    limit = data["limit"]
    enable = data.get("enable")
    if limit["off"] not in ("zero", "enable") or (limit["off"] == "enable" and enable is None):
        raise ValueError(f"{name}: off is zero, or enable with an [enable]")
    fast_function, fast = _block(data.get("fast", {}), words)
    slow_function, slow = _block(data.get("slow", {}), words)
    return ModbusChargerModel(
        name=name,
        vendor=data["vendor"],
        devices=tuple(data["devices"]),
        transports=tuple(data["transports"]),
        unit=data.get("unit", data.get("serial", {}).get("unit", 1)),
        serial=serial_of(data.get("serial", {})),
        manners=manners_of(data.get("manners", {})),
        words=words,
        confidence=data["confidence"],
        sources=tuple(data["sources"]),
        notes=data.get("notes", "").strip(),
        state=_state(data["state"]),
        limit=_number(limit),
        off=limit["off"],
        enable=None if enable is None else Switch(type=enable.get("type", "u16"), **_without(enable, "type")),
        watchdog=_watchdog(data.get("watchdog")),
        begin=tuple((row["at"], row["value"]) for row in data.get("begin", ())),
        fast_function=fast_function,
        fast=fast,
        slow_function=slow_function,
        slow=slow,
        bills=data.get("bills", True),
        currents_only_while_charging=data.get("currents_only_while_charging", False),
    )


def _block(table: dict[str, Any], words: str) -> tuple[int, tuple[Field, ...]]:
    return table.get("function", 3), fields_of(_without(table, "function"), words=words)


def _state(row: dict[str, Any]) -> State:
    letters = {int(code, 0): letter for code, letter in row.get("letters", {}).items()}
    if not set(letters.values()) <= {*LETTERS, UNSURE} or (not letters and row["type"] != ASCII):
        raise ValueError(f"letters are {LETTERS} and {UNSURE}")
    cable = row.get("cable")
    return State(
        function=row["function"],
        at=row["at"],
        count=row.get("count", 1 if row["type"] == ASCII else TYPES[row["type"]][0]),
        type=row["type"],
        byte=row.get("byte", 0),
        shift=row.get("shift", 0),
        mask=row.get("mask"),
        letters=letters,
        cable=None
        if cable is None
        else Cable(at=cable["at"], type=cable["type"], bit=cable.get("bit"), least=cable.get("least")),
    )


def _number(row: dict[str, Any]) -> Number:
    at = row["at"]
    multiply, divide = {"s": (1000, 1), "ms": (1, 1)}.get(row["unit"]) or UNITS[row["unit"]]
    return Number(
        at=tuple(at) if isinstance(at, list) else (at,),
        type=row["type"],
        multiply=multiply,
        divide=divide,
        least=row.get("least"),
        most=row.get("most"),
    )


def _watchdog(row: dict[str, Any] | None) -> Watchdog | None:
    if row is None:
        return None
    feed = row["feed"]
    if feed not in ("any", "limit", "timeout", "value") or (feed == "value") != ("value" in row):
        raise ValueError("feed is any, limit, timeout, or value with at and value")
    fallback_a = row.get("fallback")
    return Watchdog(
        current=_number(row["current"]) if "current" in row else None,
        timeout=_number(row["timeout"]) if "timeout" in row else None,
        feed=feed,
        at=row.get("at"),
        value=row.get("value"),
        every_ms=None if "every_s" not in row else row["every_s"] * 1000,
        fallback_ma=None if fallback_a is None else fallback_a * 1000,
    )


def _without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}
