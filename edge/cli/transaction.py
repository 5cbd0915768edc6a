"""`ampyard transaction`: what ran and runs; stop one."""

from argparse import ArgumentParser, Namespace
from typing import Any

from edge.cli import box, exits
from edge.cli.terminal import print_json
from edge.cli.times import past_ms, shown

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = verbs.add_parser("list", help="the latest transactions, newest first")
    listing.add_argument("--running", action="store_true", help="only those that run")
    listing.add_argument("--charger", metavar="NAME", help="only those of this charger")
    listing.add_argument("--since", type=past_ms, metavar="WHEN", help="2h, 07:30 or 2026-12-24")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="how many, 1 to 500")
    showing = verbs.add_parser("show", help="all that is known of one")
    stopping = verbs.add_parser("stop", help="have its charger end it")
    for each in (showing, stopping):
        each.add_argument("id", metavar="ID", help="its number, as `list` shows it")
    for each in (listing, showing, stopping):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    try:
        return {"list": _list, "show": _show, "stop": _stop}[options.action](options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("transaction", wrong)


def _list(options: Namespace) -> int:
    query = {"limit": str(options.limit)}
    query |= {"running": "true"} if options.running else {}
    query |= {"charger": options.charger} if options.charger else {}
    query |= {} if options.since is None else {"since_ms": str(options.since)}
    rows: list[Json] = box.ask(options.socket, "transactions", **query)
    if options.json:
        print_json(rows)
        return exits.FINE
    for row in rows:
        end = "runs" if row["ended_ms"] is None else f"{shown(row['ended_ms'])}  {row['reason']}"
        place = f"{row['charger']}/{row['evse']}"
        began = shown(row["started_ms"])
        end += _odd(row)
        print(f"{row['transaction_id']:>10}  {place:<12} {began}  {_energy(row):>9}  {row['token']}  {end}")
    return exits.FINE


def _show(options: Namespace) -> int:
    row: Json = box.ask(options.socket, "transactions", options.id)
    if options.json:
        print_json(row)
        return exits.FINE
    stop = "" if row["meter_stop_wh"] is None else f" to {row['meter_stop_wh']}"
    print(f"transaction  {row['transaction_id']}")
    print(f"place        {row['charger']}/{row['evse']}")
    print(f"token        {row['token']}{'' if row['is_accepted'] else ', which may not charge'}")
    print(f"began        {shown(row['started_ms'])}")
    print(f"ended        {'it runs' if row['ended_ms'] is None else shown(row['ended_ms'])}")
    if row["reason"]:
        print(f"reason       {row['reason']}")
    print(f"register     {row['meter_start_wh']}{stop} Wh")
    print(f"energy       {_energy(row)}")
    if row["flags"]:
        print(f"odd          {', '.join(row['flags'])}")
    return exits.FINE


def _stop(options: Namespace) -> int:
    done = box.tell(options.socket, {}, "transactions", options.id, "stop", timeout_s=box.COMMAND_S)
    if options.json:
        print_json(done)
        return exits.FINE
    print(f"transaction {options.id}: its charger ends it")
    return exits.FINE


def _odd(row: Json) -> str:
    return f"  ({', '.join(row['flags'])})" if row["flags"] else ""


def _energy(row: Json) -> str:
    return "" if row["energy_wh"] is None else f"{row['energy_wh'] / 1000:.1f} kWh"
