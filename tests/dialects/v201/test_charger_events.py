"""What a 2.x charger tells becomes events, and the site's answers its responses."""

import json

import pytest

from edge.dialects.arrival import Arrival
from edge.dialects.charger import dialect_of
from edge.ocpp.rpc import Fault
from edge.site.events import (
    Acknowledged,
    AlertRaised,
    BootAnswer,
    CertificateRequested,
    ChargerBooted,
    EvseStatusChanged,
    JobProgressed,
    NeedsStated,
    NotAnswered,
    ReservationEnded,
    Sampled,
    SignedValue,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

NOW = 1_700_000_000_000
NOON = "2023-11-14T22:13:20Z"
LONG_AGO = "2023-11-14T20:00:00Z"
ARRIVAL = Arrival(charger="bay-1", now_ms=NOW, mono_ms=77, is_synchronised=True, linked_ms=NOW - 60_000)
CARD = {"idToken": "04AABBCC", "type": "ISO14443"}
EXPIRED = {"reservationId": 7, "reservationUpdateStatus": "Expired"}


class Told:
    """One charger: what it says, and what it is answered."""

    def __init__(self, subprotocol="ocpp2.0.1"):
        self.dialect = dialect_of(subprotocol)

    def __call__(self, action, /, **payload):
        return self.dialect.events_of(action, json.dumps(payload).encode(), ARRIVAL)

    def event(self, kind, seq=0, *, trigger="Trigger", info=None, at=NOON, **fields):
        info = {"transactionId": "tx-1", **(info or {})}
        head = {"eventType": kind, "timestamp": at, "triggerReason": trigger, "seqNo": seq}
        return self("TransactionEvent", **head, transactionInfo=info, **fields)

    def answer(self, action, answer):
        return json.loads(self.dialect.answer_to(action, answer, now_ms=NOW))


@pytest.fixture
def told():
    return Told()


def values(*rows, at=NOON, **more):
    keys = ("value", "measurand", "phase", "unit", "multiplier", "location")
    samples = []
    for row in rows:
        named = {key: value for key, value in zip(keys, row, strict=False) if value is not None}
        measure = {key: named.pop(key) for key in ("unit", "multiplier") if key in named}
        samples.append({**named, **({"unitOfMeasure": measure} if measure else {}), **more})
    return {"timestamp": at, "sampledValue": samples}


def register(wh, context="Sample.Periodic"):
    return values((wh, "Energy.Active.Import.Register"), context=context)


def kinds(events):
    return [type(event) for event in events]


# -- boots and states ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subprotocol", "protocol"), [("ocpp2.0.1", "OCPP 2.0.1"), ("ocpp2.1", "OCPP 2.1")])
def test_a_boot(subprotocol, protocol):
    told = Told(subprotocol)
    station = {"vendorName": "Alfen", "model": "NG910", "firmwareVersion": "7", "serialNumber": "9"}
    (boot,) = told("BootNotification", chargingStation=station, reason="PowerUp")
    assert isinstance(boot, ChargerBooted)
    assert (boot.vendor, boot.model, boot.firmware, boot.serial) == ("Alfen", "NG910", "7", "9")
    assert boot.protocol == protocol
    answer = told.answer("BootNotification", BootAnswer(status="accepted", interval_s=60, now_ms=NOW))
    assert answer == {"status": "Accepted", "interval": 60, "currentTime": "2023-11-14T22:13:20.000Z"}


def state(told, status, connector=1):
    (event,) = told(
        "StatusNotification", timestamp=NOON, connectorStatus=status, evseId=2, connectorId=connector
    )
    assert (type(event), event.evse) == (EvseStatusChanged, 2)
    return event.state


@pytest.mark.parametrize("status", ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"])
def test_a_connector_tells_its_state(told, status):
    assert state(told, status) == status.lower()


def test_an_evse_with_two_connectors_is_what_the_one_in_use_is(told):
    assert state(told, "Available", 1) == "available"
    assert state(told, "Unavailable", 2) == "available"
    assert state(told, "Occupied", 1) == "occupied"
    assert state(told, "Faulted", 2) == "occupied"


def test_a_connector_that_is_occupied_does_not_hide_how_its_transaction_charges(told):
    events = told.event("Started", info={"chargingState": "Charging"}, evse={"id": 2}, idToken=CARD)
    assert events[-1].state == "charging"
    assert state(told, "Occupied") == "charging"
    assert told.event("Updated", 1, info={"chargingState": "Charging"}) == ()
    (suspended,) = told.event("Updated", 2, info={"chargingState": "SuspendedEVSE"})
    assert (suspended.evse, suspended.state) == (2, "suspended-evse")
    ended = told.event("Ended", 3, meterValue=[register(5)])
    assert ended[-1].state == "finishing"
    assert state(told, "Available") == "available"


def test_newer_stations_tell_their_connectors_by_events_of_the_device_model(told):
    where = {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}
    event = {
        "eventId": 1,
        "timestamp": NOON,
        "trigger": "Delta",
        "actualValue": "Occupied",
        "component": where,
        "variable": {"name": "AvailabilityState"},
        "eventNotificationType": "HardWiredNotification",
    }
    (changed,) = told("NotifyEvent", generatedAt=NOON, seqNo=0, eventData=[event])
    assert (changed.evse, changed.state) == (1, "occupied")
    problem = {**event, "variable": {"name": "Problem"}, "actualValue": "true", "trigger": "Alerting"}
    (alert,) = told("NotifyEvent", generatedAt=NOON, seqNo=1, eventData=[problem])
    assert (alert.word, alert.sentence) == ("device-event", "Connector 1: Problem is true")
    assert told("NotifyEvent", generatedAt=NOON, seqNo=2, eventData=[{**problem, "cleared": True}]) == ()


# -- tokens and transactions -----------------------------------------------------------------------------


def test_a_card(told):
    (event,) = told("Authorize", idToken=CARD)
    assert (type(event), event.token) == (TokenPresented, "04AABBCC")
    said = TokenAnswer(status="accepted", group="fleet", expires_ms=NOW)
    assert told.answer("Authorize", said)["idTokenInfo"] == {
        "status": "Accepted",
        "groupIdToken": {"idToken": "fleet", "type": "Central"},
        "cacheExpiryDateTime": "2023-11-14T22:13:20.000Z",
    }


def test_nobody_had_to_show_a_card(told):
    (event,) = told("Authorize", idToken={"idToken": "", "type": "NoAuthorization"})
    assert event.token == ""


def test_a_transaction_from_its_beginning_to_its_end(told):
    first = told.event(
        "Started", evse={"id": 2}, idToken=CARD, meterValue=[register(1_000, "Transaction.Begin")]
    )
    assert kinds(first) == [TransactionStarted, Sampled]
    begun = first[0]
    assert (begun.evse, begun.token, begun.meter_wh, begun.own_id) == (2, "04AABBCC", 1_000, "tx-1")
    assert not begun.is_late
    told_of = StartAnswer(transaction_id=7, token=TokenAnswer(status="blocked"))
    assert told.answer("TransactionEvent", told_of) == {"idTokenInfo": {"status": "Blocked"}}
    (sampled,) = told.event("Updated", 1, meterValue=[register(1_500)])
    assert (sampled.evse, sampled.own_id, sampled.energy_wh) == (2, "tx-1", 1_500)
    assert told.answer("TransactionEvent", Acknowledged()) == {}
    (ended,) = told.event(
        "Ended",
        2,
        info={"stoppedReason": "EVDisconnected"},
        meterValue=[register(2_000, "Transaction.End")],
    )
    assert isinstance(ended, TransactionEnded)
    assert (ended.own_id, ended.meter_wh, ended.reason) == ("tx-1", 2_000, "car-left")
    assert [sample.energy_wh for sample in ended.samples] == [2_000]


def test_a_beginning_without_a_card_is_told_when_the_card_comes(told):
    (sampled,) = told.event("Started", evse={"id": 1}, meterValue=[register(1_000)])
    assert isinstance(sampled, Sampled)
    begun, *_ = told.event("Updated", 1, idToken=CARD, trigger="Authorized", meterValue=[register(1_000)])
    assert (type(begun), begun.evse, begun.meter_wh, begun.is_late) == (TransactionStarted, 1, 1_000, False)


def test_a_plug_that_leaves_before_a_card_came_has_billed_nothing(told):
    told.event("Started", evse={"id": 1}, meterValue=[register(1_000)])
    assert told.event("Ended", 1, meterValue=[register(1_000)]) == ()


def test_a_beginning_that_was_never_heard_of_is_late(told):
    begun, *_ = told.event("Updated", 4, evse={"id": 1}, idToken=CARD)
    assert begun.is_late


def test_what_the_site_recalls_is_no_new_beginning(told):
    told.dialect.recall({"tx-1": 3})
    (sampled,) = told.event("Updated", 4, meterValue=[register(9)])
    assert (sampled.evse, sampled.own_id) == (3, "tx-1")
    assert kinds(told.event("Updated", 5, idToken=CARD, trigger="StopAuthorized")) == [TokenPresented]


def test_what_could_not_be_kept_is_told_again(told):
    told.event("Started", evse={"id": 1})
    told.event("Updated", 1, idToken=CARD)
    with pytest.raises(Fault):
        told.answer("TransactionEvent", NotAnswered(sentence="the journal is full"))
    assert kinds(told.event("Updated", 1, idToken=CARD)) == [TransactionStarted]


def test_missing_numbers_are_told_with_the_end(told):
    told.event("Started", evse={"id": 1}, idToken=CARD)
    told.event("Updated", 3)
    events = told.event("Ended", 4, meterValue=[register(7)])
    (alert,) = [event for event in events if isinstance(event, AlertRaised)]
    assert (alert.word, alert.is_critical) == ("transaction-gap", False)
    assert alert.sentence == "transaction tx-1 lacks 2 of its messages"


def test_what_happened_offline_says_nothing_of_now(told):
    events = told.event(
        "Started",
        evse={"id": 1},
        idToken=CARD,
        offline=True,
        at=LONG_AGO,
        info={"chargingState": "Charging"},
        meterValue=[values((9, "Current.Import", "L1"), at=LONG_AGO)],
    )
    assert kinds(events) == [TransactionStarted, Sampled]
    assert all(event.offline for event in events)


def test_an_end_without_a_meter_value_stands_at_the_last_that_was_told(told):
    told.event("Started", evse={"id": 1}, idToken=CARD, meterValue=[register(1_000)])
    told.event("Updated", 1, meterValue=[register(1_800)])
    (ended,) = told.event("Ended", 2)
    assert ended.meter_wh == 1_800


def test_a_time_that_cannot_be_read_is_refused(told):
    with pytest.raises(Fault) as fault:
        told.event("Started", at="noon", evse={"id": 1}, idToken=CARD)
    assert fault.value.code == "PropertyConstraintViolation"


# -- samples ---------------------------------------------------------------------------------------------


def sampled(told, *rows, **more):
    (event,) = told("MeterValues", evseId=1, meterValue=[values(*rows, **more)])
    return event


def test_measured_values_are_told_in_thousandths_of_their_units(told):
    event = sampled(
        told,
        *((15.8, "Current.Import", phase, "A") for phase in ("L1", "L2", "L3")),
        *((231.4, "Voltage", phase, "V") for phase in ("L1-N", "L2-N", "L3-N")),
        (10.9, "Power.Active.Import", None, "kW"),
        (4.7, "Energy.Active.Import.Register", None, "kWh"),
        (16, "Current.Offered", None, "A"),
        (50, "SoC", None, "Percent"),
    )
    assert event.current_ma == (15_800, 15_800, 15_800)
    assert event.voltage_mv == (231_400, 231_400, 231_400)
    assert (event.power_w, event.energy_wh, event.offered_ma, event.soc_percent) == (
        10_900,
        4_700,
        16_000,
        50,
    )


def test_a_multiplier_is_a_power_of_ten(told):
    assert sampled(told, (47, None, None, "Wh", 2)).energy_wh == 4_700
    assert sampled(told, (47, None, None, "Wh", -1)).energy_wh == 4
    assert sampled(told, (47, None, None, "Wh", 2_000_000)).energy_wh is None


def test_without_a_measurand_it_is_the_register_and_the_outlet_goes_before_the_cable(told):
    event = sampled(
        told,
        (8, None, None, None, None, "Cable"),
        (7,),
        (9, None, None, None, None, "EV"),
    )
    assert event.energy_wh == 7


def test_a_signed_value_is_kept_byte_for_byte(told):
    signed = {
        "signedMeterData": "T0NNRg==",
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "UEtFWQ==",
    }
    event = sampled(told, (7,), context="Transaction.End", signedMeterValue=signed)
    assert event.signed == (
        SignedValue(
            data="T0NNRg==",
            context="end",
            measurand="Energy.Active.Import.Register",
            encoding="OCMF",
            method="ECDSA-secp256r1-SHA256",
            key="UEtFWQ==",
        ),
    )


# -- beside charging -------------------------------------------------------------------------------------


def test_what_a_car_says_that_it_needs(told):
    needs = {
        "requestedEnergyTransfer": "AC_three_phase",
        "departureTime": NOON,
        "acChargingParameters": {
            "energyAmount": 20_000,
            "evMinCurrent": 6,
            "evMaxCurrent": 16,
            "evMaxVoltage": 400,
        },
    }
    (event,) = told("NotifyEVChargingNeeds", evseId=1, chargingNeeds=needs)
    assert (type(event), event.evse, event.departs_ms, event.energy_wh) == (NeedsStated, 1, NOW, 20_000)
    assert told.answer("NotifyEVChargingNeeds", Acknowledged()) == {"status": "Processing"}
    assert told.answer("NotifyEVChargingNeeds", NotAnswered(sentence="")) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("action", "payload", "kind"),
    [
        ("FirmwareStatusNotification", {"status": "Installed", "requestId": 7}, JobProgressed),
        ("LogStatusNotification", {"status": "PermissionDenied", "requestId": 7}, JobProgressed),
        ("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": NOON}, AlertRaised),
        ("SignCertificate", {"csr": "PEM"}, CertificateRequested),
        (
            "ReservationStatusUpdate",
            {"reservationId": 7, "reservationUpdateStatus": "Expired"},
            ReservationEnded,
        ),
        ("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS"}}, AlertRaised),
        ("ClearedChargingLimit", {"chargingLimitSource": "EMS"}, AlertRaised),
        ("DataTransfer", {"vendorId": "v", "data": {"a": 1}}, VendorMessage),
    ],
)
def test_what_else_is_told(told, action, payload, kind):
    assert kinds(told(action, **payload)) == [kind]


