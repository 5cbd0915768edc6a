"""The published JSON schemas of OCPP 1.6, compiled when first needed, for messages without types here."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

from edge.ocpp.rpc import (
    FORMATION_VIOLATION,
    OCCURENCE_CONSTRAINT_VIOLATION,
    PROPERTY_CONSTRAINT_VIOLATION,
    TYPE_CONSTRAINT_VIOLATION,
    Fault,
)

_CODES = {
    "type": TYPE_CONSTRAINT_VIOLATION,
    "maxLength": TYPE_CONSTRAINT_VIOLATION,
    "enum": PROPERTY_CONSTRAINT_VIOLATION,
    "multipleOf": PROPERTY_CONSTRAINT_VIOLATION,
    "required": OCCURENCE_CONSTRAINT_VIOLATION,
    "minItems": OCCURENCE_CONSTRAINT_VIOLATION,
    "maxItems": OCCURENCE_CONSTRAINT_VIOLATION,
}


@cache
def _validator(name: str) -> Any:  # noqa: ANN401 - jsonschema has no types
    text = (files("ocpp") / "v16" / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig")
    return Draft4Validator(json.loads(text))


def check(name: str, payload: dict[str, Any]) -> None:
    """Pass a payload that fits the schema of this name, `GetDiagnosticsResponse` say. Raises Fault."""
    fault = best_match(_validator(name).iter_errors(payload))
    if fault is not None:
        raise Fault(
            _CODES.get(fault.validator, FORMATION_VIOLATION), f"{fault.json_path}: {fault.message}"[:255]
        )
