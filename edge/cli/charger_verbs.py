"""What `ampyard charger NAME ...` can do: a row for each verb, and what of it is not spelled by the rule."""

import base64
import getpass
import secrets
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from edge.cli import box, spelling
from edge.core.errors import ConfigError
from edge.site.commands import CertificateUse
from edge.site.operations import Operation, operations
from edge.site.tokens import read_tokens

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerVerb:
    """One verb. `kind`: the command that it gives; `positionals`: its arguments that need no flag.

    `special`: arguments that `declare` adds in its own way, and `complete` puts into the body.
    """

    name: str
    kind: str
    positionals: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    special: tuple[str, ...] = ()
    declare: Callable[[ArgumentParser], None] = lambda _: None
    complete: Callable[[Namespace, str, Body], Body] = lambda _options, _charger, body: body
    words: str = ""

    @property
    def summary(self) -> str:
        """What it does, as a list of verbs has it."""
        text = self.words or self.operation.summary
        return text if text[1:2].isupper() else text[0].lower() + text[1:]

    @property
    def operation(self) -> Operation:
        """The command's own words."""
        return operations()[self.kind]


class UnfitError(Exception):
    """What was asked for cannot be made into a command; the sentence says why."""


def add(parser: ArgumentParser, verb: ChargerVerb) -> None:
    """Declare a verb's arguments, the same ones that the API takes."""
    for argument in verb.operation.arguments:
        if argument.name not in verb.special:
            spelling.declare(
                parser,
                argument,
                positional=argument.name in verb.positionals,
                past=("since_ms", "until_ms") if verb.kind == "collect-log" else ("since_ms",),
            )
    verb.declare(parser)


def body_of(verb: ChargerVerb, options: Namespace, charger: str) -> Body:
    """The command as JSON. Raises UnfitError, BoxUnreachableError, BoxRefusedError."""
    given = vars(options)
    names = [argument.name for argument in verb.operation.arguments if argument.name not in verb.special]
    body: Body = {"kind": verb.kind} | {name: given[name] for name in names if name in given}
    return verb.complete(options, charger, body)


# -- verbs that are more than their command ---------------------------------------------------------------


def _declare_stop(parser: ArgumentParser) -> None:
    words = "the transaction's number; left out: the only one that runs there"
    parser.add_argument("transaction_id", nargs="?", type=int, metavar="TRANSACTION-ID", help=words)


def _stop(options: Namespace, charger: str, body: Body) -> Body:
    if options.transaction_id is not None:
        return body | {"transaction_id": options.transaction_id}
    sockets = box.ask(options.socket, "chargers", charger)["evses"]
    running = [
        row["transaction_id"]
        for row in sockets
        if row["transaction_id"] is not None and body.get("evse", row["evse"]) == row["evse"]
    ]
    if len(running) != 1:
        known = ", ".join(map(str, running)) or "none"
        raise UnfitError(f"which transaction? There run: {known}")
    return body | {"transaction_id": running[0]}


def _declare_settings(parser: ArgumentParser) -> None:
    words = "KEY reads it, KEY=VALUE writes it; none: all are read"
    parser.add_argument("settings", nargs="*", metavar="KEY[=VALUE]", help=words)


def _settings(options: Namespace, _charger: str, body: Body) -> Body:
    values = dict(word.split("=", maxsplit=1) for word in options.settings if "=" in word)
    if not values:
        return body | {"keys": options.settings}
    if len(values) < len(options.settings):
        raise UnfitError("either read settings, or write them: KEY ... or KEY=VALUE ...")
    return body | {"kind": "write-settings", "settings": values}


def _declare_list(parser: ArgumentParser) -> None:
    words = "a list as CSV, like the site's (token, name, group, valid_until); left out: the box's own tokens"
    parser.add_argument("file", nargs="?", metavar="FILE.csv", help=words)
    parser.add_argument("--remove", action="append", metavar="TOKEN", help="take this card out of the list")


def _list(options: Namespace, _charger: str, body: Body) -> Body:
    if options.remove:
        if options.file is not None:
            raise UnfitError("either a file, or --remove")
        rows = [{"token": token, "status": None} for token in options.remove]
        return body | {"tokens": rows, "full": False}
    if options.file is None:
        rows = [_listed(token) for token in box.ask(options.socket, "tokens")]
        return body | {"tokens": rows}
    try:
        tokens = read_tokens(spelling.content(options.file), file=options.file)
    except (ConfigError, ArgumentTypeError) as wrong:
        raise UnfitError(str(wrong)) from None
    return body | {
        "tokens": [
            {"token": row.token, "group": row.group, "expires_ms": row.valid_until_ms} for row in tokens
        ]
    }


def _listed(token: Body) -> Body:
    return {
        "token": token["token"],
        "status": "blocked" if token["blocked"] else "accepted",
        "group": token["group"],
        "expires_ms": token["valid_until_ms"],
    }


