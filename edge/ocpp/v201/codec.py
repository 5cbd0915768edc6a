"""Payload <-> message of OCPP 2.x: judged by the published schema, and what Ampyard maps named in structs.

Both versions have the same structs: `CODEC` speaks 2.0.1, `edge.ocpp.v21.codec` 2.1.
"""

from types import ModuleType
from typing import TypeVar

import msgspec

from edge.ocpp import schema
from edge.ocpp.decoding import decode
from edge.ocpp.rpc import NOT_IMPLEMENTED, Fault
from edge.ocpp.v201 import (
    authorisation,
    diagnostics,
    operation,
    provisioning,
    security,
    smart_charging,
    transactions,
)
from edge.ocpp.v201.types import Message, Unmapped

BLOCKS = (authorisation, diagnostics, operation, provisioning, security, smart_charging, transactions)

AnyMessage = TypeVar("AnyMessage", bound=Message)

_encoder = msgspec.json.Encoder()


class Codec:
    """One version: `version` as OCPP writes it, `package` as the package with the schemas does."""

    def __init__(self, version: str, package: str, blocks: tuple[ModuleType, ...] = BLOCKS) -> None:
        self.version = version
        self._package = package
        self._decoders: dict[str, schema.Decoder] = {}
        self._mapped = {
            name: kind for block in blocks for name, kind in vars(block).items() if _is_message(kind)
        }

    def decode_request(self, action: str, raw: bytes | msgspec.Raw) -> Message:
        """The request in a CALL. Raises Fault with the code for the CALLERROR."""
        return self._decode(action, f"{action}Request", action, raw)

    def decode_response(self, action: str, raw: bytes | msgspec.Raw) -> Message:
        """The response in the CALLRESULT to a CALL of this action. Raises Fault."""
        name = f"{action}Response"
        return self._decode(action, name, name, raw)

    def decode_answer(
        self, request: Message, expected: type[AnyMessage], raw: bytes | msgspec.Raw
    ) -> AnyMessage:
        """The response to a request of ours, in the type that the caller names. Raises Fault."""
        answer = self.decode_response(action_of(request), raw)
        assert isinstance(answer, expected)  # noqa: S101 - the caller names the wrong type: a bug
        return answer

    def _decode(self, action: str, name: str, mapped: str, raw: bytes | msgspec.Raw) -> Message:
        decoder = self._decoders.get(name)
        if decoder is None:
            decoder = schema.decoder(self._package, name, self._mapped.get(mapped, Unmapped))
            if decoder is None:
                raise Fault(NOT_IMPLEMENTED, f"OCPP {self.version} has no action {action[:50]}")
            self._decoders[name] = decoder
        message: Message = decode(decoder, raw)
        return message


def action_of(request: Message) -> str:
    """The action that a typed request is sent as: it is called so."""
    return type(request).__name__


def encode(message: Message) -> bytes:
    """A message as payload; what is None is left out."""
    return _encoder.encode(message)


def _is_message(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Message) and kind is not Message


CODEC = Codec("2.0.1", "v201")
