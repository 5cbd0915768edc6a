"""The rules of remote procedure calls, OCPP-J 1.6 section 4, at either end of a connection."""

import pytest

from edge.ocpp.rpc import GENERIC_ERROR, INTERNAL_ERROR, QueueFull, Rpc


def test_only_one_call_is_under_way():
    rpc = Rpc("a-")
    first, second = rpc.call("Reset", b"{}", 1000), rpc.call("ClearCache", b"{}", 1000)
    assert rpc.next_call(0) is first
    assert rpc.next_call(0) is None
    assert rpc.answered(first.id) is first
    assert rpc.next_call(0) is second


def test_message_ids_never_repeat_on_a_connection():
    rpc = Rpc("a-")
    ids = set()
    for _ in range(200):
        call = rpc.call("Heartbeat", b"{}", 1000)
        rpc.next_call(0)
        rpc.answered(call.id)
        ids.add(call.id)
    assert len(ids) == 200
    assert max(len(message_id) for message_id in ids) <= 36


def test_the_owner_may_bring_a_message_id():
    assert Rpc().call("StopTransaction", b"{}", 1000, "row-17").id == "row-17"


def test_the_queue_is_bounded():
    rpc = Rpc(queue_limit=2)
    rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    rpc.call("Reset", b"{}", 1000)
    rpc.call("Reset", b"{}", 1000)
    with pytest.raises(QueueFull):
        rpc.call("Reset", b"{}", 1000)


def test_an_unanswered_call_gives_way_at_its_deadline():
    rpc = Rpc()
    first, second = rpc.call("Reset", b"{}", 1000), rpc.call("Reset", b"{}", 5000)
    rpc.next_call(0)
    assert rpc.deadline_ms() == 1000
    assert rpc.expire(999) == []
    assert rpc.expire(1000) == [first]
    assert first.is_sent
    assert rpc.next_call(1000) is second


def test_a_call_that_waited_too_long_is_never_sent():
    rpc = Rpc()
    first, second = rpc.call("Reset", b"{}", 9000), rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    rpc.answered(first.id)
    assert rpc.next_call(1000) is None
    assert rpc.expire(1000) == [second]
    assert not second.is_sent


def test_late_and_unknown_answers_are_told_apart_and_change_nothing():
    rpc = Rpc()
    first, second = rpc.call("Reset", b"{}", 1000), rpc.call("Reset", b"{}", 5000)
    rpc.next_call(0)
    rpc.expire(1000)
    rpc.next_call(1000)
    assert rpc.answered(first.id) is None
    assert rpc.is_late(first.id)
    assert rpc.answered("never asked") is None
    assert not rpc.is_late("never asked")
    assert rpc.answered(second.id) is second
    assert rpc.answered(second.id) is None


def test_an_answer_to_a_call_that_was_not_sent_yet_answers_nothing():
    rpc = Rpc()
    rpc.call("Reset", b"{}", 1000)
    waiting = rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    assert rpc.answered(waiting.id) is None


def test_a_caller_who_gives_up_frees_the_way():
    rpc = Rpc()
    first, second = rpc.call("Reset", b"{}", 1000), rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    rpc.forget(first)
    assert rpc.next_call(0) is second
    assert rpc.is_late(first.id)


def test_a_closed_link_returns_every_call_that_will_never_be_answered():
    rpc = Rpc()
    first, second = rpc.call("Reset", b"{}", 1000), rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    rpc.requested("7", "Heartbeat")
    assert rpc.close() == [first, second]
    assert (first.is_sent, second.is_sent) == (True, False)
    assert rpc.deadline_ms() is None
    assert not rpc.answer("7")


def test_a_request_is_answered_at_most_once():
    rpc = Rpc()
    assert rpc.requested("7", "Heartbeat").refusal is None
    assert rpc.answer("7")
    assert not rpc.answer("7")
    assert not rpc.answer("8")


def test_a_repeated_request_shares_the_answer_of_the_first():
    rpc = Rpc()
    rpc.requested("7", "StartTransaction")
    again = rpc.requested("7", "StartTransaction")
    assert again.is_repeated
    assert again.refusal is None
    assert rpc.unanswered() == 1


def test_another_request_under_an_id_in_use_is_refused():
    rpc = Rpc()
    rpc.requested("7", "StartTransaction")
    assert rpc.requested("7", "StopTransaction").refusal == GENERIC_ERROR
    rpc.answer("7")
    assert rpc.requested("7", "StopTransaction").refusal is None


def test_requests_beyond_the_limit_are_refused_and_answers_still_pass():
    rpc = Rpc(open_limit=2)
    call = rpc.call("Reset", b"{}", 1000)
    rpc.next_call(0)
    rpc.requested("1", "Heartbeat")
    rpc.requested("2", "Heartbeat")
    assert rpc.requested("3", "Heartbeat").refusal == INTERNAL_ERROR
    assert rpc.answered(call.id) is call
    rpc.answer("1")
    assert rpc.requested("3", "Heartbeat").refusal is None
