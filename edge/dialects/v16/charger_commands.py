"""What we want of chargers, as OCPP 1.6 calls; and what they answer, as outcomes.

A command is a procedure: a generator that asks, is told, and may ask again. Nothing here waits or sends.
"""

from collections.abc import Generator, Iterable

from edge.dialects.v16 import native
from edge.dialects.v16.charger_errands import collect_log, send_tokens, trigger, update_firmware
from edge.dialects.v16.outcomes import DONE, Procedure, by_status, of_refusal, once
from edge.dialects.v16.settings import hint_for, key_of, name_of
from edge.ocpp.rpc import CallRefused, Fault
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16 import local_list, requests, reservation, responses, security
from edge.ocpp.v16.codec import action_of, decode_request, decode_response, encode
from edge.ocpp.v16.types import AvailabilityType, Message
from edge.site.commands import (
    AnyCommand,
    CancelReservation,
    CertificateId,
    CertificateUse,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    Done,
    InstallCertificate,
    ListCertificates,
    NativeCall,
    NotSupported,
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
    Setting,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
    WriteSettings,
)

_USES: dict[CertificateUse, security.CertificateUse] = {
    "csms-root": "CentralSystemRootCertificate",
    "manufacturer-root": "ManufacturerRootCertificate",
}


def carry_out(command: AnyCommand, *, now_ms: int) -> Generator[tuple[str, bytes], bytes, Outcome]:
    """The CALLs that carry a command out, one after the other; what it returns is the outcome.

    Send it the payload of each CALLRESULT, throw it the CallRefused of a CALLERROR. Raises Fault when an
    answer cannot be read. A command that OCPP 1.6 has no words for asks nothing.
    """
    procedure = _procedure(command, now_ms)
    try:
        request = next(procedure)
        while True:
            action, payload = action_of(request), encode(request)
            if fault := _unfit(action, payload):
                return Refused(sentence=fault)
            try:
                raw = yield action, payload
            except CallRefused as refusal:
                request = procedure.throw(refusal)
            else:
                request = procedure.send(decode_response(action, raw))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    except CallRefused as refusal:
        return of_refusal(refusal)


def _unfit(action: str, payload: bytes) -> str | None:
    """Why a CALL of ours would break OCPP 1.6 (a token too long, say); None: it does not."""
    try:
        decode_request(action, payload)
    except Fault as fault:
        return f"OCPP 1.6 cannot say this in {action}: {fault.description}"
    return None


def _procedure(command: AnyCommand, now_ms: int) -> Procedure:  # noqa: C901, PLR0911 - a line each
    match command:
        case ReadSettings():
            return _read_settings(command)
        case WriteSettings():
            return _write_settings(command)
        case Trigger():
            return trigger(command)
        case UpdateFirmware():
            return update_firmware(command, now_ms)
        case CollectLog():
            return collect_log(command)
        case SendTokens():
            return send_tokens(command)
        case ReportSchedule():
            return _report_schedule(command)
        case SendVendorMessage():
            return _send_vendor_message(command)
        case ListCertificates():
            return _list_certificates(command)
        case ReadListVersion():
            return _read_list_version()
        case NativeCall():
            return _native_call(command)
    return once(_request(command))


_Plain = (
    StartCharging
    | StopCharging
    | Reserve
    | CancelReservation
    | Reset
    | Unlock
    | SetAvailability
    | ClearTokenCache
    | InstallCertificate
    | RemoveCertificate
    | DeliverCertificate
    | ChangeCredential
)


def _request(command: _Plain) -> Message:  # noqa: C901, PLR0911 - one line per command
    """The one CALL of a command whose outcome is its status."""
    match command:
        case StartCharging():
            return requests.RemoteStartTransaction(id_tag=command.token, connector_id=command.evse or None)
        case StopCharging():
            return requests.RemoteStopTransaction(transaction_id=command.transaction_id)
        case Reserve():
            return reservation.ReserveNow(
                connector_id=command.evse,
                expiry_date=rfc3339(command.until_ms),
                id_tag=command.token,
                parent_id_tag=command.group,
                reservation_id=command.reservation_id,
            )
        case CancelReservation():
            return reservation.CancelReservation(reservation_id=command.reservation_id)
        case Reset():
            return requests.Reset(type="Hard" if command.hard else "Soft")
        case Unlock():
            return requests.UnlockConnector(connector_id=command.evse)
        case SetAvailability():
            wanted: AvailabilityType = "Operative" if command.operative else "Inoperative"
            return requests.ChangeAvailability(connector_id=command.evse, type=wanted)
        case ClearTokenCache():
            return requests.ClearCache()
        case InstallCertificate():
            return security.InstallCertificate(
                certificate_type=_USES[command.use], certificate=command.certificate
            )
        case RemoveCertificate():
            return security.DeleteCertificate(certificate_hash_data=_hashes(command.certificate))
        case DeliverCertificate():
            return security.CertificateSigned(certificate_chain=command.chain)
        case ChangeCredential():
            is_hex = command.form == "hex"
            password = command.password.hex() if is_hex else command.password.decode(errors="replace")
            return requests.ChangeConfiguration(key="AuthorizationKey", value=password)


