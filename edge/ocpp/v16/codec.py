"""Payload <-> message of OCPP 1.6: decoded and validated in one step, refused with the right error code."""

import json
import re
from typing import Any, TypeVar

import msgspec

from edge.ocpp.rpc import (
    FORMATION_VIOLATION,
    NOT_IMPLEMENTED,
    OCCURENCE_CONSTRAINT_VIOLATION,
    PROPERTY_CONSTRAINT_VIOLATION,
    TYPE_CONSTRAINT_VIOLATION,
    Fault,
)
from edge.ocpp.v16.table import TABLE
from edge.ocpp.v16.types import Message

AnyMessage = TypeVar("AnyMessage", bound=Message)

_ACTIONS = {request: action for action, (request, _) in TABLE.items()}
_requests = {action: msgspec.json.Decoder(request) for action, (request, _) in TABLE.items()}
_responses = {action: msgspec.json.Decoder(response) for action, (_, response) in TABLE.items()}
_encoder = msgspec.json.Encoder()

_CODES = (  # how msgspec says it -> which code it is
    (re.compile(r"Object missing required field|Expected `array` of length"), OCCURENCE_CONSTRAINT_VIOLATION),
    (re.compile(r"Object contains unknown field"), FORMATION_VIOLATION),
    (re.compile(r"Invalid enum value|Expected `int` [<>]|.*out of range"), PROPERTY_CONSTRAINT_VIOLATION),
    (re.compile(r"Expected `object.*`, got `\w+`$"), FORMATION_VIOLATION),
)


def action_of(request: Message) -> str:
    """The action that a typed request is sent as."""
    return _ACTIONS[type(request)]


def decode_request(action: str, raw: bytes | msgspec.Raw) -> Message:
    """The request in a CALL. Raises Fault with the code for the CALLERROR."""
    return _decode(_decoder(_requests, action), raw)


def decode_response(action: str, raw: bytes | msgspec.Raw) -> Message:
    """The response in the CALLRESULT to a CALL of this action. Raises Fault."""
    return _decode(_decoder(_responses, action), raw)


def decode_answer(request: Message, expected: type[AnyMessage], raw: bytes | msgspec.Raw) -> AnyMessage:
    """The response to a request of ours, in the type that the caller names. Raises Fault."""
    answer = decode_response(action_of(request), raw)
    assert isinstance(answer, expected)  # noqa: S101 - the caller names the wrong type: a bug
    return answer


def encode(message: Message) -> bytes:
    """A message as payload; what is None is left out."""
    return _encoder.encode(message)


def _decoder(
    decoders: dict[str, msgspec.json.Decoder[Message]], action: str
) -> msgspec.json.Decoder[Message]:
    decoder = decoders.get(action)
    if decoder is None:
        raise Fault(NOT_IMPLEMENTED, f"OCPP 1.6 has no action {action[:50]}")
    return decoder


def _decode(decoder: msgspec.json.Decoder[Message], raw: bytes | msgspec.Raw) -> Message:
    try:
        message = decoder.decode(raw)
    except msgspec.ValidationError as fault:
        raise Fault(_code_of(str(fault)), str(fault)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Fault(FORMATION_VIOLATION, str(fault)) from None
    _refuse_twins(bytes(raw), message)
    return message


def _code_of(complaint: str) -> str:
    for form, code in _CODES:
        if form.match(complaint):
            return code
    return TYPE_CONSTRAINT_VIOLATION  # a wrong type, or a text too long for its CiString type


def _refuse_twins(raw: bytes, message: Message) -> None:
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


def _without_twins(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) != len(pairs):
        raise Fault(FORMATION_VIOLATION, "an object names a key twice")
