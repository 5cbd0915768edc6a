"""`ampyard roaming`: cards of other providers, as OCPI 2.2.1 writes them."""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import msgspec

from edge.cli import box, exits
from edge.cli.terminal import print_json
from edge.site.billing.roaming import RoamingError, read_tokens

Json = dict[str, Any]
AT_ONCE = 1_000


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = verbs.add_parser("list", help="every card of another provider")
    importing = verbs.add_parser("import", help="take in a list of an OCPI server, or a CSV")
    importing.add_argument("file", type=Path, metavar="FILE", help="JSON, or CSV with OCPI's names as head")
    for each in (listing, importing):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    try:
        return _list(options) if options.action == "list" else _import(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("roaming", wrong)


def _list(options: Namespace) -> int:
    tokens: list[Json] = box.ask(options.socket, "roaming")
    if options.json:
        print_json(tokens)
        return exits.FINE
    for token in tokens:
        provider = f"{token['country_code']}*{token['party_id']}"
        state = "valid" if token["valid"] else "blocked"
        print(
            f"{token['uid']:<22} {provider:<8} {token['contract_id']:<20} {token['whitelist']:<16} "
            f"{state:<8} {token['issuer']}"
        )
    return exits.FINE


def _import(options: Namespace) -> int:
    """The whole file is checked before any of it is sent."""
    try:
        tokens = read_tokens(options.file.read_text(encoding="utf-8"), file=str(options.file))
    except OSError as error:
        print(f"ampyard roaming: {options.file}: {error.strerror}", file=sys.stderr)
        return exits.USAGE
    except (RoamingError, UnicodeDecodeError) as wrong:
        print(f"ampyard roaming: {wrong}", file=sys.stderr)
        return exits.FAULTS
    told: Json = {"taken": 0, "known": 0}
    for first in range(0, len(tokens), AT_ONCE):
        part = json.loads(msgspec.json.encode(tokens[first : first + AT_ONCE]))
        told = box.tell(options.socket, {"tokens": part}, "roaming", timeout_s=box.COMMAND_S)
    if options.json:
        print_json({"taken": len(tokens), "known": told["known"]})
        return exits.FINE
    print(f"{len(tokens)} cards taken in, {told['known']} known")
    return exits.FINE
