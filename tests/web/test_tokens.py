"""Tokens over the API: from the list or stored, changed at once, kept over a restart, shown with care."""

import pytest

from edge.site.events import TokenPresented
from tests.interop.box import TOKEN
from tests.web.real_box import real_box

CARD = "04BBCCDDEE"


async def judged(box, token):
    """What a charger is told of it."""
    event = TokenPresented(charger="bay-1", evse=1, at_ms=0, seen_ms=0, token=token)
    return (await box.site.report(event)).status


async def test_a_stored_token_may_charge_at_once_and_after_a_restart(tmp_path):
    async with real_box(tmp_path) as box:
        assert await judged(box, CARD) == "invalid"
        order = {"group": "fleet", "priority": 3, "valid_until_ms": 4_000_000_000_000, "note": "Eve's"}
        status, row = await box.ask("PUT", f"/api/tokens/{CARD}", order)
        assert status == 201
        assert row == {
            "token": CARD,
            **order,
            "blocked": False,
            "master": False,
            "source": "stored",
            "overrides_list": False,
        }
        assert await judged(box, CARD.lower()) == "accepted"
    async with real_box(tmp_path) as box:
        assert await judged(box, CARD) == "accepted"
        assert (await box.ask("GET", f"/api/tokens/{CARD.lower()}"))[1] == row
        assert await box.ask("DELETE", f"/api/tokens/{CARD}") == (200, row)
        assert await judged(box, CARD) == "invalid"
        assert (await box.ask("GET", f"/api/tokens/{CARD}"))[0] == 404
    async with real_box(tmp_path) as box:
        assert await judged(box, CARD) == "invalid"


async def test_a_stored_token_stands_in_the_place_of_the_lists_which_cannot_be_removed(tmp_path):
    async with real_box(tmp_path) as box:
        (row,) = (await box.ask("GET", "/api/tokens"))[1]
        assert (row["token"], row["note"], row["source"]) == (TOKEN, "Ada", "from the list")
        status, said = await box.ask("DELETE", f"/api/tokens/{TOKEN}")
        assert (status, "from the list" in said["error"], "block it" in said["try"]) == (409, True, True)
        status, row = await box.ask("PUT", f"/api/tokens/{TOKEN}", {"blocked": True})
        assert (status, row["overrides_list"]) == (200, True)
        assert await judged(box, TOKEN) == "blocked"
        await box.ask("DELETE", f"/api/tokens/{TOKEN}")
        assert await judged(box, TOKEN) == "accepted"


async def test_the_priority_of_a_card_reaches_the_session_that_runs(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        box.world.chargers["bay-1"].plug(1, box.car)
        await box.told("start-charging", token=TOKEN, evse=1)
        await box.until(lambda status: status.evses[0].transaction_id is not None)
        await box.ask("PUT", f"/api/tokens/{TOKEN}", {"priority": 7})
        await box.until(lambda status: "priority 7" in status.evses[0].rule)


async def test_over_the_network_no_token_is_told_that_works(box):
    (row,) = await (await box.get("/api/tokens")).json()
    assert (row["token"], row["note"]) == ("04..CC", "")


@pytest.mark.parametrize(
    ("path", "body", "error", "remedy"),
    [
        ("04AA", {"priority": 10}, "priority:", "0 to 9"),
        ("04AA", {"valid_until_ms": "2030"}, "valid_until_ms: expected a whole number", "ms since 1970"),
        ("04AA", {"blocked": 1}, "blocked: expected true or false", "may not charge"),
        ("04AA", {"note": "x" * 101}, "note:", "up to 100"),
        (
            "04AA",
            {"colour": "red"},
            "not known here: colour",
            "group, priority, valid_until_ms, blocked, master, note",
        ),
        ("0" * 37, {}, "token:", "1 to 36 characters"),
        ("a%00b", {}, "token:", "1 to 36 characters"),
    ],
)
async def test_a_wrong_token_is_answered_in_words_and_not_stored(box, path, body, error, remedy):
    async with box.client.put(f"{box.url}/api/tokens/{path}", json=body) as answer:
        said = await answer.json()
        assert answer.status == 422
        assert error in said["error"]
        assert remedy in said["try"]
    assert len(await (await box.get("/api/tokens")).json()) == 1


async def test_a_full_disk_changes_nothing_and_says_so(tmp_path):
    async with real_box(tmp_path) as box:
        box.site.desk._store.writer.close()
        status, said = await box.ask("PUT", f"/api/tokens/{CARD}", {})
        assert (status, "nothing was changed" in said["error"]) == (507, True)
        assert await judged(box, CARD) == "invalid"
