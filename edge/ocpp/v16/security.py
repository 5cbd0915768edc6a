"""OCPP 1.6 messages of the security extension (security whitepaper, edition 2, sections 5 and 6)."""

from typing import Annotated, Literal

import msgspec

from edge.ocpp.v16.types import (
    ConnectorId,
    Count,
    DateTime,
    Integer,
    Message,
    Text40,
    Text50,
    Text128,
    Text255,
    Text512,
    Text800,
    Text5500,
    Text10000,
)

CertificateUse = Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
ExtendedTrigger = Literal[
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargePointCertificate",
    "StatusNotification",
]
UploadLogStatus = Literal[
    "BadMessage",
    "Idle",
    "NotSupportedOperation",
    "PermissionDenied",
    "Uploaded",
    "UploadFailure",
    "Uploading",
]
SignedFirmwareStatus = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "DownloadScheduled",
    "DownloadPaused",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
    "InstallRebooting",
    "InstallScheduled",
    "InstallVerificationFailed",
    "InvalidSignature",
    "SignatureVerified",
]


# -- certificates ----------------------------------------------------------------------------------------


class CertificateHashData(Message, frozen=True, kw_only=True):
    """What identifies a certificate (section 6.1)."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: Text128
    issuer_key_hash: Text128
    serial_number: Text40


class InstallCertificate(Message, frozen=True, kw_only=True):
    """Trust this root from now on; PEM."""

    certificate_type: CertificateUse
    certificate: Text5500


class InstallCertificateResponse(Message, frozen=True, kw_only=True):
    """Failed: it was valid and could not be stored; Rejected: it is not valid."""

    status: Literal["Accepted", "Failed", "Rejected"]


class DeleteCertificate(Message, frozen=True, kw_only=True):
    """Trust this root no longer."""

    certificate_hash_data: CertificateHashData


class DeleteCertificateResponse(Message, frozen=True, kw_only=True):
    """Whether it is gone."""

    status: Literal["Accepted", "Failed", "NotFound"]


class GetInstalledCertificateIds(Message, frozen=True, kw_only=True):
    """Which roots of this kind are trusted?"""

    certificate_type: CertificateUse


class GetInstalledCertificateIdsResponse(Message, frozen=True, kw_only=True):
    """NotFound: none."""

    status: Literal["Accepted", "NotFound"]
    certificate_hash_data: Annotated[tuple[CertificateHashData, ...], msgspec.Meta(min_length=1)] | None = (
        None
    )


class SignCertificate(Message, frozen=True, kw_only=True):
    """The charge point made a new key and wants a certificate for it; PEM."""

    csr: Text5500


class SignCertificateResponse(Message, frozen=True, kw_only=True):
    """Whether a certificate may be expected; it comes in a CertificateSigned."""

    status: Literal["Accepted", "Rejected"]


class CertificateSigned(Message, frozen=True, kw_only=True):
    """The certificate that was asked for, with those that signed it; PEM."""

    certificate_chain: Text10000


class CertificateSignedResponse(Message, frozen=True, kw_only=True):
    """Whether it is used from now on."""

    status: Literal["Accepted", "Rejected"]


# -- events, logs, firmware ------------------------------------------------------------------------------


class ExtendedTriggerMessage(Message, frozen=True, kw_only=True):
    """Send this message now."""

    requested_message: ExtendedTrigger
    connector_id: ConnectorId | None = None


class ExtendedTriggerMessageResponse(Message, frozen=True, kw_only=True):
    """Whether the message will come."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


class SecurityEventNotification(Message, frozen=True, kw_only=True):
    """Something happened that concerns security; types are listed in section 8, vendors have more."""

    type: Text50
    timestamp: DateTime
    tech_info: Text255 | None = None


class SecurityEventNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class LogParameters(Message, frozen=True, kw_only=True):
    """Which part of a log, and where it shall go."""

    remote_location: Text512
    oldest_timestamp: DateTime | None = None
    latest_timestamp: DateTime | None = None


class GetLog(Message, frozen=True, kw_only=True):
    """Upload a log."""

    log_type: Literal["DiagnosticsLog", "SecurityLog"]
    request_id: Integer
    log: LogParameters
    retries: Count | None = None
    retry_interval: Count | None = None


class GetLogResponse(Message, frozen=True, kw_only=True):
    """AcceptedCanceled: and the upload before is given up."""

    status: Literal["Accepted", "Rejected", "AcceptedCanceled"]
    filename: Text255 | None = None


class LogStatusNotification(Message, frozen=True, kw_only=True):
    """How far an upload is."""

    status: UploadLogStatus
    request_id: Integer | None = None


class LogStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class Firmware(Message, frozen=True, kw_only=True):
    """Signed firmware, and when it shall be fetched and installed."""

    location: Text512
    retrieve_date_time: DateTime
    signing_certificate: Text5500
    signature: Text800
    install_date_time: DateTime | None = None


class SignedUpdateFirmware(Message, frozen=True, kw_only=True):
    """Fetch firmware, check its signature, install it."""

    request_id: Integer
    firmware: Firmware
    retries: Count | None = None
    retry_interval: Count | None = None


class SignedUpdateFirmwareResponse(Message, frozen=True, kw_only=True):
    """AcceptedCanceled: and the update before is given up."""

    status: Literal["Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate"]


class SignedFirmwareStatusNotification(Message, frozen=True, kw_only=True):
    """How far the firmware is."""

    status: SignedFirmwareStatus
    request_id: Integer | None = None


class SignedFirmwareStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""
