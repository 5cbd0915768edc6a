"""What chargers tell beside charging in OCPP 1.6: how firmware and logs fare, security events, new keys."""

from edge.dialects.arrival import Arrival
from edge.ocpp.rpc import NOT_SUPPORTED, Fault
from edge.ocpp.v16 import firmware, security
from edge.ocpp.v16.types import DiagnosticsStatus, FirmwareStatus, Message
from edge.site.events import AlertRaised, AnyEvent, CertificateRequested, Job, JobProgressed, JobState

_FIRMWARE: dict[FirmwareStatus | security.SignedFirmwareStatus, JobState] = {
    "DownloadScheduled": "scheduled",
    "Downloading": "downloading",
    "DownloadPaused": "paused",
    "Downloaded": "downloaded",
    "DownloadFailed": "failed",
    "SignatureVerified": "verified",
    "InvalidSignature": "failed",
    "InstallScheduled": "scheduled",
    "Installing": "installing",
    "InstallRebooting": "rebooting",
    "Installed": "installed",
    "InstallationFailed": "failed",
    "InstallVerificationFailed": "failed",
    "Idle": "idle",
}
_LOGS: dict[DiagnosticsStatus | security.UploadLogStatus, JobState] = {
    "Uploading": "uploading",
    "Uploaded": "uploaded",
    "UploadFailed": "failed",
    "UploadFailure": "failed",
    "BadMessage": "failed",
    "NotSupportedOperation": "failed",
    "PermissionDenied": "failed",
    "Idle": "idle",
}
_NOT_CRITICAL = {  # by the table of the whitepaper's section 8; what is not in the table is a vendor's own
    "FailedToAuthenticateAtCentralSystem",
    "CentralSystemFailedToAuthenticate",
    "ReconfigurationOfSecurityParameters",
    "InvalidMessages",
    "AttemptedReplayAttacks",
    "InvalidFirmwareSignature",
    "InvalidFirmwareSigningCertificate",
    "InvalidCentralSystemCertificate",
    "InvalidChargePointCertificate",
    "InvalidTLSVersion",
    "InvalidTLSCipherSuite",
}
_EVERYDAY = {"StartupOfTheDevice", "ResetOrReboot", "SettingSystemTime", "FirmwareUpdated"}
"""Critical by that table, and nothing that anybody must see: every boot brings them."""


def events_of_profiles(request: Message, action: str, arrival: Arrival) -> tuple[AnyEvent, ...]:
    """What a CALL outside of Core tells. Raises Fault for what only a central system may ask."""
    match request:
        case firmware.FirmwareStatusNotification(status=status):
            return (_progress(arrival, "firmware", _FIRMWARE[status], status, None),)
        case security.SignedFirmwareStatusNotification(status=signed, request_id=number):
            return (_progress(arrival, "firmware", _FIRMWARE[signed], signed, number),)
        case firmware.DiagnosticsStatusNotification(status=upload):
            return (_progress(arrival, "log", _LOGS[upload], upload, None),)
        case security.LogStatusNotification(status=uploaded, request_id=number):
            return (_progress(arrival, "log", _LOGS[uploaded], uploaded, number),)
        case security.SecurityEventNotification():
            return (_security_event(request, arrival),)
        case security.SignCertificate(csr=csr):
            return (
                CertificateRequested(
                    charger=arrival.charger,
                    at_ms=arrival.now_ms,
                    seen_ms=arrival.mono_ms,
                    is_synchronised=arrival.is_synchronised,
                    csr=csr,
                ),
            )
    raise Fault(NOT_SUPPORTED, f"{action} is for chargers: a central system asks it")


def _progress(
    arrival: Arrival, job: Job, state: JobState, word: str, request_id: int | None
) -> JobProgressed:
    return JobProgressed(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        job=job,
        state=state,
        word=word,
        request_id=request_id,
    )


def _security_event(request: security.SecurityEventNotification, arrival: Arrival) -> AlertRaised:
    at_ms = arrival.stamp(request.timestamp)
    sentence = request.type if not request.tech_info else f"{request.type}: {request.tech_info}"
    return AlertRaised(
        charger=arrival.charger,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        word="security-event",
        sentence=sentence,
        is_critical=request.type not in _NOT_CRITICAL | _EVERYDAY,
    )
