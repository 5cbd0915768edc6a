"""`ampyard adopt`: who waits for a place; gives a new charger one, proven first; takes the last one back."""

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import Any

from edge.cli import box, exits

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("station", nargs="?", metavar="STATION", help="who waits; without it: the list")
    parser.add_argument("name", nargs="?", metavar="NAME", help="what the charger shall be called")
    parser.add_argument("--as", dest="replaced", metavar="NAME", help="it takes this charger's place")
    parser.add_argument("--circuit", metavar="C", help="what feeds it; needed where there are several")
    several = "; 16,32 for each of its sockets"
    parser.add_argument("--max", type=_amperes, metavar="A", help=f"its breaker{several}")
    parser.add_argument("--min", type=_amperes, metavar="A", help="below this its cars stall")
    parser.add_argument("--fallback", type=_amperes, metavar="A", help="what it does without us")
    parser.add_argument("--phase-rotation", type=_texts, metavar="P", help="L1L2L3, or L1L2L3,L2L3L1 ...")
    parser.add_argument("--evses", type=int, default=1, metavar="N", help="how many sockets it has")
    parser.add_argument("--rating", type=int, metavar="A", help="the supply that its sockets share")
    parser.add_argument("--prove", action="store_true", help="only say what it would come to")
    parser.add_argument("--undo", action="store_true", help="take the last adoption back")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Ask the running controller."""
    if options.station is not None and (options.name is None) == (options.replaced is None):
        print("ampyard adopt: a NAME for the new charger, or --as NAME of a broken one", file=sys.stderr)
        return exits.USAGE
    try:
        for line in _lines(options):
            print(line)
    except box.BoxUnreachableError as lost:
        print(f"ampyard adopt: {lost}", file=sys.stderr)
        return exits.UNREACHABLE
    except box.BoxRefusedError as refused:
        for fault in refused.faults:
            print(fault)
        words = "; ".join(filter(None, (refused.error, refused.remedy)))
        print(words if refused.faults else f"ampyard adopt: {words}", file=sys.stderr)
        return exits.FAULTS
    return exits.FINE


def _lines(options: Namespace) -> Iterator[str]:
    if options.undo:
        undone: Json = box.tell(options.socket, {}, "adopt", "undo")
        yield f"{undone['file']} is as it was before {undone['name']}. The controller starts anew."
        return
    if options.station is None:
        yield from _listed(box.ask(options.socket, "strangers"))
        return
    answer: Json = box.tell(options.socket, _order(options), "adopt")
    yield answer["proof"]
    if not answer["is_done"]:
        would = answer["place"].replace(" added", " would be added").replace(" changed", " would change")
        yield f"{answer['file']}: {would}. Nothing was changed."
        return
    yield f"{answer['file']}: {answer['place']} (comments kept). Undo: ampyard adopt --undo"
    yield f"{answer['name']} is adopted: the controller starts anew, transactions go on."


def _order(options: Namespace) -> Json:
    given: Json = {
        "station": options.station,
        "name": options.replaced or options.name,
        "replaces": options.replaced is not None,
        "circuit": options.circuit,
        "max_a": options.max,
        "min_a": options.min,
        "fallback_a": options.fallback,
        "phase_rotation": options.phase_rotation,
        "evses": options.evses,
        "rating_a": options.rating,
        "only_prove": options.prove,
    }
    return {key: value for key, value in given.items() if value is not None}


def _listed(waiting: Json) -> Iterator[str]:
    strangers: list[Json] = waiting["strangers"]
    if not strangers:
        yield "No new charger waits for a place."
    else:
        rows = [("station", "model", "from", "seen")]
        rows += [(each["station"], each["model"], each["address"], _seen(each)) for each in strangers]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
            yield f"  {'  '.join(cells)}  {row[3]}"
    if waiting["last"]:
        yield f"{waiting['last']} was adopted last. Undo: ampyard adopt --undo"


def _seen(stranger: Json) -> str:
    minutes = max(0, int(time.time() * 1000) - int(stranger["since_ms"])) // 60_000
    held = "refused nothing" if stranger["severity"] != "act" else "REFUSES 0 A: nobody counts what it draws"
    sockets = f", {stranger['connectors']} sockets" if (stranger["connectors"] or 1) > 1 else ""
    return f"{minutes} min, {held}{sockets}"


def _amperes(text: str) -> int | list[int]:
    try:
        values = [int(each) for each in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither whole amperes nor a list like 32,16") from None
    return values[0] if len(values) == 1 else values


def _texts(text: str) -> str | list[str]:
    values = text.split(",")
    return values[0] if len(values) == 1 else values
