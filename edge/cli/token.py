"""`ampyard token`: which cards are known; add, block or remove one, or take in a whole list."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from http import HTTPStatus
from typing import Any

from edge.cli import box, exits, spelling
from edge.cli.terminal import print_json
from edge.cli.times import ahead_ms, shown
from edge.core.errors import ConfigError
from edge.site.tokens import MOST_PRIORITY, read_tokens

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = verbs.add_parser("list", help="every card that is known, from the list or stored")
    adding = verbs.add_parser("add", help="make a card known, or say anew what it is")
    blocking = verbs.add_parser("block", help="a card that may not charge")
    unblocking = verbs.add_parser("unblock", help="a card that may charge again")
    removing = verbs.add_parser("remove", help="forget a stored card; the list's row counts again")
    importing = verbs.add_parser("import", help="store all cards of a CSV file like the site's list")
    for each in (adding, blocking, unblocking, removing):
        each.add_argument("token", metavar="TOKEN", help="the card's number")
    adding.add_argument("--group", metavar="GROUP", help="the group that it belongs to")
    adding.add_argument(
        "--priority",
        type=int,
        choices=range(MOST_PRIORITY + 1),
        metavar=f"0-{MOST_PRIORITY}",
        help="high first; left out: that of its group or the bay",
    )
    adding.add_argument("--until", type=ahead_ms, metavar="WHEN", help="2027-01-31, 18:30 or 2h; or for ever")
    adding.add_argument(
        "--master", action="store_true", help="it ends what its group charges, and begins nothing"
    )
    adding.add_argument("--note", default="", metavar="TEXT", help="whose it is")
    importing.add_argument(
        "file", metavar="FILE.csv", help="token, name, group, valid_until, priority, master"
    )
    for each in (listing, adding, blocking, unblocking, removing, importing):
        box.declare_again(each)


def run(options: Namespace) -> int:
    """Ask or tell the running controller."""
    act = {
        "list": _list,
        "add": _add,
        "block": lambda given: _block(given, blocked=True),
        "unblock": lambda given: _block(given, blocked=False),
        "remove": _remove,
        "import": _import,
    }[options.action]
    try:
        return act(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("token", wrong)


def _list(options: Namespace) -> int:
    rows: list[Json] = box.ask(options.socket, "tokens")
    if options.json:
        print_json(rows)
        return exits.FINE
    width = max([5, *(len(row["token"]) for row in rows)])
    for row in rows:
        print(f"{row['token']:<{width}}  {_words(row)}")
    return exits.FINE


def _add(options: Namespace) -> int:
    order = {
        "group": options.group,
        "priority": options.priority,
        "valid_until_ms": options.until,
        "master": options.master,
        "note": options.note,
    }
    return _told(options, box.put(options.socket, order, "tokens", options.token))


def _block(options: Namespace, *, blocked: bool) -> int:
    """All the rest stays; who blocks a card that nobody knows makes it known as blocked."""
    try:
        row = box.ask(options.socket, "tokens", options.token)
    except box.BoxRefusedError as wrong:
        if wrong.status != HTTPStatus.NOT_FOUND or not blocked:
            raise
        row = {"group": None, "priority": None, "valid_until_ms": None, "note": "", "master": False}
    order = {name: row[name] for name in ("group", "priority", "valid_until_ms", "note", "master")}
    return _told(options, box.put(options.socket, order | {"blocked": blocked}, "tokens", options.token))


def _remove(options: Namespace) -> int:
    row = box.remove(options.socket, "tokens", options.token)
    if options.json:
        print_json(row)
        return exits.FINE
    print(f"{row['token']}: {'the row of the list counts again' if row['overrides_list'] else 'forgotten'}")
    return exits.FINE


def _import(options: Namespace) -> int:
    """Every row is checked before the first is stored."""
    try:
        tokens = read_tokens(spelling.content(options.file), file=options.file)
    except (ConfigError, ArgumentTypeError) as wrong:
        return box.complain("token", box.BoxRefusedError(0, str(wrong), "nothing was stored"))
    for token in tokens:
        order = {
            "group": token.group,
            "priority": token.priority,
            "valid_until_ms": token.valid_until_ms,
            "master": token.is_master,
            "note": token.name,
        }
        box.put(options.socket, order, "tokens", token.token)
    if options.json:
        print_json({"stored": len(tokens)})
        return exits.FINE
    print(f"{len(tokens)} cards stored")
    return exits.FINE


def _told(options: Namespace, row: Json) -> int:
    if options.json:
        print_json(row)
        return exits.FINE
    print(f"{row['token']}: {_words(row)}")
    return exits.FINE


def _words(row: Json) -> str:
    words = [
        "blocked" if row["blocked"] else "",
        "master" if row["master"] else "",
        row["note"],
        f"group {row['group']}" if row["group"] else "",
        "" if row["priority"] is None else f"priority {row['priority']}",
        "" if row["valid_until_ms"] is None else f"until {shown(row['valid_until_ms'])}",
        row["source"] + (", in the place of the list's" if row["overrides_list"] else ""),
    ]
    return ", ".join(filter(None, words))
