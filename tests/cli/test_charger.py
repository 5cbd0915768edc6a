"""`ampyard charger`: every command has a verb, with the arguments of the API; what came of it is said."""

import json
from argparse import ArgumentParser

import pytest

from edge.cli.charger_verbs import VERBS, add
from edge.site.commands import (
    CancelReservation,
    CertificateId,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    Done,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    NativeCall,
    ReadListVersion,
    ReadSettings,
    RemoveCertificate,
    ReportSchedule,
    Reserve,
    Reset,
    SendTokens,
    SendVendorMessage,
    SetAvailability,
    Setting,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
    WriteSettings,
)
from edge.site.operations import operations
from tests.cli.typed import typed
from tests.interop.box import TOKEN
from tests.web.conftest import served
from tests.web.real_box import real_box

HERE = {"charger": "bay-1"}
PEM = "-----BEGIN CERTIFICATE-----\n"
URL = "ftp://here.example/in"
WHOLE_UPDATE = (
    f"firmware {URL} --retrieve 2030-01-01T00:00+00:00 --install 2030-01-02T00:00+00:00 --retries 3 "
    "--retry-interval 2m --certificate FILE --signature QUJD --request-id 9"
)
WHOLE_LOG = (
    f"log {URL} --log security --since 2026-01-01T00:00+00:00 --until 2026-01-02T00:00+00:00 --retries 1 "
    "--retry-interval 30 --request-id 8"
)
TYPED = [
    ("start 04A1", StartCharging(**HERE, token="04A1")),
    ("start 04A1 --evse 1", StartCharging(**HERE, token="04A1", evse=1)),
    ("stop", StopCharging(**HERE, transaction_id=7)),
    ("stop 7", StopCharging(**HERE, transaction_id=7)),
    (
        "reserve 04A1 --until 2030-01-01T00:00+00:00 --group fleet --reservation-id 5",
        Reserve(**HERE, token="04A1", until_ms=1_893_456_000_000, group="fleet", reservation_id=5),
    ),
    ("cancel-reservation 5", CancelReservation(**HERE, reservation_id=5)),
    ("cancel-reservation -5", CancelReservation(**HERE, reservation_id=-5)),
    ("reset", Reset(**HERE)),
    ("reset --hard", Reset(**HERE, hard=True)),
    ("unlock", Unlock(**HERE, evse=1)),
    ("availability off", SetAvailability(**HERE, operative=False)),
    ("settings", ReadSettings(**HERE)),
    ("settings A.B C.D", ReadSettings(**HERE, keys=("A.B", "C.D"))),
    ("settings A.B=1=2 C.D=", WriteSettings(**HERE, settings={"A.B": "1=2", "C.D": ""})),
    ("trigger meter-values --evse 1", Trigger(**HERE, what="meter-values", evse=1)),
    ("report boot", Trigger(**HERE, what="boot")),
    ("schedule 1h --unit W --evse 1", ReportSchedule(**HERE, duration_s=3_600, unit="W", evse=1)),
    (f"firmware {URL} --no-wait", UpdateFirmware(**HERE, location=URL)),
    (
        WHOLE_UPDATE,
        UpdateFirmware(
            **HERE,
            location=URL,
            retrieve_ms=1_893_456_000_000,
            install_ms=1_893_542_400_000,
            retries=3,
            retry_interval_s=120,
            certificate=PEM,
            signature="QUJD",
            request_id=9,
        ),
    ),
    (
        WHOLE_LOG,
        CollectLog(
            **HERE,
            location=URL,
            log="security",
            since_ms=1_767_225_600_000,
            until_ms=1_767_312_000_000,
            retries=1,
            retry_interval_s=30,
            request_id=8,
        ),
    ),
    (
        "tokens CSV --no-full --version 4 --at-once 50",
        SendTokens(**HERE, tokens=(ListedToken(token="04A1", group="g"),), full=False, version=4, at_once=50),
    ),
    (
        "local-list --remove 04A1",
        SendTokens(**HERE, tokens=(ListedToken(token="04A1", status=None),), full=False),
    ),
    ("list-version", ReadListVersion(**HERE)),
    ("clear-cache", ClearTokenCache(**HERE)),
    ("certificates csms-root", ListCertificates(**HERE, use="csms-root")),
    ("trust manufacturer-root FILE", InstallCertificate(**HERE, use="manufacturer-root", certificate=PEM)),
    ("deliver-certificate FILE", DeliverCertificate(**HERE, chain=PEM)),
    (
        "credential --password-file SECRET --form text",
        ChangeCredential(**HERE, password=b"correct-horse-01", form="text"),
    ),
    (
        "message org.example Hello {}",
        SendVendorMessage(**HERE, vendor="org.example", message="Hello", data="{}"),
    ),
    ("message org.example", SendVendorMessage(**HERE, vendor="org.example")),
    ('native ClearCache {"a":1}', NativeCall(**HERE, version="1.6", action="ClearCache", payload={"a": 1})),
    (
        "native ClearCache {} --version 2.0.1",
        NativeCall(**HERE, version="2.0.1", action="ClearCache", payload={}),
    ),
]


