"""Wall time without a calendar library: seconds since 1970 in UTC, and RFC 3339 text."""


def text(epoch_s: int) -> str:
    """As OCPP writes it."""
    days, rest = divmod(epoch_s, 86_400)
    year, month, day = _civil(days)
    hour, rest = divmod(rest, 3_600)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day, hour, rest // 60, rest % 60)


def epoch_s(stamp: str) -> int:
    """The seconds of a text in UTC or with an offset; fractions are cut off. Raises ValueError."""
    date, _, clock = stamp.replace("t", "T").partition("T")
    year, month, day = [int(part) for part in date.split("-")]
    offset_s, clock = _offset(clock)
    parts = clock.split(".")[0].split(":")
    hour, minute, second = int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) > 2 else 0
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 25 and minute < 60 and second < 61):
        raise ValueError("no such time: " + stamp)
    return _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_s


def _offset(clock: str) -> tuple[int, str]:
    if clock[-1:] in ("Z", "z"):
        return 0, clock[:-1]
    for sign in ("+", "-"):
        if sign in clock:
            clock, _, zone = clock.partition(sign)
            hours, _, minutes = zone.partition(":")
            seconds = int(hours) * 3_600 + int(minutes or 0) * 60
            return (seconds if sign == "+" else -seconds), clock
    return 0, clock


def _days(year: int, month: int, day: int) -> int:
    """Since 1970, of the Gregorian calendar; years that begin in March have their odd day at the end."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _civil(days: int) -> tuple[int, int, int]:
    days += 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day
