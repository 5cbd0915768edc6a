"""Payloads of OCPP 1.6 become messages, and wrong ones the right error code (OCPP-J 1.6 section 4.2.3)."""

import json

import pytest
from ocpp.messages import Call, CallResult, validate_payload

from edge.ocpp.rpc import Fault
from edge.ocpp.v16.codec import action_of, decode_answer, decode_request, encode
from edge.ocpp.v16.requests import MeterValues, RemoteStopTransaction, Reset, StatusNotification
from edge.ocpp.v16.responses import BootNotificationResponse, ResetResponse
from edge.ocpp.v16.types import MeterValue, SampledValue

CODES = {
    "an action that OCPP 1.6 lacks": ("NotifyEvent", b"{}", "NotImplemented"),
    "an action with a path in it": ("../v201/schemas/Heartbeat", b"{}", "NotImplemented"),
    "a field is missing": ("Authorize", b"{}", "OccurenceConstraintViolation"),
    "a list is empty": ("MeterValues", b'{"connectorId":1,"meterValue":[]}', "OccurenceConstraintViolation"),
    "a field too many": ("Heartbeat", b'{"a":1}', "FormationViolation"),
    "not an object": ("Heartbeat", b"[]", "FormationViolation"),
    "not JSON": ("Heartbeat", b"{", "FormationViolation"),
    "a word outside its list": ("Reset", b'{"type":"Warm"}', "PropertyConstraintViolation"),
    "a text for a number": ("RemoteStopTransaction", b'{"transactionId":"1"}', "TypeConstraintViolation"),
    "a number for a text": ("Authorize", b'{"idTag":12}', "TypeConstraintViolation"),
    "a text too long": ("Authorize", b'{"idTag":"123456789012345678901"}', "TypeConstraintViolation"),
    "a lone surrogate": ("Authorize", b'{"idTag":"\\ud800"}', "FormationViolation"),
    "less common: missing": ("GetDiagnostics", b"{}", "OccurenceConstraintViolation"),
    "less common: wrong type": ("CancelReservation", b'{"reservationId":"1"}', "TypeConstraintViolation"),
    "less common: wrong word": (
        "FirmwareStatusNotification",
        b'{"status":"?"}',
        "PropertyConstraintViolation",
    ),
    "less common: too many": ("GetLocalListVersion", b'{"a":1}', "FormationViolation"),
    "less common: not an object": ("GetLocalListVersion", b"[]", "FormationViolation"),
    "less common: infinite": ("CancelReservation", b'{"reservationId":1e999}', "PropertyConstraintViolation"),
}


@pytest.mark.parametrize(("action", "raw", "code"), CODES.values(), ids=CODES.keys())
def test_wrong_content_gets_its_error_code(action, raw, code):
    with pytest.raises(Fault) as fault:
        decode_request(action, raw)
    assert fault.value.code == code


def test_an_answer_comes_in_the_type_that_the_caller_names():
    request = Reset(type="Soft")
    assert action_of(request) == "Reset"
    assert decode_answer(request, ResetResponse, b'{"status":"Accepted"}').status == "Accepted"


async def test_what_we_encode_passes_the_foreign_validator():
    sample = SampledValue(value="16.2", measurand="Current.Import", phase="L1", unit="A")
    meter = MeterValue(timestamp="2024-01-01T00:00:00Z", sampled_value=(sample,))
    messages = [
        MeterValues(connector_id=1, transaction_id=7, meter_value=(meter,)),
        StatusNotification(connector_id=1, error_code="NoError", status="Available"),
        RemoteStopTransaction(transaction_id=1),
    ]
    for message in messages:
        await validate_payload(Call("1", action_of(message), json.loads(encode(message))), "1.6")
    boot = BootNotificationResponse(status="Pending", current_time="2024-01-01T00:00:00Z", interval=30)
    await validate_payload(CallResult("1", json.loads(encode(boot)), "BootNotification"), "1.6")
