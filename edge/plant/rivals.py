"""How others share: the rules that are found in the field, each as one function over the same headroom.

All are as safe as the headroom that they are given: nothing is handed out twice, 0 or at least 6 A, whole
amperes, and the tolerance is left free for every car. They are told more than they would know in a lot: the
phases and the maximum of a car as soon as it plugs in, that it is full when it is, and, where the rule needs
it, departure and wish of every driver. What they lack is what such systems lack: pacing, learning of what a
car leaves unused, admission by more than the order of a list.

- FIFO: who came first gets all that fits, then the next. Car parks without a rule of their own do that.
- EDF: the same in the order of departure. LLF: in the order of laxity. Both as in acnportal's sorted
  algorithms: on the phases that a car uses.
- Round robin: everybody his minimum in the order of arrival, then an ampere each in turn, as acnportal does.
- Equal split: what a circuit has left on its fullest phase, divided by the cars on it. It is blind to
  phases, as simple chargers with "dynamic load balancing" are. Where a share is below 6 A, who
  came first gets 6 A.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.plant.arrivals import HOUR_MS

STEP_MA = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A car that wants current. `rooms`: the (circuit, phase) pairs it loads; `circuits` their circuits.

    A room is the index of a circuit x 3 + a phase, as in the core's lot.
    """

    bay: str
    rooms: tuple[int, ...]
    circuits: tuple[int, ...]
    min_ma: int
    max_ma: int
    arrived_ms: int
    departs_ms: int
    missing_wh: int
    power_w: int
    """The most that it can take."""

    def laxity_ms(self, now_ms: int) -> int:
        """How long it could still wait and be full in time."""
        return self.departs_ms - now_ms - self.missing_wh * HOUR_MS // max(1, self.power_w)


Rule = Callable[[Sequence[Demand], Sequence[int], int, int], dict[str, int]]
"""(demands, free mA per room, tolerance in mA, now) -> setpoints in mA; who is missing gets 0."""


def fifo(demands: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int, now_ms: int) -> dict[str, int]:
    """First come, first served."""
    del now_ms
    return _one_after_the_other(sorted(demands, key=_arrival), free_ma, tolerance_ma)


def earliest_deadline(
    demands: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int, now_ms: int
) -> dict[str, int]:
    """Who leaves first is served first."""
    del now_ms
    ranked = sorted(demands, key=lambda demand: (demand.departs_ms, demand.bay))
    return _one_after_the_other(ranked, free_ma, tolerance_ma)


def least_laxity(
    demands: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int, now_ms: int
) -> dict[str, int]:
    """Who can wait least is served first."""
    ranked = sorted(demands, key=lambda demand: (demand.laxity_ms(now_ms), demand.bay))
    return _one_after_the_other(ranked, free_ma, tolerance_ma)


def round_robin(
    demands: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int, now_ms: int
) -> dict[str, int]:
    """A minimum for each in order, then an ampere each in turn until nothing fits."""
    del now_ms
    free = list(free_ma)
    given: dict[str, int] = {}
    turn = []
    for demand in sorted(demands, key=_arrival):
        if _room_for(demand, free) >= demand.min_ma + tolerance_ma:
            given[demand.bay] = demand.min_ma
            _take(demand, free, demand.min_ma + tolerance_ma)
            turn.append(demand)
    while turn:
        again = []
        for demand in turn:
            fits = given[demand.bay] + STEP_MA <= demand.max_ma and _room_for(demand, free) >= STEP_MA
            if fits:
                given[demand.bay] += STEP_MA
                _take(demand, free, STEP_MA)
                again.append(demand)
        turn = again
    return given


def equal_split(
    demands: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int, now_ms: int
) -> dict[str, int]:
    """The same for everybody on a circuit, whatever phases they use."""
    del now_ms
    left = [min(free_ma[first : first + 3]) for first in range(0, len(free_ma), 3)]
    cars = [sum(circuit in demand.circuits for demand in demands) for circuit in range(len(left))]
    shares = [ma // max(1, number) for ma, number in zip(left, cars, strict=True)]
    given: dict[str, int] = {}
    for demand in sorted(demands, key=_arrival):
        share = min(shares[circuit] for circuit in demand.circuits) - tolerance_ma
        wished = max(demand.min_ma, min(demand.max_ma, share // STEP_MA * STEP_MA))
        if min(left[circuit] for circuit in demand.circuits) >= wished + tolerance_ma:
            given[demand.bay] = wished
            for circuit in demand.circuits:
                left[circuit] -= wished + tolerance_ma
    return given


RULES: Mapping[str, Rule] = {
    "fifo": fifo,
    "round-robin": round_robin,
    "edf": earliest_deadline,
    "llf": least_laxity,
    "equal": equal_split,
}


def _one_after_the_other(
    ranked: Sequence[Demand], free_ma: Sequence[int], tolerance_ma: int
) -> dict[str, int]:
    free = list(free_ma)
    given: dict[str, int] = {}
    for demand in ranked:
        fits = min(demand.max_ma, _room_for(demand, free) - tolerance_ma) // STEP_MA * STEP_MA
        if fits >= demand.min_ma:
            given[demand.bay] = fits
            _take(demand, free, fits + tolerance_ma)
    return given


def _room_for(demand: Demand, free: Sequence[int]) -> int:
    return min(free[room] for room in demand.rooms)


def _take(demand: Demand, free: list[int], ma: int) -> None:
    for room in demand.rooms:
        free[room] -= ma


def _arrival(demand: Demand) -> tuple[int, str]:
    return demand.arrived_ms, demand.bay
