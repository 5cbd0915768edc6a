"""The last hour at the root of the site: one point each ten seconds, the one with the least room left.

What flows is remembered, not what is booked: an EVSE without a fresh sample counts as nothing here, and
what it may draw shows as the building's.
"""

from collections import deque

import msgspec

from edge.site.status import CircuitStatus, Phase3, Status

STEP_MS = 10_000
POINTS = 360


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The root circuit at one moment, mA per phase; of the chargers what was measured."""

    at_ms: int
    background_ma: Phase3
    background_is_measured: bool
    measured_ma: Phase3
    limit_ma: Phase3

    @property
    def room_ma(self) -> int:
        """What was left on the worst phase."""
        return min(
            limit - building - cars
            for limit, building, cars in zip(self.limit_ma, self.background_ma, self.measured_ma, strict=True)
        )


class History:
    """Points in memory, oldest first; a restart begins a new hour."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=POINTS)

    def note(self, status: Status) -> None:
        """Take a status in."""
        root = next((circuit for circuit in status.circuits if circuit.parent is None), None)
        if root is None:
            return
        point = _point(status, root)
        last = self._points[-1] if self._points else None
        if last is None or point.at_ms // STEP_MS != last.at_ms // STEP_MS:
            self._points.append(point)
        elif point.room_ma < last.room_ma:
            self._points[-1] = point

    def points(self) -> list[Point]:
        """Oldest first."""
        return list(self._points)


def _point(status: Status, root: CircuitStatus) -> Point:
    flowing = [evse.measured_ma for evse in status.evses if evse.measured_ma is not None]
    one, two, three = (sum(each[phase] for each in flowing) for phase in range(3))
    return Point(
        at_ms=status.at_ms,
        background_ma=root.background_ma,
        background_is_measured=root.background_is_measured,
        measured_ma=(one, two, three),
        limit_ma=root.limit_ma,
    )
