"""Towards a CSMS we are the charger: events become its calls, and its calls become commands."""

import json

import msgspec
import pytest
from ocpp.messages import Call, CallResult, validate_payload

from edge.dialects.arrival import Arrival
from edge.dialects.cloud import Planned, ProfilesCleared, Wish
from edge.dialects.v16.charger_events import events_of
from edge.dialects.v16.cloud_commands import reply_to, wish_of
from edge.dialects.v16.cloud_events import answer_of, call_of
from edge.dialects.v16.settings import key_of, name_of
from edge.ocpp.profiles import Period
from edge.ocpp.rpc import Fault
from edge.site.commands import (
    Done,
    NoAnswer,
    NotSupported,
    ReadSettings,
    Refused,
    ReportSchedule,
    Reset,
    Setting,
    StartCharging,
    StopCharging,
    Unreachable,
    WriteSettings,
)
from edge.site.events import (
    Acknowledged,
    AlertRaised,
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    LinkChanged,
    Sampled,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)
from edge.site.protected import protected_keys

NOW = 1_700_000_000_000
AT = {"charger": "bay-1", "at_ms": NOW, "seen_ms": 77}
SAMPLE = Sampled(
    evse=1,
    current_ma=(16_120, 0, 5),
    voltage_mv=(230_000, 231_000, 229_500),
    power_w=3_700,
    energy_wh=4_711,
    offered_ma=16_000,
    soc_percent=50,
    **AT,
)
EVENTS = [
    ChargerBooted(vendor="Alfen", model="NG910", firmware="6.4", serial="7", protocol="OCPP 1.6", **AT),
    EvseStatusChanged(evse=1, state="suspended-car", error="GroundFailure", detail="RCD E17", **AT),
    EvseStatusChanged(evse=0, state="available", **AT),
    TokenPresented(token="04AB", **AT),
    TransactionStarted(evse=1, token="04AB", meter_wh=100, transaction_id=5, **AT),
    SAMPLE,
    TransactionEnded(
        transaction_id=5, meter_wh=900, reason="car-left", token="04AB", samples=(SAMPLE,), **AT
    ),
    VendorMessage(vendor="v", message="m", data="d", **AT),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
async def test_every_event_becomes_a_valid_call_that_says_the_same(event):
    action, raw = call_of(event, transaction_id=5)
    assert call_of(event, transaction_id=5) == (action, raw)
    await validate_payload(Call("1", action, json.loads(raw)), "1.6")
    arrival = Arrival(charger="bay-1", now_ms=NOW, mono_ms=77, is_synchronised=True, linked_ms=NOW)
    (back,) = events_of(action, raw, arrival)
    assert call_of(back, transaction_id=5) == (action, raw)


def test_a_foreign_transaction_id_takes_the_place_of_ours():
    _, raw = call_of(EVENTS[6], transaction_id=4444)
    assert json.loads(raw)["transactionId"] == 4444
    _, raw = call_of(SAMPLE, transaction_id=4444)
    assert json.loads(raw)["transactionId"] == 4444


def test_what_has_no_words_is_not_told():
    assert call_of(LinkChanged(is_up=True, **AT)) is None
    assert call_of(AlertRaised(word="w", sentence="s", **AT)) is None
    assert call_of(Sampled(evse=1, **AT)) is None


def test_texts_longer_than_the_field_are_cut():
    action, raw = call_of(ChargerBooted(vendor="v" * 99, model="m" * 99, serial="s" * 99, protocol="x", **AT))
    assert action == "BootNotification"
    assert {len(text) for text in json.loads(raw).values()} == {20, 25}


def test_what_the_csms_answers():
    assert answer_of(
        "BootNotification", b'{"status":"Pending","currentTime":"2023-11-14T22:13:20Z","interval":30}'
    ) == BootAnswer(status="pending", interval_s=30, now_ms=NOW)
    assert answer_of(
        "StartTransaction", b'{"transactionId":-7,"idTagInfo":{"status":"Blocked","parentIdTag":"G"}}'
    ) == StartAnswer(transaction_id=-7, token=TokenAnswer(status="blocked", group="G"))
    assert answer_of("Authorize", b'{"idTagInfo":{"status":"ConcurrentTx"}}') == TokenAnswer(
        status="concurrent-tx"
    )
    assert answer_of("StopTransaction", b"{}") == Acknowledged()
    with pytest.raises(Fault):
        answer_of("StartTransaction", b"{}")


def test_a_broken_expiry_date_does_not_cost_the_answer_to_a_start():
    answer = answer_of(
        "StartTransaction", b'{"transactionId":7,"idTagInfo":{"status":"Accepted","expiryDate":"never"}}'
    )
    assert answer == StartAnswer(transaction_id=7, token=TokenAnswer(status="accepted"))


def wish(action, **payload):
    return wish_of(action, json.dumps(payload).encode(), "bay-1")


PROFILE = {
    "chargingProfileId": 4,
    "stackLevel": 2,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
    },
}


