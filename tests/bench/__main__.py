"""The table: `python -m tests.bench [--rounds N] [--chargers 10,50,200] [--json FILE]`."""

import argparse
import asyncio
import json
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from tests.bench import boards, serving
from tests.bench.allocating import RULES, allocation_times, rival_times, slope
from tests.bench.deciding import step_times
from tests.bench.frames import MESSAGES, NEW_MESSAGES
from tests.bench.receiving import NEW_SIDES, SIDES, cpu_per_message
from tests.bench.stepping import steps

VECTORS = Path(__file__).parents[1] / "vectors"
ALLOCATED = (10, 50, 200, 1_000)
BESIDE = 100
RIVAL_ROUNDS = 3
BOARD_EVSES = 200
BOARD_KIB = 128
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
        "receiving 2.0.1": receiving(options.rounds, "2.0.1", NEW_MESSAGES, NEW_SIDES),
        "serving": serving_beside_npm(options.rounds),
        "memory": memory(),
        "stepping": stepping(options.chargers, options.rounds),
        "deciding": deciding(options.chargers, options.rounds),
        "allocating": allocating(options.rounds),
        "boards": on_boards(options.rounds),
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


def receiving(rounds, spoken="1.6", kinds=MESSAGES, sides=SIDES):
    """CPU per received message of one version."""
    print(f"Received message, OCPP {spoken}: text in, validated, handled, answer out; CPU in us")
    heading("message", "ours", "stock", "ratio", "no thread", "ratio")
    measured = {}
    for message in kinds:
        spent = measured[message] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                spent[name].append(cpu_per_message(side, message, FRAMES[name], kinds))
        ours, stock, plain = (statistics.median(spent[name]) for name in sides)
        row(message, f"{ours:.1f}", f"{stock:.1f}", ratio(ours, stock), f"{plain:.1f}", ratio(ours, plain))
    print(
        "stock: as shipped, it validates in a worker thread; no thread: with ASYNC_VALIDATION switched off\n"
    )
    return measured


def serving_beside_npm(rounds):
    """A whole server over sockets."""
    print(f"A server with {serving.STATIONS} stations on real sockets, one CALL of each under way; CPU in us")
    heading("message", "ours", "ocpp-rpc", "ours/theirs", "ours a s", "theirs a s")
    measured = asyncio.run(serving.bursts(rounds))
    for message, sides in measured.items():
        ours, theirs = (median(sides[name], "cpu_us") for name in ("ours", "ocpp-rpc"))
        rates = [f"{median(sides[name], 'per_s'):.0f}" for name in ("ours", "ocpp-rpc")]
        row(message, f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}", *rates)
    print(
        "ocpp-rpc: npm's, strict mode, answers at once. Each server has one core, its stations the other.\n"
    )
    return measured


def memory():
    """What connections cost."""
    idle, whole = asyncio.run(serving.idle_bytes()), asyncio.run(serving.resident())
    print(f"One more idle connection: {idle / 1024:.1f} KiB")
    print(f"The whole application with {serving.MANY} chargers: {whole / 2**20:.1f} MiB resident\n")
    return {"idle_bytes": idle, "resident_bytes": whole}


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
        "stock: shares out equally, without circuits, phases, books or reasons: it decides less.\n"
    )
    return measured


def deciding(sizes, rounds):
    """The step alone, and with what stands before and after it."""
    print("One step; ms. Frames: from the image to the last profile ready to be sent, of those that all fall")
    heading("EVSEs", "at rest", "all fall", "with frames")
    measured = {}
    for count in sizes:
        at_rest, falling, whole = step_times(count, rounds)
        measured[count] = {"at_rest": at_rest, "falling": falling, "whole": whole}
        row(str(count), *[f"{statistics.median(times):.2f}" for times in (at_rest, falling, whole)])
    print()
    return measured


def allocating(rounds):
    """How the allocation grows, and the rule of ACN-Sim beside it."""
    print("Allocation alone, on circuits three deep; ms")
    heading("EVSEs", "ours")
    times = {count: allocation_times(count, rounds) for count in ALLOCATED}
    medians = {count: statistics.median(each) for count, each in times.items()}
    for count, ms in medians.items():
        row(str(count), f"{ms:.2f}")
    print(f"slope of log time over log EVSEs: {slope(medians):.2f}")
    ours = statistics.median(allocation_times(BESIDE, rounds))
    row(f"{BESIDE}", f"{ours:.2f}")
    beside = {name: rival_times(name, BESIDE, RIVAL_ROUNDS) for name in RULES}
    for name, each in beside.items():
        theirs = statistics.median(each)
        row(f"{BESIDE}, {name} of ACN-Sim", f"{theirs:.2f}", ratio(ours, theirs))
    print("their rule, by bisection with numpy, written anew after acnportal: tests/bench/acn.py\n")
    return {"ours": times, "beside": beside}


def on_boards(rounds):
    """The same work under MicroPython."""
    measured = {}
    with boards.compiled() as (folder, sizes):
        print(f"MicroPython beside CPython, {BOARD_EVSES} EVSEs on circuits three deep; ms")
        heading("work", "CPython", "MicroPython", "ratio", "least heap", f"in {BOARD_KIB} KiB")
        for work in boards.WORKS:
            here, answer = boards.run_here(work, BOARD_EVSES, rounds)
            there, same = boards.run_there(folder, boards.ROOMY_KIB, work, BOARD_EVSES, rounds)
            assert answer == same, f"{work}: {answer} here, {same} there"
            least_kib = boards.smallest_heap_kib(folder, work, BOARD_EVSES)
            carried = boards.carried(folder, work, BOARD_KIB)
            times = statistics.median(here), statistics.median(there)
            row(
                work,
                *[f"{ms:.1f}" for ms in times],
                f"{times[1] / times[0]:.1f} x",
                f"{least_kib} KiB",
                f"{carried} EVSEs",
            )
            measured[work] = {"here": here, "there": there, "least_kib": least_kib, "carried": carried}
        print(
            "heap: with the compiled code in it, on a port of 64-bit words; 32-bit words were not measured.\n"
            f"core compiled with mpy-cross: {sum(sizes.values())} bytes in {len(sizes)} files; "
            f"{len(list(VECTORS.glob('*.json')))} hand-checkable cases in tests/vectors"
        )
    return {**measured, "compiled_bytes": sizes}


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
