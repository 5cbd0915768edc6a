"""How a command's arguments are spelled on the command line, out of what the command itself says of them."""

import json
import re
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from msgspec import inspect

from edge.cli.times import ahead_ms, past_ms, span_s
from edge.site.operations import Argument

FILES = frozenset({"certificate", "chain"})  # a text too long to be typed: the name of its file is
PAST = frozenset({"since_ms"})
_UNIT = re.compile(r"_(ms|s)$")


def declare(
    parser: ArgumentParser, argument: Argument, *, positional: bool, past: Collection[str] = PAST
) -> None:
    """Add one argument. What is left out is not sent at all: the command's own default holds."""
    options: dict[str, Any] = {"help": words_of(argument).replace("%", "%%")}
    if isinstance(argument.type, inspect.BoolType) and not positional:
        action = BooleanOptionalAction if argument.default else "store_true"
        parser.add_argument(
            flag(argument.name), dest=argument.name, action=action, default=SUPPRESS, **options
        )
        return
    options |= {"type": reader(argument, past), "metavar": _metavar(argument)}
    if isinstance(argument.type, inspect.LiteralType):
        options["choices"] = argument.type.values
    if positional:
        if not argument.is_required:
            options |= {"nargs": "?", "default": SUPPRESS}
        parser.add_argument(argument.name, **options)
        return
    parser.add_argument(
        flag(argument.name), dest=argument.name, required=argument.is_required, default=SUPPRESS, **options
    )


def words_of(argument: Argument) -> str:
    """What it may be, as one types it: no `null`, and times by the clock."""
    words = re.sub(r",? or null[^;]*", "", argument.words)
    words = re.sub(r"GET /api/(\w+)s\b(\?\S+)?", r"ampyard \1 list", words)
    return words.replace("ms since 1970, UTC", "18:30, 2h or 2026-12-24T18:00")


def flag(name: str) -> str:
    """`--retry-interval` for `retry_interval_s`: the unit is read, not typed."""
    return "--" + _UNIT.sub("", name).replace("_", "-")


def reader(argument: Argument, past: Collection[str] = PAST) -> Callable[[str], Any]:
    """What turns a word into the argument. Raises ArgumentTypeError with what is allowed."""
    if argument.name in FILES:
        return _within(argument, content)
    if argument.name.endswith("_ms"):
        return _within(argument, past_ms if argument.name in past else ahead_ms)
    if isinstance(argument.type, inspect.IntType):
        return _within(argument, span_s if argument.name.endswith("_s") else _whole)
    if isinstance(argument.type, inspect.BoolType):
        return _yes_or_no
    if isinstance(argument.type, inspect.DictType):
        return _json_object
    return _within(argument, str)


def content(name: str) -> str:
    """The text of a file; `-` is standard input."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "no text"
        raise ArgumentTypeError(f"{name}: {reason}") from None


def _within(argument: Argument, read: Callable[[str], Any]) -> Callable[[str], Any]:
    def checked(text: str) -> Any:  # noqa: ANN401  what the argument is
        try:
            value = read(text)
        except ValueError:
            value = None
        if value is None or not _fits(value, argument.type):
            raise ArgumentTypeError(f"{text[:60]!r} is not {words_of(argument)}")
        return value

    return checked


def _fits(value: object, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.IntType):
        low, high = kind.ge, kind.le
        return isinstance(value, int) and (low is None or value >= low) and (high is None or value <= high)
    if isinstance(kind, inspect.StrType) and isinstance(value, str):
        least, most, pattern = kind.min_length or 0, kind.max_length, kind.pattern
        is_long = most is not None and len(value) > most
        return least <= len(value) and not is_long and (pattern is None or bool(re.search(pattern, value)))
    return True


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise ValueError(text)
    return int(text)


def _yes_or_no(text: str) -> bool:
    words = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ArgumentTypeError(f"{text!r} is neither on nor off")
    return words[text.lower()]


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text[:60]!r} is no JSON object like {{}}")
    return value


def _metavar(argument: Argument) -> str | None:
    if isinstance(argument.type, inspect.LiteralType):
        return None if len(argument.type.values) < 4 else _UNIT.sub("", argument.name).upper()
    if isinstance(argument.type, inspect.BoolType):
        return "on|off"
    if argument.name in FILES:
        return "FILE"
    if argument.name.endswith("_ms"):
        return "WHEN"
    return "SPAN" if argument.name.endswith("_s") else argument.name.upper().replace("_", "-")
