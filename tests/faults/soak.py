"""Chaos for hours: `python -m tests.faults.soak --runs N --seed S [--at-once K] [--versions 1.6,2.0.1]`.

Plays the seeds S, S + 1, .. and ends with a table and a sum. The exit code is 1 when any run was not clean;
what such a run did is kept in DIR.
"""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from tests.faults.chaos import all_of, report
from tests.faults.findings import Findings

HEAD = "    seed       A.s    late unexcused full s   tx lost twice  verdict"


def main() -> int:
    options = _options()
    logging.basicConfig(level=logging.CRITICAL)
    findings: dict[int, Findings] = {}
    print(HEAD, flush=True)
    last = options.seed + options.runs
    for first in range(options.seed, last, options.at_once):
        seeds = range(first, min(first + options.at_once, last))
        for seed, found in asyncio.run(all_of(seeds, versions=options.versions)).items():
            findings[seed] = found
            print(_row(str(seed), [found]), flush=True)
            if not found.is_clean:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"seed-{seed}.txt").write_text(report(seed, found), encoding="utf-8")
    print(_row("all", list(findings.values())))
    return 0 if all(found.is_clean for found in findings.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Chaos for hours.")
    parser.add_argument("--runs", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--at-once", type=int, default=3, metavar="K")
    parser.add_argument("--keep", type=Path, default=Path("soak"), metavar="DIR")
    parser.add_argument(
        "--versions",
        type=lambda text: text.split(","),
        default=["1.6"],
        metavar="V,..",
        help="of OCPP, in turn: 1.6,2.0.1,2.1",
    )
    return parser.parse_args()


def _row(name: str, runs: list[Findings]) -> str:
    excess, late, unexcused = (
        sum(getattr(found, field) for found in runs) / 1_000_000
        for field in ("excess_ma_ms", "late_ma_ms", "unexcused_ma_ms")
    )
    full_s = sum(found.bound_ms for found in runs) // 1_000
    transactions = sum(found.transactions for found in runs)
    lost = sum(len(found.audit.lost) for found in runs)
    doubled = sum(len(found.audit.doubled) for found in runs)
    faults = [fault for found in runs for fault in found.faults()]
    return (
        f"{name:>8} {excess:9.3f} {late:7.3f} {unexcused:9.3f} {full_s:6} {transactions:4} {lost:4} "
        f"{doubled:5}  {faults[0] if faults else 'clean'}"
    )


if __name__ == "__main__":
    sys.exit(main())
