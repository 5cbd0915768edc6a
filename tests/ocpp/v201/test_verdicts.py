"""Messages of 2.0.1 and 2.1 are accepted and refused as the published schemas do it: every action, both ways.

What differs is named here: null stands for an absent field, and integers end where a database does.
"""

import json
import random
from decimal import Decimal

import pytest
from jsonschema import Draft4Validator

from edge.ocpp.rpc import Fault
from edge.ocpp.v21.codec import CODEC as V21
from edge.ocpp.v201.codec import CODEC as V201
from tests.ocpp.published import actions, broken, by_chance, full, name_of, schema_of

CODECS = {"v201": V201, "v21": V21}
MESSAGES = [
    (version, name)
    for version in CODECS
    for action in actions(version)
    for name in (name_of(version, action), f"{action}Response")
]
STRANGE_ONES, CHANCES = 12, 6  # of each message


def is_accepted(version, name, text):
    """Whether we take it; what is wrong with it is said by a Fault and by nothing else."""
    codec = CODECS[version]
    try:
        if name.endswith("Response"):
            codec.decode_response(name.removesuffix("Response"), text)
        else:
            codec.decode_request(name.removesuffix("Request"), text)
    except Fault:
        return False
    return True


def without_nulls(value):
    """null stands for an absent field; a field that nobody knows is a stranger even so."""
    if isinstance(value, dict):
        return {k: without_nulls(part) for k, part in value.items() if part is not None or k == "stranger"}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def is_beyond_a_database(value):
    if isinstance(value, dict):
        return any(is_beyond_a_database(part) for part in value.values())
    if isinstance(value, list):
        return any(is_beyond_a_database(part) for part in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def judged(version, name, messages):
    validator = Draft4Validator(schema_of(name, version))
    for message in messages:
        text = json.dumps(message).encode()
        exact = json.loads(text, parse_float=Decimal)
        expected = isinstance(message, dict) and validator.is_valid(without_nulls(exact))
        expected = expected and not is_beyond_a_database(message)
        assert is_accepted(version, name, text) == expected, text


def test_the_actions_of_both_versions_are_all_there():
    assert (len(actions("v201")), len(actions("v21"))) == (64, 90)


@pytest.mark.parametrize(("version", "name"), MESSAGES)
def test_a_message_is_judged_as_its_schema_does(version, name):
    schema, dice = schema_of(name, version), random.Random(f"{version} {name}")
    assert is_accepted(version, name, json.dumps(full(schema)).encode())
    judged(version, name, [broken(full(schema), dice) for _ in range(STRANGE_ONES)])
    whole = [by_chance(schema, dice) for _ in range(CHANCES)]
    judged(version, name, [*whole, *(broken(message, dice) for message in whole)])


@pytest.mark.parametrize("version", CODECS)
def test_an_action_of_the_other_version_is_not_implemented(version):
    with pytest.raises(Fault) as fault:
        CODECS[version].decode_request("StartTransaction", b"{}")
    assert fault.value.code == "NotImplemented"


def test_a_name_that_is_a_path_is_no_action():
    with pytest.raises(Fault) as fault:
        V201.decode_request("../../v16/schemas/Authorize", b"{}")
    assert fault.value.code == "NotImplemented"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"requestId":1,"reportBase":"All"}', "PropertyConstraintViolation"),
        (b'{"requestId":1}', "OccurenceConstraintViolation"),
        (b'{"requestId":1,"reportBase":"FullInventory","more":1}', "FormationViolation"),
        (b'{"requestId":"1","reportBase":"FullInventory"}', "TypeConstraintViolation"),
        (b'{"requestId":1,"requestId":2,"reportBase":"FullInventory"}', "FormationViolation"),
        (b'{"requestId":9223372036854775808,"reportBase":"FullInventory"}', "PropertyConstraintViolation"),
    ],
)
def test_what_is_wrong_has_its_code(raw, code):
    with pytest.raises(Fault) as fault:
        V201.decode_request("GetBaseReport", raw)
    assert fault.value.code == code
