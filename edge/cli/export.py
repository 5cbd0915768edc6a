"""`ampyard export` and `ampyard report`: records of sessions for billing, a month on paper."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from edge.cli import box, exits
from edge.cli.times import past_ms


def declare(parser: ArgumentParser) -> None:
    """The arguments of `export`."""
    box.declare(parser)
    parser.add_argument("--since", type=past_ms, metavar="WHEN", help="30d, 07:30 or 2026-11-01; or all")
    parser.add_argument("--until", type=past_ms, metavar="WHEN", help="before then; or until now")
    parser.add_argument(
        "--format", choices=("json", "csv"), default="csv", help="csv (default), or json: CDRs of OCPI 2.2.1"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there; or to the terminal")


def run(options: Namespace) -> int:
    """Fetch the records of sessions that have ended."""
    query = {"format": options.format}
    query |= {} if options.since is None else {"since_ms": str(options.since)}
    query |= {} if options.until is None else {"until_ms": str(options.until)}
    try:
        body = box.fetch(options.socket, "cdrs", **query)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("export", wrong)
    return written("export", body, options.out)


def written(verb: str, body: bytes, path: Path | None) -> int:
    """Write it where it is wanted; the exit code."""
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        return exits.FINE
    try:
        path.write_bytes(body)
    except OSError as error:
        print(f"ampyard {verb}: {path}: {error.strerror}", file=sys.stderr)
        return exits.FAULTS
    print(f"{path}: {len(body):,} bytes")
    return exits.FINE
