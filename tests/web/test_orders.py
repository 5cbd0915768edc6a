"""Limits and needs: what is taken, what is refused and in which words."""

import pytest

AFTERNOON = {"name": "afternoon", "kind": "chargers", "target": "grid", "limit_a": 20, "seconds": 600}


async def test_a_limit_reaches_the_site_in_milliamperes_with_its_end(box):
    before_ms = box.clock.mono_ms()
    answer = await box.post("/api/limit", json=AFTERNOON | {"limit_a": 9.55})
    assert answer.status == 200
    (limit,) = box.lot.limits
    assert (limit.name, limit.source, limit.kind, limit.target) == (
        "page: afternoon",
        "page",
        "chargers",
        "grid",
    )
    assert limit.limit_ma == 9_550
    assert before_ms + 600_000 <= limit.expires_ms <= box.clock.mono_ms() + 600_000


async def test_null_withdraws_a_limit(box):
    answer = await box.post("/api/limit", json=AFTERNOON | {"limit_a": None, "seconds": None})
    assert answer.status == 200
    assert box.lot.limits[0].limit_ma is None


async def test_what_a_driver_needs_reaches_the_site_as_an_event(box):
    answer = await box.post(
        "/api/needs/bay-1", json={"energy_kwh": 12.5, "leaves_in_s": 3_600, "priority": 4}
    )
    assert answer.status == 200
    (event,) = box.lot.reports
    assert (event.charger, event.evse) == ("bay-1", 1)
    assert (event.energy_wh, event.departs_ms - event.at_ms, event.priority) == (12_500, 3_600_000, 4)


@pytest.mark.parametrize(
    ("change", "error", "remedy"),
    [
        ({"energy_kwh": -1}, "energy_kwh:", "0 to 500 kWh"),
        ({"leaves_in_s": 1.5}, "leaves_in_s:", "whole seconds"),
        ({"priority": 10}, "priority:", "from 0 to 9"),
        ({"kwh": 3}, "kwh", "the fields are energy_kwh, leaves_in_s, priority"),
    ],
)
async def test_a_wrong_need_is_answered_in_words_and_never_reaches_the_site(box, change, error, remedy):
    answer = await box.post("/api/needs/bay-1", json=change)
    said = await answer.json()
    assert answer.status == 422
    assert error in said["error"]
    assert remedy in said["try"]
    assert box.lot.reports == []


async def test_a_need_at_an_unknown_bay_or_without_a_session_is_refused(box):
    answer = await box.post("/api/needs/bay-99", json={"energy_kwh": 1})
    assert answer.status == 404
    answer = await box.post("/api/needs/bay-2", json={"energy_kwh": 1})
    assert answer.status == 409
    assert "no session" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("change", "error", "remedy"),
    [
        ({"limit_a": -1}, "limit_a:", "from 0 to 6300"),
        ({"limit_a": 7_000}, "limit_a:", "from 0 to 6300"),
        ({"limit_a": "16"}, "limit_a:", "from 0 to 6300"),
        ({"seconds": None}, "a limit needs an end", "whole seconds"),
        ({"seconds": 0}, "seconds:", "whole seconds"),
        ({"seconds": 100_000}, "seconds:", "whole seconds"),
        ({"kind": "lot"}, "kind:", '"circuit"'),
        ({"name": ""}, "name:", "a name of its own"),
        ({"target": "south"}, "'south' is none of", "name of a circuit"),
        ({"amps": 3}, "amps", "the fields are"),
    ],
)
async def test_a_wrong_limit_is_answered_in_words_and_never_reaches_the_site(box, change, error, remedy):
    answer = await box.post("/api/limit", json=AFTERNOON | change)
    said = await answer.json()
    assert answer.status == 422
    assert error in said["error"]
    assert remedy in said["try"]
    assert box.lot.limits == []


async def test_a_field_that_is_missing_is_named(box):
    answer = await box.post("/api/limit", json={"name": "x", "kind": "evse", "target": "bay-1"})
    assert "limit_a" in (await answer.json())["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"limit_a=3", b'{"limit_a": NaN}', b'{"limit_a": 1e999}', b"[]"])
async def test_what_is_no_limit_at_all_is_refused(box, body):
    answer = await box.post("/api/limit", data=body, headers={"Content-Type": "application/json"})
    assert answer.status in {400, 422}
    assert (await answer.json())["error"]
    assert box.lot.limits == []
