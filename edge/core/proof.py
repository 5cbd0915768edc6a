"""The electrical proof of a configuration: what every fuse carries if this box dies.

When the box is gone, each charger falls back by itself and the building draws its worst. Per circuit and
phase, the building plus what the site's guarantee credits its chargers with must fit the rating:

- declared: every charger falls back as the site file says;
- proven: so do those whose fallback was seen to fire; the others draw their maximum;
- rated: every charger draws its maximum.

Until the chargers have fallen back, the last currents meet a building that may rise: the exposure.
"""

from edge.core.circuit import Tree
from edge.core.quantities import NOTHING, PHASES, everywhere, on_phases, plus, smaller

GUARANTEES = ("declared", "proven", "rated")


class Load:
    """One charger as the proof counts it. `wiring` None: nobody knows its phases, so all three count."""

    __slots__ = ("circuit", "fallback_ma", "is_proven", "max_ma", "name", "wiring")

    def __init__(
        self,
        name: str,
        *,
        circuit: str,
        wiring: tuple[int, ...] | None,
        fallback_ma: int,
        max_ma: int,
        is_proven: bool = False,
    ) -> None:
        """`fallback_ma` and `max_ma` are those of all its EVSEs together, per phase."""
        self.name = name
        self.circuit = circuit
        self.wiring = wiring
        self.fallback_ma = fallback_ma
        self.max_ma = max_ma
        self.is_proven = is_proven

    def credited(self, guarantee: str) -> tuple[int, int, int]:
        """What it draws without us, by that guarantee, on the grid's phases."""
        falls_back = guarantee == "declared" or (guarantee == "proven" and self.is_proven)
        return on_phases(self.fallback_ma if falls_back else self.max_ma, self.wiring or PHASES)


class Sum:
    """One circuit of the proof: its three sums of chargers, and the building, in mA per phase.

    `exposure_ma` is how far above its rating it may get until the chargers have fallen back.
    """

    __slots__ = (
        "building_ma",
        "chargers",
        "circuit",
        "declared",
        "exposure_ma",
        "proven",
        "rated",
        "rating_ma",
    )

    def __init__(self, circuit: str, rating_ma: int, building_ma: int) -> None:
        self.circuit = circuit
        self.rating_ma = rating_ma
        self.building_ma = building_ma
        self.declared = NOTHING
        self.proven = NOTHING
        self.rated = NOTHING
        self.chargers = NOTHING  # by the site's own guarantee
        self.exposure_ma = 0

    @property
    def box_dead(self) -> tuple[int, int, int]:
        """What it carries without us, by the site's guarantee."""
        return plus(everywhere(self.building_ma), self.chargers)

    @property
    def worst_phase(self) -> int:
        """The phase (0..2) that carries most."""
        return self.box_dead.index(max(self.box_dead))

    @property
    def spare_ma(self) -> int:
        """What its worst phase has left; negative: the fuse trips."""
        return self.rating_ma - max(self.box_dead)


def prove(tree: Tree, loads: list[Load], guarantee: str) -> list[Sum]:
    """Every circuit's sums, parents before children. The site is safe where no `spare_ma` is negative."""
    if guarantee not in GUARANTEES:
        raise ValueError("no such guarantee: " + guarantee)
    sums = {}
    for name in tree.names:
        sums[name] = Sum(name, tree.circuits[name].rating_ma, tree.building_max_ma(name))
    for load in loads:
        for name in tree.path(load.circuit):
            total = sums[name]
            total.declared = plus(total.declared, load.credited("declared"))
            total.proven = plus(total.proven, load.credited("proven"))
            total.rated = plus(total.rated, load.credited("rated"))
            total.chargers = plus(total.chargers, load.credited(guarantee))
    _add_exposure(tree, loads, sums)
    return [sums[name] for name in tree.names]


def _add_exposure(tree: Tree, loads: list[Load], sums: dict[str, Sum]) -> None:
    """Worst case: the chargers had a circuit to themselves when the box died; then the building rose."""
    last = dict.fromkeys(tree.names, NOTHING)
    for load in loads:
        last[load.circuit] = plus(last[load.circuit], load.credited("rated"))
    for name in reversed(tree.names):
        total = sums[name]
        last[name] = smaller(last[name], everywhere(total.rating_ma))
        total.exposure_ma = max(0, max(last[name]) + total.building_ma - total.rating_ma)
        parent = tree.circuits[name].parent
        if parent is not None:
            last[parent] = plus(last[parent], last[name])
