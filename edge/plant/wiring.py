"""Which grid phase each terminal of an EVSE hangs on.

The plant does its own arithmetic here: a mistake in the controller's map must not cancel out against itself.
"""

from dataclasses import dataclass
from itertools import permutations

Triple = tuple[int, int, int]
"""One integer per phase, L1..L3."""

NOTHING: Triple = (0, 0, 0)

_THREE_PHASE = {"".join(f"L{p + 1}" for p in order): order for order in permutations(range(3))}
_ONE_PHASE = {f"L{p + 1}": (p,) for p in range(3)}
_ROTATIONS: dict[str, tuple[int, ...]] = {**_THREE_PHASE, **_ONE_PHASE}


def add(a: Triple, b: Triple) -> Triple:
    """The sum, phase by phase."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The grid phase (0..2) behind each terminal L1.. of an EVSE; one entry for a one-phase EVSE."""

    grid: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Wiring":
        """What a site file's `phase_rotation` says; ValueError when it names no real wiring."""
        try:
            return cls(grid=_ROTATIONS[text])
        except KeyError:
            raise ValueError(f"{text!r} is no wiring: {', '.join(_ROTATIONS)}") from None

    @property
    def phases(self) -> int:
        """How many terminals carry current."""
        return len(self.grid)

    def to_grid(self, terminals: Triple) -> Triple:
        """The same currents by grid phase; a terminal that is not wired carries nothing."""
        grid = [0, 0, 0]
        for terminal, phase in enumerate(self.grid):
            grid[phase] = terminals[terminal]
        return (grid[0], grid[1], grid[2])


STRAIGHT = Wiring(grid=(0, 1, 2))
