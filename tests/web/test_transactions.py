"""Transactions and reservations over the API, against the whole box and a simulated charger."""

import time

import pytest

from tests.interop.box import TOKEN
from tests.web.real_box import real_box
from tests.web.standing_lot import NOON_MS


def in_a_minute_ms():
    return time.time_ns() // 1_000_000 + 60_000


async def test_a_transaction_is_seen_running_stopped_and_seen_ended(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        box.world.chargers["bay-1"].plug(1, box.car)
        await box.told("start-charging", token=TOKEN, evse=1)
        await box.until(lambda status: status.evses[0].transaction_id is not None)
        _, (row,) = await box.ask("GET", "/api/transactions?running=true&charger=bay-1")
        assert (row["token"], row["ended_ms"], row["is_accepted"]) == (TOKEN, None, True)
        place = f"/api/transactions/{row['transaction_id']}"
        assert (await box.ask("POST", f"{place}/stop", {}))[0] == 200
        await box.until(lambda status: status.evses[0].transaction_id is None)
        _, ended = await box.ask("GET", place)
        assert ended["reason"] == "remote"
        assert ended["energy_wh"] == ended["meter_stop_wh"] - ended["meter_start_wh"]
        assert (await box.ask("GET", "/api/transactions?running=true"))[1] == []
        _, story = await box.ask("GET", f"{place}/story")
        assert (story[0]["kind"], story[-1]["kind"]) == ("transaction-started", "transaction-ended")
        assert story[0]["at_ms"] == ended["started_ms"]
        status, said = await box.ask("POST", f"{place}/stop", {})
        assert (status, "ended already" in said["error"]) == (409, True)
        _, (shown,) = await box.ask("GET", "/api/transactions", over=None)
        assert shown == ended


async def test_a_reservation_is_made_listed_and_taken_back(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        order = {
            "charger": "bay-1",
            "evse": 1,
            "token": TOKEN,
            "until_ms": in_a_minute_ms(),
            "group": "fleet",
        }
        status, made = await box.ask("POST", "/api/reservations", order)
        assert status == 200
        _, (row,) = await box.ask("GET", "/api/reservations")
        assert row == {**order, "reservation_id": made["reservation_id"]}
        place = f"/api/reservations/bay-1/{row['reservation_id']}"
        assert (await box.ask("DELETE", place))[0] == 200
        assert (await box.ask("GET", "/api/reservations"))[1] == []
        status, said = await box.ask("DELETE", place)
        assert (status, said["try"]) == (404, "there is none")
        status, said = await box.ask("POST", "/api/reservations", {**order, "until_ms": 5})
        assert (status, said["error"]) == (409, "the reservation would be over already")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [100, 99, 98]),
        ("?running=true", [100]),
        ("?running=false", [99, 98]),
        ("?charger=bay-2", [98]),
        (f"?since_ms={NOON_MS - 3_600_000}", [100, 99]),
        ("?limit=1", [100]),
    ],
)
async def test_transactions_are_filtered_and_tokens_shortened(box, query, numbers):
    rows = await (await box.get(f"/api/transactions{query}")).json()
    assert [row["transaction_id"] for row in rows] == numbers
    assert {row["token"] for row in rows} == {"04..80"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("running=maybe", "running is maybe"),
        ("limit=0", "limit is 0"),
        ("since_ms=yesterday", "since_ms is yesterday"),
        ("since_ms=99999999999999999999999", "since_ms is"),
    ],
)
async def test_a_wrong_filter_is_answered_in_words(box, query, error):
    answer = await box.get(f"/api/transactions?{query}")
    said = await answer.json()
    assert answer.status == 400
    assert error in said["error"]
    assert said["try"]


@pytest.mark.parametrize("number", ["7", "x", "99999999999999999999", "-1"])
async def test_an_unknown_transaction_is_told_as_such(box, number):
    answer = await box.get(f"/api/transactions/{number}")
    assert answer.status == 404
    assert "there is no transaction" in (await answer.json())["error"]
