"""Amperes on three phases, as integers, and which way each number may be rounded.

A triple is `(L1, L2, L3)` in mA, positive towards consumption. Load rounds up and offers
round down: an error of rounding costs comfort, never a breaker. None is unknown, 0 is zero.
"""

PHASES = (0, 1, 2)
NOTHING = (0, 0, 0)

# EVSE terminals L1..L3 -> grid phases. A single letter is a one-phase EVSE.
ROTATIONS = {
    "L1L2L3": (0, 1, 2),
    "L2L3L1": (1, 2, 0),
    "L3L1L2": (2, 0, 1),
    "L1L3L2": (0, 2, 1),
    "L2L1L3": (1, 0, 2),
    "L3L2L1": (2, 1, 0),
    "L1": (0,),
    "L2": (1,),
    "L3": (2,),
}

VEHICLE_MINIMUM_MA = 6000  # IEC 61851-1 table A.7: a duty cycle below 10 % (6 A) offers nothing


def plus(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    """The sum, phase by phase."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def minus(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    """The difference, phase by phase."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def larger(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    """The larger of a and b, phase by phase."""
    if a[0] >= b[0] and a[1] >= b[1] and a[2] >= b[2]:
        return a
    return (max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]))


def smaller(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    """The smaller of a and b, phase by phase."""
    if a[0] <= b[0] and a[1] <= b[1] and a[2] <= b[2]:
        return a
    return (min(a[0], b[0]), min(a[1], b[1]), min(a[2], b[2]))


def everywhere(ma: int) -> tuple[int, int, int]:
    """The same current on every phase."""
    return (ma, ma, ma)


def on_phases(ma: int, phases: tuple[int, ...]) -> tuple[int, int, int]:
    """`ma` on the named grid phases (each at most once), nothing on the others."""
    if len(phases) == 3:
        return (ma, ma, ma)
    return (ma if 0 in phases else 0, ma if 1 in phases else 0, ma if 2 in phases else 0)


def to_grid(terminals: list[int] | tuple[int, ...], wiring: tuple[int, ...] | None) -> tuple[int, int, int]:
    """Currents at the EVSE's terminals L1.. as currents on the grid's phases.

    An unknown wiring (None) books the largest of them on every phase: whichever it is, it is counted.
    """
    if wiring is None:
        return everywhere(max(terminals)) if terminals else NOTHING
    if wiring == PHASES and len(terminals) == 3:
        return (terminals[0], terminals[1], terminals[2])
    grid = [0, 0, 0]
    for terminal, phase in enumerate(wiring):
        if terminal < len(terminals):
            grid[phase] += terminals[terminal]
    return (grid[0], grid[1], grid[2])
