"""Commands over the API: every one is taken by name; what is wrong is told in words, and goes no further."""

import json

import msgspec
import pytest

from edge.site.commands import (
    NoAnswer,
    NotSupported,
    Origin,
    Refused,
    Reset,
    SetAvailability,
    Started,
    StopCharging,
    Unlock,
    Unreachable,
)
from edge.site.operations import operations
from tests.web.standing_lot import evse

SAMPLES = {
    "start-charging": {"token": "04A1", "evse": 1},
    "stop-charging": {"transaction_id": 7},
    "reserve": {"token": "04A1", "until_ms": 1_800_000_000_000, "group": "fleet", "evse": 1},
    "cancel-reservation": {"reservation_id": 3},
    "reset": {"hard": True},
    "unlock": {"evse": 1},
    "set-availability": {"operative": False},
    "read-settings": {"keys": ["TxCtrlr.EVConnectionTimeOut"]},
    "write-settings": {"settings": {"TxCtrlr.EVConnectionTimeOut": "90"}},
    "trigger": {"what": "boot"},
    "report-schedule": {"duration_s": 60, "unit": "W", "evse": 1},
    "update-firmware": {
        "location": "https://vendor.example/fw.bin",
        "retrieve_ms": 1,
        "install_ms": 2,
        "retries": 3,
        "retry_interval_s": 4,
        "certificate": "PEM",
        "signature": "QUJD",
        "request_id": 5,
    },
    "collect-log": {
        "location": "ftp://here.example/in",
        "log": "security",
        "since_ms": 1,
        "until_ms": 2,
        "retries": 3,
        "retry_interval_s": 4,
        "request_id": 5,
    },
    "send-tokens": {
        "tokens": [{"token": "04A1", "status": "blocked", "group": "fleet", "expires_ms": 5}],
        "full": False,
        "version": 3,
        "at_once": 50,
    },
    "read-list-version": {},
    "clear-token-cache": {},
    "install-certificate": {"use": "csms-root", "certificate": "PEM"},
    "remove-certificate": {
        "certificate": {
            "algorithm": "SHA256",
            "issuer_name_hash": "aa",
            "issuer_key_hash": "bb",
            "serial_number": "01",
        }
    },
    "list-certificates": {"use": "manufacturer-root"},
    "deliver-certificate": {"chain": "PEM"},
    "change-credential": {"password": "Y29ycmVjdC1ob3JzZS0wMQ==", "form": "text"},
    "send-vendor-message": {"vendor": "org.example", "message": "Hello", "data": "{}"},
    "native-call": {"version": "1.6", "action": "ClearCache", "payload": {}},
}


def test_every_command_has_a_sample_here_and_words_for_each_argument():
    assert set(SAMPLES) == set(operations())
    for operation in operations().values():
        assert operation.summary
        assert all(argument.words for argument in operation.arguments), operation.kind


@pytest.mark.parametrize("kind", SAMPLES)
async def test_every_command_is_taken_by_name_with_all_of_its_arguments(box, kind):
    answer = await box.post("/api/chargers/bay-1/commands", json={"kind": kind, **SAMPLES[kind]})
    assert answer.status == 200, await answer.text()
    ((command, origin),) = box.lot.commands
    assert isinstance(command, operations()[kind].command)
    assert origin == Origin(kind="page")
    said = json.loads(msgspec.json.encode(command))
    assert {name: said[name] for name in SAMPLES[kind]} == SAMPLES[kind]


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


WRONG = [
    ({"kind": "unlok"}, "no command is called unlok; unlock is meant?", "start-charging, stop-charging"),
    ({"kind": 3}, "kind: says which command", "unlock"),
    ({"kind": "unlock", "evse": 256}, "evse: expected a whole number <= 255", "counted from 1 to 255"),
    ({"kind": "unlock", "evse": "1"}, "evse: expected a whole number, got text", "counted from 1 to 255"),
    ({"kind": "start-charging", "token": ""}, "token: expected text of length >= 1", "1 to 36 characters"),
    ({"kind": "start-charging"}, "missing: token", "token: a card's number"),
    ({"kind": "start-charging", "token": "a\u0000b"}, "token:", "a card's number"),
    ({"kind": "start-charging", "token": "4", "tokne": "5"}, "tokne: not known", "takes evse, token"),
    ({"kind": "reserve", "token": "4", "until_ms": 99_999_999_999_999}, "until_ms:", "ms since 1970"),
    ({"kind": "report-schedule", "duration_s": 0}, "duration_s:", "1 to 86400 s"),
    ({"kind": "update-firmware", "location": "file:///etc/shadow"}, "location:", "https, ftp"),
    ({"kind": "update-firmware", "location": "fw.bin"}, "location:", "a URL that the charger reaches"),
    ({"kind": "collect-log", "location": "ftp://x/", "retries": -1}, "retries:", "0 to 100"),
    ({"kind": "collect-log", "location": "ftp://x/", "log": "all"}, "log:", "diagnostics or security"),
    ({"kind": "write-settings", "settings": {}}, "settings:", "settings by name"),
    ({"kind": "write-settings", "settings": {"A\u0000B": "1"}}, "settings", "settings by name"),
    ({"kind": "write-settings", "settings": {"A.B": 1}}, "settings", "value"),
    ({"kind": "send-tokens", "tokens": [{"token": "4", "expires_ms": -1}]}, "tokens[", "until when"),
    ({"kind": "send-tokens", "tokens": [{"token": "4", "blocked": True}]}, "blocked", "rows of the list"),
    ({"kind": "change-credential", "password": "c2hvcnQ="}, "password:", "16 to 20 bytes"),
    ({"kind": "trigger", "what": "everything"}, "what:", "meter-values"),
    ({"kind": "native-call", "version": "1.6", "action": "Reset"}, "payload", "JSON object"),
]


