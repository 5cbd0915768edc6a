"""Messages are accepted and refused as the published schemas do it: every action, both directions.

Where this house differs is named here: `tolerated` is what it bears because stations err in it and no harm
follows, `beyond_the_schema` what it refuses because harm could.
"""

import json
import random
from decimal import Decimal

import ocpp.messages
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from ocpp.exceptions import OCPPError
from ocpp.messages import Call, CallResult, validate_payload

from edge.ocpp.rpc import Fault
from edge.ocpp.v16.codec import decode_request, decode_response
from edge.ocpp.v16.table import TABLE
from tests.ocpp.published import ACTIONS, broken, by_chance, full, schema_of, variants

NAMES = [action + kind for action in ACTIONS for kind in ("", "Response")]


def is_accepted(name, text):
    """Whether we take it."""
    action = name.removesuffix("Response")
    try:
        (decode_request if action == name else decode_response)(action, text)
    except Fault:
        return False
    return True


def objects(value, path=()):
    """All objects of a message, with the names that lead there."""
    if isinstance(value, dict):
        yield path, value
        for key, part in value.items():
            yield from objects(part, (*path, key))
    elif isinstance(value, list):
        for part in value:
            yield from objects(part, path)


# -- what is tolerated -----------------------------------------------------------------------------------


def tolerated(name, message):
    """The message as its sender must have meant it."""
    message = without_nulls(message)
    for path, part in objects(message):
        _exact_to_a_tenth(part)
        if path[-1:] == ("sampledValue",):
            _number_as_text(part)
            if name == "StopTransaction" and part.get("unit") == "Hertz":  # its schema forgot this unit
                part["unit"] = "Percent"
        if name == "GetCompositeScheduleResponse" and path[-1:] == ("chargingSchedulePeriod",):
            _whole_second(part)
    return message


def without_nulls(value):
    """null stands for an absent field; a field that nobody knows is a stranger even so."""
    if isinstance(value, dict):
        return {k: without_nulls(part) for k, part in value.items() if part is not None or k == "stranger"}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def is_number(value):
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _exact_to_a_tenth(part):
    """More than one decimal of a limit says no more than one."""
    for key in ("limit", "minChargingRate"):
        if is_number(part.get(key)):
            part[key] = Decimal(round(part[key] * 10)) / 10


def _number_as_text(part):
    """A measured value that is a bare number is as good as its text."""
    if is_number(part.get("value")):
        part["value"] = str(part["value"])


def _whole_second(part):
    """A composite schedule is read by people: a period of it may begin at a fraction of a second."""
    if is_number(part.get("startPeriod")):
        part["startPeriod"] = int(part["startPeriod"])


# -- what no schema refuses ------------------------------------------------------------------------------

LEAST = {"connectorId": 0, "retries": 0, "retryInterval": 0, "stackLevel": 0}  # OCPP 1.6 ed. 2 section 6
MOST = {"connectorId": 2**31 - 1}
ABOVE_0 = ("StartTransaction", "UnlockConnector")


def is_beyond_the_schema(name, message):
    """Whether a number is one that the specification's text rules out, or that no database keeps."""
    return any(
        _is_out_of_range(name, path, key, number)
        for path, part in objects(message)
        for key, number in part.items()
        if isinstance(number, int) and not isinstance(number, bool)
    )


def _is_out_of_range(name, path, key, number):
    least = LEAST.get(key, -(2**63))
    if key == "connectorId" and name in ABOVE_0:
        least = 1
    if key == "duration" and name == "GetCompositeSchedule":
        least = 0
    is_read_by_people = name == "GetCompositeScheduleResponse" and key in {"startPeriod", "limit"}
    is_float = key in {"limit", "minChargingRate", "value"}
    return not (is_read_by_people or is_float) and not least <= number <= MOST.get(key, 2**63 - 1)


# -- the tests -------------------------------------------------------------------------------------------


def test_every_published_action_is_known():
    assert sorted(TABLE) == ACTIONS


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_judged_as_its_schema_does(name):
    validator = Draft4Validator(schema_of(name))
    for variant in variants(schema_of(name)):
        text = json.dumps(variant).encode()
        exact = json.loads(text, parse_float=Decimal)
        expected = isinstance(variant, dict) and validator.is_valid(tolerated(name, exact))
        assert is_accepted(name, text) == (expected and not is_beyond_the_schema(name, exact)), text


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32), times=st.integers(0, 3))
def test_whole_and_broken_messages_are_judged_as_the_foreign_package_does(name, seed, times):
    dice = random.Random(seed)
    message = by_chance(schema_of(name), dice)
    for _ in range(times):
        message = broken(message, dice)
    text = json.dumps(message).encode()
    expected = foreign_verdict(name, tolerated(name, json.loads(text)))
    assert is_accepted(name, text) == (expected and not is_beyond_the_schema(name, message)), text


