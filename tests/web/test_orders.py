"""Limits and commands: what is taken, what is refused and in which words."""

import pytest

from edge.site.commands import Origin, Reset, SetAvailability, StopCharging

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


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"kind": "reset", "hard": True}, Reset(charger="bay-1", hard=True)),
        (
            {"kind": "stop-charging", "transaction_id": 7},
            StopCharging(charger="bay-1", transaction_id=7),
        ),
        (
            {"kind": "set-availability", "evse": 1, "operative": False},
            SetAvailability(charger="bay-1", evse=1, operative=False),
        ),
    ],
)
async def test_a_command_goes_through_the_sites_door_as_the_pages(box, body, command):
    answer = await box.post("/api/chargers/bay-1/commands", json=body)
    assert answer.status == 200
    assert (await answer.json())["type"] == "Done"
    assert box.lot.commands == [(command, Origin(kind="page"))]


async def test_a_refusal_is_passed_on_in_the_chargers_words(box):
    answer = await box.post("/api/chargers/bay-2/commands", json={"kind": "unlock"})
    assert answer.status == 409
    assert await answer.json() == {"error": "a car is plugged in"}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "write-settings", "settings": {"HeartbeatInterval": "1"}},
        {"kind": "send-vendor-message", "vendor": "x"},
        {"kind": "reset", "hrad": True},
        {"kind": "start-charging"},
        {},
    ],
)
async def test_commands_that_are_not_the_pages_or_not_well_formed_never_reach_the_site(box, body):
    answer = await box.post("/api/chargers/bay-1/commands", json=body)
    assert answer.status == 422
    assert (await answer.json())["try"]
    assert box.lot.commands == []


async def test_the_path_says_which_charger_and_the_body_cannot_say_another(box):
    await box.post("/api/chargers/bay-1/commands", json={"kind": "unlock", "charger": "bay-2"})
    assert [command.charger for command, _ in box.lot.commands] == ["bay-1"]


async def test_an_unknown_charger_is_answered_with_the_known_ones(box):
    answer = await box.post("/api/chargers/bay-9/commands", json={"kind": "unlock"})
    assert answer.status == 404
    assert (await answer.json())["try"] == "there are bay-1, bay-2, bay-3, bay-4, bay-5"
