"""Random instances by the million: `python -m tests.core.many --instances 1000000 --seed S --jobs 2`.

Of every five instances four are single allocations, one is a step in the history of a random lot; each is
judged by itself (random_claims.py, random_histories.py). Prints how far it is and how long it still takes;
every violation with the command that shows it again; a table; and exits with 1 when there was one.
`--show allocation/S/NUMBER` or `--show history/S/NUMBER` plays one instance and prints all of it.
"""

import argparse
import multiprocessing
import pprint
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from edge.core.allocation import allocate
from edge.core.step import step
from tests.core import random_claims
from tests.core.random_histories import History

STEPS = 50  # of one history
BATCH = 1_000  # allocations that go with five histories
HISTORIES = BATCH // 4 // STEPS
SHOWN = 20


@dataclass(slots=True)
class Found:
    """What instances there were and what was wrong: (name of the instance, violation).

    A violation begins with the number of the invariant.
    """

    allocations: int = 0
    steps: int = 0
    claims: int = 0
    setpoints: int = 0
    violations: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.allocations += other.allocations
        self.steps += other.steps
        self.claims += other.claims
        self.setpoints += other.setpoints
        self.violations += other.violations

    @property
    def instances(self) -> int:
        return self.allocations + self.steps


def batch(seed: int, number: int) -> Found:
    """A thousand allocations and five histories, all judged."""
    found = allocations(seed, number)
    found.add(histories(seed, number))
    return found


def allocations(seed: int, number: int, *, rule=allocate) -> Found:
    found = Found()
    for index in range(number * BATCH, (number + 1) * BATCH):
        name = f"allocation/{seed}/{index}"
        chance = Random(name)
        instance = random_claims.drawn(chance, needs=True)
        found.allocations += 1
        found.claims += len(instance.cars)
        found.violations += [(name, each) for each in random_claims.violations(instance, chance, rule=rule)]
    return found


def histories(seed: int, number: int, *, rule=step) -> Found:
    found = Found()
    for index in range(number * HISTORIES, (number + 1) * HISTORIES):
        name = f"history/{seed}/{index}"
        history = History(Random(name), rule=rule)
        for _ in range(STEPS):
            found.violations += [(name, each) for each in history.take()]
            found.steps += 1
            found.setpoints += len(history.setpoints)
    return found


def _batch(seed_and_number: tuple[int, int]) -> Found:
    return batch(*seed_and_number)


def run(instances: int, seed: int, jobs: int) -> Found:
    """All batches, with a line of progress every few seconds."""
    count = -(-instances // (BATCH + HISTORIES * STEPS))
    whole, began, told = Found(), time.monotonic(), 0.0
    for done, found in enumerate(_batches(count, seed, jobs), 1):
        for name, violation in found.violations[: max(0, SHOWN - len(whole.violations))]:
            print(f"{name}: {violation}\n  again: python -m tests.core.many --show {name}", flush=True)
        whole.add(found)
        now = time.monotonic()
        if now - told >= 10 or done == count:
            told = now
            left_s = (now - began) / done * (count - done)
            print(
                f"{whole.instances:>9,} instances, {len(whole.violations)} violations, "
                f"{whole.instances / (now - began):,.0f} a second, {left_s / 60:.1f} min left",
                flush=True,
            )
    return whole


def _batches(count: int, seed: int, jobs: int) -> Iterator[Found]:
    work = [(seed, number) for number in range(count)]
    if jobs == 1:
        yield from map(_batch, work)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_batch, work)


def show(name: str) -> int:
    """Play one instance again and print what it is, what came out and what is wrong with that."""
    kind, _, _ = name.split("/")
    chance = Random(name)
    if kind == "allocation":
        instance = random_claims.drawn(chance, needs=True)
        print(pprint.pformat(instance, width=160))
        answer = random_claims.answered(instance)
        print("left, mA:", answer.left_ma)
        for claim, level_ma in random_claims.exact_shares(answer):
            print(f"{claim.evse}: {claim.share_ma} mA, exactly {level_ma:.1f}")
        violations = random_claims.violations(instance, chance)
    else:
        history = History(chance)
        print(pprint.pformat([history.circuits, history.evses, history.times], width=160))
        violations = []
        for place in range(STEPS):
            found = history.take()
            print(place, history.now_ms, history.setpoints, *found)
            violations += found
    print(*violations or ["no violation"], sep="\n")
    return 1 if violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.core.many", description=__doc__)
    parser.add_argument("--instances", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--jobs", type=int, default=1, metavar="K")
    parser.add_argument("--show", metavar="NAME", help="play one instance again")
    options = parser.parse_args()
    if options.show:
        return show(options.show)
    found = run(options.instances, options.seed, options.jobs)
    by_invariant = Counter(violation[0] for _, violation in found.violations)
    print(
        f"seed {options.seed}: {found.allocations:,} allocations with {found.claims:,} claims, "
        f"{found.steps:,} steps with {found.setpoints:,} setpoints, {len(found.violations)} violations"
        + "".join(f", {count} of invariant {which}" for which, count in sorted(by_invariant.items()))
    )
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
