"""One RS-485 line at 9600 Bd, a meter and eight other devices: `python -m tests.bench.line [--seconds N]`.

The line is a pseudo-terminal in another process that makes bytes as late as the wire would. The meter is read
every 400 ms; the others as a charger is, 20 registers, first twice a second each (more than fits), then every
four seconds. Beside what was measured stands what the wire allows.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from itertools import pairwise

from edge.catalogue import guards
from edge.core.errors import DeviceError
from edge.links.clock import SystemClock
from edge.links.modbus import INPUT, Lines, Urgency
from edge.meters.modbus import POLL_MS, meters_of
from edge.settings import read as read_site
from tests.bench.line_devices import BAUD, DEVICES, THINK_MS

REGISTERS = 20
BYTE_MS = 10 / BAUD * 1_000
ROUNDS = (("none", None, 0), ("every 4 s", 4.0, 0), ("all the time", 0.0, 0), ("every 4 s, 4 dead", 4.0, 4))


def wire_ms(registers):
    """A request and its answer: bytes, the silence before each, and the device's own time."""
    return (8 + 5 + 2 * registers + 2 * 3.5) * BYTE_MS + THINK_MS


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.line", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    alone_ms, other_ms = wire_ms(18), wire_ms(REGISTERS)
    print(
        f"{BAUD} Bd, 8N1: the meter's block takes {alone_ms:.0f} ms of the wire, another device's "
        f"{other_ms:.0f} ms; in {POLL_MS} ms there is room for the meter and "
        f"{(POLL_MS - alone_ms) / other_ms:.1f} others\n"
    )
    print(
        f"{'the eight others':<19}{'meter every':>12}{'95 %':>8}{'longest':>9}{'allowed':>9}{'over':>7}"
        f"{'others/s':>10}{'wire':>7}{'CPU':>7}"
    )
    for name, every_s, dead in ROUNDS:
        print(f"{name:<19}{asyncio.run(measure(every_s, dead, options.seconds))}", flush=True)


async def measure(every_s, dead, seconds):
    """One round, as a row."""
    wire = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.line_devices"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    port = (await wire.stdout.readline()).decode().strip()
    lines, readings, answers = Lines(), [], []
    (meter,) = meters_of(site(port), lines=lines, read=readings.append, clock=SystemClock())
    line = meter._device.line
    units = [] if every_s is None else [unit + 50 * (place < dead) for place, unit in enumerate(DEVICES)]

    async def ask(unit):
        device = line.device(unit)
        while True:
            try:
                await device.read(INPUT, 0, REGISTERS, urgency=Urgency.ROUTINE)
                answers.append(unit)
            except DeviceError:
                await asyncio.sleep(0.5)
            await asyncio.sleep(every_s)

    tasks = [asyncio.create_task(meter.run()), *(asyncio.create_task(ask(unit)) for unit in units)]
    cpu, began = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    cpu, took = time.process_time() - cpu, time.monotonic() - began
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    lines.close()
    _requests, collisions, short_gaps = (await wire.communicate(b"\n"))[0].split()
    assert (collisions, short_gaps) == (b"0", b"0"), "somebody spoke out of turn"
    gaps = [later.taken_ms - earlier.taken_ms for earlier, later in pairwise(readings)]
    allowed = max(POLL_MS, wire_ms(18))
    busy = len(readings) * wire_ms(18) + len(answers) * wire_ms(REGISTERS)
    mean, late = statistics.mean(gaps), statistics.quantiles(gaps, n=20)[-1]
    return (
        f"{mean:>9.0f} ms{late:>8.0f}{max(gaps):>9.0f}{allowed:>9.0f}{mean / allowed - 1:>7.1%}"
        f"{len(answers) / took:>10.1f}{busy / took / 1000:>7.0%}{cpu / took:>7.1%}"
    )


def site(port):
    """A site whose only meter is on that line."""
    return read_site(
        f'[line.rs485]\nport = "{port}"\nbaud = {BAUD}\n[grid]\nrating_a = 63\nbuilding_max_a = 40\n'
        '[grid.meter]\nmodel = "eastron-sdm630"\nline = "rs485"\n',
        guards(),
    ).accepted()


if __name__ == "__main__":
    main()
