"""What we want of chargers, as OCPP 2.x calls; and what they answer, as outcomes.

A command is a procedure: a generator that asks, is told, and may ask again. Nothing here waits or sends.
"""

from collections.abc import Mapping

from edge.dialects.v201 import charger_errands as errands
from edge.dialects.v201 import native
from edge.dialects.v201.charger_reports import Reports
from edge.dialects.v201.outcomes import Procedure, once
from edge.dialects.v201.variables import Portions
from edge.dialects.v201.words import id_token
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v201 import authorisation, operation, provisioning, security
from edge.ocpp.v201.types import CertificateHashData, Evse, Message
from edge.site.commands import (
    AnyCommand,
    CancelReservation,
    CertificateId,
    CertificateUse,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    InstallCertificate,
    ListCertificates,
    NativeCall,
    Outcome,
    ReadListVersion,
    ReadSettings,
    Refused,
    RemoveCertificate,
    ReportSchedule,
    Reserve,
    Reset,
    SendTokens,
    SendVendorMessage,
    SetAvailability,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
    WriteSettings,
)

USES: dict[CertificateUse, str] = {
    "csms-root": "CSMSRootCertificate",
    "manufacturer-root": "ManufacturerRootCertificate",
}


class Mouth:
    """Says commands to one charger. Numbers that it gives are new as long as time goes on."""

    def __init__(self, version: str, portions: Portions, reports: Reports) -> None:
        self._version = version
        self._portions = portions
        self._reports = reports
        self._last_number = 0

    def number(self, now_ms: int) -> int:
        """A number that was not given before, for what is asked and comes back later."""
        self._last_number = max(self._last_number + 1, (now_ms // 1000) % 2**31)
        return self._last_number

    def procedure(self, command: AnyCommand, *, now_ms: int, own_ids: Mapping[int, str]) -> Procedure:  # noqa: C901, PLR0911, PLR0912 - a line each
        """The requests that carry a command out."""
        match command:
            case ReadSettings():
                return errands.read_settings(
                    command, self._portions, self._reports, number=self.number(now_ms)
                )
            case WriteSettings():
                return errands.write_settings(command, self._portions)
            case ChangeCredential():
                return errands.change_credential(command)
            case Trigger():
                return errands.trigger(command)
            case UpdateFirmware():
                return errands.update_firmware(command, now_ms)
            case CollectLog():
                return errands.collect_log(command)
            case SendTokens():
                return errands.send_tokens(command)
            case ReadListVersion():
                return errands.read_list_version()
            case ReportSchedule():
                return errands.report_schedule(command)
            case SendVendorMessage():
                return errands.send_vendor_message(command)
            case ListCertificates():
                return errands.list_certificates(USES[command.use])
            case NativeCall():
                return native.call(command, self._version, self._reports)
            case StopCharging():
                return _stop(command, own_ids)
        return once(_request(command, self.number(now_ms)))


_Plain = (
    StartCharging
    | Reserve
    | CancelReservation
    | Reset
    | Unlock
    | SetAvailability
    | ClearTokenCache
    | InstallCertificate
    | RemoveCertificate
    | DeliverCertificate
)


def _request(command: _Plain, number: int) -> Message:  # noqa: C901, PLR0911 - one line per command
    """The one CALL of a command whose outcome is its status."""
    match command:
        case StartCharging():
            return operation.RequestStartTransaction(
                id_token=id_token(command.token), remote_start_id=number, evse_id=command.evse or None
            )
        case Reserve():
            return operation.ReserveNow(
                id=command.reservation_id,
                expiry_date_time=rfc3339(command.until_ms),
                id_token=id_token(command.token),
                evse_id=command.evse or None,
                group_id_token=None if command.group is None else id_token(command.group),
            )
        case CancelReservation():
            return operation.CancelReservation(reservation_id=command.reservation_id)
        case Reset():
            return provisioning.Reset(
                type="Immediate" if command.hard else "OnIdle", evse_id=command.evse or None
            )
        case Unlock():
            return operation.UnlockConnector(evse_id=command.evse, connector_id=1)
        case SetAvailability():
            return operation.ChangeAvailability(
                operational_status="Operative" if command.operative else "Inoperative",
                evse=Evse(id=command.evse) if command.evse else None,
            )
        case ClearTokenCache():
            return authorisation.ClearCache()
        case InstallCertificate():
            return security.InstallCertificate(
                certificate_type=USES[command.use], certificate=command.certificate
            )
        case RemoveCertificate():
            return security.DeleteCertificate(certificate_hash_data=_hashes(command.certificate))
        case DeliverCertificate():
            return security.CertificateSigned(
                certificate_chain=command.chain, certificate_type="ChargingStationCertificate"
            )


def _stop(command: StopCharging, own_ids: Mapping[int, str]) -> Procedure:
    own_id = own_ids.get(command.transaction_id)
    if own_id is None:
        return _refused(f"the charger has told no name of its own for {command.transaction_id}")
    return once(operation.RequestStopTransaction(transaction_id=own_id))


def _refused(sentence: str) -> Procedure:
    outcome: Outcome = Refused(sentence=sentence)
    return outcome
    yield


def _hashes(certificate: CertificateId) -> CertificateHashData:
    return CertificateHashData(
        hash_algorithm=certificate.algorithm,
        issuer_name_hash=certificate.issuer_name_hash,
        issuer_key_hash=certificate.issuer_key_hash,
        serial_number=certificate.serial_number,
    )
