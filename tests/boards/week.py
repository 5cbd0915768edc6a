"""Days of a small lot on the real interpreter, in virtual time: `python -m tests.boards.week [--hours 168]`.

Eight bays, a building that goes up and down, cars that come, take what they are offered, stop by themselves
and leave; links that are lost. Every cycle is a whole one of the board: the image, the step, sessions in a
flash journal; the links are not in it. What flows is held against the fuse in every second. Printed
are the cycle's time, the highest that the heap was, and what was left of it in one piece at the end.
"""

import argparse
import asyncio
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

from boards import build
from tests.boards.plant import Board
from tests.boards.small_lot import BAYS, CHARGER, SITE

PROGRAM = """
import gc, json, random, time
from boards.common.log import Log
from boards.controller.lot import Controller
from boards.controller.sessions import Sessions
from boards.controller.site_constants import SITE

CYCLES, SEED = {cycles}, {seed}
RATING, REACTION = 80_000, 12

class Bay:
    letter, terminals_ma, sampled_ms, energy_wh, is_linked, losses = "A", (0, 0, 0), 0, 1_000, True, 0
    limit_ma, flows_ma, told_ms, wish_wh, mwh, fell_ms = 0, 0, 0, 0, 0, None
    @property
    def has_car(self):
        return self.letter != "A"

def move(bay, now_ms):
    if bay.letter == "A":
        if chance.randrange(1_800) == 0:
            bay.letter, bay.wish_wh = "B", chance.randrange(2_000, 30_000)
    elif chance.randrange(14_400) == 0:
        bay.letter, bay.flows_ma = "A", 0
    if chance.randrange(40_000) == 0 and bay.is_linked:
        bay.is_linked, bay.fell_ms = False, now_ms + 60_000
        bay.losses += 1
    elif not bay.is_linked and chance.randrange(90) == 0:
        bay.is_linked = True
    limit = bay.limit_ma
    if not bay.is_linked and bay.fell_ms is not None and now_ms >= bay.fell_ms:
        limit = min(limit, 6_000)
    wants = bay.letter != "A" and bay.wish_wh > 0
    bay.flows_ma = limit if wants and limit >= 6_000 else 0
    if bay.letter != "A":
        bay.letter = "C" if bay.flows_ma else "B"
    bay.mwh += bay.flows_ma * 230 * 3 // 3_600
    wh = bay.mwh // 1_000
    bay.mwh -= wh * 1_000
    bay.energy_wh += wh
    bay.wish_wh -= wh
    if now_ms % 10_000 == 0:
        bay.terminals_ma, bay.sampled_ms = (bay.flows_ma,) * 3, now_ms

chance = random
chance.seed(SEED)
bays = {{name: Bay() for name in SITE["chargers"]}}
log = Log({root!r} + "/log", most_files=24)
sessions = Sessions({root!r}, log, accept="all")
controller = Controller(SITE, bays, now_ms=0)
began, building, highest, slowest, over, worst_over, taken, total = {{}}, 10_000, 0, 0, 0, 0, 0, 0
gc.collect()
loaded = gc.mem_alloc()
for second in range(1, CYCLES + 1):
    now_ms = second * 1_000
    if chance.randrange(300) == 0:
        building = chance.randrange(5_000, 24_000)
    for bay in bays.values():
        move(bay, now_ms)
    flows = building + sum(bay.flows_ma for bay in bays.values())
    over = over + 1 if flows > RATING else 0
    worst_over = max(worst_over, over)
    controller.reading("grid", (flows, flows + second % 7, flows), now_ms)
    for number, name in enumerate(SITE["chargers"]):
        bay = bays[name]
        if bay.is_linked:
            now_s = 1_700_000_000 + second
            sessions.note(name, number + 1, has_car=bay.has_car, energy_wh=bay.energy_wh, now_s=now_s)
    for name in sessions.running:
        began.setdefault(name, now_ms)
    for name in [name for name in began if name not in sessions.running]:
        del began[name]
    ticks = time.ticks_us()
    decision = controller.cycle(sessions.running, began, now_ms)
    took = time.ticks_diff(time.ticks_us(), ticks)
    slowest, total = max(slowest, took), total + took
    for offer in decision.offers:
        bay = bays[offer.evse]
        if bay.is_linked:
            bay.limit_ma, bay.fell_ms = offer.limit_ma, None
        controller.outcome(offer, now_ms, is_confirmed=bay.is_linked)
    while log.waiting > 40:
        log.told(log.oldest()[0])
        taken += 1
    highest = max(highest, gc.mem_alloc())
    if second % 3_600 == 0:
        print("hour", second // 3_600, len(sessions.running), flows, worst_over)
gc.collect()
left = gc.mem_alloc()
piece = 1_024
while True:
    try:
        bytearray(piece * 2)
    except MemoryError:
        break
    piece *= 2
print(json.dumps([loaded, highest, left, gc.mem_free(), piece, total // CYCLES, slowest, worst_over, taken]))
"""


async def days(hours, seed, *, heap="256k", report=lambda _: None):
    """What the program found."""
    with tempfile.TemporaryDirectory(prefix="ampyard-week-") as folder:
        chargers = "".join(
            CHARGER.format(name=name, port=1502, unit=number + 1) for number, name in enumerate(BAYS)
        )
        text = SITE.format(meter_host="10.0.0.2", meter_port=502, chargers=chargers, cloud="ws://10.0.0.3/x")
        site = Path(folder) / "site.toml"
        site.write_text(text)
        with contextlib.redirect_stdout(io.StringIO()):
            build.build("controller", site, Path(folder))
        board = Board(folder, 0, heap=heap, program=Path(folder) / "slot_a")
        await board.start(PROGRAM.format(cycles=hours * 3_600, seed=seed, root=folder))
        last = ""
        async for line in board.process.stdout:
            last = line.decode().strip()
            if last.startswith("hour"):
                report(last)
        await board.process.wait()
        return last


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.boards.week", description=__doc__)
    parser.add_argument("--hours", type=int, default=168)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--heap", default="256k")
    options = parser.parse_args()
    last = asyncio.run(days(options.hours, options.seed, heap=options.heap, report=print))
    if not last.startswith("["):
        print(last)
        return 1
    loaded, highest, left, free, piece, mean_us, slowest_us, over_s, told = json.loads(last)
    print(
        f"{options.hours} hours, heap {options.heap}: program and lot {loaded:,} bytes, highest {highest:,}, "
        f"at the end {left:,} with {free:,} free, {piece:,} of it in one piece\n"
        f"a cycle {mean_us / 1000:.1f} ms, the slowest {slowest_us / 1000:.1f} ms; "
        f"longest above the fuse {over_s} s; {told:,} records told"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