@pytest.mark.parametrize(("body", "error", "remedy"), WRONG)
async def test_a_wrong_argument_is_named_with_what_is_allowed(box, body, error, remedy):
    answer = await box.post("/api/chargers/bay-1/commands", json=body)
    said = await answer.json()
    assert answer.status == 422
    assert error in said["error"]
    assert remedy in said["try"]
    assert "`" not in said["error"]
    assert box.lot.commands == []


@pytest.mark.parametrize("body", [b"[" * 20_000, b'{"kind":' * 20_000, b"", b"\xff\xfe", b"[]", b"NaN"])
async def test_what_is_no_command_at_all_is_refused(box, body):
    headers = {"Content-Type": "application/json"}
    answer = await box.post("/api/chargers/bay-1/commands", data=body, headers=headers)
    assert answer.status in {400, 422}
    assert (await answer.json())["error"]
    assert box.lot.commands == []


async def test_a_list_of_thousands_of_cards_is_taken_whole(box):
    tokens = [{"token": f"CARD{number:08}"} for number in range(5_000)]
    answer = await box.post("/api/chargers/bay-1/commands", json={"kind": "send-tokens", "tokens": tokens})
    assert answer.status == 200
    assert len(box.lot.commands[0][0].tokens) == 5_000


OUTCOMES = [
    (Started(request_id=5, file="log.zip"), 202, {"type": "Started", "request_id": 5, "file": "log.zip"}),
    (Refused(sentence="it is occupied"), 409, {"error": "it is occupied"}),
    (NotSupported(sentence="the charger keeps no list"), 422, {"error": "the charger keeps no list"}),
    (NotSupported(), 422, {"error": "this charger cannot do that"}),
    (Unreachable(), 503, "the charger is not connected; nothing was sent"),
    (NoAnswer(), 504, "sent, and not answered in time: it may or may not have happened"),
]


@pytest.mark.parametrize(("outcome", "status", "said"), OUTCOMES)
async def test_every_outcome_has_a_status_and_words(box, outcome, status, said):
    async def submit(command, origin):
        return outcome

    box.lot.submit = submit
    answer = await box.post("/api/chargers/bay-1/commands", json={"kind": "reset"})
    assert answer.status == status
    body = await answer.json()
    if isinstance(said, dict):
        assert body == said
    else:
        assert body["error"] == said
        assert body["try"]


async def test_a_plug_is_that_of_the_only_socket_else_it_must_be_said(box):
    await box.post("/api/chargers/bay-1/commands", json={"kind": "unlock"})
    assert box.lot.commands[0][0] == Unlock(charger="bay-1", evse=1)
    two = tuple(
        evse(f"bay-4/{number}", "east", evse=number) if number else evse("bay-1", "west")
        for number in range(3)
    )
    box.lot.publish(evses=two)
    answer = await box.post("/api/chargers/bay-4/commands", json={"kind": "unlock"})
    assert answer.status == 422
    assert await answer.json() == {"error": "evse: bay-4 has 2 sockets", "try": "say which: 1, 2"}


async def test_chargers_are_listed_with_what_they_are_and_do(box):
    rows = await (await box.get("/api/chargers")).json()
    assert [row["name"] for row in rows] == ["bay-1", "bay-2", "bay-3", "bay-4", "bay-5"]
    one = await (await box.get("/api/chargers/bay-1")).json()
    assert one == rows[0]
    assert (one["link"], one["model"]) == ("up", None)
    assert one["evses"][0]["transaction_id"] == 7
    assert (await box.get("/api/chargers/bay-9")).status == 404


async def test_jobs_are_those_of_the_status(box):
    assert await (await box.get("/api/jobs")).json() == []
