"""What a 1.6 charger tells becomes events, and the site's answers its responses."""

import json

import pytest

from edge.dialects.arrival import Arrival
from edge.dialects.v16.charger_events import answer_to, events_of, refuse_before_boot
from edge.ocpp.rpc import Fault
from edge.site.events import (
    Acknowledged,
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    NotAnswered,
    Sampled,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

NOW = 1_700_000_000_000
NOON = "2023-11-14T22:13:20Z"
ARRIVAL = Arrival(charger="bay-1", now_ms=NOW, mono_ms=77, is_synchronised=True, linked_ms=NOW - 60_000)
COMMON = {"charger": "bay-1", "at_ms": NOW, "seen_ms": 77}


def told(action, **payload):
    return events_of(action, json.dumps(payload).encode(), ARRIVAL)


def sample(*values, connector=1, **more):
    rows = [
        dict(zip(("value", "measurand", "phase", "unit", "location"), row, strict=False)) for row in values
    ]
    rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
    (event,) = told(
        "MeterValues", connectorId=connector, meterValue=[{"timestamp": NOON, "sampledValue": rows}], **more
    )
    return event


def test_a_boot():
    assert told(
        "BootNotification", chargePointVendor="Alfen", chargePointModel="NG910", chargeBoxSerialNumber="7"
    ) == (ChargerBooted(vendor="Alfen", model="NG910", serial="7", protocol="OCPP 1.6", **COMMON),)


@pytest.mark.parametrize(
    ("status", "state"),
    {
        "Available": "available",
        "Preparing": "occupied",
        "Charging": "charging",
        "SuspendedEV": "suspended-car",
        "SuspendedEVSE": "suspended-evse",
        "Finishing": "finishing",
        "Reserved": "reserved",
        "Unavailable": "unavailable",
        "Faulted": "faulted",
    }.items(),
)
def test_every_status_has_a_state(status, state):
    assert told("StatusNotification", connectorId=2, errorCode="NoError", status=status) == (
        EvseStatusChanged(evse=2, state=state, **COMMON),
    )


def test_an_error_keeps_the_vendors_words():
    (event,) = told(
        "StatusNotification",
        connectorId=1,
        errorCode="GroundFailure",
        status="Faulted",
        info="RCD",
        vendorErrorCode="E17",
    )
    assert (event.error, event.detail) == ("GroundFailure", "RCD E17")


def test_a_token():
    assert told("Authorize", idTag="04AB") == (TokenPresented(token="04AB", **COMMON),)


def test_a_start_and_an_end():
    assert told("StartTransaction", connectorId=1, idTag="A", meterStart=100, timestamp=NOON) == (
        TransactionStarted(evse=1, token="A", meter_wh=100, **COMMON),
    )
    assert told(
        "StopTransaction", transactionId=5, meterStop=900, timestamp=NOON, reason="EVDisconnected"
    ) == (TransactionEnded(transaction_id=5, meter_wh=900, reason="car-left", **COMMON),)
    (event,) = told("StopTransaction", transactionId=5, meterStop=900, timestamp=NOON)
    assert event.reason == "local"


@pytest.mark.parametrize("connector", [0, -1])
def test_a_start_on_no_connector_is_refused(connector):
    with pytest.raises(Fault) as refused:
        told("StartTransaction", connectorId=connector, idTag="A", meterStart=100, timestamp=NOON)
    assert refused.value.code == "PropertyConstraintViolation"


def test_what_happened_before_the_link_stood_was_offline():
    stop = {"transactionId": 5, "meterStop": 900}
    assert told("StopTransaction", timestamp="2023-11-14T22:00:00Z", **stop)[0].offline
    assert not told("StopTransaction", timestamp="2023-11-14T22:12:17Z", **stop)[0].offline


def test_a_transaction_without_a_readable_time_is_refused_and_a_status_is_not():
    with pytest.raises(Fault):
        told("StartTransaction", connectorId=1, idTag="A", meterStart=100, timestamp="yesterday")
    (event,) = told(
        "StatusNotification", connectorId=1, errorCode="NoError", status="Available", timestamp="yesterday"
    )
    assert event.at_ms == NOW


def test_currents_by_phase():
    event = sample(
        ("16.12", "Current.Import", "L1", "A"),
        ("15.9", "Current.Import", "L2", "A"),
        ("0", "Current.Import", "L3", "A"),
        ("230.1", "Voltage", "L1-N", "V"),
        ("7.36", "Power.Active.Import", None, "kW"),
        ("1234.567", "Energy.Active.Import.Register", None, "kWh"),
        ("16", "Current.Offered", None, "A"),
        ("57", "SoC", None, "Percent"),
        transactionId=5,
    )
    assert event == Sampled(
        evse=1,
        transaction_id=5,
        current_ma=(16_120, 15_900, 0),
        voltage_mv=(230_100,),
        power_w=7_360,
        energy_wh=1_234_567,
        offered_ma=16_000,
        soc_percent=57,
        **COMMON,
    )


@pytest.mark.parametrize(
    ("stamp", "age_ms"),
    [
        (NOON, 0),
        ("2023-11-14T22:12:35Z", 45_000),
        ("2023-11-14T20:00:00Z", 60_000),  # a slow clock, or an older sample: the most that is believed
        ("2023-11-14T23:00:00Z", 0),  # a fast clock
        (None, 0),
    ],
)
def test_a_sample_is_as_old_as_its_own_time_says_up_to_a_minute(stamp, age_ms):
    value = {"sampledValue": [{"value": "6"}]} | ({} if stamp is None else {"timestamp": stamp})
    if stamp is None:
        value["timestamp"] = "yesterday"
    (event,) = told("MeterValues", connectorId=1, meterValue=[value])
    assert event.age_ms == age_ms


def test_defaults_are_those_of_the_specification():
    assert sample(("4711",)).energy_wh == 4711
    assert sample(("4711",)).context == "periodic"


def test_one_current_without_a_phase_is_unknown_because_it_may_be_a_sum():
    assert sample(("48", "Current.Import", None, "A")).current_ma is None


def test_a_gap_between_phases_is_unknown():
    assert sample(("16", "Current.Import", "L1", "A"), ("16", "Current.Import", "L3", "A")).current_ma is None


def test_a_one_phase_station_tells_one_current():
    assert sample(("16", "Current.Import", "L1", "A")).current_ma == (16_000,)
    assert sample(("16", "Current.Import", "L1-N", "A")).current_ma == (16_000,)


def test_powers_by_phase_add_up():
    rows = [("2300", "Power.Active.Import", phase, "W") for phase in ("L1", "L2", "L3")]
    assert sample(*rows).power_w == 6_900


def test_the_outlet_counts_where_several_places_were_measured():
    assert sample(
        ("20", "Current.Import", "L1", "A", "Inlet"), ("16", "Current.Import", "L1", "A", "Outlet")
    ).current_ma == (16_000,)
    assert sample(("16", "Current.Import", "L1", "A", "EV")).current_ma is None


@pytest.mark.parametrize("value", ["NaN", "inf", "", "0x10", "1e99", "9" * 20, "sixteen", "١٦", "--1"])
def test_what_is_no_number_was_not_told(value):
    assert sample((value, "Current.Import", "L1", "A")).current_ma is None


def test_a_unit_that_does_not_fit_was_not_told():
    assert sample(("16", "Current.Import", "L1", "W")).current_ma is None


def test_signed_data_is_no_number():
    value = {"value": "1234", "format": "SignedData"}
    (event,) = told("MeterValues", connectorId=1, meterValue=[{"timestamp": NOON, "sampledValue": [value]}])
    assert event.energy_wh is None


def test_a_vendors_message_and_a_heartbeat():
    assert told("DataTransfer", vendorId="v", data="d") == (VendorMessage(vendor="v", data="d", **COMMON),)
    assert told("Heartbeat") == ()


@pytest.mark.parametrize("action", ["RemoteStartTransaction", "GetDiagnostics"])
def test_what_we_do_not_do_is_refused_with_the_right_code(action):
    payload = {
        "RemoteStartTransaction": {"idTag": "A"},
        "GetDiagnostics": {"location": "x"},
    }[action]
    with pytest.raises(Fault) as fault:
        told(action, **payload)
    assert fault.value.code == "NotSupported"


def answered(action, answer):
    return json.loads(answer_to(action, answer, now_ms=NOW))


def test_answers():
    time = "2023-11-14T22:13:20.000Z"
    boot = BootAnswer(status="pending", interval_s=60, now_ms=NOW)
    assert answered("BootNotification", boot) == {"status": "Pending", "currentTime": time, "interval": 60}
    assert answered("Heartbeat", Acknowledged()) == {"currentTime": time}
    token = TokenAnswer(status="concurrent-tx", group="G", expires_ms=NOW)
    info = {"status": "ConcurrentTx", "parentIdTag": "G", "expiryDate": time}
    assert answered("Authorize", token) == {"idTagInfo": info}
    start = StartAnswer(transaction_id=5, token=TokenAnswer(status="accepted"))
    assert answered("StartTransaction", start) == {"idTagInfo": {"status": "Accepted"}, "transactionId": 5}
    assert answered("DataTransfer", Acknowledged()) == {"status": "UnknownVendorId"}
    for action in ("StopTransaction", "MeterValues", "StatusNotification"):
        assert answered(action, Acknowledged()) == {}


def test_what_could_not_be_kept_is_not_acknowledged():
    with pytest.raises(Fault) as fault:
        answered("StopTransaction", NotAnswered(sentence="the journal is full"))
    assert (fault.value.code, fault.value.description) == ("InternalError", "the journal is full")


def test_before_it_is_accepted_a_station_may_only_boot():
    refuse_before_boot("BootNotification")
    with pytest.raises(Fault) as fault:
        refuse_before_boot("StartTransaction")
    assert fault.value.code == "SecurityError"
