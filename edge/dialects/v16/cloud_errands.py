"""What a CSMS wants in OCPP 1.6 beyond Core: firmware, logs, lists, reservations, certificates."""

from edge.dialects.cloud import Wish
from edge.dialects.v16.words import TOKEN_WORDS
from edge.ocpp.rpc import PROPERTY_CONSTRAINT_VIOLATION, Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v16 import firmware, local_list, reservation, security
from edge.ocpp.v16.types import Message
from edge.site.commands import (
    AnyCommand,
    CancelReservation,
    CertificateId,
    CollectLog,
    Done,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    NotSupported,
    Outcome,
    ReadListVersion,
    Refused,
    RemoveCertificate,
    Report,
    Reserve,
    SendTokens,
    Started,
    Trigger,
    UpdateFirmware,
)

_TRIGGERS: dict[str, Report] = {
    "BootNotification": "boot",
    "FirmwareStatusNotification": "firmware-status",
    "Heartbeat": "heartbeat",
    "LogStatusNotification": "log-status",
    "MeterValues": "meter-values",
    "StatusNotification": "status",
}
_RESERVED = ("Occupied", "Faulted", "Unavailable")
MANUFACTURER = "ManufacturerRootCertificate"


def command_of(request: object, charger: str) -> AnyCommand | None:
    """The command that a CALL means; None: it has none. Raises Fault."""
    match request:
        case local_list.SendLocalList():
            rows = tuple(_row(row) for row in request.local_authorization_list or ())
            return SendTokens(
                charger=charger,
                tokens=rows,
                full=request.update_type == "Full",
                version=request.list_version,
            )
        case local_list.GetLocalListVersion():
            return ReadListVersion(charger=charger)
        case reservation.ReserveNow():
            return Reserve(
                charger=charger,
                evse=request.connector_id,
                token=request.id_tag,
                until_ms=epoch_ms(request.expiry_date),
                group=request.parent_id_tag,
                reservation_id=request.reservation_id,
            )
        case reservation.CancelReservation():
            return CancelReservation(charger=charger, reservation_id=request.reservation_id)
        case security.ExtendedTriggerMessage(requested_message=what) if what in _TRIGGERS:
            return Trigger(charger=charger, evse=request.connector_id or 0, what=_TRIGGERS[what])
    return _job(request, charger) or _certificates(request, charger)


def _job(request: object, charger: str) -> AnyCommand | None:
    """New firmware, and logs."""
    match request:
        case firmware.UpdateFirmware():
            return UpdateFirmware(
                charger=charger,
                location=request.location,
                retrieve_ms=epoch_ms(request.retrieve_date),
                retries=request.retries,
                retry_interval_s=request.retry_interval,
            )
        case security.SignedUpdateFirmware(firmware=signed):
            return UpdateFirmware(
                charger=charger,
                location=signed.location,
                retrieve_ms=epoch_ms(signed.retrieve_date_time),
                install_ms=_read(signed.install_date_time),
                retries=request.retries,
                retry_interval_s=request.retry_interval,
                certificate=signed.signing_certificate,
                signature=signed.signature,
                request_id=request.request_id,
            )
        case firmware.GetDiagnostics():
            return CollectLog(
                charger=charger,
                location=request.location,
                since_ms=_read(request.start_time),
                until_ms=_read(request.stop_time),
                retries=request.retries,
                retry_interval_s=request.retry_interval,
            )
        case security.GetLog(log=part):
            return CollectLog(
                charger=charger,
                location=part.remote_location,
                log="security" if request.log_type == "SecurityLog" else "diagnostics",
                since_ms=_read(part.oldest_timestamp),
                until_ms=_read(part.latest_timestamp),
                retries=request.retries,
                retry_interval_s=request.retry_interval,
                request_id=request.request_id,
            )
    return None


