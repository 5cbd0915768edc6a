"""The whole lot: which current truly flows in every circuit and phase."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.plant.building import Building, BuildingPlan
from edge.plant.evse import Evse, EvsePlan
from edge.plant.wiring import NOTHING, Triple, add

GRID = "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPlan:
    """A protected line; only the grid has no parent. A building may draw from any of them."""

    name: str
    rating_ma: int
    parent: str | None = GRID
    building: BuildingPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotPlan:
    """What is installed. Circuits in any order, exactly one of them without a parent."""

    circuits: tuple[CircuitPlan, ...]
    evses: tuple[EvsePlan, ...] = ()
    voltage_mv: int = 230_000


class Lot:
    """The installed lot in motion. Time enters as an argument and must not run backwards."""

    __slots__ = ("_paths", "buildings", "evses", "plan")

    def __init__(self, plan: LotPlan) -> None:
        self.plan = plan
        self._paths = _paths(plan.circuits)
        self.buildings = {c.name: Building(c.building) for c in plan.circuits if c.building is not None}
        self.evses = {e.name: Evse(e, voltage_mv=plan.voltage_mv) for e in plan.evses}
        for evse in plan.evses:
            self._check(evse)

    def add(self, evse: EvsePlan) -> None:
        """One more is mounted. Raises ValueError where its circuit or its name is none."""
        self._check(evse)
        if evse.name in self.evses:
            raise ValueError(f"{evse.name} is there already")
        self.evses[evse.name] = Evse(evse, voltage_mv=self.plan.voltage_mv)

    def _check(self, evse: EvsePlan) -> None:
        if evse.circuit not in self._paths:
            raise ValueError(f"{evse.name} hangs on {evse.circuit!r}, which is no circuit")

    def ratings_ma(self) -> dict[str, int]:
        """The continuous rating of every circuit, the same on each phase."""
        return {circuit.name: circuit.rating_ma for circuit in self.plan.circuits}

    def advance(self, now_ms: int) -> dict[str, Triple]:
        """The true current of every circuit by grid phase, mA, from now on.

        Currents are added as numbers: all loads are taken to be in phase, which is the worst case.
        """
        currents = dict.fromkeys(self._paths, NOTHING)
        for name, building in self.buildings.items():
            _load(currents, self._paths[name], building.load_ma(now_ms))
        for evse in self.evses.values():
            flowing = evse.plan.wiring.to_grid(evse.advance(now_ms))
            if flowing != NOTHING:
                _load(currents, self._paths[evse.plan.circuit], flowing)
        return currents


def _load(currents: dict[str, Triple], path: Iterable[str], load: Triple) -> None:
    for name in path:
        currents[name] = add(currents[name], load)


def _paths(circuits: Iterable[CircuitPlan]) -> Mapping[str, tuple[str, ...]]:
    """Each circuit with all that feed it, itself first; ValueError when they are no tree."""
    parents = {circuit.name: circuit.parent for circuit in circuits}
    if list(parents.values()).count(None) != 1:
        raise ValueError("exactly one circuit has no parent")
    paths = {}
    for name in parents:
        path: list[str] = []
        above: str | None = name
        while above is not None:
            if above in path or above not in parents:
                raise ValueError(f"{name} is fed from {above!r}, which is no circuit above it")
            path.append(above)
            above = parents[above]
        paths[name] = tuple(path)
    return paths
