"""The tree of circuits: what feeds what, and what each protected line may carry.

The root is `grid`. Ratings are continuous (derated) currents per phase in mA.
"""

from edge.core.demand_window import Target
from edge.core.protection import STRICT
from edge.core.quantities import everywhere

ROOT = "grid"


class Circuit:
    """One protected line: everything behind one fuse or breaker.

    `unbalance_max_ma`: how much more one phase may carry than another because of our chargers. `protection`:
    what overload is borne (protection.py). `demand`: the average power to stay below (demand_window.py).
    """

    __slots__ = (
        "building_max_ma",
        "demand",
        "is_metered",
        "name",
        "parent",
        "protection",
        "rating_ma",
        "unbalance_max_ma",
    )

    def __init__(
        self,
        name: str,
        *,
        parent: str | None,
        rating_ma: int,
        building_max_ma: int | None,
        is_metered: bool,
        unbalance_max_ma: int | None = None,
        protection: str = STRICT,
        demand: Target | None = None,
    ) -> None:
        """`building_max_ma` None: what the circuits below declare together; `unbalance_max_ma` None: any."""
        self.name = name
        self.parent = parent
        self.rating_ma = rating_ma
        self.building_max_ma = building_max_ma
        self.is_metered = is_metered
        self.unbalance_max_ma = unbalance_max_ma
        self.protection = protection
        self.demand = demand


class Tree:
    """The circuits of a site, parents before children, each with its way to the root."""

    __slots__ = ("_building_max_ma", "_children", "_paths", "circuits", "names")

    def __init__(self, circuits: list[Circuit]) -> None:
        """Raises ValueError on no or two roots, a missing parent, a name twice or a cycle."""
        by_name = {}
        for circuit in circuits:
            if circuit.name in by_name:
                raise ValueError("circuit " + circuit.name + " stands twice")
            by_name[circuit.name] = circuit
        self._paths = {}
        for circuit in circuits:
            self._paths[circuit.name] = _way_to_root(circuit, by_name)
        self.circuits = by_name
        self.names = sorted(by_name, key=lambda name: (len(self._paths[name]), name))
        if [name for name in self.names if len(self._paths[name]) == 1] != [ROOT]:
            raise ValueError("a site has one root circuit, called " + ROOT)
        self._children: dict[str, list[str]] = {name: [] for name in self.names}
        for name in self.names:
            parent = by_name[name].parent
            if parent is not None:
                self._children[parent].append(name)
        self._building_max_ma: dict[str, int] = {}
        for name in reversed(self.names):
            declared = by_name[name].building_max_ma
            below = sum([self._building_max_ma[child] for child in self._children[name]])
            self._building_max_ma[name] = below if declared is None else declared

    def path(self, name: str) -> list[str]:
        """The circuits that a load on `name` flows through: itself first, the root last."""
        return self._paths[name]

    def children(self, name: str) -> list[str]:
        """The circuits fed directly from `name`, by name."""
        return self._children[name]

    def building_max_ma(self, name: str) -> int:
        """The most that everything but our chargers draws there, per phase."""
        return self._building_max_ma[name]

    def rating(self, name: str) -> tuple[int, int, int]:
        """The continuous rating as a triple."""
        return everywhere(self.circuits[name].rating_ma)


def _way_to_root(circuit: Circuit, by_name: dict[str, Circuit]) -> list[str]:
    way = [circuit.name]
    while circuit.parent is not None:
        if circuit.parent not in by_name:
            raise ValueError(
                "circuit " + circuit.name + " is fed from " + circuit.parent + ", which is missing"
            )
        circuit = by_name[circuit.parent]
        if circuit.name in way:
            raise ValueError("circuit " + circuit.name + " feeds itself")
        way.append(circuit.name)
    return way
