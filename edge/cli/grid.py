"""`ampyard grid`: the grid operator's commands, with what was drawn before and after each, as evidence."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from edge.cli import box
from edge.cli.export import written
from edge.cli.times import past_ms


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    box.declare(parser)
    parser.add_argument("--since", type=past_ms, metavar="WHEN", help="30d, 07:30 or 2026-11-01; or all")
    parser.add_argument("--until", type=past_ms, metavar="WHEN", help="before then; or until now")
    parser.add_argument("--format", choices=("json", "csv"), default="csv", help="csv (default) or json")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there; or to the terminal")


def run(options: Namespace) -> int:
    """Fetch what was commanded."""
    query = {"format": options.format}
    query |= {} if options.since is None else {"since_ms": str(options.since)}
    query |= {} if options.until is None else {"until_ms": str(options.until)}
    try:
        body = box.fetch(options.socket, "grid", **query)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("grid", wrong)
    return written("grid", body, options.out)
