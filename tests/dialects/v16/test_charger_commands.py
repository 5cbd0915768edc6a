"""Commands become 1.6 calls, and what the charger answers becomes outcomes."""

import json

import pytest

from edge.dialects.v16.charger_commands import calls_of, outcome_of, outcome_of_refusal, together
from edge.ocpp.rpc import CallRefused
from edge.ocpp.v16.codec import decode_request
from edge.site.commands import (
    ClearTokenCache,
    Done,
    NotSupported,
    ReadSettings,
    Refused,
    ReportSchedule,
    Reset,
    SendVendorMessage,
    SetAvailability,
    Setting,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    WriteSettings,
)

CALLS = [
    (
        StartCharging(charger="c", evse=2, token="A"),
        "RemoteStartTransaction",
        {"connectorId": 2, "idTag": "A"},
    ),
    (StartCharging(charger="c", token="A"), "RemoteStartTransaction", {"idTag": "A"}),
    (StopCharging(charger="c", transaction_id=5), "RemoteStopTransaction", {"transactionId": 5}),
    (Reset(charger="c", hard=True), "Reset", {"type": "Hard"}),
    (Unlock(charger="c", evse=1), "UnlockConnector", {"connectorId": 1}),
    (
        SetAvailability(charger="c", evse=1, operative=False),
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
    ),
    (ReadSettings(charger="c"), "GetConfiguration", {}),
    (
        ReadSettings(charger="c", keys=("OCPPCommCtrlr.HeartbeatInterval", "ocpp16:LightIntensity")),
        "GetConfiguration",
        {"key": ["HeartbeatInterval", "LightIntensity"]},
    ),
    (
        WriteSettings(charger="c", settings={"TxCtrlr.EVConnectionTimeOut": "30"}),
        "ChangeConfiguration",
        {"key": "ConnectionTimeOut", "value": "30"},
    ),
    (
        Trigger(charger="c", evse=1, what="meter-values"),
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "connectorId": 1},
    ),
    (ClearTokenCache(charger="c"), "ClearCache", {}),
    (
        ReportSchedule(charger="c", evse=1, duration_s=60),
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"},
    ),
    (SendVendorMessage(charger="c", vendor="v", data="d"), "DataTransfer", {"vendorId": "v", "data": "d"}),
]


@pytest.mark.parametrize(("command", "action", "payload"), CALLS)
def test_a_command_becomes_its_call(command, action, payload):
    ((sent, raw),) = calls_of(command)
    assert (sent, json.loads(raw)) == (action, payload)
    decode_request(sent, raw)


def test_several_settings_are_several_calls():
    settings = {"TxCtrlr.EVConnectionTimeOut": "30", "ocpp16:BlinkRepeat": "2", "No.Counterpart": "x"}
    calls = calls_of(WriteSettings(charger="c", settings=settings))
    assert [json.loads(raw)["key"] for _, raw in calls] == ["ConnectionTimeOut", "BlinkRepeat"]


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        ("Reset", "Accepted", Done()),
        ("Reset", "Rejected", Refused(sentence="the charger answers Rejected")),
        ("UnlockConnector", "Unlocked", Done()),
        ("UnlockConnector", "NotSupported", NotSupported(sentence="the charger answers NotSupported")),
        ("ChangeConfiguration", "RebootRequired", Done(reboot_needed=True)),
        ("ChangeAvailability", "Scheduled", Done(data="when the transaction has ended")),
        ("TriggerMessage", "NotImplemented", NotSupported(sentence="the charger answers NotImplemented")),
        ("DataTransfer", "UnknownVendorId", NotSupported(sentence="the charger answers UnknownVendorId")),
    ],
)
def test_what_the_charger_answers(action, status, outcome):
    raw = json.dumps({"status": status}).encode()
    assert outcome_of(Reset(charger="c"), action, raw) == outcome


def test_settings_come_under_the_sites_names():
    raw = b"""{"configurationKey":[{"key":"heartbeatinterval","readonly":false,"value":"60"},
        {"key":"Vendor.Key","readonly":true}],"unknownKey":["LightIntensity"]}"""
    command = ReadSettings(charger="c", keys=("No.Counterpart",))
    assert outcome_of(command, "GetConfiguration", raw) == Done(
        settings=(
            Setting(key="OCPPCommCtrlr.HeartbeatInterval", value="60"),
            Setting(key="ocpp16:Vendor.Key", value=None, readonly=True),
        ),
        unknown_keys=("ocpp16:LightIntensity", "No.Counterpart"),
    )


def test_a_schedule_comes_as_the_charger_wrote_it():
    raw = b"""{"status":"Accepted","connectorId":1,"chargingSchedule":{"chargingRateUnit":"A",
        "chargingSchedulePeriod":[{"startPeriod":0,"limit":6}]}}"""
    outcome = outcome_of(ReportSchedule(charger="c", evse=1, duration_s=60), "GetCompositeSchedule", raw)
    assert json.loads(outcome.data)["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6}]


def test_an_error_is_a_refusal_or_something_it_cannot():
    assert isinstance(outcome_of_refusal(CallRefused("NotImplemented", "", None)), NotSupported)
    assert outcome_of_refusal(CallRefused("InternalError", "busy", None)) == Refused(
        sentence="the charger answers InternalError busy"
    )


def test_several_outcomes_are_one():
    assert together([Done(), Done(reboot_needed=True)]) == Done(reboot_needed=True)
    assert together([Done(), Refused(sentence="no"), Done()]) == Refused(sentence="no")
