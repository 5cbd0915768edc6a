from dataclasses import replace

import pytest

from edge.simulator.books import Transaction, audit

DONE = Transaction(
    station="bay-1",
    connector=1,
    token="AA",
    started_ms=8_000,
    meter_start_wh=100,
    ended_ms=9_000,
    meter_stop_wh=900,
)
RUNNING = replace(DONE, started_ms=10_000, meter_start_wh=900, ended_ms=None, meter_stop_wh=None)


def test_books_that_agree_are_clean_whatever_numbers_the_transactions_have():
    assert audit(
        [DONE, RUNNING], [replace(RUNNING, transaction_id=9), replace(DONE, transaction_id=8)]
    ).is_clean


@pytest.mark.parametrize(
    ("booked", "fault", "found"),
    [
        ([], "lost", [DONE]),
        ([RUNNING], "lost", [DONE]),
        ([replace(DONE, ended_ms=None, meter_stop_wh=None)], "unfinished", [DONE]),
        ([DONE, replace(DONE, transaction_id=5)], "doubled", [replace(DONE, transaction_id=5)]),
        ([replace(DONE, meter_stop_wh=901)], "altered", [replace(DONE, meter_stop_wh=901)]),
        ([replace(DONE, token="BB")], "altered", [replace(DONE, token="BB")]),
        ([DONE, RUNNING], "invented", [RUNNING]),
        ([replace(DONE, connector=2)], "lost", [DONE]),
    ],
)
def test_each_difference_is_named(booked, fault, found):
    result = audit([DONE], booked)
    assert list(getattr(result, fault)) == found
    assert not result.is_clean


def test_a_station_may_have_another_name_in_the_books():
    assert audit([DONE], [replace(DONE, station="RIV-bay-1")], identities={"bay-1": "RIV-bay-1"}).is_clean
