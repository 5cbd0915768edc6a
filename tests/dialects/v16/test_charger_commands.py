"""Commands become 1.6 calls, and what the charger answers becomes outcomes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.messages import Call, validate_payload

from edge.dialects.v16.charger_commands import carry_out
from edge.ocpp.rpc import CallRefused, Fault
from edge.site.commands import (
    CancelReservation,
    CertificateId,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    Done,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    NativeCall,
    NotSupported,
    ReadListVersion,
    ReadSettings,
    Refused,
    RemoveCertificate,
    ReportSchedule,
    Reserve,
    Reset,
    SendTokens,
    SendVendorMessage,
    SetAvailability,
    Setting,
    StartCharging,
    Started,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
    WriteSettings,
)

NOW = 1_700_000_000_000
ACCEPTED = {"status": "Accepted"}
LACKING = CallRefused("NotImplemented", "", None)
ROOT = CertificateId(algorithm="SHA256", issuer_name_hash="0a", issuer_key_hash="0b", serial_number="0c")
ROOT_ON_THE_WIRE = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "0a",
    "issuerKeyHash": "0b",
    "serialNumber": "0c",
}


def told(command, *answers):
    """What was asked of a charger that gives these answers, and the outcome."""
    procedure = carry_out(command, now_ms=NOW)
    asked = []
    answers = iter(answers)
    try:
        action, raw = next(procedure)
        while True:
            asked.append((action, json.loads(raw)))
            answer = next(answers)
            if isinstance(answer, Exception):
                action, raw = procedure.throw(answer)
            else:
                action, raw = procedure.send(json.dumps(answer).encode())
    except StopIteration as end:
        return asked, end.value


PLAIN = [
    (
        StartCharging(charger="c", evse=2, token="A"),
        "RemoteStartTransaction",
        {"connectorId": 2, "idTag": "A"},
    ),
    (StartCharging(charger="c", token="A"), "RemoteStartTransaction", {"idTag": "A"}),
    (StopCharging(charger="c", transaction_id=5), "RemoteStopTransaction", {"transactionId": 5}),
    (Reset(charger="c", hard=True), "Reset", {"type": "Hard"}),
    (
        SetAvailability(charger="c", evse=1, operative=False),
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
    ),
    (
        Reserve(charger="c", evse=1, token="A", group="fleet", until_ms=NOW, reservation_id=4),
        "ReserveNow",
        {
            "connectorId": 1,
            "expiryDate": "2023-11-14T22:13:20.000Z",
            "idTag": "A",
            "parentIdTag": "fleet",
            "reservationId": 4,
        },
    ),
    (CancelReservation(charger="c", reservation_id=4), "CancelReservation", {"reservationId": 4}),
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
    (
        Trigger(charger="c", what="certificate-request"),
        "ExtendedTriggerMessage",
        {"requestedMessage": "SignChargePointCertificate"},
    ),
    (ClearTokenCache(charger="c"), "ClearCache", {}),
    (
        ReportSchedule(charger="c", evse=1, duration_s=60),
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"},
    ),
    (
        InstallCertificate(charger="c", use="csms-root", certificate="PEM"),
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": "PEM"},
    ),
    (
        RemoveCertificate(charger="c", certificate=ROOT),
        "DeleteCertificate",
        {"certificateHashData": ROOT_ON_THE_WIRE},
    ),
    (DeliverCertificate(charger="c", chain="PEM"), "CertificateSigned", {"certificateChain": "PEM"}),
    (
        ChangeCredential(charger="c", password=bytes(range(16))),
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": "000102030405060708090a0b0c0d0e0f"},
    ),
    (
        ChangeCredential(charger="c", password=b"correct-horse-01", form="text"),
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": "correct-horse-01"},
    ),
]


@pytest.mark.parametrize(("command", "action", "payload"), PLAIN)
async def test_a_command_becomes_its_call_and_a_yes_is_done(command, action, payload):
    asked, outcome = told(command, ACCEPTED)
    assert asked == [(action, payload)]
    assert outcome == Done()
    await validate_payload(Call("1", action, payload), "1.6")


def test_a_password_is_in_no_log():
    assert "horse" not in repr(ChangeCredential(charger="c", password=b"correct-horse-01"))


@pytest.mark.parametrize(
    ("command", "status", "outcome"),
    [
        (Reset(charger="c"), "Rejected", Refused(sentence="the charger answers Rejected")),
        (Unlock(charger="c", evse=1), "Unlocked", Done()),
        (
            Unlock(charger="c", evse=1),
            "NotSupported",
            NotSupported(sentence="the charger answers NotSupported"),
        ),
        (
            Unlock(charger="c", evse=1),
            "UnlockFailed",
            Refused(sentence="the charger answers UnlockFailed: the plug could not be released"),
        ),
        (
            WriteSettings(charger="c", settings={"ocpp16:A": "1"}),
            "RebootRequired",
            Done(reboot_needed=True),
        ),
        (
            WriteSettings(charger="c", settings={"ocpp16:A": "1"}),
            "Rejected",
            Refused(sentence="ocpp16:A: the charger answers Rejected"),
        ),
        (
            SetAvailability(charger="c", operative=False),
            "Scheduled",
            Done(data="when the transaction has ended"),
        ),
        (
            Reserve(charger="c", token="A", until_ms=NOW, reservation_id=1),
            "Occupied",
            Refused(sentence="the charger answers Occupied: it is occupied"),
        ),
        (
            RemoveCertificate(charger="c", certificate=ROOT),
            "NotFound",
            Refused(sentence="the charger answers NotFound: it has no such certificate"),
        ),
        (
            SendVendorMessage(charger="c", vendor="v"),
            "UnknownVendorId",
            NotSupported(sentence="the charger answers UnknownVendorId"),
        ),
    ],
)
def test_what_a_status_means(command, status, outcome):
    assert told(command, {"status": status})[1] == outcome


def test_an_error_is_a_refusal_or_something_it_cannot():
    assert isinstance(told(Reset(charger="c"), LACKING)[1], NotSupported)
    busy = CallRefused("InternalError", "busy", None)
    assert told(Reset(charger="c"), busy)[1] == Refused(sentence="the charger answers InternalError busy")


def test_an_answer_that_cannot_be_read_is_a_fault():
    with pytest.raises(Fault):
        told(Reset(charger="c"), {"status": "Perhaps"})


def test_what_ocpp_cannot_say_is_refused_before_it_is_sent():
    asked, outcome = told(StartCharging(charger="c", token="x" * 21))
    assert asked == []
    assert isinstance(outcome, Refused)


# -- settings --------------------------------------------------------------------------------------------


def test_several_settings_are_several_calls_until_one_is_refused():
    settings = {"TxCtrlr.EVConnectionTimeOut": "30", "ocpp16:BlinkRepeat": "2", "ocpp16:Never": "x"}
    asked, outcome = told(
        WriteSettings(charger="c", settings=settings), {"status": "RebootRequired"}, {"status": "Rejected"}
    )
    assert [payload["key"] for _, payload in asked] == ["ConnectionTimeOut", "BlinkRepeat"]
    assert outcome == Refused(sentence="ocpp16:BlinkRepeat: the charger answers Rejected")


def test_a_setting_without_a_key_here_stops_all_of_them():
    asked, outcome = told(WriteSettings(charger="c", settings={"ocpp16:A": "1", "No.Counterpart": "x"}))
    assert asked == []
    assert outcome == NotSupported(sentence="OCPP 1.6 has no setting No.Counterpart")


@pytest.mark.parametrize("key", ["AuthorizationKey", "heartbeatinterval", " HeartbeatInterval"])
def test_a_protected_setting_is_not_reached_by_another_name(key):
    asked, outcome = told(WriteSettings(charger="c", settings={f"ocpp16:{key}": "1"}))
    assert asked == []
    assert isinstance(outcome, NotSupported)


def test_settings_come_under_the_sites_names():
    answer = {
        "configurationKey": [
            {"key": "heartbeatinterval", "readonly": False, "value": "60"},
            {"key": "Vendor.Key", "readonly": True},
        ],
        "unknownKey": ["LightIntensity"],
    }
    keys = ("OCPPCommCtrlr.HeartbeatInterval", "ocpp16:Vendor.Key", "ocpp16:LightIntensity", "No.Counterpart")
    asked, outcome = told(ReadSettings(charger="c", keys=keys), answer)
    assert asked == [("GetConfiguration", {"key": ["HeartbeatInterval", "Vendor.Key", "LightIntensity"]})]
    assert outcome == Done(
        settings=(
            Setting(key="OCPPCommCtrlr.HeartbeatInterval", value="60"),
            Setting(key="ocpp16:Vendor.Key", value=None, readonly=True),
        ),
        unknown_keys=("ocpp16:LightIntensity", "No.Counterpart"),
    )


def test_a_schedule_comes_as_the_charger_wrote_it():
    period = {"startPeriod": 0.5, "limit": -1}
    answer = {**ACCEPTED, "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}}
    _, outcome = told(ReportSchedule(charger="c", evse=1, duration_s=60), answer)
    assert json.loads(outcome.data)["chargingSchedulePeriod"] == [period]


def test_a_vendors_answer_comes_as_it_wrote_it():
    asked, outcome = told(
        SendVendorMessage(charger="c", vendor="v", message="m", data="d"), {**ACCEPTED, "data": "yes"}
    )
    assert asked == [("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"})]
    assert outcome == Done(data="yes")


# -- what takes more than one answer ---------------------------------------------------------------------


def test_what_the_one_trigger_cannot_the_other_may():
    asked, outcome = told(Trigger(charger="c", what="log-status"), {"status": "NotImplemented"}, ACCEPTED)
    assert [payload["requestedMessage"] for _, payload in asked] == [
        "DiagnosticsStatusNotification",
        "LogStatusNotification",
    ]
    assert outcome == Done()


def test_a_charger_without_any_trigger_says_so():
    assert isinstance(told(Trigger(charger="c", what="boot"), LACKING, LACKING)[1], NotSupported)


def test_firmware_is_fetched_at_once_where_no_time_is_given():
    asked, outcome = told(UpdateFirmware(charger="c", location="ftp://x/y", request_id=9), {})
    expected = {"location": "ftp://x/y", "retrieveDate": "2023-11-14T22:13:20.000Z"}
    assert asked == [("UpdateFirmware", expected)]
    assert outcome == Started(request_id=9)


def test_signed_firmware_is_never_sent_unsigned():
    signed = UpdateFirmware(
        charger="c", location="ftp://x/y", certificate="PEM", signature="c2ln", install_ms=NOW, request_id=9
    )
    asked, outcome = told(signed, LACKING)
    assert [action for action, _ in asked] == ["SignedUpdateFirmware"]
    assert isinstance(outcome, NotSupported)
    assert told(signed, {"status": "AcceptedCanceled"})[1] == Started(request_id=9)
    assert told(signed, {"status": "RevokedCertificate"})[1] == Refused(
        sentence="the charger answers RevokedCertificate: the certificate is revoked"
    )


def test_a_log_is_asked_for_in_the_new_way_first_and_then_in_the_old():
    collect = CollectLog(charger="c", location="ftp://x/", since_ms=NOW, retries=2, request_id=9)
    asked, outcome = told(collect, LACKING, {"fileName": "log.zip"})
    assert [action for action, _ in asked] == ["GetLog", "GetDiagnostics"]
    assert asked[1][1] == {"location": "ftp://x/", "startTime": "2023-11-14T22:13:20.000Z", "retries": 2}
    assert outcome == Started(request_id=9, file="log.zip")
    assert told(collect, {**ACCEPTED, "filename": "a"})[1] == Started(request_id=9, file="a")
    assert told(collect, LACKING, {})[1] == Refused(sentence="the charger has nothing to upload")


def test_the_security_log_has_no_old_way():
    collect = CollectLog(charger="c", location="ftp://x/", log="security", request_id=9)
    asked, outcome = told(collect, LACKING)
    assert [payload["logType"] for _, payload in asked] == ["SecurityLog"]
    assert isinstance(outcome, NotSupported)


def tokens(number):
    return tuple(ListedToken(token=f"T{each}") for each in range(number))


def test_a_long_list_goes_in_messages_of_its_own_versions():
    command = SendTokens(charger="c", tokens=tokens(5), at_once=2)
    asked, outcome = told(command, {"listVersion": 7}, ACCEPTED, ACCEPTED, ACCEPTED)
    sent = [payload for action, payload in asked if action == "SendLocalList"]
    assert [(each["listVersion"], each["updateType"]) for each in sent] == [
        (8, "Full"),
        (9, "Differential"),
        (10, "Differential"),
    ]
    assert [len(each["localAuthorizationList"]) for each in sent] == [2, 2, 1]
    assert outcome == Done(list_version=10)


def test_rows_of_a_list_are_changed_and_taken_out():
    rows = (
        ListedToken(token="A", status="blocked", group="g", expires_ms=NOW),
        ListedToken(token="B", status=None),
    )
    asked, _ = told(SendTokens(charger="c", tokens=rows, full=False, version=3), ACCEPTED)
    info = {"status": "Blocked", "parentIdTag": "g", "expiryDate": "2023-11-14T22:13:20.000Z"}
    assert asked == [
        (
            "SendLocalList",
            {
                "listVersion": 3,
                "updateType": "Differential",
                "localAuthorizationList": [{"idTag": "A", "idTagInfo": info}, {"idTag": "B"}],
            },
        )
    ]


def test_an_empty_list_is_a_list():
    asked, outcome = told(SendTokens(charger="c", tokens=(), version=1), ACCEPTED)
    assert asked == [("SendLocalList", {"listVersion": 1, "updateType": "Full"})]
    assert outcome == Done(list_version=1)


def test_another_version_of_the_list_is_a_refusal_and_no_list_is_not_supported():
    assert isinstance(
        told(SendTokens(charger="c", tokens=tokens(1), version=1), {"status": "VersionMismatch"})[1], Refused
    )
    assert isinstance(told(SendTokens(charger="c", tokens=()), {"listVersion": -1})[1], NotSupported)
    assert isinstance(told(ReadListVersion(charger="c"), {"listVersion": -1})[1], NotSupported)
    assert told(ReadListVersion(charger="c"), {"listVersion": 4})[1] == Done(list_version=4)


def test_certificates_are_listed():
    answer = {**ACCEPTED, "certificateHashData": [ROOT_ON_THE_WIRE]}
    assert told(ListCertificates(charger="c", use="csms-root"), answer)[1] == Done(certificates=(ROOT,))
    none = told(ListCertificates(charger="c", use="manufacturer-root"), {"status": "NotFound"})
    assert none[1] == Done()


# -- for experts -----------------------------------------------------------------------------------------


def native(action, payload, version="1.6"):
    return NativeCall(charger="c", version=version, action=action, payload=payload)


def test_an_expert_gets_the_raw_answer():
    answer = {"unknownKey": ["X"]}
    asked, outcome = told(native("GetConfiguration", {"key": ["X"]}), answer)
    assert asked == [("GetConfiguration", {"key": ["X"]})]
    assert json.loads(outcome.data) == answer


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetChargingProfile", {}),
        ("ClearChargingProfile", {}),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "1"}),
        ("RemoteStartTransaction", {"idTag": "A"}),
        ("SendLocalList", {"listVersion": 1, "updateType": "Full"}),
        ("ClearCache", {}),
        ("DataTransfer", {"vendorId": "v"}),
        ("GetConfiguration", {"keys": []}),
        ("GetConfiguration", {"key": [float("nan")]}),
        ("Heartbeat", {}),
        ("NotifyEvent", {}),
    ],
)
def test_what_the_site_owns_or_does_not_fit_is_refused_to_experts_too(action, payload):
    asked, outcome = told(native(action, payload))
    assert asked == []
    assert isinstance(outcome, Refused)


def test_another_version_is_not_translated():
    assert isinstance(told(native("GetConfiguration", {}, version="2.0.1"))[1], NotSupported)


@given(
    action=st.sampled_from(["GetConfiguration", "GetCompositeSchedule", "TriggerMessage"]),
    payload=st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.text() | st.floats(), st.lists), max_size=3
    ),
)
def test_no_payload_of_an_expert_breaks_anything(action, payload):
    asked, outcome = told(native(action, payload), LACKING)
    assert isinstance(outcome, NotSupported if asked else Refused)
