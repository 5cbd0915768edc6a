"""`ampyard check FILE`: every fault of a site file, or its proof."""

import importlib
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from edge import settings
from edge.catalogue import guarded, guards
from edge.cli import exits, state, terminal
from edge.cli.expansion import expanded
from edge.cli.tree import proof_lines
from edge.core.errors import ConfigError
from edge.core.proof import GUARANTEES, Sum
from edge.settings.fault import closing


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--strict", action="store_true", help="a warning is a fault, too")
    parser.add_argument("--expand", action="store_true", help="print every charger in full")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the journal is, with what is proven")


def run(options: Namespace) -> int:
    """Read, prove, print."""
    try:
        verdict = settings.load(
            options.file, guards(), chargers=guarded(), proven=state.proven(options.state or state.folder())
        )
    except OSError as error:
        print(f"ampyard check: {options.file}: {error.strerror}", file=sys.stderr)
        return exits.USAGE
    if found := _misplaced(verdict.site):
        print("\n".join(f"{verdict.file} {each}" for each in found), file=sys.stderr)
        return exits.FAULTS
    if options.json:
        print(json.dumps(_as_json(verdict), indent=2, ensure_ascii=False))
    elif verdict.site is None:
        _print_faults(verdict)
    elif options.expand:
        print(expanded(verdict.site))
    else:
        _print_proof(verdict, verdict.site)
    has_failed = verdict.faults or (options.strict and verdict.cautions)
    return exits.FAULTS if has_failed else exits.FINE


def _misplaced(site: settings.Site | None) -> list[str]:
    """What is wrong with the board and the pins that the site names."""
    if site is None:
        return []
    if not (site.board or site.contacts or site.sync_pins or any(charger.gpio for charger in site.chargers)):
        return []
    pins = importlib.import_module("edge.cli.pins")  # of interest only where there are some
    try:
        return list(pins.troubles(site))
    except ConfigError as error:
        return [str(error)]


def _print_faults(verdict: settings.Verdict) -> None:
    screen = terminal.of()
    for fault in verdict.faults:
        head, _, rest = fault.render(verdict.file).partition("\n")
        print(f"{screen.paint(head, 'red')}\n{rest}")
    print(closing(verdict.file, verdict.faults))


def _print_proof(verdict: settings.Verdict, site: settings.Site) -> None:
    screen = terminal.of()
    for line in proof_lines(site, verdict.sums, screen, verdict.proven):
        print(line)
    count = len(verdict.cautions)
    worst = max(verdict.sums, key=lambda total: max(total.box_dead) / total.rating_ma)
    percent = -(-100 * max(worst.box_dead) // worst.rating_ma)
    print(
        f"If this box dies, no fuse carries more than {percent} %.  "
        f"0 faults, {count} warning{'' if count == 1 else 's'}"
    )
    for caution in verdict.cautions:
        print(f"{screen.paint('warning', 'amber')}  {caution.render(verdict.file)}")


def _as_json(verdict: settings.Verdict) -> dict[str, Any]:
    return {
        "file": verdict.file,
        "faults": [
            {
                "keyword": fault.keyword,
                "line": fault.line,
                "column": fault.column,
                "where": fault.where,
                "title": fault.title,
                "found": fault.found,
                "allowed": fault.allowed,
                "try": fault.remedy,
            }
            for fault in verdict.faults
        ],
        "warnings": [
            {"keyword": caution.keyword, "line": caution.line, "text": caution.text}
            for caution in verdict.cautions
        ],
        "proof": [_sum_as_json(total) for total in verdict.sums],
    }


def _sum_as_json(total: Sum) -> dict[str, Any]:
    return {
        "circuit": total.circuit,
        "rating_ma": total.rating_ma,
        "building_ma": total.building_ma,
        "chargers_ma": {guarantee: getattr(total, guarantee) for guarantee in GUARANTEES},
        "box_dead_ma": total.box_dead,
        "spare_ma": total.spare_ma,
        "exposure_ma": total.exposure_ma,
    }
