"""What gives the site power besides the grid: the latest of each meter of the sun and of a battery."""

from edge.site.ports import SourceReading
from edge.site.status import SourceStatus


class Sources:
    """The latest readings. Too old ones say nothing any more."""

    def __init__(self) -> None:
        self._latest: dict[str, SourceReading] = {}

    def read(self, reading: SourceReading) -> None:
        """The latest value wins."""
        self._latest[reading.name] = reading

    def rows(self, now_ms: int) -> tuple[SourceStatus, ...]:
        """For the status; `now_ms` is monotonic."""
        return tuple(_row(self._latest[name], now_ms) for name in sorted(self._latest))


def _row(reading: SourceReading, now_ms: int) -> SourceStatus:
    age_ms = now_ms - reading.taken_ms
    is_old = age_ms > reading.stale_ms
    return SourceStatus(
        name=reading.name,
        power_w=None if is_old else reading.power_w,
        energy_wh=reading.energy_wh,
        age_ms=age_ms,
    )
