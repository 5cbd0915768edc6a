"""How a CSMS is told, in OCPP 2.0.1, what became of its CALL; and what follows after the answer."""

import msgspec

from edge.dialects.cloud import Call, Planned, Wish
from edge.dialects.v201.cloud_profiles import schedule_of
from edge.dialects.v201.cloud_variables import reports, setting_of
from edge.ocpp.v201 import authorisation, diagnostics, operation, provisioning, security, smart_charging
from edge.ocpp.v201.codec import encode
from edge.ocpp.v201.types import CertificateHashData, Message, StatusInfo
from edge.site.commands import Done, NotSupported, Outcome, Refused, Started

_WORDS = {  # done, not supported, refused or unanswered
    "RequestStartTransaction": ("Accepted", "Rejected", "Rejected"),
    "RequestStopTransaction": ("Accepted", "Rejected", "Rejected"),
    "Reset": ("Accepted", "Rejected", "Rejected"),
    "ClearCache": ("Accepted", "Rejected", "Rejected"),
    "UnlockConnector": ("Unlocked", "UnlockFailed", "UnlockFailed"),
    "ChangeAvailability": ("Accepted", "Rejected", "Rejected"),
    "TriggerMessage": ("Accepted", "NotImplemented", "Rejected"),
    "SetChargingProfile": ("Accepted", "Rejected", "Rejected"),
    "ClearChargingProfile": ("Accepted", "Unknown", "Unknown"),
    "GetCompositeSchedule": ("Accepted", "Rejected", "Rejected"),
    "GetChargingProfiles": ("Accepted", "NoProfiles", "NoProfiles"),
    "DataTransfer": ("Accepted", "UnknownVendorId", "Rejected"),
    "UpdateFirmware": ("Accepted", "Rejected", "Rejected"),
    "GetLog": ("Accepted", "Rejected", "Rejected"),
    "SendLocalList": ("Accepted", "Failed", "Failed"),
    "ReserveNow": ("Accepted", "Rejected", "Rejected"),
    "CancelReservation": ("Accepted", "Rejected", "Rejected"),
    "InstallCertificate": ("Accepted", "Rejected", "Rejected"),
    "DeleteCertificate": ("Accepted", "Failed", "Failed"),
    "GetBaseReport": ("Accepted", "NotSupported", "Rejected"),
    "GetReport": ("Accepted", "NotSupported", "Rejected"),
    "CertificateSigned": ("Rejected", "Rejected", "Rejected"),
}
_CLOSER = {  # words of a charger that its CSMS has as well
    "ReserveNow": ("Occupied", "Faulted", "Unavailable"),
    "SendLocalList": ("VersionMismatch",),
    "DeleteCertificate": ("NotFound",),
}
_REASON = 500  # characters of additionalInfo, half of what it may have


def reply_to(wish: Wish, outcome: Outcome, *, now_ms: int, each: tuple[Outcome, ...] = ()) -> bytes:  # noqa: ARG001  as in every version
    """The payload that tells a CSMS the outcome in the words of its CALL."""
    return encode(_answer(wish, outcome, each))


def _answer(wish: Wish, outcome: Outcome, each: tuple[Outcome, ...]) -> Message:
    match wish.request:
        case provisioning.GetVariables() as request:
            return _variables(request, outcome)
        case provisioning.SetVariables() as request:
            rows = zip(request.set_variable_data, each, strict=True)
            return provisioning.SetVariablesResponse(
                set_variable_result=tuple(_written(row, done) for row, done in rows)
            )
        case authorisation.GetLocalListVersion():
            version = outcome.list_version if isinstance(outcome, Done) else None
            return authorisation.GetLocalListVersionResponse(version_number=max(0, version or 0))
        case smart_charging.GetCompositeSchedule() if isinstance(outcome, Done) and outcome.data:
            return schedule_of(msgspec.json.decode(outcome.data, type=Planned))
        case security.GetInstalledCertificateIds():
            return _installed(outcome)
        case operation.DataTransfer() if isinstance(outcome, Done):
            return operation.DataTransferResponse(status="Accepted", data=outcome.data)
    status, info = _word(wish.action, outcome), _info(outcome)
    if wish.action == "GetLog":
        name = outcome.file if isinstance(outcome, Started) else None
        return diagnostics.GetLogResponse(status=status, filename=name, status_info=info)
    return _Status(status=status, status_info=info)


