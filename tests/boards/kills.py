"""A board whose power is cut while it keeps records: `python -m tests.boards.kills [--kills 500]`.

A process of the real interpreter appends records and says of each that it is kept; it is killed at any
moment, started again, and must still have every record that it had said so of, in order, once. A program that
says so before it writes must be caught by the same run.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.boards.plant import MICROPYTHON, ROOT

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from boards.common.log import Log
log = Log({path!r}, most_files=100000)
numbers = [number for number, _ in log.all()]
print("found", numbers[0] if numbers else 0, numbers[-1] if numbers else 0, len(numbers))
number = log._last
while True:
    if {control}:
        print("kept", number + 1)
    number = log.append({{"k": "start", "x": number + 1, "pad": "x" * (number % 300)}})
    if not {control}:
        print("kept", number)
    if number % 40 == 0:
        log.told(number - 20)
"""


class Run:
    """One board over many lives."""

    def __init__(self, folder, chance, *, control=False):
        self.path = str(Path(folder) / "log")
        self.chance = chance
        self.control = control
        self.kept = 0
        self.lost = 0
        self.lives = 0

    async def live(self):
        """Until it is killed; what it had said before must be there."""
        program = PROGRAM.format(root=str(ROOT), path=self.path, control=self.control)
        board = await asyncio.create_subprocess_exec(
            MICROPYTHON, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        found = (await board.stdout.readline()).split()
        if not found or found[0] != b"found":
            raise RuntimeError((b" ".join(found) + await board.stdout.read()).decode())
        first, last, count = map(int, found[1:])
        self.lost += max(0, self.kept - last) + (last - first + 1 - count if count else 0)
        await asyncio.sleep(self.chance.uniform(0.002, 0.03))
        board.kill()
        said = (await board.stdout.read()).decode().split("\n")[:-1]  # whole lines
        await board.wait()
        if any("Traceback" in line for line in said):
            raise RuntimeError("\n".join(said[-8:]))
        numbers = [int(line.split()[1]) for line in said if line.startswith("kept ")]
        self.kept = max([last, *numbers])
        self.lives += 1


async def kills(count, seed, *, control=False, report=lambda _: None):
    """(lost, kept) over so many kills."""
    with tempfile.TemporaryDirectory(prefix="ampyard-log-") as folder:
        run = Run(folder, random.Random(seed), control=control)
        for number in range(count):
            await run.live()
            if number % 50 == 49:
                report(f"  {number + 1} kills, {run.kept:,} records kept, {run.lost} lost")
        await run.live()
        return run.lost, run.kept


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.boards.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lost, kept = asyncio.run(kills(options.kills, options.seed, report=print))
    print(f"{options.kills} kills, seed {options.seed}: {kept:,} records kept, {lost} lost")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
