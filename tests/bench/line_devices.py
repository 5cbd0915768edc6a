"""A simulated RS-485 line in a process of its own: a meter and eight devices. Prints its port first."""

import asyncio
import sys

from edge.simulator.meter import Meter
from edge.simulator.rtu_line import RtuLine

BAUD, THINK_MS = 9_600, 10
DEVICES = range(11, 19)
CURRENTS = (41_000, 38_000, 44_000)


async def main() -> None:
    """Lives until its input ends."""
    line = RtuLine(baud=BAUD, think_ms=THINK_MS)
    for unit in (1, *DEVICES):
        meter = Meter("eastron-sdm630", unit=unit)
        meter.measure(CURRENTS, 0)
        line.devices.append((unit, meter))
    line.open()
    print(line.path, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(line.requests, line.collisions, line.short_gaps, flush=True)
    line.close()


if __name__ == "__main__":
    asyncio.run(main())
