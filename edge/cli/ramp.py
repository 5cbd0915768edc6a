"""`ampyard ramp BAY`: lets a bay have less, then more, and shows what flowed beside what was offered.

It sets a limit of its own, which only ever takes away from what the lot's rule gives, and which ends by
itself should this command be killed. A car must charge there.
"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.cli import box, exits
from edge.reports.plots import Chart, Line

LEAST_A = 6
MOST_A = 80
PACE_S = 1.0
SPARE_S = 15  # a step's limit outlives it by so much, so that none is missing between two
FOLLOWED_A = 0.6  # above the offer; as the ledger tolerates it
_MARGIN_A = 1.5  # below it: a car may be unable to take exactly what it may
_NAME = "ramp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One moment. `measured_a`: on each terminal, empty while there is no sample."""

    at_s: float
    limit_a: int
    offered_a: float
    measured_a: tuple[float, ...]

    @property
    def most_a(self) -> float | None:
        """On the strongest phase."""
        return max(self.measured_a, default=None)


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("bay", metavar="BAY", help="a bay as the page names it, where a car charges")
    parser.add_argument(
        "--steps",
        type=_steps,
        default=(16, 13, 10, 8, 6, 10, 16),
        metavar="A,A,...",
        help="the limits, one after the other (default: 16,13,10,8,6,10,16); 0 pauses",
    )
    parser.add_argument("--hold", type=_hold_s, default=20, metavar="S", help="each step (default: 20 s)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it, as SVG")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Go through the steps; the limit is withdrawn whatever happens."""
    try:
        rows = _go_through(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("ramp", wrong)
    if not rows:
        return exits.FINE
    if options.plot is not None:
        options.plot.write_text(chart(options.bay, rows).svg(), encoding="utf-8")
        print(f"drawn: {options.plot}")
    found = verdicts(rows)
    print("\n".join(found))
    return exits.FAULTS if any("draws more" in each or "no sample" in each for each in found) else exits.FINE


def _go_through(options: Namespace) -> list[Row]:
    rows: list[Row] = []
    began_s = time.monotonic()
    print(f"{options.bay}: {len(options.steps)} steps of {options.hold} s; Ctrl-C ends it")
    try:
        for limit_a in options.steps:
            _limit(options, limit_a)
            told_s = time.monotonic()
            while time.monotonic() < told_s + options.hold:
                time.sleep(PACE_S)
                now_s = time.monotonic()
                rows.append(_seen(options, limit_a, at_s=now_s - began_s, since_s=now_s - told_s))
                print(_shown(rows[-1]), flush=True)
    except KeyboardInterrupt:
        print("ended")
    finally:
        _limit(options, None)
    return rows


def _limit(options: Namespace, limit_a: int | None) -> None:
    order: dict[str, Any] = {"name": _NAME, "kind": "evse", "target": options.bay, "limit_a": limit_a}
    if limit_a is not None:
        order["seconds"] = options.hold + SPARE_S
    box.tell(options.socket, order, "limit")


def _seen(options: Namespace, limit_a: int, *, at_s: float, since_s: float) -> Row:
    """A sample from before the step says nothing of it."""
    evses = box.ask(options.socket, "status")["evses"]
    evse = next(each for each in evses if each["id"] == options.bay)
    is_new = (evse["measured_age_ms"] or 0) < since_s * 1_000
    measured = evse["measured_ma"] if is_new and evse["measured_ma"] else ()
    return Row(
        at_s=at_s,
        limit_a=limit_a,
        offered_a=(evse["offered_ma"] or 0) / 1_000,
        measured_a=tuple(ma / 1_000 for ma in measured),
    )


def _shown(row: Row) -> str:
    measured = "  ".join(f"{each:4.1f}" for each in row.measured_a) or "no sample"
    told = f"limit {row.limit_a:3d} A   offered {row.offered_a:5.1f} A"
    return f"{row.at_s:6.0f} s   {told}   measured {measured}{' A' if row.measured_a else ' yet'}"


def verdicts(rows: Sequence[Row]) -> list[str]:
    """For each step one sentence: whether, and after how long, the car followed."""
    found = []
    first = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place].limit_a != rows[first].limit_a:
            found.append(_verdict(rows[first:place]))
            first = place
    return found


def _verdict(step: Sequence[Row]) -> str:
    limit_a, last = step[0].limit_a, step[-1]
    if last.most_a is None:
        return f"{limit_a:3d} A: no sample came: this charger cannot be watched"
    if last.most_a > last.offered_a + FOLLOWED_A:
        return f"{limit_a:3d} A: offered {last.offered_a:.1f} A, draws more: {last.most_a:.1f} A"
    most_a = last.offered_a + FOLLOWED_A
    settled = next(row for row in step if row.most_a is not None and row.most_a <= most_a)
    after_s = settled.at_s - step[0].at_s + PACE_S
    took = f"{last.most_a:.1f} A after {after_s:.0f} s"
    if last.most_a < last.offered_a - _MARGIN_A:
        return f"{limit_a:3d} A: offered {last.offered_a:.1f} A, the car takes less: {took}"
    return f"{limit_a:3d} A: offered {last.offered_a:.1f} A, followed: {took}"


def chart(bay: str, rows: Sequence[Row]) -> Chart:
    """What was offered and what flowed, over time."""
    return Chart(
        title=f"{bay}: offered and measured",
        x_label="s",
        y_label="A",
        lines=(
            Line(name="offered", points=[(row.at_s, row.offered_a) for row in rows], is_limit=True),
            Line(
                name="measured",
                points=[(row.at_s, row.most_a) for row in rows if row.most_a is not None],
            ),
        ),
    )


def _steps(text: str) -> tuple[int, ...]:
    try:
        steps = tuple(int(each) for each in text.split(","))
    except ValueError:
        steps = ()
    if not steps or not all(each == 0 or LEAST_A <= each <= MOST_A for each in steps):
        raise ArgumentTypeError(f"{text!r}: whole amperes, 0 or {LEAST_A} to {MOST_A}, with commas between")
    return steps


def _hold_s(text: str) -> int:
    if not text.isdecimal() or not 5 <= int(text) <= 600:
        raise ArgumentTypeError(f"{text!r} is not from 5 to 600 s")
    return int(text)
