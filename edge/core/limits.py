"""Named limits from outside: the smallest wins and is the reason; an expired one is gone.

A limit never raises anything: it is only ever compared with what the ratings leave. What counts when its
source is lost is a policy of each kind of source:

| source | when it is lost | over a restart of this box |
|---|---|---|
| MQTT, page, file | its last word, until the end that it has itself | kept, with that end |
| contact | the smallest that it could say, at once | read anew before the first offer |
| CSMS | its profiles as they are: their own schedules and ends | gone until it sends them again |
"""

from edge.core.circuit import Tree
from edge.core.image import LimitImage
from edge.core.quantities import everywhere

LEAST_14A_W = 4_200
_SIMULTANEITY = (80, 75, 70, 65, 60, 55, 50, 45)  # percent, for 2, 3, ... 9 and more devices


class Bounds:
    """What limits leave of one circuit: of everything on it, and of our chargers together (None: no such)."""

    __slots__ = ("chargers_ma", "chargers_name", "limit_ma", "limit_name")

    def __init__(self, limit_ma: int, limit_name: str) -> None:
        self.limit_ma = limit_ma
        self.limit_name = limit_name
        self.chargers_ma: int | None = None
        self.chargers_name = ""

    def limit(self) -> tuple[int, int, int]:
        """The limit on everything, as a triple."""
        return everywhere(self.limit_ma)


def floor_14a_w(devices: int) -> int:
    """What so many devices together are always left under section 14a EnWG, W.

    BNetzA BK6-22-300 annex 1, 4.5.2: 4.2 kW for the first, and for each more as much times a factor of
    simultaneity that falls with their number. Not read again while this was written: check it for your grid.
    """
    if devices <= 0:
        return 0
    factor = _SIMULTANEITY[min(devices, len(_SIMULTANEITY) + 1) - 2] if devices > 1 else 0
    return LEAST_14A_W + (devices - 1) * LEAST_14A_W * factor // 100


def in_force(limits: list[LimitImage], now_ms: int) -> list[LimitImage]:
    """The limits that have not expired, in an order that does not depend on their arrival."""
    alive = [limit for limit in limits if limit.expires_ms is None or now_ms < limit.expires_ms]
    return sorted(alive, key=lambda limit: (limit.limit_ma, limit.name, limit.kind, limit.target))


def circuit_bounds(tree: Tree, alive: list[LimitImage]) -> dict[str, Bounds]:
    """For every circuit its rating, or the smallest limit below it."""
    bounds = {name: Bounds(tree.circuits[name].rating_ma, "") for name in tree.names}
    for limit in alive:
        if limit.target not in bounds:
            continue
        bound = bounds[limit.target]
        limit_ma = max(0, limit.limit_ma)
        if limit.kind == "circuit" and limit_ma < bound.limit_ma:
            bound.limit_ma = limit_ma
            bound.limit_name = limit.name
        if limit.kind == "chargers" and (bound.chargers_ma is None or limit_ma < bound.chargers_ma):
            bound.chargers_ma = limit_ma
            bound.chargers_name = limit.name
    return bounds


def evse_caps(alive: list[LimitImage]) -> dict[str, tuple[int, str]]:
    """For every EVSE that has one, its smallest limit in mA and that limit's name."""
    caps: dict[str, tuple[int, str]] = {}
    for limit in alive:
        if limit.kind == "evse" and limit.target not in caps:
            caps[limit.target] = (max(0, limit.limit_ma), limit.name)
    return caps
