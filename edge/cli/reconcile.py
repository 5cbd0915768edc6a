"""`ampyard reconcile`: whether every Wh was booked once. Exit code 1 where something does not add up."""

from argparse import ArgumentParser, Namespace
from typing import Any

from edge.cli import box, exits
from edge.cli.terminal import print_json
from edge.cli.times import past_ms

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    box.declare(parser)
    parser.add_argument("--since", type=past_ms, metavar="WHEN", help="30d, 07:30 or 2026-11-01; or all")
    parser.add_argument("--until", type=past_ms, metavar="WHEN", help="before then; or until now")
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")


def run(options: Namespace) -> int:
    """Ask the running controller."""
    asked = {"since_ms": options.since, "until_ms": options.until}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    try:
        told: Json = box.ask(options.socket, "reconciliation", **query)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("reconcile", wrong)
    if options.json:
        print_json(told)
    else:
        _show(told)
    return exits.FAULTS if told["gaps"] else exits.FINE


def _show(told: Json) -> None:
    print(f"{told['sessions']} sessions")
    for name, key in (
        ("registers rose by", "registers_wh"),
        ("sessions", "sessions_wh"),
        ("records", "records_wh"),
    ):
        print(f"  {name:<18} {told[key] / 1000:>12,.3f} kWh")
    for gap in told["gaps"]:
        print(f"{gap['kind']:<12} {gap['sentence']}")
    if not told["gaps"]:
        print("every Wh is booked once")
