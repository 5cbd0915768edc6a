"""Which commands there are, and what each takes: read out of the commands themselves, for every door.

API, command line and OpenAPI document ask here, so that none of them knows a command, a range or a word
that the others do not.
"""

import functools
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from edge.site.commands import (
    AnyCommand,
    ReportSchedule,
    Reserve,
    SetAvailability,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
)

SPOKEN_OF = "charger"  # it stands in the path, or beside the verb
OF_A_SOCKET = (StartCharging, StopCharging, Reserve, Unlock, SetAvailability, Trigger, ReportSchedule)
"""What may mean one socket; with every other command `evse` would be ignored, and is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One field of a struct as JSON has it: its words, and its type without what only describes it.

    `default` is what counts when it is left out; it means nothing where it `is_required`.
    """

    name: str
    words: str
    type: inspect.Type
    is_required: bool
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One command: the `kind` that names it, what it does in a sentence, and its arguments."""

    kind: str
    command: type[AnyCommand]
    summary: str
    arguments: tuple[Argument, ...]

    def argument(self, name: str) -> Argument:
        """One of them. Raises KeyError."""
        return {argument.name: argument for argument in self.arguments}[name]


@functools.cache
def operations() -> dict[str, Operation]:
    """Every command by its kind."""
    return {each.kind: each for each in map(_operation, typing.get_args(AnyCommand))}


@functools.cache
def arguments_of(struct: type[msgspec.Struct]) -> tuple[Argument, ...]:
    """The fields of any struct that is read from JSON."""
    return tuple(_argument(field) for field in _fields(inspect.type_info(struct)))


def first_sentence(text: str | None) -> str:
    """What a docstring says first, without the full stop."""
    return " ".join((text or "").split("\n\n", maxsplit=1)[0].split()).split(". ")[0].rstrip(".")


def words_at(struct: type[msgspec.Struct], path: str) -> tuple[str, str]:
    """The field that a path like `tokens[3].group` ends in, and its words; what is nearest that has any."""
    found = ("", "")
    fields = {field.encode_name: field for field in _fields(inspect.type_info(struct))}
    for name in path.replace("[...]", "").split("."):
        field = fields.get(name.split("[")[0])
        if field is None:
            break
        argument = _argument(field)
        found = (argument.name, argument.words) if argument.words else found
        fields = {inner.encode_name: inner for inner in _inner_fields(argument.type)}
    return found


def _operation(command: type[AnyCommand]) -> Operation:
    hidden = {SPOKEN_OF} if issubclass(command, OF_A_SOCKET) else {SPOKEN_OF, "evse"}
    arguments = tuple(argument for argument in arguments_of(command) if argument.name not in hidden)
    kind = command.__struct_config__.tag
    return Operation(
        kind=str(kind), command=command, summary=first_sentence(command.__doc__), arguments=arguments
    )


def _fields(kind: inspect.Type) -> tuple[inspect.Field, ...]:
    return kind.fields if isinstance(kind, inspect.StructType) else ()


def _inner_fields(kind: inspect.Type) -> Iterator[inspect.Field]:
    """The fields of the struct that this is, or is a list of."""
    if isinstance(kind, inspect.VarTupleType):
        kind = _plain(kind.item_type)[0]
    yield from _fields(kind)


def _argument(field: inspect.Field) -> Argument:
    kind, words = _plain(field.type)
    default = None if field.default is msgspec.NODEFAULT else field.default
    return Argument(
        name=field.encode_name, words=words, type=kind, is_required=field.required, default=default
    )


def _plain(kind: inspect.Type) -> tuple[inspect.Type, str]:
    """The type itself, without `None` beside it, and the words that describe it."""
    words = ""
    while True:
        if isinstance(kind, inspect.Metadata):
            words = words or str((kind.extra_json_schema or {}).get("description", ""))
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            if len(others) != 1:
                return kind, words
            kind = others[0]
        else:
            return kind, words
