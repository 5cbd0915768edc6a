"""`ampyard explain BAY`: why a bay is offered what it is offered, limit by limit."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from edge.cli import box, exits, terminal
from edge.cli.terminal import Terminal

WIDTH = 76
SHOWN_BEFORE = 3

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("bay", metavar="BAY", help="a bay as the page names it: bay-7, or bay-7/2")
    parser.add_argument("--at", metavar="TIME", help="the decision of an earlier moment")
    parser.add_argument("--json", action="store_true", help="print JSON")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Ask the running controller, print its reasons."""
    if options.at is not None:
        print("ampyard explain: --at: not in this version", file=sys.stderr)
        return exits.USAGE
    try:
        answer: Json = box.ask(options.socket, "evses", options.bay)
    except box.BoxUnreachableError as lost:
        print(f"ampyard explain: {lost}", file=sys.stderr)
        return exits.UNREACHABLE
    except box.BoxRefusedError as refused:
        print(f"ampyard explain: {refused.error}; {refused.remedy}", file=sys.stderr)
        return exits.USAGE
    if options.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for line in explained(answer, terminal.of()):
            print(line)
    return exits.FINE


def explained(answer: Json, screen: Terminal) -> Iterator[str]:
    """The lines of the screen; currents in A per grid phase, `*` at what binds."""
    evse: Json = answer["evse"]
    yield _headline(answer, screen)
    yield from _table(evse["limits"], screen)
    yield f"Rule: {evse['rule']}."
    yield f"Booked {_triple(evse['booked_ma'])} A; {_measured(evse)}."
    for place, change in enumerate(reversed(evse["before"][-SHOWN_BEFORE:])):
        yield f"{'Before: ' if place == 0 else '        '}{change}"


def _headline(answer: Json, screen: Terminal) -> str:
    evse: Json = answer["evse"]
    sentence: str = evse["sentence"]
    says = f"{evse['id']} is offered {sentence}" if sentence[:1].isdigit() else f"{evse['id']}: {sentence}"
    age = f"{_clock(answer['at_ms'], answer['timezone'])}, {answer['age_ms'] / 1000:.1f} s old"
    gap = " " * max(2, WIDTH - len(says) - len(age))
    colour = {"know": "amber", "act": "red"}.get(evse["severity"], "bold")
    return screen.paint(says, colour) + gap + screen.paint(age, "dim")


def _table(limits: list[Json], screen: Terminal) -> Iterator[str]:
    rows = [(limit["name"], _cells(limit), limit["source"], limit["until"]) for limit in limits]
    name = max([15, *(len(row[0]) for row in rows)])
    source = max([24, *(len(row[2]) for row in rows)])
    yield f"{'limit':<{name}}   L1   L2   L3   {'source':<{source}}  until"
    for (label, cells, origin, until), limit in zip(rows, limits, strict=True):
        line = f"{label:<{name}}  {cells}  {origin:<{source}}  {until}".rstrip()
        yield screen.paint(line, "bold") if limit["binds"] else line


def _cells(limit: Json) -> str:
    """Three cells of whole amperes, rounded down; a star at the smallest of the row that binds."""
    least = min(limit["limit_ma"])
    return " ".join(
        f"{ma // 1000:>3}{'*' if limit['binds'] and ma == least else ' '}" for ma in limit["limit_ma"]
    )


def _measured(evse: Json) -> str:
    if evse["measured_ma"] is None:
        return "nothing measured lately"
    return f"measured {_triple(evse['measured_ma'])} A, {evse['measured_age_ms'] / 1000:.1f} s ago"


def _triple(values_ma: list[int]) -> str:
    return " ".join(f"{ma / 1000:.1f}" for ma in values_ma)


def _clock(at_ms: int, timezone: str | None) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return moment.astimezone(ZoneInfo(timezone) if timezone else None).strftime("%H:%M:%S")