def _declare_distrust(parser: ArgumentParser) -> None:
    parser.add_argument("serial", metavar="SERIAL", help="its serial number, as `certificates` lists it")


def _distrust(options: Namespace, charger: str, body: Body) -> Body:
    """A certificate goes by four numbers; its serial is enough to find them."""
    found = []
    for use in get_args(CertificateUse):
        asked = {"kind": "list-certificates", "use": use}
        try:
            done = box.tell(options.socket, asked, "chargers", charger, "commands", timeout_s=box.COMMAND_S)
        except box.BoxRefusedError:
            continue  # it has none of these
        found += [row for row in done["certificates"] if _same(row["serial_number"], options.serial)]
    if not found:
        raise UnfitError(f"{charger} has no certificate with the serial number {options.serial}")
    return body | {"certificate": found[0]}


def _same(serial: str, other: str) -> bool:
    return serial.lower().lstrip("0") == other.lower().lstrip("0")


def _declare_credential(parser: ArgumentParser) -> None:
    parser.add_argument("--password-file", metavar="FILE", help="where it stands; - is standard input")
    parser.add_argument("--generate", action="store_true", help="make one, and print it once")


def _credential(options: Namespace, _charger: str, body: Body) -> Body:
    """Never an argument: what is typed behind a command stands in the list of processes."""
    if options.generate:
        password = secrets.token_urlsafe(15)
        print(f"password: {password}", file=sys.stderr)
    elif options.password_file:
        try:
            password = spelling.content(options.password_file).rstrip("\r\n")
        except ArgumentTypeError as wrong:
            raise UnfitError(str(wrong)) from None
    else:
        password = getpass.getpass("new password: ")
    if not 16 <= len(password.encode()) <= 20:
        raise UnfitError("a password has 16 to 20 bytes")
    return body | {"password": base64.b64encode(password.encode()).decode()}


def _declare_native(parser: ArgumentParser) -> None:
    words = "the version of OCPP that it is written in; left out: what the charger speaks"
    parser.add_argument("--version", metavar="VERSION", default=SUPPRESS, help=words)


def _native(options: Namespace, charger: str, body: Body) -> Body:
    version = getattr(options, "version", None)
    if version is None:
        spoken = box.ask(options.socket, "chargers", charger)["protocol"]
        version = (spoken or "OCPP 1.6").removeprefix("OCPP ")
    return body | {"version": version}


VERBS = (
    ChargerVerb(name="start", kind="start-charging", positionals=("token",)),
    ChargerVerb(
        name="stop", kind="stop-charging", special=("transaction_id",), declare=_declare_stop, complete=_stop
    ),
    ChargerVerb(name="reset", kind="reset"),
    ChargerVerb(name="unlock", kind="unlock"),
    ChargerVerb(name="availability", kind="set-availability", positionals=("operative",)),
    ChargerVerb(name="reserve", kind="reserve", positionals=("token",)),
    ChargerVerb(name="cancel-reservation", kind="cancel-reservation", positionals=("reservation_id",)),
    ChargerVerb(
        name="settings",
        kind="read-settings",
        special=("keys",),
        words="Read settings, or write them: KEY=VALUE",
        declare=_declare_settings,
        complete=_settings,
    ),
    ChargerVerb(name="firmware", kind="update-firmware", positionals=("location",)),
    ChargerVerb(name="log", kind="collect-log", positionals=("location",)),
    ChargerVerb(
        name="tokens",
        kind="send-tokens",
        aliases=("local-list",),
        special=("tokens",),
        declare=_declare_list,
        complete=_list,
    ),
    ChargerVerb(name="list-version", kind="read-list-version"),
    ChargerVerb(name="clear-cache", kind="clear-token-cache"),
    ChargerVerb(name="trigger", kind="trigger", positionals=("what",), aliases=("report",)),
    ChargerVerb(name="schedule", kind="report-schedule", positionals=("duration_s",)),
    ChargerVerb(name="certificates", kind="list-certificates", positionals=("use",)),
    ChargerVerb(name="trust", kind="install-certificate", positionals=("use", "certificate")),
    ChargerVerb(
        name="distrust",
        kind="remove-certificate",
        special=("certificate",),
        declare=_declare_distrust,
        complete=_distrust,
    ),
    ChargerVerb(name="deliver-certificate", kind="deliver-certificate", positionals=("chain",)),
    ChargerVerb(
        name="credential",
        kind="change-credential",
        special=("password",),
        declare=_declare_credential,
        complete=_credential,
    ),
    ChargerVerb(name="message", kind="send-vendor-message", positionals=("vendor", "message", "data")),
    ChargerVerb(
        name="native",
        kind="native-call",
        positionals=("action", "payload"),
        special=("version",),
        declare=_declare_native,
        complete=_native,
    ),
)
