"""Whole days in virtual time, our rule beside its rivals and the perfect-foresight bound.

    python -m tests.bench.days [--days 27] [--bays 4,24] [--strategies ours,edf] [--stated 0,1] [--json FILE]
                               [--one-phase 0.5] [--scarcity 0.8] [--switching]

Every day is a lot, a use, a seed; capacity is scarce: even perfect foresight cannot meet all wishes on most.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

from edge.core import pacing
from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse
from edge.core.lot import Lot
from edge.plant.arrivals import SCENARIOS, arrivals
from edge.plant.controllers import STRATEGIES, controller
from edge.plant.days import Day, buildings
from edge.plant.foresight import most_energy_wh

ROTATIONS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
BAYS_PER_ROW = 12
RATING_A = {"work": 4.6, "home": 2.3, "retail": 13}  # per bay, building included
SHARED = {4: 1.0, 24: 0.93, 96: 0.85, 200: 0.83}  # many cars even each other out
SMALLEST_A = 20
SEEDS = {4: (1, 2, 3, 4), 24: (1, 2, 3), 96: (1,), 200: (1,)}  # 27 days


def lot(bays, use, scarcity=1.0, *, can_switch=False):
    """A main line with a building that may take half of it, rows of twelve, rotated wiring."""
    rating_a = max(SMALLEST_A, round(RATING_A[use] * bays * SHARED.get(bays, 1.0) * scarcity))
    rows = max(1, -(-bays // BAYS_PER_ROW))
    row_a = max(SMALLEST_A, round(rating_a / rows * 1.2))
    circuits = [
        Circuit(
            "grid",
            parent=None,
            rating_ma=rating_a * 1000,
            building_max_ma=rating_a * 500,
            is_metered=True,
        )
    ]
    circuits += [
        Circuit(f"row-{row:02}", parent="grid", rating_ma=row_a * 1000, building_max_ma=0, is_metered=False)
        for row in range(rows)
    ]
    evses = [
        Evse(
            id=f"bay-{n:03}",
            circuit=f"row-{n % rows:02}",
            max_ma=32_000,
            fallback_ma=0,
            wiring=ROTATIONS[n // rows % 3],
            can_switch=can_switch,
        )
        for n in range(bays)
    ]
    return Lot(Tree(circuits), evses, stale_after_ms={"grid": 5_000})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One day under one strategy."""

    bays: int
    use: str
    seed: int
    stated: float
    strategy: str
    sessions: int
    wished_wh: int
    bound_wh: int
    delivered_wh: int
    tenth: float
    worst: float
    changes: float
    pauses: float
    breaches: int
    overload_as: float
    seconds: float

    @property
    def of_bound(self):
        return self.delivered_wh / self.bound_wh


def rows_of(bays, use, seed, strategies, stated_shares, *, one_phase=None, scarcity=1.0, can_switch=False):
    here = lot(bays, use, scarcity, can_switch=can_switch)
    bound_wh = None
    for stated in stated_shares:
        scenario = replace(SCENARIOS[use], stated=stated)
        if one_phase is not None:
            scenario = replace(scenario, phases=(one_phase, 0, 1 - one_phase))
        comers = arrivals(scenario, here, days=1, seed=seed)
        loads = buildings(here, scenario, days=1, seed=seed)
        bound_wh = bound_wh or most_energy_wh(here, comers.visits, loads)
        for strategy in strategies:
            if strategy != "ours" and stated != stated_shares[0]:
                continue  # rivals are told everything anyway
            began = time.process_time()
            outcome = Day(
                lot=here, arrivals=comers, buildings=loads, controller=controller(strategy, here), seed=seed
            ).run()
            yield Row(
                bays=bays,
                use=use,
                seed=seed,
                stated=stated,
                strategy=strategy,
                sessions=len(outcome.sessions),
                wished_wh=outcome.wished_wh,
                bound_wh=bound_wh,
                delivered_wh=outcome.delivered_wh,
                tenth=outcome.tenth_percentile,
                worst=outcome.worst,
                changes=outcome.changes_per_hour,
                pauses=outcome.pauses_per_session,
                breaches=len(outcome.violations),
                overload_as=outcome.overload_mas / 1000,
                seconds=time.process_time() - began,
            )


