"""Reads what is sent: JSON into a struct, or a problem in words that say what would be right."""

import difflib
import re
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from edge.site.commands import AnyCommand
from edge.site.operations import SPOKEN_OF, operations, words_at
from edge.web.problems import ProblemError

MOST_COMMAND_BYTES = 4 * 1024 * 1024  # a list of 50,000 cards

Struct = TypeVar("Struct", bound=msgspec.Struct)

_PATH = re.compile(r"`\$\.?([^`]*)`$")
_KINDS = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "text",
    "`bytes`": "base64 text",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "an object",
    "`null`": "null",
    " matching regex ": " written as the rule says, ",
}


def read(body: bytes, kind: type[Struct]) -> Struct:
    """The struct that a body is. Raises ProblemError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        raise explained(wrong, kind) from None
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise _not_json(wrong) from None


def read_command(body: bytes, charger: str) -> AnyCommand:
    """The command that a body is, for this charger whatever the body says. Raises ProblemError."""
    try:
        fields: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.ValidationError as wrong:
        raise _unprocessable(_plain(str(wrong)), 'send {"kind": ..., ...}') from None
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise _not_json(wrong) from None
    known = operations()
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in known:
        raise _unprocessable(_no_kind(kind), f'{{"kind": ...}}, one of {", ".join(known)}')
    operation = known[kind]
    names = [argument.name for argument in operation.arguments]
    unknown = sorted(set(fields) - {*names, "kind", SPOKEN_OF})
    if unknown:
        raise _unprocessable(
            f"{', '.join(unknown)[:100]}: not known here", f"{kind} takes {', '.join(names)}"
        )
    try:
        return msgspec.convert({**fields, SPOKEN_OF: charger}, type=operation.command)
    except msgspec.ValidationError as wrong:
        raise explained(wrong, operation.command) from None


async def large(request: web.Request) -> bytes:
    """A body that may be longer than others; only for who may command."""
    return await request.clone(client_max_size=MOST_COMMAND_BYTES).read()


def explained(wrong: msgspec.ValidationError, kind: type[msgspec.Struct]) -> ProblemError:
    """The message names the field; what would be right is said in the field's own words."""
    text = str(wrong)
    path = _PATH.search(text)
    missing = re.search(r"field `(\w+)`", text)
    where = ".".join(filter(None, (path[1] if path else "", missing[1] if missing else "")))
    field, words = words_at(kind, where)
    names = ", ".join(name for name in kind.__struct_encode_fields__ if name != SPOKEN_OF)
    return _unprocessable(_plain(text), f"{field}: {words}" if words else f"the fields are {names}")


def _no_kind(kind: object) -> str:
    if not isinstance(kind, str):
        return "kind: says which command, and is missing"
    near = difflib.get_close_matches(kind, operations(), n=1)
    return f"kind: no command is called {kind[:50]}" + (f"; {near[0]} is meant?" if near else "")


def _plain(text: str) -> str:
    """Msgspec's "Expected `int`, got `str` - at `$.evse`" as `evse: expected a whole number, got text`."""
    path = _PATH.search(text)
    sentence = text.partition(" - at ")[0]
    for theirs, ours in _KINDS.items():
        sentence = sentence.replace(theirs, ours)
    sentence = f"{sentence[0].lower()}{sentence[1:]}".replace("`", "")
    sentence = sentence.replace("object missing required field ", "missing: ")
    sentence = sentence.replace("object contains unknown field ", "not known here: ")
    return f"{path[1]}: {sentence}" if path and path[1] else sentence


def _unprocessable(error: str, remedy: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error, remedy)


def _not_json(wrong: Exception) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send one JSON object")
