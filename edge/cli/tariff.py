"""`ampyard tariff`: what drivers pay: tariffs as OCPI 2.2.1 writes them, and who pays by which."""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from edge.cli import box, exits
from edge.cli.terminal import print_json

Json = dict[str, Any]
EVERYBODY = "*"


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = verbs.add_parser("list", help="every tariff, and who pays by it")
    putting = verbs.add_parser("put", help="a new tariff, or a newer version of one")
    putting.add_argument("file", type=Path, metavar="FILE.json", help="a Tariff object of OCPI 2.2.1")
    assigning = verbs.add_parser("assign", help="say by which tariff a group pays")
    assigning.add_argument("tariff", metavar="ID", help="the tariff's id")
    freeing = verbs.add_parser("free", help="say that a group pays nothing")
    resetting = verbs.add_parser("reset", help="a group pays as everybody does")
    for each in (assigning, freeing, resetting):
        each.add_argument(
            "group",
            nargs="?",
            default=EVERYBODY,
            metavar="GROUP",
            help="a group of cards; left out: all others",
        )
    telling = verbs.add_parser("operator", help="show or say who runs the lot, for records")
    telling.add_argument("file", type=Path, nargs="?", metavar="FILE.json", help="see the guide, operator")
    for each in (listing, putting, assigning, freeing, resetting, telling):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    act = {
        "list": _list,
        "put": _put,
        "assign": lambda given: _pays(given, given.tariff),
        "free": lambda given: _pays(given, ""),
        "reset": lambda given: _pays(given, None),
        "operator": _operator,
    }[options.action]
    try:
        return act(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("tariff", wrong)


def _list(options: Namespace) -> int:
    tariffs: list[Json] = box.ask(options.socket, "tariffs")
    payers: list[Json] = box.ask(options.socket, "payers")
    if options.json:
        print_json({"tariffs": tariffs, "payers": payers})
        return exits.FINE
    for tariff in tariffs:
        who = ", ".join(_named(each["group"]) for each in payers if each["tariff"] == tariff["id"])
        print(
            f"{tariff['id']:<12} {tariff['currency']}  as of {tariff['last_updated'][:10]}  {who or 'nobody'}"
        )
    free = [_named(each["group"]) for each in payers if not each["tariff"]]
    if free:
        print(f"nothing is paid by {', '.join(free)}")
    if not any(each["group"] == EVERYBODY for each in payers):
        print("whoever is in no group above pays nothing")
    return exits.FINE


def _put(options: Namespace) -> int:
    content = _content(options.file)
    if content is None:
        return exits.USAGE
    tariff: Json = box.put(options.socket, content, "tariffs")
    if options.json:
        print_json(tariff)
        return exits.FINE
    print(
        f"tariff {tariff['id']} is known; sessions that begin from {tariff['last_updated']} on may pay by it"
    )
    return exits.FINE


def _pays(options: Namespace, tariff: str | None) -> int:
    payer: Json = box.put(options.socket, {"tariff": tariff}, "payers", options.group)
    if options.json:
        print_json(payer)
        return exits.FINE
    who = _named(options.group)
    print(f"{who}: as everybody does" if tariff is None else f"{who}: {tariff or 'nothing to pay'}")
    return exits.FINE


def _operator(options: Namespace) -> int:
    if options.file is None:
        print_json(box.ask(options.socket, "operator"))
        return exits.FINE
    content = _content(options.file)
    if content is None:
        return exits.USAGE
    told: Json = box.put(options.socket, content, "operator")
    if options.json:
        print_json(told)
        return exits.FINE
    print(f"{told['name']}, {told['country_code']}*{told['party_id']}, {told['location']['address']}")
    return exits.FINE


def _content(path: Path) -> Any:  # noqa: ANN401  it is JSON
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        print(f"ampyard tariff: {path}: {error.strerror}", file=sys.stderr)
    except ValueError as error:
        print(f"ampyard tariff: {path}: no JSON: {error}", file=sys.stderr)
    return None


def _named(group: str) -> str:
    return "everybody else" if group == EVERYBODY else group