def _read_settings(command: ReadSettings) -> Procedure:
    keys = tuple(key for name in command.keys if (key := key_of(name)))
    if command.keys and not keys:
        return NotSupported(sentence=_no_setting(command.keys))
    answer = yield requests.GetConfiguration(key=keys or None)
    assert isinstance(answer, responses.GetConfigurationResponse)  # noqa: S101 - so the codec answers
    inexpressible = tuple(name for name in command.keys if key_of(name) is None)
    return Done(
        settings=tuple(
            Setting(key=name_of(row.key), value=row.value, readonly=row.readonly)
            for row in answer.configuration_key or ()
        ),
        unknown_keys=tuple(name_of(key) for key in answer.unknown_key or ()) + inexpressible,
    )


def _no_setting(names: Iterable[str]) -> str:
    hints = [hint for name in names if (hint := hint_for(name))]
    return "; ".join((f"OCPP 1.6 has no setting {', '.join(names)}", *hints))


def _write_settings(command: WriteSettings) -> Procedure:
    """One after the other; the first that is not taken ends it, and its name is told."""
    keys = {name: key_of(name) for name in command.settings}
    if unknown := [name for name, key in keys.items() if key is None]:
        return NotSupported(sentence=_no_setting(unknown))
    is_reboot_needed = False
    for name, value in command.settings.items():
        answer = yield requests.ChangeConfiguration(key=keys[name] or name, value=value)
        outcome = by_status(answer)
        if not isinstance(outcome, Done):
            return type(outcome)(sentence=f"{name}: {outcome.sentence}")
        is_reboot_needed |= outcome.reboot_needed
    return Done(reboot_needed=is_reboot_needed)


def _report_schedule(command: ReportSchedule) -> Procedure:
    answer = yield requests.GetCompositeSchedule(
        connector_id=command.evse, duration=command.duration_s, charging_rate_unit=command.unit
    )
    outcome = by_status(answer)
    schedule = getattr(answer, "charging_schedule", None)
    return Done(data=encode(schedule).decode()) if outcome == DONE and schedule is not None else outcome


def _send_vendor_message(command: SendVendorMessage) -> Procedure:
    answer = yield requests.DataTransfer(
        vendor_id=command.vendor, message_id=command.message, data=command.data
    )
    outcome = by_status(answer)
    return Done(data=getattr(answer, "data", None)) if outcome == DONE else outcome


def _read_list_version() -> Procedure:
    answer = yield local_list.GetLocalListVersion()
    assert isinstance(answer, local_list.GetLocalListVersionResponse)  # noqa: S101 - so the codec answers
    if answer.list_version < 0:
        return NotSupported(sentence="the charger keeps no list")
    return Done(list_version=answer.list_version)


def _list_certificates(command: ListCertificates) -> Procedure:
    answer = yield security.GetInstalledCertificateIds(certificate_type=_USES[command.use])
    assert isinstance(answer, security.GetInstalledCertificateIdsResponse)  # noqa: S101 - so the codec answers
    return Done(
        certificates=tuple(
            CertificateId(
                algorithm=row.hash_algorithm,
                issuer_name_hash=row.issuer_name_hash,
                issuer_key_hash=row.issuer_key_hash,
                serial_number=row.serial_number,
            )
            for row in answer.certificate_hash_data or ()
        )
    )


def _native_call(command: NativeCall) -> Procedure:
    request = native.request_of(command)
    if isinstance(request, Refused | NotSupported):
        return request
    answer = yield request
    return Done(data=native.answer_of(answer))


def _hashes(certificate: CertificateId) -> security.CertificateHashData:
    return security.CertificateHashData(
        hash_algorithm=certificate.algorithm,
        issuer_name_hash=certificate.issuer_name_hash,
        issuer_key_hash=certificate.issuer_key_hash,
        serial_number=certificate.serial_number,
    )
