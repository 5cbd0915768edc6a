"""What the API tells: the status, one bay with its reasons, sessions, the last hour."""

from tests.web.conftest import served
from tests.web.standing_lot import NOON_MS


async def test_the_status_is_the_sites_own(box):
    answer = await box.get("/api/status")
    status = await answer.json()
    assert answer.status == 200
    assert status["sentence"] == "All well. 4 cars charge, 1 waits. 18 A free on L2."
    assert [evse["id"] for evse in status["evses"]][-1] == "bay-5"


async def test_one_bay_comes_with_the_rows_of_explain_and_the_age_of_the_decision(box):
    box.clock.at_ms = NOON_MS + 400
    explained = await (await box.get("/api/evses/bay-1")).json()
    assert explained["age_ms"] == 400
    assert explained["timezone"] == "Europe/Berlin"
    assert [row["name"] for row in explained["evse"]["limits"]] == ["EVSE", "west", "grid", "city"]


async def test_the_name_of_a_bay_may_hold_a_slash(box):
    for path in ("/api/evses/bay-4/2", "/api/evses/bay-4%2F2"):
        explained = await (await box.get(path)).json()
        assert explained["evse"]["id"] == "bay-4/2"


async def test_an_unknown_bay_is_answered_with_the_known_ones(box):
    answer = await box.get("/api/evses/bay-9")
    assert answer.status == 404
    assert await answer.json() == {
        "error": "no bay is called bay-9",
        "try": "there are bay-1, bay-2, bay-3, bay-4/1, bay-4/2, bay-5",
    }


async def test_sessions_show_energy_and_never_a_token_that_works(box):
    rows = await (await box.get("/api/sessions")).json()
    assert [row["energy_wh"] for row in rows] == [4_000, 11_200, 11_200]
    assert {row["token"] for row in rows} == {"04..80"}
    assert len(await (await box.get("/api/sessions?limit=1")).json()) == 1


async def test_a_limit_of_sessions_that_is_no_number_is_refused_in_words(box):
    for asked in ("0", "-1", "many", "501", "٣"):
        answer = await box.get("/api/sessions", params={"limit": asked})
        assert answer.status == 400
        assert "from 1 to 500" in (await answer.json())["try"]


async def test_about_says_whether_this_is_a_rehearsal_and_who_may_command(box):
    about = await (await box.get("/api/about")).json()
    assert about["rehearsal"] is False
    assert about["may_command"] is True
    async with served(rehearsal_url="http://127.0.0.1:9") as demo:
        assert (await (await demo.get("/api/about")).json())["rehearsal"] is True
