"""What a key may hold: each kind reads one TOML value, or says what is allowed instead.

Numbers become integers in mA, mV and ms here, exactly, and nowhere else.
"""

import ipaddress
import math
import re
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from edge.core.quantities import ROTATIONS, VEHICLE_MINIMUM_MA
from edge.settings.lines import as_toml
from edge.settings.model import Secret

_SECRET_NAME = re.compile(r"secret:([A-Za-z0-9][A-Za-z0-9._-]*)")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?")
_URL = re.compile(r"wss?://[^\s/?#]+(/[^\s?#]*)?")


class UnfitError(Exception):
    """The value cannot stand there. What is None, the reader of the table fills in."""

    def __init__(
        self,
        title: str,
        allowed: str,
        *,
        keyword: str,
        found: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.allowed = allowed
        self.keyword = keyword
        self.found = found
        self.remedy = remedy


class Kind(Protocol):
    """How one value of the file is read."""

    @property
    def allowed(self) -> str:
        """What may stand there, for people."""

    def read(self, value: object) -> object:
        """The value as the program uses it. Raises UnfitError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Any text but the empty one."""

    allowed: str = "text in quotes"

    def read(self, value: object) -> str:
        """The text itself."""
        if not isinstance(value, str):
            raise UnfitError("not text", self.allowed, keyword="type", remedy=as_toml(as_toml(value)))
        if not value.strip():
            raise UnfitError("empty", self.allowed, keyword="range")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few words. `later` ones are understood, but this version cannot do them."""

    now: tuple[str, ...]
    later: tuple[str, ...] = ()
    instead: str = ""  # what to try in this version, where another word would not do

    @property
    def allowed(self) -> str:
        """The words of this version."""
        return " ".join(self.now)

    def read(self, value: object) -> str:
        """The word itself."""
        if value in self.later:
            raise not_yet(f"{self.allowed}, in this version", remedy=self.instead or as_toml(self.now[0]))
        if not isinstance(value, str) or value not in self.now:
            raise UnfitError("not one of its words", self.allowed, keyword="choice")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """true or false."""

    allowed: str = "true or false"

    def read(self, value: object) -> bool:
        """The truth value itself."""
        if not isinstance(value, bool):
            raise UnfitError("not true or false", self.allowed, keyword="type")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number between two bounds, or one of a few others."""

    low: int
    high: int
    also: tuple[int, ...] = ()

    @property
    def allowed(self) -> str:
        """The bounds."""
        return " or ".join([f"{self.low} to {self.high}", *map(str, self.also)])

    def read(self, value: object) -> int:
        """The number itself."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnfitError("not a whole number", self.allowed, keyword="type", remedy=_unquoted(value))
        if not self.low <= value <= self.high and value not in self.also:
            raise UnfitError("out of range", self.allowed, keyword="range")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with a unit, kept as an integer: `scale` of ours make one of the file's."""

    low: int
    high: int
    unit: str
    scale: int = 1000

    @property
    def allowed(self) -> str:
        """The bounds with their unit."""
        return f"{self.low} to {self.high} {self.unit}"

    def read(self, value: object) -> int:
        """The number in our integer unit. NaN and infinity are no numbers."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise UnfitError("not a number", self.allowed, keyword="type", remedy=_unquoted(value))
        if isinstance(value, Decimal) and not math.isfinite(value):
            raise UnfitError("not a number", self.allowed, keyword="range")
        scaled = Decimal(value) * self.scale
        if not self.low * self.scale <= scaled <= self.high * self.scale:
            raise UnfitError("out of range", self.allowed, keyword="range")
        if scaled != int(scaled):
            raise UnfitError("finer than can be kept", "three decimals at most", keyword="range")
        return int(scaled)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneNumber:
    """One of a few whole numbers with a unit, kept as an integer: `scale` of ours make one of the file's."""

    values: tuple[int, ...]
    unit: str
    scale: int

    @property
    def allowed(self) -> str:
        """The numbers."""
        return f"{', '.join(map(str, self.values))} {self.unit}"

    def read(self, value: object) -> int:
        """The number in our unit."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnfitError("not a whole number", self.allowed, keyword="type", remedy=_unquoted(value))
        if value not in self.values:
            raise UnfitError("not one of its numbers", self.allowed, keyword="choice")
        return value * self.scale


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerRatio:
    """What is printed on current transformers."""

    allowed: str = '"250/5": amperes in the line / amperes in the meter'

    def read(self, value: object) -> tuple[int, int]:
        """Both currents."""
        match = (
            re.fullmatch(r"\s*(\d{1,5})\s*[/:]\s*(\d{1,3})\s*A?\s*", value)
            if isinstance(value, str)
            else None
        )
        if match is None:
            raise UnfitError("not a ratio", self.allowed, keyword="type")
        primary, secondary = int(match[1]), int(match[2])
        if not 0 < secondary <= primary:
            raise UnfitError("out of range", self.allowed, keyword="range")
        return primary, secondary


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePort:
    """A serial port by its path, or by its name in /dev; a number is the TCP port of a gateway."""

    allowed: str = 'a serial port such as "/dev/ttyUSB0"; with host: its TCP port'

    def read(self, value: object) -> str | int:
        """The path, or the number."""
        if isinstance(value, int) and not isinstance(value, bool):
            return Whole(low=1, high=65535).read(value)
        name = Text(allowed=self.allowed).read(value)
        return name if name.startswith("/") else f"/dev/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackCurrent:
    """Amperes per phase that a charger may offer without us: 0, or what a car can do."""

    high: int
    allowed: str = "0, or 6 to max_a"

    def read(self, value: object) -> int:
        """The current in mA."""
        ma = Quantity(low=0, high=self.high, unit="A").read(value)
        if 0 < ma < VEHICLE_MINIMUM_MA:
            raise UnfitError(
                "a car cannot do this",
                self.allowed,
                keyword="below-6",
                found=f"{amperes(ma)} A",
                remedy="6   (0 pauses the car when this box is gone)",
            )
        return ma


@dataclass(frozen=True, slots=True, kw_only=True)
class PerSocket:
    """One value for all sockets of a charger, or a list with one for each."""

    kind: Kind

    @property
    def allowed(self) -> str:
        """What may stand there for each."""
        return self.kind.allowed

    def read(self, value: object) -> object:
        """The value for all, or a tuple of them."""
        if isinstance(value, list) and value:
            return tuple(self.kind.read(item) for item in value)
        return self.kind.read(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerContact:
    """One value, or a list with one for each pin."""

    kind: Kind

    @property
    def allowed(self) -> str:
        """What may stand there for each."""
        return f"{self.kind.allowed}, or a list with one for each pin"

    def read(self, value: object) -> tuple[object, ...]:
        """As many as are written."""
        return tuple(self.kind.read(item) for item in (value if isinstance(value, list) else [value]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """EVSE or meter terminals L1..L3 -> grid phases; `names` are the orders that may stand there."""

    names: tuple[str, ...]
    may_be_dealt: bool = False

    @property
    def allowed(self) -> str:
        """The orders."""
        return " ".join(self.names)

    def read(self, value: object) -> str | tuple[str, ...]:
        """An order, or a tuple of them to be dealt out in turn."""
        if isinstance(value, list) and self.may_be_dealt and value:
            return tuple(self._one(item) for item in value)
        return self._one(value)

    def _one(self, value: object) -> str:
        if isinstance(value, str) and value in self.names:
            return value
        remedy = None
        meant = value.upper().translate(str.maketrans("RST", "123")) if isinstance(value, str) else ""
        if re.fullmatch("[123]{1,3}", meant):
            grid = "".join(f"L{digit}" for digit in meant)
            if grid in self.names:
                remedy = f'"{grid}"   ({value} is OCPP\'s writing of it)'
        raise UnfitError("", self.allowed, keyword="rotation", remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """The name of a secret that is kept elsewhere; never the secret. With `is_dealt` it may have {n}."""

    is_dealt: bool = False

    @property
    def allowed(self) -> str:
        """How it is written."""
        return '"secret:NAME", {n} is the number' if self.is_dealt else '"secret:NAME"'

    def read(self, value: object) -> Secret:
        """The reference; nothing is looked up here."""
        text = value.replace("{n}", "0") if self.is_dealt and isinstance(value, str) else value
        match = _SECRET_NAME.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise UnfitError(
                "a secret in the open", self.allowed, keyword="plain-secret", found="text (not shown)"
            )
        return Secret(name=str(value).removeprefix("secret:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An address or a host name, without port and scheme."""

    allowed: str = "an address or a host name"

    def read(self, value: object) -> str:
        """The text itself."""
        if isinstance(value, str):
            try:
                return str(ipaddress.ip_address(value))
            except ValueError:
                is_number_like = re.fullmatch(r"[\d.]+", value)
                if _HOST_NAME.fullmatch(value) and not is_number_like:
                    return value
        raise UnfitError("not a host", self.allowed, keyword="type")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketUrl:
    """Where a CSMS listens."""

    allowed: str = "ws://… or wss://…, without ? and #"

    def read(self, value: object) -> str:
        """The URL without a slash at its end: the identity follows after one."""
        if not isinstance(value, str) or not _URL.fullmatch(value):
            raise UnfitError("not a WebSocket URL", self.allowed, keyword="type")
        return value.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZone:
    """A name of the IANA database."""

    allowed: str = "an IANA name such as Europe/Berlin"

    def read(self, value: object) -> str:
        """The name itself. Without a database on this machine nothing is checked."""
        name = Text().read(value)
        known = zoneinfo.available_timezones()
        if known and name not in known:
            raise UnfitError("no such time zone", self.allowed, keyword="choice")
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A list of names; `*` and `?` stand for any letters."""

    allowed: str = "a list of names, or patterns with *"

    def read(self, value: object) -> tuple[str, ...]:
        """The names as a tuple."""
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise UnfitError("not a list of names", self.allowed, keyword="type")
        return tuple(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """How many EVSEs a charger has, or what they are called."""

    allowed: str = "1 to 8, or a list of names"

    def read(self, value: object) -> tuple[str, ...]:
        """Their names; numbered from 1 where only their count is given."""
        if isinstance(value, list):
            names = Names().read(value)
            if len(names) > 8 or len(set(names)) != len(names):
                raise UnfitError("not up to eight different names", self.allowed, keyword="range")
            return names
        count = Whole(low=1, high=8).read(value)
        return tuple(str(number) for number in range(1, count + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Something that a later version can do. `harmless` values mean what this version does anyway."""

    allowed: str
    harmless: tuple[object, ...] = ()

    def read(self, value: object) -> object:
        """The harmless value; everything else has to wait."""
        if any(value is item or (type(value) is type(item) and value == item) for item in self.harmless):
            return value
        raise not_yet(self.allowed)


def not_yet(allowed: str, *, remedy: str | None = None) -> UnfitError:
    """The answer to what only a later version can do."""
    return UnfitError("not in this version", allowed, keyword="not-yet", remedy=remedy)


def amperes(ma: int) -> str:
    """A current as people write it: `16`, `9.5`."""
    whole, rest = divmod(ma, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


METER_ROTATIONS = tuple(name for name in ROTATIONS if len(name) == 6)
CHARGER_ROTATIONS = (*ROTATIONS, "unknown")


def _unquoted(value: object) -> str | None:
    """What was meant where a number stands in quotes, perhaps with its unit or a decimal comma."""
    match = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*[A-Za-z]*\s*", value) if isinstance(value, str) else None
    return match[1].replace(",", ".") if match else None
