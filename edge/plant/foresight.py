"""The most that anybody could have charged who knew the whole day before: a bound to measure strategies by.

A linear programme over slots of a quarter of an hour: per car and slot a mean current, at most what car and
EVSE can take for the part of the slot in which the car is there; per circuit, phase and slot at most what
the building left in the mean; per car at most its wish. It knows no minimum of 6 A, no whole amperes, no
tolerance, no slow end of a battery and no time to react: nobody can reach it, and nothing can exceed it.

Needs scipy, which is not installed with the controller.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from edge.core.lot import Lot
from edge.plant.arrivals import HOUR_MS, Visit
from edge.plant.building import Building
from edge.plant.wiring import NOTHING, Triple, add

SLOT_MS = HOUR_MS // 4
LOOKS = 90  # so many moments of a slot make the building's mean


class ForesightMissingError(Exception):
    """scipy is not installed."""


def most_energy_wh(lot: Lot, visits: Sequence[Visit], buildings: Mapping[str, Building]) -> int:
    """The energy of the best possible plan. Raises ForesightMissingError."""
    try:
        optimize: Any = importlib.import_module("scipy.optimize")
        sparse: Any = importlib.import_module("scipy.sparse")
    except ImportError as missing:
        raise ForesightMissingError(
            "the perfect-foresight bound needs scipy: pip install 'ampyard[simulate]'"
        ) from missing
    if not visits:
        return 0
    programme = _Programme(lot, visits, buildings)
    matrix = sparse.csr_array(
        (programme.values, (programme.rows, programme.columns)),
        shape=(len(programme.bounds), len(programme.gains)),
    )
    solved = optimize.linprog(
        [-gain for gain in programme.gains],
        A_ub=matrix,
        b_ub=programme.bounds,
        bounds=[(0, most) for most in programme.most],
        method="highs",
    )
    if not solved.success:
        raise ValueError(f"the programme has no solution: {solved.message}")
    return -int(solved.fun // 1)


class _Programme:
    """Gains in Wh and currents in A; every row of the matrix is one constraint with its bound."""

    def __init__(self, lot: Lot, visits: Sequence[Visit], buildings: Mapping[str, Building]) -> None:
        self.gains: list[float] = []
        self.most: list[float] = []
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.values: list[float] = []
        self.bounds: list[float] = []
        self._places: dict[tuple[int, int], int] = {}
        left = _Left(lot, buildings)
        for visit in visits:
            evse = lot.by_id[visit.bay]
            wiring = evse.wiring or (0, 1, 2)
            phases = tuple(sorted(wiring[: visit.car.phases]))
            most_a = min(evse.max_ma, visit.car.max_ma) / 1000
            wish = self._row(visit.car.wanted_wh)
            for slot, part in _slots(visit):
                column = len(self.gains)
                gain = len(phases) * lot.voltage_mv / 1000 * SLOT_MS / HOUR_MS
                self.gains.append(gain)
                self.most.append(most_a * part)
                self._put(wish, column, gain)
                for room in lot.rooms_of(evse, phases):
                    if (room, slot) not in self._places:
                        self._places[room, slot] = self._row(left.ampere(room, slot))
                    self._put(self._places[room, slot], column, 1)

    def _row(self, bound: float) -> int:
        self.bounds.append(bound)
        return len(self.bounds) - 1

    def _put(self, row: int, column: int, value: float) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)


class _Left:
    """What the building leaves of each room in each slot."""

    def __init__(self, lot: Lot, buildings: Mapping[str, Building]) -> None:
        self._lot = lot
        self._buildings = buildings
        self._means: dict[tuple[str, int], tuple[float, ...]] = {}

    def ampere(self, room: int, slot: int) -> float:
        """In the mean, in A, never below 0."""
        name = self._lot.tree.names[room // 3]
        if (name, slot) not in self._means:
            rating_ma = self._lot.tree.circuits[name].rating_ma
            loads = [self._load(name, slot * SLOT_MS + look * SLOT_MS // LOOKS) for look in range(LOOKS)]
            self._means[name, slot] = tuple(
                sum(max(0, rating_ma - load[phase]) for load in loads) / LOOKS / 1000 for phase in range(3)
            )
        return self._means[name, slot][room % 3]

    def _load(self, name: str, at_ms: int) -> Triple:
        load = NOTHING
        for own, building in self._buildings.items():
            if name in self._lot.tree.path(own):
                load = add(load, building.load_ma(at_ms))
        return load


def _slots(visit: Visit) -> Iterator[tuple[int, float]]:
    """The slots of a stay, and which part of each the car is there."""
    first, last = visit.arrives_ms // SLOT_MS, -(-visit.departs_ms // SLOT_MS)
    for begin, end in pairwise(range(first, last + 1)):
        there_ms = min(visit.departs_ms, end * SLOT_MS) - max(visit.arrives_ms, begin * SLOT_MS)
        yield begin, there_ms / SLOT_MS
