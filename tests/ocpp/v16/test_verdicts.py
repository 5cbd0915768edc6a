"""Typed messages accept and refuse what the published schemas do, over every field of every mapped action.

The differences are named: null for an absent optional field and more than one decimal of a limit are
tolerated, because stations send them and no harm follows; an integer must fit 64 bits.
"""

import copy
import json
from decimal import Decimal
from importlib.resources import files

import pytest
from jsonschema import Draft4Validator

from edge.ocpp.rpc import Fault
from edge.ocpp.v16.codec import TABLE, decode_request, decode_response


def schema_of(name):
    text = (files("ocpp") / "v16" / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig")
    if name == "StopTransaction":  # MeterValues.json knows this unit, this schema forgot it
        text = text.replace('"Percent"', '"Percent", "Hertz"')
    return json.loads(text, parse_float=Decimal)


def full(schema):
    """A value with every property that the schema knows."""
    match schema.get("type"):
        case "object":
            return {key: full(part) for key, part in schema["properties"].items()}
        case "array":
            return [full(schema["items"]), full(schema["items"])]
        case "string":
            return (
                schema["enum"][0]
                if "enum" in schema
                else "2024-01-01T00:00:00Z"[: schema.get("maxLength", 99)]
            )
        case "integer":
            return 7
        case "number":
            return 16.1
        case "boolean":
            return True
    raise AssertionError(schema)


NUMBERS = [0, 1, -1, 2**31, 6, 6.5, 1.0, 1e20]
TEXTS = ["", "Accepted", "accepted", "Hertz", "é" * 20, "😀" * 21]
LENGTHS = ["x" * length for length in (1, 20, 21, 25, 26, 50, 51, 255, 256, 500, 501)]
STRANGE = [None, True, False, *NUMBERS, *TEXTS, *LENGTHS, [], {}, [1], [{}], {"status": "Accepted"}, [[]]]


def paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        yield from paths(value[0], (*path, 0))


def changed(value, path, change):
    value = copy.deepcopy(value)
    if not path:
        return change(None)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if change is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = change(inner[path[-1]])
    return value


def with_stranger(part):
    return {**part, "stranger": 1} if isinstance(part, dict) else part


def variants(schema):
    whole = full(schema)
    for path in paths(whole):
        for strange in STRANGE:
            yield changed(whole, path, lambda _, strange=strange: copy.deepcopy(strange))
        yield changed(whole, path, with_stranger) if path else with_stranger(whole)
        if path:
            yield changed(whole, path, None)
    if "required" in schema:
        yield {key: whole[key] for key in schema["required"]}
    for enumerated, part in enums(schema):
        for word in part["enum"]:
            yield changed(whole, enumerated, lambda _, word=word: word)


def enums(schema, path=()):
    if "enum" in schema:
        yield path, schema
    for key, part in schema.get("properties", {}).items():
        yield from enums(part, (*path, key))
    if "items" in schema:
        yield from enums(schema["items"], (*path, 0))


def without_nulls(value):
    """What remains when null stands for an absent field."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


NAMES = [(action, kind) for action in TABLE for kind in ("", "Response")]


@pytest.mark.parametrize(("action", "kind"), NAMES)
def test_verdict_equals_the_published_schema(action, kind):
    schema = schema_of(action + kind)
    validator = Draft4Validator(schema)
    decode = decode_response if kind else decode_request
    for variant in variants(schema):
        text = json.dumps(variant).encode()
        exact = json.loads(json.dumps(without_nulls(variant)), parse_float=Decimal)
        expected = isinstance(variant, dict) and validator.is_valid(exact)
        try:
            decode(action, text)
            accepted = True
        except Fault:
            accepted = False
        assert accepted == expected, text


def test_more_decimals_than_the_schema_allows_are_tolerated():
    raw = b"""{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,
        "chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":
        {"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":6.123}]}}}"""
    profile = decode_request("SetChargingProfile", raw).cs_charging_profiles
    assert profile.charging_schedule.charging_schedule_period[0].limit == 6.123


def test_an_integer_that_no_database_keeps_is_refused():
    with pytest.raises(Fault) as fault:
        decode_request("RemoteStopTransaction", b'{"transactionId":9223372036854775808}')
    assert fault.value.code == "PropertyConstraintViolation"
