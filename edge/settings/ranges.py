"""Which chargers a block of the site file speaks for: `"*"`, `"bay-1..bay-3"` or one name."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"(.*?)(\d+)\.\.(.*?)(\d+)")
MOST = 500
EVERYBODY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One charger of a block. `number` is its number as written: `01`; the name itself outside ranges."""

    name: str
    number: str


class NoRangeError(ValueError):
    """The header looks like a range, but cannot be counted through."""


def members(header: str) -> tuple[Member, ...]:
    """The chargers that a header creates, in order. `"*"` creates none. Raises NoRangeError."""
    if header == EVERYBODY:
        return ()
    if ".." not in header:
        digits = re.search(r"\d+$", header)
        return (Member(name=header, number=digits[0] if digits else header),)
    match = _RANGE.fullmatch(header)
    if match is None or match[1] != match[3]:
        raise NoRangeError("both ends need the same name before their number")
    first, last = int(match[2]), int(match[4])
    if first > last:
        raise NoRangeError("the smaller number stands first")
    if last - first >= MOST:
        raise NoRangeError(f"at most {MOST} chargers")
    width = len(match[2]) if match[2].startswith("0") or len(match[2]) == len(match[4]) else 0
    numbers = [f"{number:0{width}d}" for number in range(first, last + 1)]
    return tuple(Member(name=match[1] + number, number=number) for number in numbers)


def in_reading_order(name: str) -> tuple[tuple[int, int | str], ...]:
    """A key to sort names as people do: bay-2 before bay-10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in parts)
