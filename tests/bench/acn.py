"""EDF and LLF as ACN-Sim's algorithms share out, for the bench: their rule, and how they work it out.

From reading acnportal (github.com/zach401/acnportal, commit 14e723b): `sorting_algorithm` and
`max_feasible_rate` of `SortedSchedulingAlgo` in algorithms/sorted_algorithms.py, and
`infrastructure_constraints_feasible` in algorithms/utils.py. Cars are sorted by deadline or laxity; each gets
the most that is feasible beside those before it, found by bisection to 0.01 A; feasible is what no row of the
constraint matrix forbids, one matrix product a row. Pre- and postprocessing, which cost more time, are left
out in their favour.
"""

from dataclasses import dataclass

import numpy as np

EPS_A = 0.01


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """A row of the matrix for each phase of each circuit, a column for each station."""

    constraint_matrix: np.ndarray
    constraint_limits: np.ndarray
    phases: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Session:
    """A car at a station. Times in periods, its demand in A x periods."""

    station: int
    max_rate: float
    departs: float
    demand: float

    @property
    def laxity(self):
        return self.departs - self.demand / self.max_rate


def edf(sessions, infrastructure):
    """Earliest deadline first."""
    return _schedule(sorted(sessions, key=lambda session: session.departs), infrastructure)


def llf(sessions, infrastructure):
    """Least laxity first."""
    return _schedule(sorted(sessions, key=lambda session: session.laxity), infrastructure)


def _schedule(queue, infrastructure):
    rates = np.zeros(infrastructure.constraint_matrix.shape[1])
    if not _is_feasible(rates, infrastructure):
        raise ValueError("nothing at all is feasible")
    for session in queue:
        most = min(session.max_rate, session.demand)
        rates[session.station] = _max_feasible_rate(session.station, most, rates, infrastructure)
    return rates


def _max_feasible_rate(station, most, rates, infrastructure):
    if not _is_feasible(rates, infrastructure):
        raise ValueError("what was given already is not feasible")
    trial = rates.copy()
    trial[station] = most
    if _is_feasible(trial, infrastructure):
        return most
    low, high = 0.0, most
    while high - low > EPS_A:
        middle = (low + high) / 2
        trial = rates.copy()
        trial[station] = middle
        if _is_feasible(trial, infrastructure):
            low = middle
        else:
            high = middle
    return low


def _is_feasible(rates, infrastructure):
    limits = infrastructure.constraint_limits
    tolerance = np.maximum(1e-5, 1e-7 * limits)
    angles = np.deg2rad(infrastructure.phases)
    for row, factors in enumerate(infrastructure.constraint_matrix):
        parts = np.stack([factors * np.cos(angles), factors * np.sin(angles)])
        if not np.all(np.linalg.norm(parts @ rates, axis=0) <= limits[row] + tolerance[row]):
            return False
    return True
