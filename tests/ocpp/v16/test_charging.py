"""Charging profiles on OCPP 1.6's wire."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.messages import Call, validate_payload

from edge.ocpp.profiles import AMPERES, Wire, above, beneath
from edge.ocpp.rpc import Fault
from edge.ocpp.v16.charging import OfferTemplate, profile_of, set_charging_profile
from edge.ocpp.v16.codec import decode_request, encode

NOW = 1_700_000_000_000
WIRES = [AMPERES, Wire(step_ma=100), Wire(unit="W"), Wire(unit="W", phases=1, step_ma=100)]


def test_above_reads_like_this():
    profile = above(2, limit_ma=16_000, fallback_ma=6_000, now_ms=NOW, hold_s=90)
    assert json.loads(encode(set_charging_profile(profile))) == {
        "connectorId": 2,
        "csChargingProfiles": {
            "chargingProfileId": 9021,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "validFrom": "2023-11-14T22:13:05Z",
            "chargingSchedule": {
                "startSchedule": "2023-11-14T22:13:05Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16},
                    {"startPeriod": 105, "limit": 6},
                ],
            },
        },
    }


@given(
    limit_ma=st.integers(0, 80_000),
    fallback_ma=st.sampled_from([0, 6_000, 13_000]),
    now_ms=st.integers(NOW, NOW + 10**11),
    hold_s=st.integers(1, 600),
    wire=st.sampled_from(WIRES),
    transaction_id=st.none() | st.integers(1, 2**31),
)
def test_the_template_writes_what_the_message_would(
    limit_ma, fallback_ma, now_ms, hold_s, wire, transaction_id
):
    template = OfferTemplate(3, fallback_ma=fallback_ma, wire=wire, transaction_id=transaction_id)
    profile = above(
        3,
        limit_ma=limit_ma,
        fallback_ma=fallback_ma,
        now_ms=now_ms,
        hold_s=hold_s,
        wire=wire,
        transaction_id=transaction_id,
    )
    rendered = template.render(limit_ma=limit_ma, now_ms=now_ms, hold_s=hold_s)
    assert rendered == encode(set_charging_profile(profile))
    assert profile_of(3, decode_request("SetChargingProfile", rendered).cs_charging_profiles) == profile


@pytest.mark.parametrize("wire", WIRES)
async def test_the_foreign_validator_accepts_both_of_the_pair(wire):
    for profile in (
        beneath(1, fallback_ma=6_100, wire=wire),
        above(1, limit_ma=16_300, fallback_ma=6_100, now_ms=NOW, hold_s=90, wire=wire, transaction_id=7),
    ):
        payload = json.loads(encode(set_charging_profile(profile)))
        await validate_payload(Call("1", "SetChargingProfile", payload), "1.6")


def profile(**changes):
    wire = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.2}],
        },
    }
    schedule = wire["chargingSchedule"]
    for key, value in changes.items():
        (schedule if key in {"chargingSchedulePeriod", "startSchedule", "duration"} else wire)[key] = value
    raw = json.dumps({"connectorId": 1, "csChargingProfiles": wire}).encode()
    return decode_request("SetChargingProfile", raw).cs_charging_profiles


def test_one_decimal_is_exact():
    assert profile_of(1, profile()).periods[0].rate == 8_200


@pytest.mark.parametrize(
    "changes",
    [
        {"chargingSchedulePeriod": []},
        {"chargingSchedulePeriod": [{"startPeriod": 5, "limit": 6}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}, {"startPeriod": -5, "limit": 32}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1e300}]},
        {"chargingProfileKind": "Recurring"},
        {"stackLevel": -1},
        {"startSchedule": "tomorrow"},
        {"validTo": "2023-02-30T00:00:00Z"},
    ],
)
def test_a_profile_from_which_nothing_certain_follows_is_refused(changes):
    with pytest.raises(Fault):
        profile_of(1, profile(**changes))
