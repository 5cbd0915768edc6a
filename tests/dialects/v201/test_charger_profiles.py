"""Limits in OCPP 2.x: what is pre-built is what would be written, and fits the schemas of both versions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dialects.charger import SET_PROFILE, dialect_of
from edge.dialects.v201.charger_profiles import OfferTemplate, set_charging_profile
from edge.ocpp.profiles import AMPERES, Wire, above
from edge.ocpp.v21.codec import CODEC as V21
from edge.ocpp.v201.codec import CODEC as V201
from edge.ocpp.v201.codec import encode

WATTS = Wire(unit="W", voltage_v=207, phases=3)
TENTHS = Wire(step_ma=100)
NOW = 1_700_000_000_000


@pytest.mark.parametrize("wire", [AMPERES, WATTS, TENTHS], ids=["A", "W", "0.1 A"])
@pytest.mark.parametrize("named", [None, "tx-1 %b%d"])
@given(
    limit_ma=st.integers(0, 80_000),
    fallback_ma=st.integers(0, 32_000),
    now_ms=st.integers(NOW, NOW + 10**9),
    hold_s=st.integers(9, 600),
)
def test_what_is_pre_built_is_what_would_be_written(wire, named, limit_ma, fallback_ma, now_ms, hold_s):
    rendered = OfferTemplate(2, fallback_ma, wire, named).render(
        limit_ma=limit_ma, now_ms=now_ms, hold_s=hold_s
    )
    model = above(
        2,
        limit_ma=limit_ma,
        fallback_ma=fallback_ma,
        now_ms=now_ms,
        hold_s=hold_s,
        wire=wire,
        transaction_id=None if named is None else 0,
    )
    assert rendered == encode(set_charging_profile(model, transaction=named))
    V201.decode_request(SET_PROFILE, rendered)


@given(limit_ma=st.integers(0, 80_000), hold_s=st.integers(9, 600))
def test_2_1_says_besides_after_how_long_without_us_it_is_void(limit_ma, hold_s):
    template = dialect_of("ocpp2.1").offers(1, 6_000, AMPERES, None)
    rendered = template.render(limit_ma=limit_ma, now_ms=NOW, hold_s=hold_s)
    V21.decode_request(SET_PROFILE, rendered)
    profile = json.loads(rendered)["chargingProfile"]
    (schedule,) = profile["chargingSchedule"]
    assert profile["invalidAfterOfflineDuration"] is True
    assert profile["maxOfflineDuration"] == schedule["chargingSchedulePeriod"][1]["startPeriod"] - 15
    assert profile["maxOfflineDuration"] >= hold_s


def test_the_fallback_lies_beneath_without_end():
    raw = dialect_of("ocpp2.0.1").fallback(1, fallback_ma=6_000)
    profile = json.loads(raw)["chargingProfile"]
    assert (profile["stackLevel"], profile["chargingProfilePurpose"]) == (0, "TxDefaultProfile")
    assert [each["limit"] for each in profile["chargingSchedule"][0]["chargingSchedulePeriod"]] == [6]
    assert not {"validTo", "maxOfflineDuration"} & profile.keys()


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b'{"status":"Accepted"}', None),
        (b'{"status": "Accepted"}', None),
        (b'{"status":"Rejected"}', "the charger answers Rejected"),
        (
            b'{"status":"Rejected","statusInfo":{"reasonCode":"InvalidProfile","additionalInfo":"too many"}}',
            "the charger answers Rejected (InvalidProfile too many)",
        ),
    ],
)
def test_why_a_profile_was_not_taken(raw, refusal):
    assert dialect_of("ocpp2.0.1").refusal_of(raw) == refusal
