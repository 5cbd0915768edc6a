"""Payload <-> message of OCPP 1.6: decoded and validated in one step, refused with the right error code."""

from typing import TypeVar

import msgspec

from edge.ocpp.decoding import decode
from edge.ocpp.rpc import NOT_IMPLEMENTED, Fault
from edge.ocpp.v16.table import TABLE
from edge.ocpp.v16.types import Message

AnyMessage = TypeVar("AnyMessage", bound=Message)

_ACTIONS = {request: action for action, (request, _) in TABLE.items()}
_requests = {action: msgspec.json.Decoder(request) for action, (request, _) in TABLE.items()}
_responses = {action: msgspec.json.Decoder(response) for action, (_, response) in TABLE.items()}
_encoder = msgspec.json.Encoder()


def action_of(request: Message) -> str:
    """The action that a typed request is sent as."""
    return _ACTIONS[type(request)]


def decode_request(action: str, raw: bytes | msgspec.Raw) -> Message:
    """The request in a CALL. Raises Fault with the code for the CALLERROR."""
    return decode(_decoder(_requests, action), raw)


def decode_response(action: str, raw: bytes | msgspec.Raw) -> Message:
    """The response in the CALLRESULT to a CALL of this action. Raises Fault."""
    return decode(_decoder(_responses, action), raw)


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
