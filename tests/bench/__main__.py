"""The table: `python -m tests.bench [--rounds N] [--chargers 10,50,200] [--json FILE]`."""

import argparse
import asyncio
import json
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from tests.bench.deciding import step_times
from tests.bench.frames import MESSAGES
from tests.bench.receiving import SIDES, cpu_per_message
from tests.bench.stepping import steps

FRAMES = {"ours": 1_000, "stock": 200, "stock, no thread": 200}


def main():
    options = arguments()
    print(
        f"Ampyard beside the stock ocpp {version('ocpp')} over websockets {version('websockets')}, "
        f"Python {platform.python_version()}, {platform.machine()}. Medians of {options.rounds} rounds, "
        "both sides in turn.\n",
        flush=True,
    )
    results = {
        "receiving": receiving(options.rounds),
        "stepping": stepping(options.chargers, options.rounds),
        "deciding": deciding(options.chargers, options.rounds),
    }
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, choices=range(1, 10), metavar="1-9")
    parser.add_argument("--chargers", type=numbers, default=(10, 50, 200), metavar="N,N,N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement there")
    return parser.parse_args()


def numbers(text):
    return tuple(int(number) for number in text.split(","))


def receiving(rounds):
    """CPU per received message."""
    print("Received message: text of the frame in, validated, handled, answer out; CPU in us")
    heading("message", "ours", "stock", "ratio", "no thread", "ratio")
    measured = {}
    for message in MESSAGES:
        spent = measured[message] = {name: [] for name in SIDES}
        for _ in range(rounds):
            for name, side in SIDES.items():
                spent[name].append(cpu_per_message(side, message, FRAMES[name]))
        ours, stock, plain = (statistics.median(spent[name]) for name in SIDES)
        row(message, f"{ours:.1f}", f"{stock:.1f}", ratio(ours, stock), f"{plain:.1f}", ratio(ours, plain))
    print(
        "stock: as shipped, it validates in a worker thread; no thread: with ASYNC_VALIDATION switched off\n"
    )
    return measured


def stepping(sizes, rounds):
    """From a step of the meter to the last profile."""
    print("Step of the site meter -> last SetChargingProfile received; ms")
    heading("chargers", "ours", "stock", "ratio", "CPU ours", "CPU stock", "ratio", "  wait + decide + send")
    measured = {}
    for count in sizes:
        results = measured[count] = asyncio.run(steps(count, rounds))
        ours, stock = (median(results[name], "last_ms") for name in ("ours", "stock"))
        our_cpu, their_cpu = (median(results[name], "cpu_ms") for name in ("ours", "stock"))
        parts = (median(results["ours"], part) for part in ("waiting_ms", "deciding_ms", "sending_ms"))
        row(
            str(count),
            f"{ours:.2f}",
            f"{stock:.2f}",
            ratio(ours, stock),
            f"{our_cpu:.1f}",
            f"{their_cpu:.1f}",
            ratio(our_cpu, their_cpu),
            "  " + " + ".join(f"{part:.2f}" for part in parts),
        )
    print(
        "ours: the whole application, with its page, journal and recorder; CPU of the whole process until\n"
        "0.2 s after the last frame, answers and records included. The meter is polled every 400 ms before "
        "that, on both sides.\n"
    )
    return measured


def deciding(sizes, rounds):
    """The core's step alone."""
    print("One step of the core; ms")
    heading("EVSEs", "at rest", "all fall")
    measured = {}
    for count in sizes:
        at_rest, falling = step_times(count, rounds)
        measured[count] = {"at_rest": at_rest, "falling": falling}
        row(str(count), f"{statistics.median(at_rest):.2f}", f"{statistics.median(falling):.2f}")
    return measured


def median(results, key):
    return statistics.median(result[key] for result in results)


def ratio(ours, stock):
    return f"{stock / ours:.1f} x"


def heading(first, *columns):
    print(f"{first:<26}" + "".join(f"{column:>12}" for column in columns))


def row(first, *cells):
    print(f"{first:<26}" + "".join(f"{cell:>12}" for cell in cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
