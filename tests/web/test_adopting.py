"""A place for a new charger by HTTP: proven first, then written, and the controller started anew."""

import asyncio

import pytest

from edge.web import guard
from tests.web.adopting_lot import TEXT, stranger, waiting

ORDER = {"station": "AL-4711", "name": "bay-7", "circuit": "east", "max_a": 16}


@pytest.fixture
async def box(tmp_path):
    async with waiting(tmp_path) as shown:
        yield shown


async def test_who_waits_and_where_there_are_places(box):
    answer = await (await box.get("/api/strangers")).json()
    assert [each["station"] for each in answer["strangers"]] == ["AL-4711"]
    assert answer["circuits"] == ["grid", "west", "east"]
    assert (answer["last"], answer["may_adopt"]) == (None, True)


async def test_proving_says_what_it_would_come_to_and_writes_nothing(box):
    answer = await box.post("/api/adopt", json=ORDER | {"only_prove": True})
    assert answer.status == 200
    told = await answer.json()
    assert told["proof"] == "east: fallback 0 -> 6 of 50 A; grid 85 -> 91 of 100 A. Proven."
    assert told["is_done"] is False
    assert box.path.read_text() == TEXT


async def test_an_adoption_is_written_answered_and_only_then_started_anew(box):
    answer = await box.post("/api/adopt", json=ORDER)
    assert answer.status == 200
    assert (await answer.json())["place"] == "5 lines added after line 15"
    assert "[charger.bay-7]" in box.path.read_text()
    assert not box.restarted.is_set()
    async with asyncio.timeout(5):
        await box.restarted.wait()
    assert (await (await box.get("/api/strangers")).json())["last"] == "bay-7"


async def test_it_is_taken_back_once(box):
    await box.post("/api/adopt", json=ORDER)
    undone = await box.post("/api/adopt/undo", json={})
    assert (await undone.json())["name"] == "bay-7"
    assert box.path.read_text() == TEXT
    again = await box.post("/api/adopt/undo", json={})
    assert (again.status, (await again.json())["error"]) == (409, "nothing was adopted")


async def test_what_does_not_fit_is_answered_with_the_faults_of_the_file(box):
    answer = await box.post("/api/adopt", json=ORDER | {"max_a": 63, "fallback_a": 20})
    assert answer.status == 422
    told = await answer.json()
    assert told["error"] == "2 faults in site.toml. Nothing was changed."
    assert [fault.splitlines()[0].split()[-1] for fault in told["faults"]] == ["fallback-sum", "over-circuit"]
    assert all("\n  try      " in fault for fault in told["faults"])
    assert box.path.read_text() == TEXT


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"station": "nobody"}, 404, "station: no new charger is called nobody"),
        ({"max_a": None}, 422, "max_a: is missing, and never assumed"),
        ({"max_a": "much"}, 422, "max_a: expected a whole number or a list or null, got text"),
        ({"evses": 9}, 422, None),
        ({"name": "bay-1"}, 409, "bay-1 is in the site file already"),
        ({"name": "bay-1", "replaces": True}, 409, "bay-1 is connected: nothing has to take its place"),
        ({"name": "bay-9", "replaces": True}, 409, "no charger is called bay-9"),
        ({"colour": "red"}, 422, None),
    ],
)
async def test_what_cannot_be_is_refused_in_words(box, changes, status, error):
    answer = await box.post("/api/adopt", json=ORDER | changes)
    assert answer.status == status
    told = await answer.json()
    assert error is None or told["error"] == error
    assert told["try"]
    assert box.path.read_text() == TEXT


async def test_it_is_taken_from_this_machine_only(box, monkeypatch):
    monkeypatch.setattr(guard, "is_from_here", lambda _: False)
    for path in ("/api/adopt", "/api/adopt/undo"):
        assert (await box.post(path, json=ORDER)).status == 403
    assert (await (await box.get("/api/strangers")).json())["may_adopt"] is False
    assert box.path.read_text() == TEXT


async def test_an_edited_file_is_neither_adopted_into_nor_taken_back(box):
    box.path.write_text(TEXT + "# mine\n")
    answer = await box.post("/api/adopt", json=ORDER)
    assert answer.status == 409
    assert "was changed since the controller started" in (await answer.json())["error"]


async def test_a_broken_charger_is_replaced_by_its_station_alone(box):
    box.lot.change("bay-5", link="down")
    answer = await box.post("/api/adopt", json={"station": "AL-4711", "name": "bay-5", "replaces": True})
    assert answer.status == 200
    assert '[charger.bay-5]\nstation = "AL-4711"\n' in box.path.read_text()


async def test_a_name_that_is_no_name_is_the_files_fault(tmp_path):
    async with waiting(tmp_path, stranger("X'; \"rm -rf")) as box:
        answer = await box.post("/api/adopt", json=ORDER | {"station": "X'; \"rm -rf", "name": "a]\n[web"})
        assert answer.status == 422
        assert box.path.read_text() == TEXT
