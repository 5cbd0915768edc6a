"""Which calls of OCPP 2.x an expert may send as they are; what the site must know of has a command.

Where a call brings reports, they are waited for, and answered with it.
"""

from typing import Any

import msgspec

from edge.dialects.v201.charger_reports import Reports
from edge.dialects.v201.outcomes import Pause, Procedure
from edge.ocpp.v201.types import Message
from edge.site.commands import Done, NativeCall, NotSupported, Refused

_FREE = {  # they change nothing that the site owns; the raw answer is what an expert wants of them
    "ClearDisplayMessage",
    "ClearVariableMonitoring",
    "CostUpdated",
    "CustomerInformation",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetMonitoringReport",
    "GetReport",
    "GetTransactionStatus",
    "GetVariables",
    "SetDisplayMessage",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetVariableMonitoring",
    "TriggerMessage",
}
_BRING_REPORTS = {
    "CustomerInformation",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetDisplayMessages",
    "GetMonitoringReport",
    "GetReport",
}
_INSTEAD = {
    "CancelReservation": "cancel-reservation",
    "CertificateSigned": "deliver-certificate",
    "ChangeAvailability": "set-availability",
    "ClearCache": "clear-token-cache",
    "DataTransfer": "send-vendor-message",
    "DeleteCertificate": "remove-certificate",
    "GetLog": "collect-log",
    "InstallCertificate": "install-certificate",
    "RequestStartTransaction": "start-charging",
    "RequestStopTransaction": "stop-charging",
    "ReserveNow": "reserve",
    "Reset": "reset",
    "SendLocalList": "send-tokens",
    "SetVariables": "write-settings",
    "UnlockConnector": "unlock",
    "UpdateFirmware": "update-firmware",
}


class Raw(Message, frozen=True, kw_only=True):
    """A request as an expert wrote it, and what came back as it came."""

    action: str
    payload: bytes


def call(command: NativeCall, version: str, reports: Reports) -> Procedure:
    """Send it, and answer with what comes back."""
    refusal = _refusal(command, version)
    if refusal is not None:
        return refusal
    number = _number(command)
    if number is not None:
        reports.expect(number)
    answer = yield Raw(action=command.action, payload=msgspec.json.encode(command.payload))
    assert isinstance(answer, Raw)  # noqa: S101 - so the dialect answers a raw request
    said: dict[str, Any] = msgspec.json.decode(answer.payload)
    if number is not None and said.get("status") == "Accepted":
        while not reports.is_whole(number):
            yield Pause()
        said["reports"] = msgspec.to_builtins(reports.take(number))
    return Done(data=msgspec.json.encode(said).decode())


def _number(command: NativeCall) -> int | None:
    """That of the reports that will come; None: none will."""
    number = command.payload.get("requestId")
    is_reported = command.action != "CustomerInformation" or command.payload.get("report")
    will_come = command.action in _BRING_REPORTS and is_reported
    return number if will_come and isinstance(number, int) else None


def _refusal(command: NativeCall, version: str) -> Refused | NotSupported | None:
    if command.version != version:
        return NotSupported(sentence=f"the charger speaks OCPP {version}, not {command.version}")
    instead = _INSTEAD.get(command.action)
    if instead is not None:
        return Refused(sentence=f"{command.action}: the command {instead} does it")
    if command.action not in _FREE:
        return Refused(sentence=f"{command.action[:50]} is not for experts: the site does it, or nobody")
    return None
