"""Lots for days: circuits and EVSEs in a line or two."""

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse
from edge.core.lot import Lot

ROTATIONS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def lot(bays=6, *, grid_a=63, building_a=25, max_a=32, rows=0, row_a=40, wirings=ROTATIONS):
    """`rows` feeders below the grid, the bays dealt out over them; without rows all hang on the grid."""
    circuits = [
        Circuit(
            "grid",
            parent=None,
            rating_ma=grid_a * 1000,
            building_max_ma=building_a * 1000,
            is_metered=True,
        )
    ]
    circuits += [
        Circuit(f"row-{row}", parent="grid", rating_ma=row_a * 1000, building_max_ma=0, is_metered=False)
        for row in range(rows)
    ]
    evses = [
        Evse(
            id=f"bay-{n:02}",
            circuit=f"row-{n % rows}" if rows else "grid",
            max_ma=max_a * 1000,
            fallback_ma=0,
            wiring=wirings[n // max(1, rows) % len(wirings)],
        )
        for n in range(bays)
    ]
    return Lot(Tree(circuits), evses, stale_after_ms={"grid": 5_000})
