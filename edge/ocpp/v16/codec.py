"""Payload <-> message of OCPP 1.6: decoded and validated in one step, refused with the right error code."""

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
from edge.ocpp.v16 import requests, responses
from edge.ocpp.v16.types import Message

AnyMessage = TypeVar("AnyMessage", bound=Message)

TABLE: dict[str, tuple[type[Message], type[Message]]] = {
    "Authorize": (requests.Authorize, responses.AuthorizeResponse),
    "BootNotification": (requests.BootNotification, responses.BootNotificationResponse),
    "ChangeAvailability": (requests.ChangeAvailability, responses.ChangeAvailabilityResponse),
    "ChangeConfiguration": (requests.ChangeConfiguration, responses.ChangeConfigurationResponse),
    "ClearCache": (requests.ClearCache, responses.ClearCacheResponse),
    "ClearChargingProfile": (requests.ClearChargingProfile, responses.ClearChargingProfileResponse),
    "DataTransfer": (requests.DataTransfer, responses.DataTransferResponse),
    "GetCompositeSchedule": (requests.GetCompositeSchedule, responses.GetCompositeScheduleResponse),
    "GetConfiguration": (requests.GetConfiguration, responses.GetConfigurationResponse),
    "Heartbeat": (requests.Heartbeat, responses.HeartbeatResponse),
    "MeterValues": (requests.MeterValues, responses.MeterValuesResponse),
    "RemoteStartTransaction": (requests.RemoteStartTransaction, responses.RemoteStartTransactionResponse),
    "RemoteStopTransaction": (requests.RemoteStopTransaction, responses.RemoteStopTransactionResponse),
    "Reset": (requests.Reset, responses.ResetResponse),
    "SetChargingProfile": (requests.SetChargingProfile, responses.SetChargingProfileResponse),
    "StartTransaction": (requests.StartTransaction, responses.StartTransactionResponse),
    "StatusNotification": (requests.StatusNotification, responses.StatusNotificationResponse),
    "StopTransaction": (requests.StopTransaction, responses.StopTransactionResponse),
    "TriggerMessage": (requests.TriggerMessage, responses.TriggerMessageResponse),
    "UnlockConnector": (requests.UnlockConnector, responses.UnlockConnectorResponse),
}
"""The actions with types of their own: what is asked and what is answered."""

UNMAPPED = {
    "CancelReservation",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "GetDiagnostics",
    "GetLocalListVersion",
    "ReserveNow",
    "SendLocalList",
    "UpdateFirmware",
    # the security whitepaper, edition 2
    "CertificateSigned",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetInstalledCertificateIds",
    "GetLog",
    "InstallCertificate",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "SignedUpdateFirmware",
}
"""Actions of OCPP 1.6 that are checked against the published schemas alone."""


class Untyped(msgspec.Struct, frozen=True, kw_only=True):
    """A valid message of an action that is not mapped."""

    action: str
    payload: dict[str, Any]


_ACTIONS = {request: action for action, (request, _) in TABLE.items()}
_requests = {action: msgspec.json.Decoder(request) for action, (request, _) in TABLE.items()}
_responses = {action: msgspec.json.Decoder(response) for action, (_, response) in TABLE.items()}
_anything = msgspec.json.Decoder(dict[str, Any])
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


def decode_request(action: str, raw: bytes | msgspec.Raw) -> Message | Untyped:
    """The request in a CALL. Raises Fault with the code for the CALLERROR."""
    decoder = _requests.get(action)
    return _untyped(action, action, raw) if decoder is None else _decode(decoder, raw)


def decode_response(action: str, raw: bytes | msgspec.Raw) -> Message | Untyped:
    """The response in the CALLRESULT to a CALL of this action. Raises Fault."""
    decoder = _responses.get(action)
    return _untyped(action, action + "Response", raw) if decoder is None else _decode(decoder, raw)


def decode_answer(request: Message, expected: type[AnyMessage], raw: bytes | msgspec.Raw) -> AnyMessage:
    """The response to a request of ours, in the type that the caller names. Raises Fault."""
    answer = decode_response(action_of(request), raw)
    assert isinstance(answer, expected)  # noqa: S101 - the caller names the wrong type: a bug
    return answer


def encode(message: Message | Untyped) -> bytes:
    """A message as payload; what is None is left out."""
    return _encoder.encode(message.payload if isinstance(message, Untyped) else message)


def _decode(decoder: msgspec.json.Decoder[Message], raw: bytes | msgspec.Raw) -> Message:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as fault:
        raise Fault(_code_of(str(fault)), str(fault)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Fault(FORMATION_VIOLATION, str(fault)) from None


def _code_of(complaint: str) -> str:
    for form, code in _CODES:
        if form.match(complaint):
            return code
    return TYPE_CONSTRAINT_VIOLATION  # a wrong type, or a text too long for its CiString type


def _untyped(action: str, schema: str, raw: bytes | msgspec.Raw) -> Untyped:
    if action not in UNMAPPED:
        raise Fault(NOT_IMPLEMENTED, f"OCPP 1.6 has no action {action[:50]}")
    from edge.ocpp.v16 import schemas  # noqa: PLC0415 - jsonschema is loaded only when such a message comes

    try:
        payload = _anything.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Fault(FORMATION_VIOLATION, str(fault)) from None
    schemas.check(schema, payload)
    return Untyped(action=action, payload=payload)