def test_plug_and_charge_is_answered_though_nobody_here_knows_contracts(told):
    assert told("Get15118EVCertificate", iso15118SchemaVersion="x", action="Install", exiRequest="e") == ()
    answer = told.answer("Get15118EVCertificate", Acknowledged())
    assert answer == {"status": "Failed", "exiResponse": ""}


@pytest.mark.parametrize("action", ["Reset", "ClearCache"])
def test_what_only_we_may_ask_is_refused(told, action):
    payload = {"type": "Immediate"} if action == "Reset" else {}
    with pytest.raises(Fault) as fault:
        told(action, **payload)
    assert fault.value.code == "NotSupported"


def test_a_station_that_was_not_accepted_may_boot_and_report_what_it_was_asked(told):
    told.dialect.refuse_before_boot("BootNotification")
    told.dialect.refuse_before_boot("NotifyReport")
    with pytest.raises(Fault) as fault:
        told.dialect.refuse_before_boot("TransactionEvent")
    assert fault.value.code == "SecurityError"


# -- what 2.1 has besides --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("PullDynamicScheduleUpdate", {"chargingProfileId": 9011}, {"status": "Rejected"}),
        ("NotifyPriorityCharging", {"transactionId": "tx-1", "activated": True}, {}),
    ],
)
def test_what_2_1_has_besides_is_answered_in_its_words(action, payload, answer):
    told = Told("ocpp2.1")
    assert told(action, **payload) == ()
    assert told.answer(action, Acknowledged()) == answer
    with pytest.raises(Fault) as fault:
        Told()(action, **payload)
    assert fault.value.code == "NotImplemented"


def test_2_1_bears_longer_tokens_of_any_kind_and_signed_values_without_a_key():
    told = Told("ocpp2.1")
    long = {"idToken": "x" * 200, "type": "VendorsOwn"}
    assert told("Authorize", idToken=long)[0].token == "x" * 200
    signed = {"signedMeterData": "T0NNRg==", "encodingMethod": "OCMF"}
    assert sampled(told, (7,), signedMeterValue=signed).signed[0].encoding == "OCMF"
