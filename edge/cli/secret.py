"""`ampyard secret set NAME`: a password into a file of its own, asked for without echo, or its hash."""

import getpass
import os
import re
import sys
from argparse import ArgumentParser, Namespace

from edge.cli import exits
from edge.settings.hashing import hashed
from edge.settings.secret import SECRETS_DIRECTORY


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("action", choices=("set",), help="what to do")
    parser.add_argument("name", metavar="NAME", help='as in the site file: "secret:NAME"')
    parser.add_argument("--hash", action="store_true", help="for what chargers show: keep only a hash of it")


def run(options: Namespace) -> int:
    """Ask, and write it so that only the owner can read it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", options.name):
        print("ampyard secret: a name is letters, digits, dots and dashes", file=sys.stderr)
        return exits.USAGE
    value = getpass.getpass(f"{options.name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not value:
        print("ampyard secret: nothing was given, nothing was written", file=sys.stderr)
        return exits.USAGE
    if options.hash:
        value = hashed(value.encode())
    path = SECRETS_DIRECTORY / options.name
    try:
        SECRETS_DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{options.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        print(f"ampyard secret: {path}: {error.strerror} (try: sudo)", file=sys.stderr)
        return exits.FAULTS
    print(f"{path} written. Restart the service to use it: sudo systemctl restart ampyard")
    return exits.FINE
