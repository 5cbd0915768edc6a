"""What so many EVSEs ask for, in circuits three deep, and nothing else; on either interpreter.

The same lot as deep_lot's, as an allocation sees it: rooms and claims. Its EVSEs have no objects of their own
here, for what is asked is how much memory the allocation takes.
"""

from edge.core.allocation import allocate
from edge.core.claim import Claim

ROW = 10
ROWS_OF_A_FEEDER = 5
PER_BAY_MA = 10_000
NARROWER = (100, 107, 115)  # percent: main line, feeders, rows
MAXIMA_MA = (16_000, 20_000, 32_000)
MIN_MA = 6_000
STEP_MA = 1_000


def free_ma(count):
    """Of every room: the phases of the main line, of each feeder, of each row."""
    rows = -(-count // ROW)
    feeders = -(-rows // ROWS_OF_A_FEEDER)
    bays = [count] + [min(count, ROW * ROWS_OF_A_FEEDER)] * feeders + [ROW] * rows
    levels = [0] + [1] * feeders + [2] * rows
    rooms = []
    for each, level in zip(bays, levels):  # noqa: B905  MicroPython's zip knows no strict
        rooms.extend([each * PER_BAY_MA * NARROWER[level] // 100] * 3)
    return rooms


def claims(count):
    """What everybody asks for; who loads the same rooms shares one tuple of them."""
    rows = -(-count // ROW)
    feeders = -(-rows // ROWS_OF_A_FEEDER)
    shared = {}
    asked = []
    for number in range(count):
        row = number // ROW
        phases = ((number // 3) % 3,) if number % 3 == 2 else (0, 1, 2)
        key = (row, phases)
        if key not in shared:
            circuits = (1 + feeders + row, 1 + row // ROWS_OF_A_FEEDER, 0)
            shared[key] = tuple([3 * circuit + phase for circuit in circuits for phase in phases])
        asked.append(
            Claim(
                evse="bay-" + str(10_000 + number),
                rooms=shared[key],
                min_ma=MIN_MA,
                cap_ma=MAXIMA_MA[number % 3],
                step_ma=STEP_MA,
                tier=0,
                order=(True, 0, True, number),
                tolerance_ma=0,
                idle_ma=0,
            )
        )
    return asked


def share_out(count):
    """From nothing to everybody's share."""
    asked = claims(count)
    allocate(asked, free_ma(count))
    return asked
