"""The core's work on either interpreter: INTERPRETER board.py allocation|step COUNT ROUNDS.

Prints one JSON line: ms of each round, and what everybody got together, in mA.
"""

import gc
import json
import sys
import time


def now_us():
    return time.ticks_us() if hasattr(time, "ticks_us") else time.perf_counter_ns() // 1000


def allocation(count):
    """An allocation, to be repeated: claims and rooms alone."""
    from tests.bench import bare_claims  # noqa: PLC0415  each work pays for its own code

    return lambda: sum([claim.share_ma for claim in bare_claims.share_out(count)])


def step(count):
    """A whole step, from the images to the decision, to be repeated."""
    from tests.bench import deep_lot  # noqa: PLC0415
    from tests.bench.board_step import Steps  # noqa: PLC0415

    return Steps(deep_lot.lot(count)).cycle


def main(work, count, rounds):
    once = {"allocation": allocation, "step": step}[work](count)
    times, answer = [], 0
    for _ in range(rounds):
        gc.collect()
        began_us = now_us()
        answer = once()
        times.append((now_us() - began_us) / 1000)
    print(json.dumps([times, answer]))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
