"""What a stranger may send as a frame, and what it is told when it is none (OCPP-J 1.6 section 4.2)."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ocpp import envelope
from edge.ocpp.envelope import BadFrame, CallFrame, ErrorFrame, ResultErrorFrame, ResultFrame, SendFrame
from edge.ocpp.rpc import FORMATION_VIOLATION


def test_a_call_a_result_and_an_error_are_told_apart():
    call = envelope.decode('[2,"19223201","Heartbeat",{}]')
    assert (type(call), call.id, call.action, bytes(call.payload)) == (
        CallFrame,
        "19223201",
        "Heartbeat",
        b"{}",
    )
    result = envelope.decode('[3, "1", {"status": "Accepted"}]')
    assert (type(result), result.id, bytes(result.payload)) == (ResultFrame, "1", b'{"status": "Accepted"}')
    error = envelope.decode('[4,"1","NotSupported","SendLocalList.req not implemented",{}]')
    assert (type(error), error.code, error.description) == (
        ErrorFrame,
        "NotSupported",
        "SendLocalList.req not implemented",
    )


def test_what_2_1_adds_is_told_apart_and_the_codes_are_spelled_as_the_version_does():
    told = envelope.decode('[6,"9","NotifyPeriodicEventStream",{"id":1}]')
    assert (type(told), told.action) == (SendFrame, "NotifyPeriodicEventStream")
    assert type(envelope.decode('[5,"9","FormatViolation","what?",{}]')) is ResultErrorFrame
    assert envelope.spelled(FORMATION_VIOLATION, "ocpp1.6") == FORMATION_VIOLATION
    assert envelope.spelled(FORMATION_VIOLATION, "ocpp2.0.1") == "FormatViolation"


@pytest.mark.parametrize("text", ['[2,"1","Heartbeat",null]', '[3,"1",null]'])
def test_null_stands_for_an_empty_payload(text):
    assert bytes(envelope.decode(text).payload) == b"{}"


@pytest.mark.parametrize("text", ['[4,"1"]', '[4,"1","GenericError"]', '[4,"1","GenericError","why"]'])
def test_an_error_may_lack_its_last_parts(text):
    assert envelope.decode(text).code == "GenericError"


def test_a_message_id_longer_than_36_is_tolerated_and_an_absurd_one_is_not():
    assert envelope.decode('[2,"%s","Heartbeat",{}]' % ("x" * 60)).id == "x" * 60
    with pytest.raises(BadFrame) as bad:
        envelope.decode('[2,"%s","Heartbeat",{}]' % ("x" * 256))
    assert bad.value.message_id == "-1"


DEEP = '[2,"9","DataTransfer",{"data":%s}]'
ANSWERED = {
    "not JSON": ("hello", "-1"),
    "empty": ("", "-1"),
    "cut off in the middle": ('[2,"9","Heartbeat",{"a":', "9"),
    "an object": ('{"2":"9"}', "-1"),
    "an empty array": ("[]", "-1"),
    "a text as type": ('["2","9","Heartbeat",{}]', "-1"),
    "a fraction as type": ('[2.0,"9","Heartbeat",{}]', "-1"),
    "no action": ('[2,"9",{}]', "9"),
    "too many parts": ('[2,"9","Heartbeat",{},{}]', "9"),
    "a number as id": ('[2,9,"Heartbeat",{}]', "-1"),
    "a number as action": ('[2,"9",9,{}]', "9"),
    "an array as payload": ('[2,"9","Heartbeat",[]]', "9"),
    "a text as payload": ('[2,"9","Heartbeat","{}"]', "9"),
    "NaN": ('[2,"9","MeterValues",{"value":NaN}]', "9"),
    "infinity": ('[2,"9","MeterValues",{"value":-Infinity}]', "9"),
    "single quotes": ("[2,'9','Heartbeat',{}]", "-1"),
    "trailing text": ('[2,"9","Heartbeat",{}]x', "9"),
    "two frames": ('[2,"9","Heartbeat",{}][2,"8","Heartbeat",{}]', "9"),
    "a lone surrogate": ('[2,"9","DataTransfer",{"data":"\\ud800"}]', "9"),
    "a lone surrogate in the id": ('[2,"\\ud800","Heartbeat",{}]', "-1"),
    "an escaped NUL": ('[2,"9","Authorize",{"idTag":"a\\u0000"}]', "9"),
    "a bare NUL": ('[2,"9","Authorize",{"idTag":"a\x00"}]', "9"),
    "a byte order mark": ('\ufeff[2,"9","Heartbeat",{}]', "-1"),
    "deep arrays": (DEEP % ("[" * 100 + "]" * 100), "9"),
    "deep objects": (DEEP % ('{"a":' * 100 + "1" + "}" * 100), "9"),
    "never closed": (DEEP % ("[" * 100_000), "9"),
    "too long": (DEEP % ('"' + "x" * 300_000 + '"'), "9"),
    "not UTF-8": (b'[2,"9","DataTransfer",{"data":"\xff"}]', "-1"),
}


@pytest.mark.parametrize(("text", "message_id"), ANSWERED.values(), ids=ANSWERED.keys())
def test_what_is_no_frame_is_answered_by_a_formation_violation(text, message_id):
    with pytest.raises(BadFrame) as bad:
        envelope.decode(text)
    assert bad.value.is_answerable
    assert bad.value.code == FORMATION_VIOLATION
    assert bad.value.message_id == message_id


@pytest.mark.parametrize(
    "text",
    ['[3,"9"]', '[3,"9",[]]', '[4,9,"GenericError","",{}]', '[7,"9"]', '[8,"9","NotifyPeriodic",{}]', "[1]"],
)
def test_broken_answers_and_unknown_types_are_dropped_without_an_answer(text):
    with pytest.raises(BadFrame) as bad:
        envelope.decode(text)
    assert not bad.value.is_answerable


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert envelope.decode(r'[2,"9","DataTransfer",{"data":"C:\\u0000"}]').id == "9"


def test_brackets_inside_texts_do_not_count_as_depth():
    text = json.dumps([2, "9", "DataTransfer", {"data": '[{"' * 1000}])
    assert envelope.decode(text).id == "9"


def test_many_shallow_values_are_no_depth():
    text = json.dumps([2, "9", "DataTransfer", {"data": [[{}]] * 5000}])
    assert envelope.decode(text).id == "9"


@given(st.text() | st.binary())
def test_nothing_but_a_bad_frame_is_ever_raised(data):
    with suppress(BadFrame):
        envelope.decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.sampled_from([2, 3, 4, 5]))
def test_any_json_array_is_a_frame_or_a_bad_frame(parts, kind):
    try:
        frame = envelope.decode(json.dumps([kind, *parts]))
    except BadFrame:
        return
    assert frame.id == parts[0]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=36).filter(lambda t: "\0" not in t)
)
def test_what_we_send_can_be_read_back_whatever_the_id(message_id):
    result = envelope.decode(envelope.encode_result(message_id, b'{"a":1}'))
    assert (result.id, bytes(result.payload)) == (message_id, b'{"a":1}')
    error = envelope.decode(envelope.encode_error(message_id, "GenericError", 'say "no"\n'))
    assert (error.id, error.code, error.description) == (message_id, "GenericError", 'say "no"\n')


def test_a_call_is_built_around_an_encoded_payload():
    call = envelope.decode(envelope.encode_call("a-1", "Reset", b'{"type":"Soft"}'))
    assert (call.id, call.action, bytes(call.payload)) == ("a-1", "Reset", b'{"type":"Soft"}')