@pytest.fixture(autouse=True, scope="module")
def at_once():
    """The foreign check shall not go to a thread."""
    ocpp.messages.ASYNC_VALIDATION, before = False, ocpp.messages.ASYNC_VALIDATION
    yield
    ocpp.messages.ASYNC_VALIDATION = before


def foreign_verdict(name, message):
    """What the package says of it."""
    action = name.removesuffix("Response")
    exact = json.loads(json.dumps(message, default=float))
    said = Call("1", action, exact) if action == name else CallResult("1", exact, action)
    try:
        validate_payload(said, "1.6").send(None)
    except StopIteration:
        return True
    except OCPPError:
        return False
    raise AssertionError("the foreign check waits for something")


# -- each difference by its name -------------------------------------------------------------------------


def schedule(period, **changes):
    return {
        "status": "Accepted",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": period, **changes},
    }


TOLERATED = {
    "an optional field that is null": ("Authorize", {"idTag": "A", "stranger": None}, False),
    "null for an optional field": ("DataTransfer", {"vendorId": "V", "data": None}, True),
    "a composite period at a fraction of a second": (
        "GetCompositeScheduleResponse",
        schedule([{"startPeriod": 3.5, "limit": 6}]),
        True,
    ),
    "a composite limit of -1": (
        "GetCompositeScheduleResponse",
        schedule([{"startPeriod": 0, "limit": -1}]),
        True,
    ),
    "a composite schedule without periods": ("GetCompositeScheduleResponse", schedule([]), True),
    "a composite answer without a schedule": ("GetCompositeScheduleResponse", {"status": "Accepted"}, True),
    "a composite limit with three decimals": (
        "GetCompositeScheduleResponse",
        schedule([{"startPeriod": 0, "limit": 6.123}]),
        True,
    ),
    "a measured value as a number": (
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": "x", "sampledValue": [{"value": 16.5}]}]},
        True,
    ),
    "a unit that one schema forgot": (
        "StopTransaction",
        {
            "meterStop": 1,
            "timestamp": "x",
            "transactionId": 1,
            "transactionData": [{"timestamp": "x", "sampledValue": [{"value": "50", "unit": "Hertz"}]}],
        },
        True,
    ),
    "a fraction of a second in what is sent to us as a limit": (
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                **full(schema_of("SetChargingProfile"))["csChargingProfiles"],
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0.5, "limit": 6}],
                },
            },
        },
        False,
    ),
}


@pytest.mark.parametrize(("name", "message", "expected"), TOLERATED.values(), ids=TOLERATED.keys())
def test_what_is_tolerated_and_where_that_ends(name, message, expected):
    assert is_accepted(name, json.dumps(message).encode()) == expected


REFUSED = {
    "an integer that no database keeps": ("RemoteStopTransaction", b'{"transactionId":9223372036854775808}'),
    "an integer of a thousand digits": (
        "RemoteStopTransaction",
        b'{"transactionId":%b}' % (b"9" * 1_000),
    ),
    "a connector below 0": (
        "StatusNotification",
        b'{"connectorId":-1,"errorCode":"NoError","status":"Available"}',
    ),
    "a connector that no charger has": (
        "StatusNotification",
        b'{"connectorId":2147483648,"errorCode":"NoError","status":"Available"}',
    ),
    "a transaction at the charger as a whole": (
        "StartTransaction",
        b'{"connectorId":0,"idTag":"A","meterStart":0,"timestamp":"2024-01-01T00:00:00Z"}',
    ),
    "a negative number of tries": ("GetDiagnostics", b'{"location":"ftp://x","retries":-1}'),
}


@pytest.mark.parametrize(("action", "raw"), REFUSED.values(), ids=REFUSED.keys())
def test_a_number_that_makes_no_sense_violates_its_property(action, raw):
    with pytest.raises(Fault) as fault:
        decode_request(action, raw)
    assert fault.value.code == "PropertyConstraintViolation"


TWINS = [
    b'{"idTag":"A","idTag":"B"}',
    b'{"idTag":"A","idTag" :"B"}',
    b'{"idTag":"A\\u003a","idTag" :"B"}',
    b'{"id\\u0054ag":"A","idTag":"B"}',
    b'{"idTag":"A:","idTag":"B"}',
]


@pytest.mark.parametrize("raw", TWINS)
def test_a_key_that_is_named_twice_is_refused(raw):
    with pytest.raises(Fault) as fault:
        decode_request("Authorize", raw)
    assert fault.value.code == "FormationViolation"


def test_a_twin_deep_inside_is_found():
    raw = (
        b'{"connectorId":1,"meterValue":[{"timestamp":"x","sampledValue":[{"value":"1"},'
        b'{"value":"2","value":"9"}]}]}'
    )
    with pytest.raises(Fault) as fault:
        decode_request("MeterValues", raw)
    assert fault.value.code == "FormationViolation"


@pytest.mark.parametrize("raw", [b'{"idTag" : "A:\\u003a"}', b'{ "idTag":"\\u00e9" }', b'{"idTag":"a::"}'])
def test_colons_and_escapes_alone_are_no_twins(raw):
    decode_request("Authorize", raw)