HEAD = "strategy       of wish  of bound  10th  worst  changes/h  pauses  breaches     s"


def line(row):
    name = row.strategy + (f", {row.stated:.0%} say" if row.strategy == "ours" else "")
    return (
        f"{name:<14} {row.delivered_wh / row.wished_wh:7.1%}  {row.of_bound:8.1%}  {row.tenth:4.0%}"
        f"  {row.worst:5.0%}  {row.changes:9.1f}  {row.pauses:6.1f}  {row.breaches:8}  {row.seconds:4.1f}"
    )


def summary(rows):
    """Over all days: energy of all of them together, the means and the extremes."""
    yield (
        f"{'all days':<15} of bound   least    10th: mean  least   worst"
        "  changes/h: mean  most  pauses: mean  most  breaches"
    )
    keys = dict.fromkeys((row.strategy, row.stated) for row in rows)
    for strategy, stated in keys:
        days = [row for row in rows if (row.strategy, row.stated) == (strategy, stated)]
        name = strategy + (f", {stated:.0%} say" if strategy == "ours" else "")
        together = sum(row.delivered_wh for row in days) / sum(row.bound_wh for row in days)
        yield (
            f"{name:<15} {together:8.1%}  {min(row.of_bound for row in days):6.1%}"
            f"  {statistics.mean(row.tenth for row in days):12.0%}  {min(row.tenth for row in days):5.0%}"
            f"  {min(row.worst for row in days):6.0%}  {statistics.mean(row.changes for row in days):15.1f}"
            f"  {max(row.changes for row in days):4.1f}  {statistics.mean(row.pauses for row in days):12.1f}"
            f"  {max(row.pauses for row in days):4.1f}  {sum(row.breaches for row in days):8}"
        )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.days", description=__doc__)
    parser.add_argument("--days", type=int, default=99, help="at most so many days")
    parser.add_argument("--bays", default="4,24,96,200")
    parser.add_argument("--uses", default="work,home,retail")
    parser.add_argument("--seeds", help="instead of those of the table")
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--stated", default="0,1", help="shares of drivers who say when they leave")
    parser.add_argument("--one-phase", type=float, help="share of cars on one phase, all others on three")
    parser.add_argument("--scarcity", type=float, default=1.0, help="times the ratings of the table")
    parser.add_argument("--switching", action="store_true", help="every EVSE can connect one phase alone")
    parser.add_argument("--gain-a", type=float, help="a smaller rise is not worth a message (frontier)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.gain_a is not None:
        pacing.GAIN_MA = round(options.gain_a * 1000)
    days = [
        (bays, use, seed)
        for bays, use in product(map(int, options.bays.split(",")), options.uses.split(","))
        for seed in (map(int, options.seeds.split(",")) if options.seeds else SEEDS[bays])
    ]
    rows = []
    for bays, use, seed in days[: options.days]:
        stated = tuple(map(float, options.stated.split(",")))
        of_day = []
        for row in rows_of(
            bays,
            use,
            seed,
            options.strategies.split(","),
            stated,
            one_phase=options.one_phase,
            scarcity=options.scarcity,
            can_switch=options.switching,
        ):
            if not of_day:
                rating_a = lot(bays, use, options.scarcity).tree.circuits["grid"].rating_ma // 1000
                print(
                    f"\n{bays} bays, {use}, seed {seed}: {rating_a} A, "
                    f"{row.sessions} cars, {row.wished_wh / 1000:.0f} kWh wished, "
                    f"bound {row.bound_wh / row.wished_wh:.1%}\n{HEAD}"
                )
            of_day.append(row)
            print(line(row), flush=True)
        rows += of_day
    print(f"\n{len(days[: options.days])} days")
    print("\n".join(summary(rows)))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
