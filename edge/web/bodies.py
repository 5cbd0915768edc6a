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
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bytes": "base64 text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
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


def checked(name: str, value: str, kind: Any) -> str:  # noqa: ANN401  an annotated str
    """A part of the path, as this type allows it. Raises ProblemError."""
    try:
        text: str = msgspec.convert(value, type=kind)
    except msgspec.ValidationError as wrong:
        words = str((kind.__metadata__[0].description) or "")
        raise _unprocessable(f"{name}: {_plain(str(wrong))}", words) from None
    return text


def asked_number(request: web.Request, name: str, *, low: int, high: int) -> int | None:
    """A number behind the question mark; None: it is not there. Raises ProblemError."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"{name} is {text[:30]}", f"a whole number from {low} to {high}"
        )
    return int(text)


def asked_word(request: web.Request, name: str, words: tuple[str, ...]) -> str | None:
    """A word behind the question mark; None: it is not there. Raises ProblemError."""
    text = request.query.get(name)
    if text is not None and text not in words:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} is {text[:30]}", f"one of {', '.join(words)}")
    return text


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
    sentence = re.sub("`([^`]*)`", _kinds, f"{sentence[0].lower()}{sentence[1:]}")
    sentence = re.sub(" matching regex .*", ", written otherwise", sentence)
    sentence = sentence.replace("object missing required field ", "missing: ")
    sentence = sentence.replace("object contains unknown field ", "not known here: ")
    return f"{path[1]}: {sentence}" if path and path[1] else sentence


def _kinds(quoted: re.Match[str]) -> str:
    """`int | null` in our words."""
    return " or ".join(_KINDS.get(kind, kind) for kind in quoted[1].split(" | "))


def _unprocessable(error: str, remedy: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error, remedy)


def _not_json(wrong: Exception) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send one JSON object")
