"""Dates in OCPP messages: ISO 8601 texts to ms since 1970 and back (OCPP 1.6 ed. 2 section 3.15)."""

import re
import time
from datetime import date
from functools import lru_cache

from edge.ocpp.rpc import PROPERTY_CONSTRAINT_VIOLATION, Fault

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]"
    r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:[.,]([0-9]{1,12}))?)?"
    r" ?(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?",
)


@lru_cache(maxsize=64)  # a message's samples often are of the moment of the message
def epoch_ms(text: str) -> int:
    """Milliseconds since 1970 of a date and time. Raises Fault.

    Strict but for what stations really send: no zone means UTC, any number of fractional digits, a
    blank for the T, seconds left out (as in section 3.13.7), a leap second.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, f"not a date and time: {text[:40]!r}")
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, f"no such day: {text[:40]!r}") from None
    seconds = days * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    if sign:
        offset = int(zone_hour) * 3600 + int(zone_minute or 0) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * 1000 + int((fraction or "0").ljust(3, "0")[:3])


def rfc3339(at_ms: int) -> str:
    """A time as we write it: UTC, with the milliseconds."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


def rfc3339_seconds(at_s: int) -> str:
    """A whole second as we write it, without a fraction."""
    return f"{_second(at_s)}Z"


@lru_cache(maxsize=8)  # most of what is written belongs to the second that is now
def _second(at_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s))