@pytest.fixture
def files(tmp_path):
    """What a typed word stands for."""
    texts = {"FILE": PEM, "CSV": "token,name,group\n04A1,Ada,g\n", "SECRET": "correct-horse-01\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in texts}


@pytest.mark.parametrize(("line", "command"), TYPED, ids=[line for line, _ in TYPED])
async def test_a_verb_gives_its_command(line, command, files, tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        words = [files.get(word, word) for word in line.split()]
        code, out, err = await typed(capsys, "charger", "bay-1", *words, "--socket", path)
        assert (code, err) == (0, "")
        assert out
        assert [given for given, _ in shown.lot.commands] == [command]


def test_every_command_has_a_verb_and_every_argument_is_typed_above():
    kinds = {verb.kind for verb in VERBS} | {"write-settings"}
    assert kinds == set(operations())
    typed_kinds = {command.__struct_config__.tag for _, command in TYPED} | {"remove-certificate"}
    assert typed_kinds == set(operations())


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_takes_every_argument_that_the_api_takes(verb):
    parser = ArgumentParser()
    add(parser, verb)
    taken = {action.dest for action in parser._actions}
    for argument in verb.operation.arguments:
        assert argument.name in taken or argument.name in verb.special


HASHES = CertificateId(algorithm="SHA256", issuer_name_hash="aa", issuer_key_hash="bb", serial_number="0A01")


async def test_a_root_is_distrusted_by_its_serial_number(tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        shown.lot.outcome = Done(certificates=(HASHES,))
        words = ("charger", "bay-1", "distrust", "a01", "--socket", path)
        assert (await typed(capsys, *words))[0] == 0
        assert shown.lot.commands[-1][0] == RemoveCertificate(charger="bay-1", certificate=HASHES)
        code, _, err = await typed(capsys, "charger", "bay-1", "distrust", "ff", "--socket", path)
        assert code == 2
        assert "no certificate with the serial number ff" in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("start", "TOKEN"),
        ("start 0123456789012345678901234567890123456", "1 to 36 characters"),
        ("start 04A1 --evse 256", "counted from 1 to 255"),
        ("start 04A1 --evse one", "counted from 1 to 255"),
        ("reserve 04A1", "--until"),
        ("reserve 04A1 --until soon", "is no time like 07:30"),
        ("reserve 04A1 --until 2200-01-01", "until when"),
        ("schedule 3d", "1 to 86400 s"),
        ("schedule x", "no span like 2h"),
        ("firmware fw.bin", "a URL that the charger reaches"),
        ("firmware file:///etc/shadow", "a URL that the charger reaches"),
        ("firmware ftp://x/ --retries 101", "0 to 100"),
        ("log ftp://x/ --log all", "diagnostics"),
        ("trust csms-root /nowhere", "/nowhere: No such file"),
        ("trust no-root /nowhere", "csms-root"),
        ("availability maybe", "neither on nor off"),
        ("native ClearCache []", "no JSON object"),
        ("native Clear-Cache {}", "the action as OCPP writes it"),
        ("settings A.B C.D=1", "either read settings, or write them"),
        ("trigger everything", "meter-values"),
        ("fly", "invalid choice"),
    ],
)
async def test_wrong_usage_is_told_with_what_is_right_and_never_reaches_the_box(line, said, tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        code, _, err = await typed(capsys, "charger", "bay-1", *line.split(), "--socket", path)
        assert code == 2
        assert said in err
        assert shown.lot.commands == []


async def test_a_bay_stands_for_its_socket_where_a_verb_means_one(tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        await typed(capsys, "charger", "bay-4/2", "unlock", "--socket", path)
        assert shown.lot.commands[0][0] == Unlock(charger="bay-4", evse=2)
        code, _, err = await typed(capsys, "charger", "bay-4/2", "reset", "--socket", path)
        assert code == 2
        assert "reset is for a whole charger: ampyard charger bay-4 reset" in err


async def test_a_refusal_and_an_unknown_charger_and_no_box_have_codes_of_their_own(tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path):
        refused = await typed(capsys, "charger", "bay-2", "unlock", "--socket", path)
        assert refused == (1, "", "ampyard charger: a car is plugged in\n")
        code, out, _ = await typed(capsys, "charger", "--json", "bay-2", "unlock", "--socket", path)
        assert (code, json.loads(out)["error"]) == (1, "a car is plugged in")
        code, _, err = await typed(capsys, "charger", "bay-9", "unlock", "--socket", path)
        assert (code, "there are bay-1" in err) == (2, True)
    code, _, err = await typed(capsys, "charger", "bay-1", "unlock", "--socket", path)
    assert (code, "no controller runs here" in err) == (3, True)


async def test_what_a_charger_answers_is_told_in_lines(tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        shown.lot.outcome = Done(
            settings=(Setting(key="A.B", value="1", readonly=True), Setting(key="C.D", value=None)),
            unknown_keys=("E.F",),
            reboot_needed=True,
            list_version=3,
            reservation_id=5,
        )
        _, out, _ = await typed(capsys, "charger", "bay-1", "settings", "--socket", path)
    assert out.splitlines() == [
        "A.B = 1  (read only)",
        "C.D = (not told)",
        "E.F: the charger does not know it",
        "bay-1: its list of tokens has version 3",
        "bay-1: reserved, number 5",
        "bay-1: done; it works after a restart: ampyard charger bay-1 reset",
    ]


async def test_a_generated_password_is_shown_once_and_is_of_the_right_length(tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path) as shown:
        words = ("charger", "bay-1", "credential", "--generate", "--socket", path)
        _, out, err = await typed(capsys, *words)
        password = shown.lot.commands[0][0].password.decode()
    assert len(password) == 20
    assert err == f"password: {password}\n"
    assert password not in out


async def test_chargers_are_listed_with_model_link_and_state(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        code, out, _ = await typed(capsys, "charger", "--socket", box.path)
        assert code == 0
        assert out.splitlines() == [
            "bay-1   connected       Ampyard Simulator 1.0 OCPP 1.6",
            "        Free.",
            "bay-2   never seen      model not known yet",
            *[line for line in out.splitlines() if line.startswith("        Not")],
        ]
        _, out, _ = await typed(capsys, "charger", "bay-1", "--json", "--socket", box.path)
        assert json.loads(out)["model"] == "Simulator"


async def test_firmware_is_followed_to_its_end(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        words = ("charger", "bay-1", "firmware", "ftp://here.example/fw-9.bin", "--socket", box.path)
        code, out, err = await typed(capsys, *words)
        assert (code, err) == (0, "")
        assert "bay-1: begun, number" in out
        assert out.splitlines()[-1].endswith("bay-1 firmware: installed (Installed)")


async def test_a_session_is_started_and_stopped_from_the_command_line(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        box.world.chargers["bay-1"].plug(1, box.car)
        code, out, _ = await typed(capsys, "charger", "bay-1", "start", TOKEN, "--socket", box.path)
        assert (code, out) == (0, "bay-1: done\n")
        await box.until(lambda status: status.evses[0].transaction_id is not None)
        code, out, _ = await typed(capsys, "need", "bay-1", "--priority", "7", "--socket", box.path)
        assert (code, out) == (0, "bay-1: priority 7\n")
        await box.until(lambda status: "priority 7" in status.evses[0].rule)
        code, out, _ = await typed(capsys, "charger", "bay-1", "stop", "--socket", box.path)
        assert (code, out) == (0, "bay-1: done\n")
        await box.until(lambda status: status.evses[0].transaction_id is None)