def test_a_remote_start_and_the_profile_inside_are_taken_apart():
    asked = wish("RemoteStartTransaction", idTag="A", connectorId=1, chargingProfile=PROFILE)
    assert asked.command == StartCharging(charger="bay-1", evse=1, token="A")
    assert (asked.profile.id, asked.profile.periods) == (4, (Period(start_s=0, rate=10_000),))


def test_profiles_are_set_and_cleared():
    profile = wish("SetChargingProfile", connectorId=1, csChargingProfiles=PROFILE).profile
    assert (profile.connector, profile.purpose, profile.level) == (1, "TxProfile", 2)
    for fields, concerns in [
        ({}, True),
        ({"id": 4}, True),
        ({"id": 5}, False),
        ({"connectorId": 1, "stackLevel": 2}, True),
        ({"connectorId": 2}, False),
        ({"chargingProfilePurpose": "TxDefaultProfile"}, False),
    ]:
        cleared = wish("ClearChargingProfile", **fields).cleared
        assert isinstance(cleared, ProfilesCleared)
        assert cleared.concerns(profile) is concerns


def test_commands():
    assert wish("RemoteStopTransaction", transactionId=9).command == StopCharging(
        charger="bay-1", transaction_id=9
    )
    assert wish("Reset", type="Hard").command == Reset(charger="bay-1", hard=True)
    assert wish("GetConfiguration", key=["HeartbeatInterval", "Own"]).command == ReadSettings(
        charger="bay-1", keys=("OCPPCommCtrlr.HeartbeatInterval", "ocpp16:Own")
    )


def test_protected_keys_are_recognised_in_any_case():
    command = wish("ChangeConfiguration", key="metervaluesampleINTERVAL", value="9").command
    assert isinstance(command, WriteSettings)
    assert protected_keys(command.settings) == ["SampledDataCtrlr.TxUpdatedInterval"]


def test_every_key_that_has_a_name_is_found_again():
    for key in ("HeartbeatInterval", "AuthorizationKey", "NumberOfConnectors", "Vendor.X"):
        assert key_of(name_of(key)) == key
    assert key_of("No.Counterpart") is None


@pytest.mark.parametrize(
    ("action", "payload"),
    [("Heartbeat", {}), ("CertificateSigned", {"certificateChain": "A"}), ("Unheard", {})],
)
def test_what_a_csms_may_not_ask_gets_its_code(action, payload):
    with pytest.raises(Fault) as fault:
        wish(action, **payload)
    assert fault.value.code == ("NotImplemented" if action == "Unheard" else "NotSupported")


OUTCOMES = [Done(), Refused(sentence="no"), NotSupported(), Unreachable(), NoAnswer()]
ASKED = {
    "RemoteStartTransaction": {"idTag": "A"},
    "RemoteStopTransaction": {"transactionId": 1},
    "Reset": {"type": "Soft"},
    "ClearCache": {},
    "UnlockConnector": {"connectorId": 1},
    "ChangeAvailability": {"connectorId": 1, "type": "Operative"},
    "ChangeConfiguration": {"key": "a", "value": "b"},
    "TriggerMessage": {"requestedMessage": "Heartbeat"},
    "SetChargingProfile": {"connectorId": 1, "csChargingProfiles": PROFILE},
    "ClearChargingProfile": {},
    "DataTransfer": {"vendorId": "v"},
    "GetCompositeSchedule": {"connectorId": 1, "duration": 60},
}


@pytest.mark.parametrize("action", ASKED)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
async def test_every_outcome_is_told_in_valid_words(action, outcome):
    payload = json.loads(reply_to(wish(action, **ASKED[action]), outcome, now_ms=NOW))
    await validate_payload(CallResult("1", payload, action), "1.6")
    yes = payload["status"] in {"Accepted", "Unlocked"}
    assert yes is isinstance(outcome, Done)


def test_replies_with_content():
    configuration = Done(
        settings=(Setting(key="OCPPCommCtrlr.HeartbeatInterval", value="60"),), unknown_keys=("ocpp16:Own",)
    )
    assert json.loads(reply_to(wish("GetConfiguration"), configuration, now_ms=NOW)) == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "60"}],
        "unknownKey": ["Own"],
    }
    with pytest.raises(Fault):
        reply_to(wish("GetConfiguration"), NoAnswer(), now_ms=NOW)
    reboot = reply_to(wish("ChangeConfiguration", key="a", value="b"), Done(reboot_needed=True), now_ms=NOW)
    assert json.loads(reboot) == {"status": "RebootRequired"}
    later = reply_to(
        wish("ChangeAvailability", connectorId=1, type="Operative"), Done(data="later"), now_ms=NOW
    )
    assert json.loads(later) == {"status": "Scheduled"}
    planned = Planned(evse=1, start_ms=NOW, duration_s=60, unit="A", periods=((0, 6_000),))
    schedule = msgspec.json.encode(planned).decode()
    asked = Wish(
        action="GetCompositeSchedule", command=ReportSchedule(charger="bay-1", evse=1, duration_s=60)
    )
    told = json.loads(reply_to(asked, Done(data=schedule), now_ms=NOW))
    assert (told["connectorId"], told["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]) == (1, 6)
