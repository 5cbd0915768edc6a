"""Published JSON schemas of OCPP 2.x, compiled into decoders: what a schema refuses does not decode.

The schemas come with the `ocpp` package, whose code is not imported. One is read when its message is met for
the first time. Only what they are made of is understood; a keyword that would weaken a verdict is a bug.

A message is compiled on top of the struct that names what is read of it: the decoded object is one of that
struct, its fields have the types of the schema, and the schema's other fields are there beside them.
"""

import importlib.util
import json
import types
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

Struct = type[msgspec.Struct]
Decoder = msgspec.json.Decoder[Any]

_LEAST, _MOST = -(2**63), 2**63 - 1  # what a database can keep
_WITHOUT_A_SAY = {"$schema", "$id", "comment", "description", "javaType", "default", "format", "definitions"}
_UNDERSTOOD = {
    "object": {"type", "properties", "required", "additionalProperties"},
    "array": {"type", "items", "additionalItems", "minItems", "maxItems"},
    "string": {"type", "enum", "maxLength", "additionalProperties"},  # the last says nothing of a text
    "integer": {"type", "minimum", "maximum"},
    "number": {"type", "minimum", "maximum"},
    "boolean": {"type"},
}


@cache
def folder(version: str) -> Path:
    """Where the schemas of a version are, by its name in the package: v201, v21."""
    spec = importlib.util.find_spec("ocpp")
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    if not places:
        raise ModuleNotFoundError("the package ocpp, which brings the schemas of OCPP 2.x, is not installed")
    return Path(places[0]) / version / "schemas"


@cache
def names(version: str) -> frozenset[str]:
    """The messages of a version, `HeartbeatRequest` say."""
    return frozenset(path.stem for path in folder(version).glob("*.json"))


def decoder(version: str, name: str, struct: Struct) -> Decoder | None:
    """The decoder of a message as this struct; None: this version has no such message."""
    return _decoder(version, name, struct) if name in names(version) else None


@cache
def _decoder(version: str, name: str, struct: Struct) -> Decoder:
    path = folder(version) / f"{name}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig"))
    return msgspec.json.Decoder(_Compiler(schema.get("definitions", {})).type_of(schema, name, struct))


class _Compiler:
    """Makes types of one schema's parts, each definition once for each struct."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[tuple[str, Struct | None], Any] = {}

    def type_of(self, part: Mapping[str, Any], name: str, struct: Struct | None) -> Any:  # noqa: ANN401  a type
        """What a value must be that the part describes."""
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if (name, struct) not in self._made:
                self._made[name, struct] = self.type_of(self._definitions[name], name, struct)
            return self._made[name, struct]
        kind = part.get("type")
        if kind is None:
            return Any
        strange = part.keys() - _WITHOUT_A_SAY - _UNDERSTOOD[kind]
        if strange:
            raise NotImplementedError(f"{name}: {', '.join(sorted(strange))}")
        if kind == "object":
            return self._struct(part, name, struct)
        if kind == "array":
            few, many = part.get("minItems", 0), part.get("maxItems")
            items: Any = self.type_of(part["items"], name, struct)
            return Annotated[tuple[items, ...], msgspec.Meta(min_length=few, max_length=many)]
        return _simple(kind, part)

    def _struct(self, part: Mapping[str, Any], name: str, struct: Struct | None) -> Struct:
        required = set(part.get("required", ()))
        mapped = {} if struct is None else dict(_mapped(struct))
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        spelling = {field: key for key, (field, _) in mapped.items()}
        for key, inner in part.get("properties", {}).items():
            field, inside = mapped.pop(key, (key, None))
            spelling[field] = key
            fitting = self.type_of(inner, f"{name}_{key}", inside)
            fields.append((field, fitting) if key in required else (field, fitting | None, None))
        for field, _ in mapped.values():  # of another version: here it is a stranger
            fields.append((field, None, None))
            spelling[field] = _ABSENT + field
        return msgspec.defstruct(
            name,
            fields,
            bases=None if struct is None else (struct,),
            rename=spelling,
            kw_only=True,
            frozen=True,
            omit_defaults=True,
            forbid_unknown_fields=part.get("additionalProperties") is False,
        )


_ABSENT = (
    "\x7f"  # of a name on the wire that no version has; and whoever sends it says nothing, for it is null
)


@cache
def _mapped(struct: Struct) -> dict[str, tuple[str, Struct | None]]:
    """By the name on the wire, what a field is called here, and the struct that is in it."""
    hints = typing.get_type_hints(struct)
    return {
        field.encode_name: (field.name, _inside(hints[field.name]))
        for field in msgspec.structs.fields(struct)
    }


def _inside(hint: Any) -> Struct | None:  # noqa: ANN401  a type
    """The struct that a field of this type has one or several of."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if typing.get_origin(hint) in {typing.Union, types.UnionType, tuple}:
        return next((found for each in typing.get_args(hint) if (found := _inside(each))), None)
    return None


def _simple(kind: str, part: Mapping[str, Any]) -> Any:  # noqa: ANN401  a type made here
    if "enum" in part:
        return Literal[tuple(part["enum"])]
    if kind == "string":
        return Annotated[str, msgspec.Meta(max_length=part.get("maxLength"))]
    if kind == "boolean":
        return bool
    least, most = part.get("minimum"), part.get("maximum")
    if kind == "number":
        return Annotated[float, msgspec.Meta(ge=least, le=most)]
    least = _LEAST if least is None else int(least)
    return Annotated[int, msgspec.Meta(ge=least, le=_MOST if most is None else int(most))]
