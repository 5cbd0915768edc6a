"""Published JSON schemas of OCPP 2.x, compiled into decoders: what a schema refuses does not decode.

The schemas come with the `ocpp` package, whose code is not imported. One is read when its message is met for
the first time. Only what they are made of is understood; a keyword that would weaken a verdict is a bug.
"""

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

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


def decoder(version: str, name: str) -> Decoder | None:
    """The decoder of a message; None: this version has no such message."""
    return _decoder(version, name) if name in names(version) else None


@cache
def _decoder(version: str, name: str) -> Decoder:
    path = folder(version) / f"{name}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig"))
    return msgspec.json.Decoder(_Compiler(schema.get("definitions", {})).type_of(schema, name))


class _Compiler:
    """Makes types of one schema's parts, each definition once."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[str, Any] = {}

    def type_of(self, part: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  a type made here
        """What a value must be that the part describes."""
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if name not in self._made:
                self._made[name] = self.type_of(self._definitions[name], name)
            return self._made[name]
        kind = part.get("type")
        if kind is None:
            return Any
        strange = part.keys() - _WITHOUT_A_SAY - _UNDERSTOOD[kind]
        if strange:
            raise NotImplementedError(f"{name}: {', '.join(sorted(strange))}")
        if kind == "object":
            return self._struct(part, name)
        if kind == "array":
            few, many = part.get("minItems", 0), part.get("maxItems")
            items: Any = self.type_of(part["items"], name)
            return Annotated[list[items], msgspec.Meta(min_length=few, max_length=many)]
        return _simple(kind, part)

    def _struct(self, part: Mapping[str, Any], name: str) -> type[msgspec.Struct]:
        required = set(part.get("required", ()))
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for key, inner in part.get("properties", {}).items():
            fitting = self.type_of(inner, f"{name}_{key}")
            fields.append((key, fitting) if key in required else (key, fitting | None, None))
        return msgspec.defstruct(
            name,
            fields,
            kw_only=True,
            omit_defaults=True,
            forbid_unknown_fields=part.get("additionalProperties") is False,
            gc=False,
        )


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