class _Status(Message, frozen=True, kw_only=True):
    """What most answers are."""

    status: str
    status_info: StatusInfo | None = None


def _word(action: str, outcome: Outcome) -> str:
    done, unsupported, refused = _WORDS[action]
    if isinstance(outcome, Done | Started):
        is_later = isinstance(outcome, Done) and outcome.data is not None
        return "Scheduled" if is_later and action in {"ChangeAvailability", "Reset"} else done
    sentence = getattr(outcome, "sentence", "")
    closer = next((word for word in _CLOSER.get(action, ()) if word in sentence), None)
    return closer or (unsupported if isinstance(outcome, NotSupported) else refused)


def _info(outcome: Outcome) -> StatusInfo | None:
    """Why not, where anybody said so."""
    if isinstance(outcome, Done | Started):
        return None
    sentence = getattr(outcome, "sentence", "") or None
    reason = "UnsupportedRequest" if isinstance(outcome, NotSupported) else "Rejected"
    if not isinstance(outcome, Refused | NotSupported):
        reason = "Timeout"
    return StatusInfo(
        reason_code=reason[:20], additional_info=None if sentence is None else sentence[:_REASON]
    )


def _variables(request: provisioning.GetVariables, outcome: Outcome) -> Message:
    """Each variable that was asked for, in its order."""
    settings = {row.key: row for row in outcome.settings} if isinstance(outcome, Done) else {}
    rows = []
    for asked in request.get_variable_data:
        found = settings.get(setting_of(asked.component, asked.variable))
        status = "UnknownVariable" if isinstance(outcome, Done) else "Rejected"
        if asked.attribute_type not in {None, "Actual"}:
            status, found = "NotSupportedAttributeType", None
        if found is not None:
            status = "Accepted" if found.value is not None else "Rejected"
        rows.append(
            provisioning.GetVariableResult(
                attribute_status=status,
                attribute_type=asked.attribute_type,
                attribute_value=None if found is None or found.value is None else found.value[:2500],
                component=asked.component,
                variable=asked.variable,
            )
        )
    return provisioning.GetVariablesResponse(get_variable_result=tuple(rows))


def _written(row: provisioning.SetVariableData, outcome: Outcome) -> provisioning.SetVariableResult:
    status = "Rejected"
    if isinstance(outcome, Done):
        status = "RebootRequired" if outcome.reboot_needed else "Accepted"
    elif isinstance(outcome, NotSupported):
        status = "UnknownVariable"
    return provisioning.SetVariableResult(
        attribute_status=status,
        attribute_type=row.attribute_type,
        component=row.component,
        variable=row.variable,
        attribute_status_info=_info(outcome),
    )


def _installed(outcome: Outcome) -> Message:
    rows = outcome.certificates if isinstance(outcome, Done) else ()
    chain = tuple(
        security.CertificateHashDataChain(
            certificate_type="ManufacturerRootCertificate",
            certificate_hash_data=CertificateHashData(
                hash_algorithm=row.algorithm,
                issuer_name_hash=row.issuer_name_hash,
                issuer_key_hash=row.issuer_key_hash,
                serial_number=row.serial_number,
            ),
        )
        for row in rows
    )
    return security.GetInstalledCertificateIdsResponse(
        status="Accepted" if chain else "NotFound", certificate_hash_data_chain=chain or None
    )


def follow_ups(wish: Wish, outcome: Outcome, *, now_ms: int) -> list[Call]:
    """What is told after the answer: the reports that were asked for."""
    if not isinstance(outcome, Done):
        return []
    match wish.request:
        case provisioning.GetBaseReport() as request:
            is_configuration = request.report_base == "ConfigurationInventory"
            return reports(outcome.settings, request.request_id, now_ms, is_configuration=is_configuration)
        case provisioning.GetReport() as request:
            return reports(outcome.settings, request.request_id, now_ms, wanted=request.component_variable)
    return []
