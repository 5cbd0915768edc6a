"""A lot three circuits deep, and its allocation by the core; on either interpreter.

Rows of ten EVSEs, feeders of five rows, the main line. One car in three uses one phase, wiring rotates,
maxima differ, everybody fits with his minimum and nobody gets all that he could take.
"""

from edge.core.allocation import allocate
from edge.core.circuit import Circuit, Tree
from edge.core.claim import Claim
from edge.core.evse import Evse
from edge.core.lot import Lot

ROW = 10
ROWS_OF_A_FEEDER = 5
PER_BAY_MA = 10_000
NARROWER = (100, 107, 115)  # percent: main line, feeders, rows
ROTATIONS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
MAXIMA_MA = (16_000, 20_000, 32_000)


def lot(count):
    """So many EVSEs, in circuits three deep."""
    rows = -(-count // ROW)
    feeders = -(-rows // ROWS_OF_A_FEEDER)
    circuits = [circuit("grid", None, count, 0)]
    circuits += [
        circuit("feeder-" + str(feeder), "grid", min(count, ROW * ROWS_OF_A_FEEDER), 1)
        for feeder in range(feeders)
    ]
    circuits += [
        circuit("row-" + str(row), "feeder-" + str(row // ROWS_OF_A_FEEDER), ROW, 2) for row in range(rows)
    ]
    evses = [
        Evse(
            id="bay-" + str(10_000 + number),
            circuit="row-" + str(number // ROW),
            max_ma=MAXIMA_MA[number % 3],
            wiring=ROTATIONS[number // 3 % 3],
        )
        for number in range(count)
    ]
    return Lot(Tree(circuits), evses, stale_after_ms={"grid": 5_000})


def circuit(name, parent, bays, level):
    rating_ma = bays * PER_BAY_MA * NARROWER[level] // 100
    return Circuit(name, parent=parent, rating_ma=rating_ma, building_max_ma=0, is_metered=parent is None)


def phases(evse, number):
    """Of the car that stands there: every third uses only the first terminal."""
    return evse.wiring[:1] if number % 3 == 2 else evse.phases


def claims(here):
    """What everybody asks for."""
    return [
        Claim(
            evse=evse.id,
            rooms=here.rooms_of(evse, phases(evse, number)),
            min_ma=evse.min_ma,
            cap_ma=evse.max_ma,
            step_ma=evse.step_ma,
            tier=0,
            order=(True, 0, True, number, evse.id),
            tolerance_ma=0,
            idle_ma=0,
        )
        for number, evse in enumerate(here.evses)
    ]


def share_out(here):
    """From the EVSEs to everybody's share, from nothing."""
    free_ma = []
    for name in here.tree.names:
        free_ma.extend(here.tree.rating(name))
    asked = claims(here)
    allocate(asked, free_ma)
    return asked
