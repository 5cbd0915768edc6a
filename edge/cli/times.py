"""Times as people type them: 07:30, 2026-12-24, 2026-12-24T18:00, or a span like 2h, 90m, 1h30m, 45s."""

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s?)?")


def span_s(text: str) -> int:
    """Seconds of a span; a bare number is seconds. Raises ArgumentTypeError."""
    span = _SPAN.fullmatch(text)
    if not text or span is None:
        raise ArgumentTypeError(f"{text!r} is no span like 2h, 90m, 1h30m or 45s")
    days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def ahead_s(text: str) -> int:
    """Seconds from now on; a time of day is the next one of this machine's clock."""
    now = datetime.now().astimezone()
    return round((_ahead(text, now) - now).total_seconds())


def ahead_ms(text: str) -> int:
    """The moment, ms since 1970, that a time or a span from now on means."""
    return round(_ahead(text, datetime.now().astimezone()).timestamp() * 1000)


def past_ms(text: str) -> int:
    """The moment, ms since 1970, that a time or a span back from now means."""
    now = datetime.now().astimezone()
    if _is_span(text):
        return round((now - timedelta(seconds=span_s(text))).timestamp() * 1000)
    moment = _at(text, now)
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is no time like 07:30 or 2026-12-24, and no span back like 2h")
    if moment > now and _is_time_of_day(text):
        moment -= timedelta(days=1)
    return round(moment.timestamp() * 1000)


def shown(at_ms: int) -> str:
    """A moment by this machine's clock."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def _ahead(text: str, now: datetime) -> datetime:
    if _is_span(text):
        return now + timedelta(seconds=span_s(text))
    moment = _at(text, now)
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is no time like 07:30, and no span like 2h or 90m")
    return moment + timedelta(days=1) if moment <= now and _is_time_of_day(text) else moment


def _is_span(text: str) -> bool:
    """A span with a unit: a bare number is a mistake where a time is as well."""
    return text[-1:] in set("dhms") and _SPAN.fullmatch(text) is not None


def _is_time_of_day(text: str) -> bool:
    return re.fullmatch(r"\d{1,2}:\d{2}", text) is not None


def _at(text: str, now: datetime) -> datetime | None:
    day_time = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
    try:
        if day_time:
            return now.replace(hour=int(day_time[1]), minute=int(day_time[2]), second=0, microsecond=0)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.astimezone()
