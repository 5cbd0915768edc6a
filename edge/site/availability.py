"""How much of each day every charger could be used, counted cycle by cycle and kept day by day.

Counted is only what this box saw: a day on which it was off has less time in it, not more failures.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from edge.site.ports import Clock
from edge.site.status import Status
from edge.site.uptime import Uptime

DAYS = "availability"  # of a day, by charger
KEEP_EVERY_MS = 3_600_000
MOST_STEP_MS = 10_000  # a longer gap was not watched
_OUT = frozenset({"fault", "out of service"})

Remember = Callable[[str, str, bytes], None]


class Availability:
    """Counts. `timezone` None: the machine's own day."""

    def __init__(self, clock: Clock, remember: Remember, timezone: str | None) -> None:
        self._clock = clock
        self._remember = remember
        self._zone = None if timezone is None else ZoneInfo(timezone)
        self._days: dict[str, dict[str, Uptime]] = {}
        self._was: dict[str, tuple[bool, bool]] = {}
        self._noted_ms: int | None = None
        self._kept_ms = clock.mono_ms()
        self._today = ""

    def resume(self, documents: dict[str, bytes]) -> None:
        """What was kept before the restart."""
        for day, body in documents.items():
            self._days[day] = msgspec.json.decode(body, type=dict[str, Uptime])

    def note(self, status: Status) -> None:
        """What every bay says of itself now."""
        now_ms = self._clock.mono_ms()
        since_ms = 0 if self._noted_ms is None else now_ms - self._noted_ms
        self._noted_ms = now_ms
        day = self._day(self._clock.now_ms())
        if self._today and day != self._today:
            self._keep(self._today)
        self._today = day
        chargers: dict[str, tuple[bool, bool]] = {}
        for evse in status.evses:
            is_up, is_well = chargers.get(evse.charger, (True, True))
            chargers[evse.charger] = is_up and evse.link == "up", is_well and evse.word not in _OUT
        today = self._days.setdefault(day, {})
        for charger, (is_up, is_well) in chargers.items():
            uptime = today.setdefault(charger, Uptime())
            was_up, was_well = self._was.get(charger, (is_up, is_well))
            uptime.losses += was_up and not is_up
            uptime.faults += was_well and not is_well
            if since_ms <= MOST_STEP_MS:
                uptime.watched_ms += since_ms
                uptime.able_ms += since_ms if is_up and is_well else 0
        self._was = chargers
        if now_ms - self._kept_ms >= KEEP_EVERY_MS:
            self._kept_ms = now_ms
            self._keep(day)

    def between(self, begin_ms: int, end_ms: int) -> dict[str, Uptime]:
        """By charger, of the days that these moments span."""
        first, last = self._day(begin_ms), self._day(max(begin_ms, end_ms - 1))
        found: dict[str, Uptime] = {}
        for day, chargers in self._days.items():
            if first <= day <= last:
                for charger, uptime in chargers.items():
                    found.setdefault(charger, Uptime()).add(uptime)
        return found

    def _keep(self, day: str) -> None:
        self._remember(DAYS, day, msgspec.json.encode(self._days[day]))

    def _day(self, at_ms: int) -> str:
        return f"{datetime.fromtimestamp(at_ms / 1000, tz=self._zone):%Y-%m-%d}"
