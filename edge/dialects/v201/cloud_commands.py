"""What a CSMS wants in OCPP 2.0.1 of the charger that it believes us to be, as commands of the site."""

import msgspec

from edge.dialects.cloud import Wish
from edge.dialects.v201.cloud_answers import follow_ups, reply_to
from edge.dialects.v201.cloud_profiles import cleared_by, profile_of
from edge.dialects.v201.cloud_variables import setting_of
from edge.dialects.v201.words import TOKEN_WORDS, token_of
from edge.ocpp.rpc import NOT_SUPPORTED, Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v201 import authorisation, diagnostics, operation, provisioning, security, smart_charging
from edge.ocpp.v201.codec import CODEC
from edge.ocpp.v201.types import Message
from edge.site.commands import (
    AnyCommand,
    CancelReservation,
    CertificateId,
    ClearTokenCache,
    CollectLog,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    ReadListVersion,
    ReadSettings,
    RemoveCertificate,
    Report,
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

__all__ = ["follow_ups", "reply_to", "wish_of"]

_TRIGGERS: dict[str, Report] = {
    "BootNotification": "boot",
    "FirmwareStatusNotification": "firmware-status",
    "Heartbeat": "heartbeat",
    "LogStatusNotification": "log-status",
    "MeterValues": "meter-values",
    "StatusNotification": "status",
    "TransactionEvent": "meter-values",
}
_MAKER = "ManufacturerRootCertificate"


def wish_of(action: str, raw: bytes | msgspec.Raw, charger: str) -> Wish:
    """What the CSMS wants. Raises Fault with the code for the CALLERROR."""
    request = CODEC.decode_request(action, raw)
    match request:
        case smart_charging.SetChargingProfile():
            profile = profile_of(request.evse_id, request.charging_profile)
            return Wish(action=action, request=request, profile=profile)
        case smart_charging.ClearChargingProfile():
            return Wish(action=action, request=request, cleared=cleared_by(request))
        case operation.RequestStartTransaction(charging_profile=profile):
            evse = request.evse_id or 0
            token = token_of(request.id_token)
            return Wish(
                action=action,
                request=request,
                command=StartCharging(charger=charger, evse=evse, token=token),
                profile=None if profile is None else profile_of(evse, profile),
                number=request.remote_start_id,
            )
        case operation.RequestStopTransaction(transaction_id=name):
            command: AnyCommand = StopCharging(charger=charger, transaction_id=0)
            return Wish(action=action, request=request, command=command, transaction=name)
        case provisioning.SetVariables(set_variable_data=rows):
            each = tuple(
                WriteSettings(
                    charger=charger, settings={setting_of(row.component, row.variable): row.attribute_value}
                )
                for row in rows
            )
            return Wish(action=action, request=request, each=each)
    found = _command(request, charger) or _errand(request, charger)
    if found is None and not isinstance(request, _OURS):  # InstallCertificate of whom it connects to, say
        raise Fault(NOT_SUPPORTED, f"{action} is not in this version")
    return Wish(action=action, request=request, command=found)


_OURS = (security.CertificateSigned, security.InstallCertificate, security.GetInstalledCertificateIds)
"""What is refused in words of its own: whom a station connects to is this box's affair, not the charger's."""


def _command(request: Message, charger: str) -> AnyCommand | None:  # noqa: PLR0911 - a case per command
    match request:
        case provisioning.Reset():
            return Reset(charger=charger, hard=request.type == "Immediate")
        case operation.UnlockConnector():
            return Unlock(charger=charger, evse=request.evse_id)
        case operation.ChangeAvailability():
            evse = 0 if request.evse is None else request.evse.id
            operative = request.operational_status == "Operative"
            return SetAvailability(charger=charger, evse=evse, operative=operative)
        case provisioning.GetVariables(get_variable_data=rows):
            keys = tuple(dict.fromkeys(setting_of(row.component, row.variable) for row in rows))
            return ReadSettings(charger=charger, keys=keys)
        case provisioning.GetBaseReport() | provisioning.GetReport():
            return ReadSettings(charger=charger)
        case operation.TriggerMessage(requested_message=what) if what in _TRIGGERS:
            evse = 0 if request.evse is None else request.evse.id
            return Trigger(charger=charger, evse=evse, what=_TRIGGERS[what])
        case authorisation.ClearCache():
            return ClearTokenCache(charger=charger)
        case smart_charging.GetCompositeSchedule():
            return ReportSchedule(
                charger=charger,
                evse=request.evse_id,
                duration_s=request.duration,
                unit=request.charging_rate_unit or "A",
            )
        case operation.DataTransfer(data=data):
            text = data if data is None or isinstance(data, str) else msgspec.json.encode(data).decode()
            return SendVendorMessage(
                charger=charger, vendor=request.vendor_id, message=request.message_id, data=text
            )
    return None


def _errand(request: Message, charger: str) -> AnyCommand | None:  # noqa: PLR0911 - a case per command
    match request:
        case diagnostics.UpdateFirmware(firmware=firmware):
            return UpdateFirmware(
                charger=charger,
                location=firmware.location,
                retrieve_ms=epoch_ms(firmware.retrieve_date_time),
                install_ms=_read(firmware.install_date_time),
                retries=request.retries,
                retry_interval_s=request.retry_interval,
                certificate=firmware.signing_certificate or "",
                signature=firmware.signature or "",
                request_id=request.request_id,
            )
        case diagnostics.GetLog(log=part):
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
        case authorisation.SendLocalList():
            rows = tuple(_row(row) for row in request.local_authorization_list or ())
            is_full = request.update_type == "Full"
            return SendTokens(charger=charger, tokens=rows, full=is_full, version=request.version_number)
        case authorisation.GetLocalListVersion():
            return ReadListVersion(charger=charger)
        case operation.ReserveNow():
            return Reserve(
                charger=charger,
                evse=request.evse_id or 0,
                token=token_of(request.id_token),
                until_ms=epoch_ms(request.expiry_date_time),
                group=None if request.group_id_token is None else request.group_id_token.id_token,
                reservation_id=request.id,
            )
        case operation.CancelReservation():
            return CancelReservation(charger=charger, reservation_id=request.reservation_id)
        case security.InstallCertificate(certificate_type=use) if use == _MAKER:
            return InstallCertificate(
                charger=charger, use="manufacturer-root", certificate=request.certificate
            )
        case security.GetInstalledCertificateIds(certificate_type=uses) if not uses or _MAKER in uses:
            return ListCertificates(charger=charger, use="manufacturer-root")
        case security.DeleteCertificate(certificate_hash_data=hashes):
            identity = CertificateId(
                algorithm=hashes.hash_algorithm,
                issuer_name_hash=hashes.issuer_name_hash,
                issuer_key_hash=hashes.issuer_key_hash,
                serial_number=hashes.serial_number,
            )
            return RemoveCertificate(charger=charger, certificate=identity)
    return None


def _row(row: authorisation.AuthorizationData) -> ListedToken:
    info = row.id_token_info
    token = row.id_token.id_token
    if info is None:
        return ListedToken(token=token, status=None)
    status = TOKEN_WORDS.get(info.status, "invalid")
    group = None if info.group_id_token is None else info.group_id_token.id_token
    expires_ms = _read(info.cache_expiry_date_time)
    known = status if status in {"accepted", "blocked", "expired"} else "invalid"
    return ListedToken(token=token, status=known, group=group, expires_ms=expires_ms)  # type: ignore[arg-type]


def _read(text: str | None) -> int | None:
    return None if text is None else epoch_ms(text)
