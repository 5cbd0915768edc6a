"""`ampyard reservation`: what is kept for whom; keep something, or give it free."""

from argparse import ArgumentParser, Namespace
from typing import Any

from edge.cli import box, exits
from edge.cli.terminal import print_json
from edge.cli.times import ahead_ms, shown

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = verbs.add_parser("list", help="those that hold")
    adding = verbs.add_parser("add", help="keep a bay, or any of a charger, for a card")
    adding.add_argument("bay", metavar="BAY", help="a charger, or one socket of it: bay-4/2")
    adding.add_argument("token", metavar="TOKEN", help="the card's number")
    adding.add_argument("--until", type=ahead_ms, required=True, metavar="WHEN", help="18:30 or 2h")
    adding.add_argument("--group", metavar="GROUP", help="for all cards of this group")
    cancelling = verbs.add_parser("cancel", help="give it free")
    cancelling.add_argument("charger", metavar="CHARGER", help="whose it is")
    cancelling.add_argument("id", metavar="ID", help="its number, as `list` shows it")
    for each in (listing, adding, cancelling):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    try:
        return {"list": _list, "add": _add, "cancel": _cancel}[options.action](options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("reservation", wrong)


def _list(options: Namespace) -> int:
    rows: list[Json] = box.ask(options.socket, "reservations")
    if options.json:
        print_json(rows)
        return exits.FINE
    for row in rows:
        place = row["charger"] + (f"/{row['evse']}" if row["evse"] else "")
        group = f" and group {row['group']}" if row["group"] else ""
        until = shown(row["until_ms"])
        print(f"{row['reservation_id']:>10}  {place:<12} until {until}  for {row['token']}{group}")
    return exits.FINE


def _add(options: Namespace) -> int:
    charger, _, socket = options.bay.partition("/")
    order: Json = {"charger": charger, "token": options.token, "until_ms": options.until}
    order |= {"group": options.group} if options.group else {}
    order |= {"evse": int(socket)} if socket.isascii() and socket.isdigit() else {}
    done: Json = box.tell(options.socket, order, "reservations", timeout_s=box.COMMAND_S)
    if options.json:
        print_json(done)
        return exits.FINE
    print(f"{options.bay}: reserved until {shown(options.until)}, number {done['reservation_id']}")
    return exits.FINE


def _cancel(options: Namespace) -> int:
    done = box.remove(options.socket, "reservations", options.charger, options.id, timeout_s=box.COMMAND_S)
    if options.json:
        print_json(done)
        return exits.FINE
    print(f"{options.charger}: reservation {options.id} is taken back")
    return exits.FINE
