"""Max-min shares by linear programs: `python -m tests.core.max_min --trees 500 --seed S`.

The reference knows nothing of water, events or rooms that fill: in each round it maximises the smallest share
that is not yet fixed, and fixes those that no solution could raise further, which are those whose bound has a
price. It is compared with the rule on random trees up to four deep, tier by tier, with cars on one, two or
three phases and steps of different size. What the rule gives must be less than a step below it for everyone.
Prints the largest deviations, and exits with 1 when one was a step or more.
"""

import argparse
import sys
from dataclasses import dataclass, field, replace
from random import Random

from edge.core.allocation import allocate
from edge.core.claim import Claim
from tests.core.random_claims import EPSILON, TOLERANCE_MA, Answer, answered, drawn, exact_shares

PRICED = 1e-7


def reference(answer: Answer) -> list[tuple[Claim, float]]:
    """For everybody admitted the max-min share within its tier, after what higher tiers really got."""
    free_ma = [float(free) for free in answer.instance.free_ma]
    for claim in answer.claims:
        for room in claim.rooms:
            free_ma[room] -= claim.idle_ma
    found = []
    for tier in sorted({claim.tier for claim in answer.claims}, reverse=True):
        members = [claim for claim in answer.claims if claim.tier == tier and claim.share_ma]
        for claim in members:
            for room in claim.rooms:
                free_ma[room] -= TOLERANCE_MA - claim.idle_ma
        found += zip(members, max_min(members, free_ma), strict=True)
        for claim in members:
            for room in claim.rooms:
                free_ma[room] -= claim.share_ma
    return found


def max_min(members: list[Claim], free_ma: list[float]) -> list[float]:
    """Each member's share. One linear program a round: maximise t, t <= share of everybody not yet fixed."""
    from scipy.optimize import linprog  # noqa: PLC0415  an optional extra

    count = len(members)
    bounds: list[tuple[float, float]] = [(claim.min_ma, claim.cap_ma) for claim in members]
    rooms = sorted({room for claim in members for room in claim.rooms})
    loads = [[1.0 if room in claim.rooms else 0.0 for claim in members] + [0.0] for room in rooms]
    rising = list(range(count))
    while rising:
        smallest = [[-1.0 if index == one else 0.0 for index in range(count)] + [1.0] for one in rising]
        solved = linprog(
            [0.0] * count + [-1.0],
            A_ub=loads + smallest,
            b_ub=[free_ma[room] for room in rooms] + [0.0] * len(rising),
            bounds=[*bounds, (None, None)],
            method="highs",
        )
        if not solved.success:
            raise ValueError(solved.message)
        level_ma = float(solved.x[-1])
        prices = solved.ineqlin.marginals[len(rooms) :]
        stuck = [one for one, price in zip(rising, prices, strict=True) if price < -PRICED]
        for one in stuck:
            bounds[one] = (level_ma, level_ma)
        if not stuck:
            raise ValueError("the smallest share is bounded by nobody's")
        rising = [one for one in rising if one not in stuck]
    return [bound for bound, _ in bounds]


@dataclass(slots=True)
class Compared:
    """Deviations: below the reference in steps, above it in steps of the largest size there; too little.

    `exact_ma`: by how much the shares that the judge of the million fills up differ from it.
    """

    trees: int = 0
    shares: int = 0
    below: float = 0.0
    above: float = 0.0
    exact_ma: float = 0.0
    too_little: list[str] = field(default_factory=list)


def compare(trees: int, seed: int, *, rule=allocate) -> Compared:
    compared = Compared()
    number = 0
    while compared.trees < trees:
        name = f"max-min/{seed}/{number}"
        number += 1
        instance = drawn(Random(name), cars=24)
        plenty = tuple(free_ma * (1 + number % 3) for free_ma in instance.free_ma)
        answer = answered(replace(instance, free_ma=plenty), rule=rule)
        shares = reference(answer)
        if len(shares) < 2:
            continue  # nothing to share out
        compared.trees += 1
        exact = {claim.evse: level_ma for claim, level_ma in exact_shares(answer)}
        largest_ma = max(claim.step_ma for claim, _ in shares)
        for claim, level_ma in shares:
            compared.shares += 1
            below = (level_ma - claim.share_ma) / claim.step_ma
            compared.below = max(compared.below, below)
            compared.above = max(compared.above, (claim.share_ma - level_ma) / largest_ma)
            compared.exact_ma = max(compared.exact_ma, abs(exact[claim.evse] - level_ma))
            if below >= 1 + EPSILON:
                compared.too_little.append(f"{name}: {claim.evse} has {claim.share_ma} of {level_ma:.1f} mA")
    return compared


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.core.max_min", description=__doc__)
    parser.add_argument("--trees", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    options = parser.parse_args()
    found = compare(options.trees, options.seed)
    print(*found.too_little, sep="\n", end="\n" if found.too_little else "")
    print(
        f"seed {options.seed}: {found.trees} trees, {found.shares} shares; beside linear programs at most "
        f"{found.below:.3f} steps less and {found.above:.3f} of the largest steps more; "
        f"{len(found.too_little)} a step or more too little. "
        f"The shares that the judge of the million fills up differ by {found.exact_ma:.4f} mA"
    )
    return 1 if found.too_little else 0


if __name__ == "__main__":
    sys.exit(main())
