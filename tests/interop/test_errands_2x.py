"""What operators ask of chargers of OCPP 2.x, carried out by simulated ones at the whole box."""

import asyncio
import subprocess

import pytest

from edge.site.commands import (
    CancelReservation,
    ChangeCredential,
    CollectLog,
    Done,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    Origin,
    ReadListVersion,
    ReadSettings,
    RemoveCertificate,
    Reserve,
    Reset,
    SendTokens,
    SetAvailability,
    StartCharging,
    Started,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
)
from tests.interop.box import TOKEN, box
from tests.interop.test_versions import free, world

OPERATOR = Origin(kind="page")
PLACE = "https://example.net/file"
BAY = {"charger": "bay-1"}


@pytest.fixture(params=["2.0.1", "2.1"])
async def lot(request, tmp_path):
    plan = world(**{"bay-1": request.param})
    async with box(tmp_path, "bay-1", plan=plan) as lot, asyncio.timeout(110):
        await lot.until(free("bay-1"))
        yield lot


async def submit(lot, command):
    return await lot.site.submit(command, OPERATOR)


def told(lot, job):
    return [row.state for row in lot.site.status().jobs if row.job == job]


async def test_a_charge_is_started_and_stopped_from_here(lot):
    lot.world.plug("bay-1", "quick")
    assert await submit(lot, StartCharging(**BAY, evse=1, token="04AABBCC")) == Done()
    await lot.until(lambda _: lot.bay().transaction_id is not None)
    assert await submit(lot, Unlock(**BAY, evse=1)) != Done(), "somebody charges"
    stop = StopCharging(**BAY, evse=1, transaction_id=lot.bay().transaction_id)
    assert await submit(lot, stop) == Done()
    await lot.until(lambda _: lot.bay().transaction_id is None)
    assert await submit(lot, Unlock(**BAY, evse=1)) == Done()


async def test_firmware_and_logs_are_followed_to_their_end(lot):
    assert isinstance(await submit(lot, UpdateFirmware(**BAY, location=PLACE)), Started)
    started = await submit(lot, CollectLog(**BAY, location=PLACE))
    assert started.file == "bay-1-diagnostics.log"
    await lot.until(lambda _: told(lot, "log") == ["uploaded"])
    await lot.until(lambda _: told(lot, "firmware") == ["installed"])


def root(folder):
    """A root certificate, by openssl."""
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -days 9"
    subprocess.run(
        ["openssl", *make.split(), "-keyout", "key.pem", "-out", "root.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return (folder / "root.pem").read_text()


async def test_lists_reservations_certificates_and_service(lot, tmp_path):
    rows = (ListedToken(token=TOKEN), ListedToken(token="04AABBCC", status="blocked"))
    assert await submit(lot, SendTokens(**BAY, tokens=rows)) == Done(list_version=1)
    assert await submit(lot, ReadListVersion(**BAY)) == Done(list_version=1)
    until_ms = lot.site.charger("bay-1").boot.at_ms + 600_000
    kept = await submit(lot, Reserve(**BAY, evse=1, token=TOKEN, until_ms=until_ms))
    assert kept.reservation_id
    await lot.until(lambda _: lot.site.charger("bay-1").statuses[-1].state == "reserved")
    taken_back = CancelReservation(**BAY, reservation_id=kept.reservation_id)
    assert isinstance(await submit(lot, taken_back), Done)
    assert await submit(lot, InstallCertificate(**BAY, use="csms-root", certificate=root(tmp_path))) == Done()
    (found,) = (await submit(lot, ListCertificates(**BAY, use="csms-root"))).certificates
    assert await submit(lot, RemoveCertificate(**BAY, certificate=found)) == Done()
    assert await submit(lot, SetAvailability(**BAY, evse=1, operative=False)) == Done()
    await lot.until(lambda _: lot.site.charger("bay-1").statuses[-1].state == "unavailable")
    assert await submit(lot, Trigger(**BAY, what="heartbeat")) == Done()


async def test_a_new_password_counts_from_when_it_is_shown_and_a_reset_boots(lot):
    change = ChangeCredential(**BAY, password=b"0123456789abcdef")
    assert await submit(lot, change) == Done()
    view = lot.site.charger("bay-1")
    for is_linked in (False, True):  # it connects anew with its password
        while view.is_linked != is_linked:
            view = await lot.site.changed("bay-1", view.version)
    assert await submit(lot, Reset(**BAY, hard=True)) == Done()
    await lot.until(lambda _: lot.site.charger("bay-1").boot.seen_ms > view.boot.seen_ms)
    named = ReadSettings(**BAY, keys=("SecurityCtrlr.BasicAuthPassword", "TxCtrlr.EVConnectionTimeOut"))
    outcome = await submit(lot, named)
    assert [(row.key, row.value) for row in outcome.settings] == [("TxCtrlr.EVConnectionTimeOut", "60")]
