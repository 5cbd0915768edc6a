"""Payloads of every version, decoded: what is wrong with one becomes the code of a CALLERROR."""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from edge.ocpp.rpc import (
    FORMATION_VIOLATION,
    OCCURENCE_CONSTRAINT_VIOLATION,
    PROPERTY_CONSTRAINT_VIOLATION,
    TYPE_CONSTRAINT_VIOLATION,
    Fault,
)

Decoded = TypeVar("Decoded")

_encoder = msgspec.json.Encoder()

_CODES = (  # how msgspec says it -> which code it is
    (re.compile(r"Object missing required field|Expected `array` of length"), OCCURENCE_CONSTRAINT_VIOLATION),
    (re.compile(r"Object contains unknown field"), FORMATION_VIOLATION),
    (
        re.compile(r"Invalid enum value|Expected `(?:int|float)` [<>]|.*out of range"),
        PROPERTY_CONSTRAINT_VIOLATION,
    ),
    (re.compile(r"Expected `object.*`, got `\w+`$"), FORMATION_VIOLATION),
)


def decode(decoder: msgspec.json.Decoder[Decoded], raw: bytes | msgspec.Raw) -> Decoded:
    """The payload as the decoder's type; no object in it names a key twice. Raises Fault."""
    try:
        message = decoder.decode(raw)
    except msgspec.ValidationError as fault:
        raise Fault(_code_of(str(fault)), str(fault)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Fault(FORMATION_VIOLATION, str(fault)) from None
    _refuse_twins(raw if isinstance(raw, bytes) else bytes(raw), message)
    return message


def _code_of(complaint: str) -> str:
    for form, code in _CODES:
        if form.match(complaint):
            return code
    return TYPE_CONSTRAINT_VIOLATION  # a wrong type, or a text that is too long


def _refuse_twins(raw: bytes, message: object) -> None:
    """Refuse an object that names a key twice: two readers of it could believe different things.

    Two keys have two colons. Unknown keys are refused before, so a message that comes out with as many colons
    as went in has lost nothing, unless one was written as an escape. Only the others are looked at closely.
    """
    colons = raw.count(b":")
    if colons < 2 or (b"\\u" not in raw and colons == _encoder.encode(message).count(b":")):
        return
    try:
        json.loads(raw, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as fault:
        raise Fault(FORMATION_VIOLATION, str(fault)) from None


def _without_twins(pairs: Iterable[tuple[str, Any]]) -> None:
    rows = list(pairs)
    if len({name for name, _ in rows}) != len(rows):
        raise Fault(FORMATION_VIOLATION, "an object names a key twice")