def _certificates(request: object, charger: str) -> AnyCommand | None:
    """Roots of its maker are the charger's affair; whom it connects to is this box, and the site's."""
    match request:
        case security.InstallCertificate(certificate_type=use):
            _only_of_maker(use)
            return InstallCertificate(
                charger=charger, use="manufacturer-root", certificate=request.certificate
            )
        case security.DeleteCertificate(certificate_hash_data=hashes):
            identity = CertificateId(
                algorithm=hashes.hash_algorithm,
                issuer_name_hash=hashes.issuer_name_hash,
                issuer_key_hash=hashes.issuer_key_hash,
                serial_number=hashes.serial_number,
            )
            return RemoveCertificate(charger=charger, certificate=identity)
        case security.GetInstalledCertificateIds(certificate_type=use):
            _only_of_maker(use)
            return ListCertificates(charger=charger, use="manufacturer-root")
    return None


def _only_of_maker(use: str) -> None:
    if use != MANUFACTURER:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, f"{use}: set by the site itself")


def reply_to(wish: Wish, outcome: Outcome) -> Message | None:  # noqa: C901, PLR0911, PLR0912 - a case per CALL
    """The answer to one of these; None: it is none of them."""
    is_done = isinstance(outcome, Done | Started)
    word = _word(outcome)
    match wish.action:
        case "UpdateFirmware":
            return firmware.UpdateFirmwareResponse()
        case "SignedUpdateFirmware":
            return security.SignedUpdateFirmwareResponse(status="Accepted" if is_done else "Rejected")
        case "GetDiagnostics":
            name = outcome.file if isinstance(outcome, Started) else None
            return firmware.GetDiagnosticsResponse(file_name=name)
        case "GetLog":
            name = outcome.file if isinstance(outcome, Started) else None
            return security.GetLogResponse(status="Accepted" if is_done else "Rejected", filename=name)
        case "SendLocalList":
            missed = "NotSupported" if isinstance(outcome, NotSupported) else "Failed"
            if "VersionMismatch" in word:
                missed = "VersionMismatch"
            return local_list.SendLocalListResponse(status="Accepted" if is_done else missed)  # type: ignore[arg-type]
        case "GetLocalListVersion":
            version = outcome.list_version if isinstance(outcome, Done) else None
            return local_list.GetLocalListVersionResponse(list_version=-1 if version is None else version)
        case "ReserveNow":
            why = next((each for each in _RESERVED if each in word), "Rejected")
            return reservation.ReserveNowResponse(status="Accepted" if is_done else why)  # type: ignore[arg-type]
        case "CancelReservation":
            return reservation.CancelReservationResponse(status="Accepted" if is_done else "Rejected")
        case "ExtendedTriggerMessage":
            missed = "NotImplemented" if isinstance(outcome, NotSupported) else "Rejected"
            return security.ExtendedTriggerMessageResponse(status="Accepted" if is_done else missed)  # type: ignore[arg-type]
        case "InstallCertificate":
            return security.InstallCertificateResponse(status="Accepted" if is_done else "Rejected")
        case "DeleteCertificate":
            missed = "NotFound" if "NotFound" in word else "Failed"
            return security.DeleteCertificateResponse(status="Accepted" if is_done else missed)  # type: ignore[arg-type]
        case "GetInstalledCertificateIds":
            return _installed(outcome)
    return None


def _installed(outcome: Outcome) -> Message:
    rows = outcome.certificates if isinstance(outcome, Done) else ()
    return security.GetInstalledCertificateIdsResponse(
        status="Accepted" if rows else "NotFound",
        certificate_hash_data=tuple(
            security.CertificateHashData(
                hash_algorithm=row.algorithm,
                issuer_name_hash=row.issuer_name_hash,
                issuer_key_hash=row.issuer_key_hash,
                serial_number=row.serial_number,
            )
            for row in rows
        )
        or None,
    )


def _word(outcome: Outcome) -> str:
    return outcome.sentence if isinstance(outcome, Refused | NotSupported) else ""


def _row(row: local_list.AuthorizationData) -> ListedToken:
    info = row.id_tag_info
    if info is None:
        return ListedToken(token=row.id_tag, status=None)
    status = TOKEN_WORDS[info.status]
    return ListedToken(
        token=row.id_tag,
        status="invalid" if status == "concurrent-tx" else status,
        group=info.parent_id_tag,
        expires_ms=_read(info.expiry_date),
    )


def _read(text: str | None) -> int | None:
    return None if text is None else epoch_ms(text)
