"""`ampyard journal`: what the box has written, while it writes."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from edge.cli import box, exits
from edge.cli.terminal import print_json
from edge.cli.times import past_ms, shown

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """A verb of its own for each thing to do."""
    parser.set_defaults(json=False)
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    inspecting = verbs.add_parser("inspect", help="how large, how full, what waits for each CSMS")
    searching = verbs.add_parser("search", help="events, newest first")
    searching.add_argument("--charger", metavar="NAME", help="only those of this charger")
    searching.add_argument("--kind", metavar="KIND", help="transaction-started, sampled, alert-raised, ...")
    searching.add_argument("--transaction", type=int, metavar="ID", help="only those of this transaction")
    searching.add_argument("--since", type=past_ms, metavar="WHEN", help="30d, 07:30 or 2026-11-01")
    searching.add_argument("--until", type=past_ms, metavar="WHEN", help="before then")
    searching.add_argument("--before", type=int, metavar="NUMBER", help="only older ones than this event")
    searching.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (default 50)")
    verifying = verbs.add_parser("verify", help="read all of it, and tell what is wrong")
    listing = verbs.add_parser("parked", help="what a CSMS refused again and again")
    retrying = verbs.add_parser("retry", help="let what is parked wait again, in its old order")
    retrying.add_argument("csms", metavar="UPLINK", help="the uplink's name in the site file")
    saving = verbs.add_parser("backup", help="a whole copy of this moment")
    saving.add_argument("file", type=Path, metavar="FILE")
    restoring = verbs.add_parser("restore", help="have a copy take its place; the controller starts anew")
    restoring.add_argument("file", type=Path, metavar="FILE")
    restoring.add_argument("--force", action="store_true", help="also while transactions run")
    for each in (inspecting, searching, verifying, listing, retrying, saving, restoring):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    act = {
        "inspect": _inspect,
        "search": _search,
        "verify": _verify,
        "parked": _parked,
        "retry": _retry,
        "backup": _backup,
        "restore": _restore,
    }[options.action]
    try:
        return act(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("journal", wrong)


def _inspect(options: Namespace) -> int:
    told: Json = box.ask(options.socket, "journal")
    if options.json:
        print_json(told)
        return exits.FINE
    print(f"{told['file']}  schema {told['schema']}, {told['size'] / 1e6:,.1f} MB, room {told['level']}")
    print(f"  {told['events']:,} events, {told['sessions']:,} sessions ({told['running']} run),")
    print(f"  {told['records']:,} records, {told['dropped']:,} samples dropped since the start")
    for each in told["waiting"]:
        since = "" if each["oldest_ms"] is None else f", since {shown(each['oldest_ms'])}"
        print(f"  {each['csms']}: {each['waiting']:,} wait{since}; {each['parked']:,} parked")
    for finding in told["findings"]:
        print(f"  {finding}")
    return exits.FINE


def _search(options: Namespace) -> int:
    asked = {
        "charger": options.charger,
        "kind": options.kind,
        "transaction": options.transaction,
        "since_ms": options.since,
        "until_ms": options.until,
        "before": options.before,
        "limit": options.limit,
    }
    query = {name: str(value) for name, value in asked.items() if value is not None}
    rows: list[Json] = box.ask(options.socket, "journal", "events", **query)
    if options.json:
        print_json(rows)
        return exits.FINE
    for row in rows:
        event = row["event"]
        number = "" if row["transaction_id"] is None else f" of {row['transaction_id']}"
        told = f"  [{row['deliveries']}]" if row["deliveries"] else ""
        print(f"{row['seq']:>9}  {shown(event['at_ms'])}  {event['charger']} {row['kind']}{number}{told}")
    return exits.FINE


def _verify(options: Namespace) -> int:
    told: Json = box.tell(options.socket, {}, "journal", "verify", timeout_s=box.LONG_S)
    if options.json:
        print_json(told)
    else:
        print("\n".join(told["faults"]) or "the journal is sound")
    return exits.FAULTS if told["faults"] else exits.FINE


def _parked(options: Namespace) -> int:
    rows: list[Json] = box.ask(options.socket, "journal", "parked")
    if options.json:
        print_json(rows)
        return exits.FINE
    for row in rows:
        number = "" if row["transaction_id"] is None else f" of {row['transaction_id']}"
        print(f"{row['csms']}  {row['charger']} {row['kind']}{number}: {row['attempts']} x {row['error']}")
    if not rows:
        print("nothing is parked")
    return exits.FINE


def _retry(options: Namespace) -> int:
    told: Json = box.tell(options.socket, {"csms": options.csms}, "journal", "retry")
    if options.json:
        print_json(told)
    else:
        print(f"{told['csms']}: {told['rows']:,} rows wait again")
    return exits.FINE


def _backup(options: Namespace) -> int:
    try:
        count = box.save(options.socket, options.file, "journal", "backup")
    except OSError as error:
        return box.complain("journal", box.BoxRefusedError(0, f"{options.file}: {error.strerror}", ""))
    print(f"{options.file}: {count:,} bytes")
    return exits.FINE


def _restore(options: Namespace) -> int:
    query = {"force": "true"} if options.force else {}
    try:
        told: Json = box.upload(options.socket, options.file, "journal", "restore", **query)
    except OSError as error:
        return box.complain("journal", box.BoxRefusedError(0, f"{options.file}: {error.strerror}", ""))
    print(f"{told['sessions']:,} sessions; the controller starts anew with it")
    return exits.FINE
