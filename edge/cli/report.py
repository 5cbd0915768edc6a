"""`ampyard report MONTH`: energy, sessions, cost and use of bays; as a table, CSV, JSON or PDF."""

from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.cli import box, exits
from edge.cli.export import written

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    box.declare(parser)
    parser.add_argument(
        "month", nargs="?", metavar="MONTH", help="like 2026-11; left out: this one", default=None
    )
    parser.add_argument("--format", choices=("text", "json", "csv", "pdf"), default="text")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there; needed for a PDF")


def run(options: Namespace) -> int:
    """Fetch a month."""
    month = options.month or f"{datetime.now().astimezone():%Y-%m}"
    form = "json" if options.format == "text" else options.format
    out = options.out or (Path(f"report-{month}.pdf") if form == "pdf" else None)
    try:
        if options.format == "text":
            _show(box.ask(options.socket, "reports", month))
            return exits.FINE
        body = box.fetch(options.socket, "reports", month, format=form)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("report", wrong)
    return written("report", body, out)


def _show(report: Json) -> None:
    print(report["title"])
    print(f"{'':<22} sessions        kWh    hours   in use    there  cost")
    for title, rows in (
        ("", [report["total"]]),
        ("by group", report["by_group"]),
        ("by charger", report["by_charger"]),
    ):
        if title:
            print(title)
        for row in rows:
            use, there = (_percent(row[name]) for name in ("use_permille", "available_permille"))
            print(
                f"  {row['name']:<20} {row['sessions']:>8} {row['energy_wh'] / 1000:>10.1f} "
                f"{row['occupied_ms'] / 3_600_000:>8.1f} {use:>8} {there:>8}  {row['cost']}".rstrip()
            )
    if report["doubtful"]:
        print(f"{report['doubtful']} sessions have readings that cannot be true: ampyard export names them")


def _percent(permille: int | None) -> str:
    return "" if permille is None else f"{permille / 10:.1f} %"
