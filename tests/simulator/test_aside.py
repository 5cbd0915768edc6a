"""What a charger does beside charging, asked over a real socket: it does what it answers."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from edge.ocpp.v16 import firmware, local_list, requests, reservation, responses, security
from edge.ocpp.v16.local_list import AuthorizationData
from edge.ocpp.v16.types import IdTagInfo
from edge.simulator.station import Oddities
from tests.simulator.test_charger import CAR, bench

FIRMWARE = "https://vendor.example/files/fw-2.1.bin"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def in_a_while(seconds=60):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


# -- reservations ----------------------------------------------------------------------------------------


async def reserve(lot, driver="ADA", *, number=7, connector=1, seconds=60, group=None):
    request = reservation.ReserveNow(
        connector_id=connector,
        expiry_date=in_a_while(seconds),
        id_tag=driver,
        reservation_id=number,
        parent_id_tag=group,
    )
    return (await lot.ask(request, reservation.ReserveNowResponse)).status


async def test_a_reserved_connector_refuses_everybody_else():
    async with bench() as lot:
        assert await reserve(lot) == "Accepted"
        await lot.until(lambda: lot.seen.statuses[1] == "Reserved")
        lot.charger.plug(1, CAR)
        assert await lot.charger.present(1, "BOB") == "Reserved"
        assert await lot.csms.remote_start("bay-1", "BOB", connector=1) == "Rejected"
        assert await lot.charger.present(1, "ada") == "Accepted"
        await lot.booked()
        (started,) = lot.charger.station.performed
        assert started.token == "ada"
        assert len(lot.charger.station.reservations) == 0


async def test_a_charger_that_is_reserved_anywhere_keeps_its_last_connector():
    async with bench() as lot:
        assert await reserve(lot, connector=0) == "Accepted"
        assert await lot.charger.present(1, "BOB") == "Reserved"


async def test_a_start_tells_which_reservation_it_used():
    async with bench() as lot:
        await reserve(lot)
        await lot.csms.kill()
        await lot.until(lambda: not lot.charger.is_connected)
        assert await lot.charger.present(1, "ADA") == "Accepted"
        lot.charger.plug(1, CAR)
        assert lot.charger.station.outbox.head().message.reservation_id == 7


async def test_a_reservation_is_taken_back_once():
    async with bench() as lot:
        await reserve(lot)
        cancel = reservation.CancelReservation(reservation_id=7)
        assert (await lot.ask(cancel, reservation.CancelReservationResponse)).status == "Accepted"
        assert (await lot.ask(cancel, reservation.CancelReservationResponse)).status == "Rejected"
        await lot.until(lambda: lot.seen.statuses[1] == "Available")


async def test_what_cannot_be_reserved_says_why():
    async with bench() as lot:
        assert await reserve(lot, seconds=-1) == "Rejected"
        assert await reserve(lot, connector=9) == "Rejected"
        assert await reserve(lot) == "Accepted"
        assert await reserve(lot, "BOB", number=8) == "Occupied"
        assert await reserve(lot, "BOB", number=7) == "Accepted"
        lot.bay.is_operative = False
        assert await reserve(lot) == "Unavailable"
        lot.bay.error = "GroundFailure"
        assert await reserve(lot) == "Faulted"
        await lot.until(lambda: len(lot.charger.station.reservations) == 0)


# -- the list of tokens ----------------------------------------------------------------------------------


async def send_list(lot, version, *rows, update="Full"):
    request = local_list.SendLocalList(
        list_version=version, update_type=update, local_authorization_list=rows or None
    )
    return (await lot.ask(request, local_list.SendLocalListResponse)).status


async def version(lot):
    answer = await lot.ask(local_list.GetLocalListVersion(), local_list.GetLocalListVersionResponse)
    return answer.list_version


def row(token, status="Accepted"):
    return AuthorizationData(id_tag=token, id_tag_info=status and IdTagInfo(status=status))


async def test_the_list_is_replaced_changed_and_counted():
    async with bench() as lot:
        assert await version(lot) == 0
        assert await send_list(lot, 5, row("ADA"), row("BOB")) == "Accepted"
        assert await send_list(lot, 5, row("EVE"), update="Differential") == "VersionMismatch"
        assert await send_list(lot, 6, row("BOB", None), row("EVE"), update="Differential") == "Accepted"
        assert await version(lot) == 6
        assert len(lot.charger.station.local_list) == 2
        assert await send_list(lot, 7, row("ADA", None)) == "Failed"
        assert await version(lot) == 6


async def test_offline_the_list_decides():
    async with bench() as lot:
        await send_list(lot, 1, row("ADA"), row("EVE", "Blocked"))
        await lot.csms.kill()
        await lot.until(lambda: not lot.charger.is_connected)
        assert await lot.charger.present(1, "EVE") == "Blocked"
        assert await lot.charger.present(1, "ADA") == "Accepted"


async def test_a_listed_token_need_not_be_asked_for_where_that_is_wanted():
    async with bench(LocalPreAuthorize="true") as lot:
        await send_list(lot, 1, row("ADA"))
        assert await lot.charger.present(1, "ADA") == "Accepted"
        assert lot.seen.received["Authorize"] == 0


async def test_a_charger_without_a_list_says_so():
    async with bench(LocalAuthListEnabled="false") as lot:
        assert await version(lot) == -1
        assert await send_list(lot, 1, row("ADA")) == "NotSupported"


# -- firmware and logs -----------------------------------------------------------------------------------


def told(lot, kind):
    return [report.status for report in lot.seen.reports if isinstance(report, kind)]


async def test_firmware_is_installed_with_a_boot_and_told_step_by_step():
    async with bench() as lot:
        request = firmware.UpdateFirmware(location=FIRMWARE, retrieve_date="2024-01-01T00:00:00Z")
        await lot.ask(request, firmware.UpdateFirmwareResponse)
        kind = firmware.FirmwareStatusNotification
        await lot.until(lambda: "Installed" in told(lot, kind))
        assert told(lot, kind) == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert [boot.firmware_version for boot in lot.seen.boots] == ["1.0", "fw-2.1"]
        events = [
            each.type for each in lot.seen.reports if isinstance(each, security.SecurityEventNotification)
        ]
        assert events == ["FirmwareUpdated"]


def signed(signature="c2ln", certificate=PEM):
    return security.SignedUpdateFirmware(
        request_id=3,
        firmware=security.Firmware(
            location=FIRMWARE,
            retrieve_date_time="2024-01-01T00:00:00Z",
            signing_certificate=certificate,
            signature=signature,
        ),
    )


async def test_signed_firmware_is_checked_first():
    async with bench() as lot:
        answer = await lot.ask(signed(), security.SignedUpdateFirmwareResponse)
        assert answer.status == "Accepted"
        kind = security.SignedFirmwareStatusNotification
        await lot.until(lambda: "Installed" in told(lot, kind))
        assert told(lot, kind) == [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "Installed",
        ]
        assert {report.request_id for report in lot.seen.reports if isinstance(report, kind)} == {3}


async def test_a_bad_signature_is_not_installed():
    async with bench() as lot:
        await lot.ask(signed(signature="?"), security.SignedUpdateFirmwareResponse)
        kind = security.SignedFirmwareStatusNotification
        await lot.until(lambda: "InvalidSignature" in told(lot, kind))
        assert lot.charger.station.firmware == "1.0"
        answer = await lot.ask(signed(certificate="?"), security.SignedUpdateFirmwareResponse)
        assert answer.status == "InvalidCertificate"


@pytest.mark.parametrize(("fails", "end"), [(False, "Uploaded"), (True, "UploadFailure")])
async def test_a_log_is_uploaded_or_not_and_told(fails, end):
    async with bench(oddities=Oddities(fails_jobs=fails)) as lot:
        request = security.GetLog(
            log_type="SecurityLog", request_id=4, log=security.LogParameters(remote_location="ftp://x/")
        )
        answer = await lot.ask(request, security.GetLogResponse)
        assert (answer.status, answer.filename) == ("Accepted", "bay-1-security.log")
        kind = security.LogStatusNotification
        await lot.until(lambda: len(told(lot, kind)) == 2)
        assert told(lot, kind) == ["Uploading", end]


async def test_diagnostics_are_uploaded_as_core_has_it():
    async with bench() as lot:
        answer = await lot.ask(firmware.GetDiagnostics(location="ftp://x/"), firmware.GetDiagnosticsResponse)
        assert answer.file_name == "bay-1-diagnostics.log"
        kind = firmware.DiagnosticsStatusNotification
        await lot.until(lambda: told(lot, kind) == ["Uploading", "Uploaded"])
        trigger = requests.TriggerMessage(requested_message="DiagnosticsStatusNotification")
        assert (await lot.ask(trigger, responses.TriggerMessageResponse)).status == "Accepted"
        await lot.until(lambda: told(lot, kind) == ["Uploading", "Uploaded", "Idle"])


async def test_a_charger_without_keys_asks_for_no_certificate():
    async with bench() as lot:
        trigger = security.ExtendedTriggerMessage(requested_message="SignChargePointCertificate")
        answer = await lot.ask(trigger, security.ExtendedTriggerMessageResponse)
        assert answer.status == "NotImplemented"
        status = security.ExtendedTriggerMessage(requested_message="LogStatusNotification")
        assert (await lot.ask(status, security.ExtendedTriggerMessageResponse)).status == "Accepted"
        await lot.until(lambda: told(lot, security.LogStatusNotification) == ["Idle"])


# -- keys ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root certificate and its serial number, by openssl."""
    folder = tmp_path_factory.mktemp("root")
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -days 9"
    subprocess.run(
        ["openssl", *make.split(), "-keyout", "key.pem", "-out", "root.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    pem = (folder / "root.pem").read_text()
    show = ["openssl", "x509", "-noout", "-serial"]
    serial = subprocess.run(show, input=pem, capture_output=True, text=True, check=True).stdout
    return pem, int(serial.partition("=")[2], 16)


async def test_roots_are_installed_listed_and_removed(root):
    pem, serial = root
    async with bench() as lot:
        use = "CentralSystemRootCertificate"
        install = security.InstallCertificate(certificate_type=use, certificate=pem)
        assert (await lot.ask(install, security.InstallCertificateResponse)).status == "Accepted"
        wrong = security.InstallCertificate(certificate_type=use, certificate=PEM)
        assert (await lot.ask(wrong, security.InstallCertificateResponse)).status == "Rejected"
        listing = security.GetInstalledCertificateIds(certificate_type=use)
        found = await lot.ask(listing, security.GetInstalledCertificateIdsResponse)
        (identity,) = found.certificate_hash_data
        assert int(identity.serial_number, 16) == serial
        delete = security.DeleteCertificate(certificate_hash_data=identity)
        assert (await lot.ask(delete, security.DeleteCertificateResponse)).status == "Accepted"
        assert (await lot.ask(delete, security.DeleteCertificateResponse)).status == "NotFound"
        found = await lot.ask(listing, security.GetInstalledCertificateIdsResponse)
        assert found.status == "NotFound"


async def test_a_new_password_is_used_from_the_next_connection_on():
    async with bench(password="secret") as lot:
        password = bytes(range(16))
        lot.csms._password = password
        assert await lot.csms.change_configuration("bay-1", "AuthorizationKey", "short") == "Rejected"
        assert await lot.csms.change_configuration("bay-1", "AuthorizationKey", password.hex()) == "Accepted"
        await lot.until(lambda: lot.seen.connects == 2 and lot.charger.is_connected)
        read = requests.GetConfiguration(key=("AuthorizationKey",))
        answer = await lot.ask(read, responses.GetConfigurationResponse)
        assert answer.unknown_key == ("AuthorizationKey",)


# -- the plug --------------------------------------------------------------------------------------------


async def test_a_plug_that_jams_says_so():
    async with bench(oddities=Oddities(jams=True)) as lot:
        answer = await lot.ask(requests.UnlockConnector(connector_id=1), responses.UnlockConnectorResponse)
        assert answer.status == "UnlockFailed"


async def test_out_of_service_begins_when_the_transaction_has_ended():
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "ADA")
        await lot.booked()
        request = requests.ChangeAvailability(connector_id=1, type="Inoperative")
        assert (await lot.ask(request, responses.ChangeAvailabilityResponse)).status == "Scheduled"
        assert lot.bay.transaction is not None
        await lot.charger.present(1, "ADA")
        await lot.until(lambda: lot.seen.statuses[1] == "Unavailable")
        assert lot.bay.transaction is None
