"""What the installer declared of a lot, as every step needs it."""

from edge.core.circuit import Tree
from edge.core.evse import Evse

TOLERANCE_MA = 600  # how far a car may draw above its offer without being called disobedient
CLOCK_ERROR_MS = 15_000  # how far a charger's clock may be off before its dead man earns no credit


class Lot:
    """The circuits, the EVSEs in the order of their ids, and the times that rule them (ms).

    A room is one phase of one circuit: index of the circuit in `tree.names` x 3 + phase. `circuit_rooms`: for
    each circuit the first room of each circuit on the way to the root, its own first.
    `dead_man_ms` is T: how long after it was sent a charger lets go of its last offer.
    `voltage_mv`: phase to neutral, where energy must become time.
    `stale_after_ms`: per metered circuit, when its meter's silence means the worst case.
    """

    __slots__ = (
        "_ways",
        "by_id",
        "circuit_rooms",
        "dead_man_ms",
        "evses",
        "hold_up_ms",
        "min_off_ms",
        "min_on_ms",
        "stale_after_ms",
        "tolerance_ma",
        "tree",
        "voltage_mv",
    )

    def __init__(
        self,
        tree: Tree,
        evses: list[Evse],
        *,
        stale_after_ms: dict[str, int],
        dead_man_ms: int = 120_000,
        hold_up_ms: int = 60_000,
        min_on_ms: int = 900_000,
        min_off_ms: int = 300_000,
        tolerance_ma: int = TOLERANCE_MA,
        voltage_mv: int = 230_000,
    ) -> None:
        """Raises ValueError when an EVSE stands twice or hangs on no circuit."""
        self.tree = tree
        self.evses = sorted(evses, key=lambda evse: evse.id)
        self.by_id = {evse.id: evse for evse in self.evses}
        if len(self.by_id) != len(self.evses):
            raise ValueError("an EVSE stands twice")
        for evse in self.evses:
            if evse.circuit not in tree.circuits:
                raise ValueError(evse.id + " hangs on " + evse.circuit + ", which is missing")
        place = {name: index * 3 for index, name in enumerate(tree.names)}
        self.circuit_rooms = {name: [place[each] for each in tree.path(name)] for name in tree.names}
        self._ways: dict[tuple[str, tuple[int, ...]], tuple[int, ...]] = {}
        self.stale_after_ms = stale_after_ms
        self.dead_man_ms = dead_man_ms
        self.hold_up_ms = hold_up_ms
        self.min_on_ms = min_on_ms
        self.min_off_ms = min_off_ms
        self.tolerance_ma = tolerance_ma
        self.voltage_mv = voltage_mv

    def rooms_of(self, evse: Evse, phases: tuple[int, ...]) -> tuple[int, ...]:
        """The rooms that the EVSE loads when its car uses these phases, nearest first."""
        way = self._ways.get((evse.circuit, phases))
        if way is None:
            rooms = [first + phase for first in self.circuit_rooms[evse.circuit] for phase in phases]
            way = self._ways[evse.circuit, phases] = tuple(rooms)
        return way

    @property
    def refresh_ms(self) -> int:
        """How often an offer is repeated so that the dead man stays quiet."""
        return self.dead_man_ms // 3

    @property
    def silence_ms(self) -> int:
        """After this, counted from the sending, a silent charger has let go of what it was offered."""
        return self.dead_man_ms + CLOCK_ERROR_MS
