"""What everything but the chargers draws: steady load, steps, slow drift and noise."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from edge.plant.wiring import NOTHING, Triple


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingPlan:
    """The habits of a building, mA per phase."""

    steady_ma: Triple = NOTHING
    drift_ma: int = 0
    """How far the load wanders to either side."""
    drift_period_ms: int = 600_000
    noise_ma: int = 0
    """How far single loads make it jump to either side."""
    noise_period_ms: int = 1_000
    seed: int = 0


class Building:
    """A building's load as a function of time; only steps are remembered."""

    __slots__ = ("_plan", "_steps")

    def __init__(self, plan: BuildingPlan) -> None:
        self._plan = plan
        self._steps: list[tuple[int, Triple]] = [(-1, plan.steady_ma)]

    def set_phase(self, phase: int, load_ma: int, at_ms: int) -> None:
        """Makes the steady load of one phase (0..2) this, from then on."""
        steady = list(self.steady_ma(at_ms))
        steady[phase] = load_ma
        self.set_steady((steady[0], steady[1], steady[2]), at_ms)

    def set_steady(self, load_ma: Triple, at_ms: int) -> None:
        """Makes the steady load this, from then on; later steps that were planned remain."""
        self._steps.append((at_ms, load_ma))
        self._steps.sort(key=lambda step: step[0])

    def steady_ma(self, now_ms: int) -> Triple:
        """The load without drift and noise."""
        return self._steps[bisect_right(self._steps, now_ms, key=lambda step: step[0]) - 1][1]

    def load_ma(self, now_ms: int) -> Triple:
        """What the building draws at that moment; the same moment always gives the same answer."""
        steady = self.steady_ma(now_ms)
        drift = self._drift_ma(now_ms)
        noise = Random(f"{self._plan.seed}/{now_ms // self._plan.noise_period_ms}")
        reach = self._plan.noise_ma
        a, b, c = (max(0, load + drift + noise.randint(-reach, reach)) for load in steady)
        return (a, b, c)

    def most_ma(self, now_ms: int) -> Triple:
        """The most that drift and noise can make of the present steady load."""
        reach = self._plan.drift_ma + self._plan.noise_ma
        a, b, c = (load + reach for load in self.steady_ma(now_ms))
        return (a, b, c)

    def _drift_ma(self, now_ms: int) -> int:
        turn = 2 * math.pi * (now_ms % self._plan.drift_period_ms) / self._plan.drift_period_ms
        return round(self._plan.drift_ma * math.sin(turn))
