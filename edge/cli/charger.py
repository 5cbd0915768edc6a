"""`ampyard charger`: the chargers, and every operation on one of them by its name."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from typing import Any

from edge.cli import box, exits
from edge.cli.charger_verbs import VERBS, ChargerVerb, UnfitError, add, body_of
from edge.cli.following import follow
from edge.cli.terminal import print_json
from edge.site.commands import MORE_PER_MESSAGE_MS

Json = dict[str, Any]


def declare_for(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Its arguments: with a name and a verb those of the verb, else what shows chargers."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    if len(_plain(words)) > 1:
        parser.add_argument("name", metavar="NAME", help="a charger, or a bay with its socket: bay-4/2")
        verbs = parser.add_subparsers(dest="operation", metavar="OPERATION", required=True)
        for verb in VERBS:
            _declare_verb(verbs.add_parser(verb.name, aliases=verb.aliases, **_help(verb)), verb)
        return
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this charger alone")
    parser.usage = "ampyard charger [--json] [--socket PATH] [NAME [OPERATION ...]]"
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = "\n".join(_operations())


def declare(parser: ArgumentParser) -> None:
    """The same, when nobody knows what follows."""
    declare_for(parser, ())


def run(options: Namespace) -> int:
    """Show chargers, or have one do something."""
    try:
        if getattr(options, "verb_of", None) is None:
            return _show(options)
        return _perform(options, options.verb_of)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        if options.json and isinstance(wrong, box.BoxRefusedError):
            print_json({"error": wrong.error, "try": wrong.remedy})
        return box.complain("charger", wrong)
    except UnfitError as wrong:
        print(f"ampyard charger: {wrong}", file=sys.stderr)
        return exits.USAGE


def _declare_verb(parser: ArgumentParser, verb: ChargerVerb) -> None:
    add(parser, verb)
    box.declare_again(parser)
    if verb.kind in {"update-firmware", "collect-log"}:
        parser.add_argument("--no-wait", action="store_true", help="do not follow the work to its end")
    parser.set_defaults(verb_of=verb)


def _help(verb: ChargerVerb) -> Json:
    text = verb.summary.replace("%", "%%")
    return {"help": text, "description": f"{text[0].upper()}{text[1:]}."}


def _operations() -> Iterator[str]:
    yield "operations, each with a --help of its own:"
    for verb in VERBS:
        yield f"  {verb.name:<20} {verb.summary}"


def _plain(words: Sequence[str]) -> list[str]:
    """The words that are neither an option nor the value of one."""
    return [
        word
        for place, word in enumerate(words)
        if not word.startswith("-") and (place == 0 or words[place - 1] != "--socket")
    ]


def _show(options: Namespace) -> int:
    if options.name is None:
        chargers: list[Json] = box.ask(options.socket, "chargers")
    else:
        chargers = [box.ask(options.socket, "chargers", options.name.partition("/")[0])]
    if options.json:
        print_json(chargers if options.name is None else chargers[0])
        return exits.FINE
    width = max([6, *(len(charger["name"]) for charger in chargers)])
    for charger in chargers:
        print(f"{charger['name']:<{width}}  {_link(charger):<14}  {_model(charger)}")
        for socket in charger["evses"]:
            name = f"{socket['id']}: " if len(charger["evses"]) > 1 else ""
            running = f"  (transaction {socket['transaction_id']})" if socket["transaction_id"] else ""
            print(f"{'':<{width}}  {name}{socket['sentence']}{running}")
    return exits.FINE


def _link(charger: Json) -> str:
    return {"up": "connected", "down": "not connected", "never": "never seen"}[charger["link"]]


def _model(charger: Json) -> str:
    parts = [charger["vendor"], charger["model"], charger["firmware"], charger["protocol"]]
    return " ".join(part for part in parts if part) or "model not known yet"


def _perform(options: Namespace, verb: ChargerVerb) -> int:
    name, _, socket = options.name.partition("/")
    if socket and not hasattr(options, "evse"):
        options.evse = _socket(options.name, socket, verb)
    body = body_of(verb, options, name)
    patience_s = box.COMMAND_S + MORE_PER_MESSAGE_MS // 1000 * len(body.get("tokens", ()))
    outcome: Json = box.tell(options.socket, body, "chargers", name, "commands", timeout_s=patience_s)
    is_followed = outcome["type"] == "Started" and not options.no_wait
    if options.json and not is_followed:
        print_json(outcome)
        return exits.FINE
    if not options.json:
        for line in _lines(name, outcome):
            print(line)
    if is_followed:
        return follow(options.socket, name, outcome["request_id"], as_json=options.json)
    return exits.FINE


def _socket(bay: str, socket: str, verb: ChargerVerb) -> int:
    if not any(argument.name == "evse" for argument in verb.operation.arguments):
        name = bay.partition("/")[0]
        raise UnfitError(f"{verb.name} is for a whole charger: ampyard charger {name} {verb.name}")
    if not (socket.isascii() and socket.isdigit() and 1 <= int(socket) <= 255):
        raise UnfitError(f"{bay}: a socket is a number, counted from 1")
    return int(socket)


def _lines(name: str, outcome: Json) -> Iterator[str]:
    """An outcome in words."""
    if outcome["type"] == "Started":
        file = f", as {outcome['file']}" if outcome["file"] else ""
        yield f"{name}: begun, number {outcome['request_id']}{file}"
        return
    shown = False
    for setting in outcome["settings"]:
        shown = True
        value = "(not told)" if setting["value"] is None else setting["value"]
        yield f"{setting['key']} = {value}{'  (read only)' if setting['readonly'] else ''}"
    for key in outcome["unknown_keys"]:
        shown = True
        yield f"{key}: the charger does not know it"
    for row in outcome["certificates"]:
        shown = True
        yield f"{row['serial_number']}  {row['algorithm']} {row['issuer_name_hash']} {row['issuer_key_hash']}"
    if outcome["list_version"] is not None:
        shown = True
        yield f"{name}: its list of tokens has version {outcome['list_version']}"
    if outcome["reservation_id"] is not None:
        shown = True
        yield f"{name}: reserved, number {outcome['reservation_id']}"
    if outcome["data"] is not None:
        shown = True
        yield outcome["data"]
    if outcome["reboot_needed"]:
        shown = True
        yield f"{name}: done; it works after a restart: ampyard charger {name} reset"
    if not shown:
        yield f"{name}: done"
