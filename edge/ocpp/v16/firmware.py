"""OCPP 1.6 messages of the Firmware Management profile: firmware and logs (ed. 2 sections 4.5, 5.8, 5.19)."""

from edge.ocpp.v16.types import (
    Count,
    DateTime,
    DiagnosticsStatus,
    FirmwareStatus,
    Message,
    Text255,
)


class UpdateFirmware(Message, frozen=True, kw_only=True):
    """Fetch firmware from `location` at `retrieve_date` and install it."""

    location: str
    retrieve_date: DateTime
    retries: Count | None = None
    retry_interval: Count | None = None


class UpdateFirmwareResponse(Message, frozen=True, kw_only=True):
    """Taken note of; what becomes of it follows in notifications."""


class FirmwareStatusNotification(Message, frozen=True, kw_only=True):
    """How far the firmware is."""

    status: FirmwareStatus


class FirmwareStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class GetDiagnostics(Message, frozen=True, kw_only=True):
    """Upload a log to the folder `location`."""

    location: str
    retries: Count | None = None
    retry_interval: Count | None = None
    start_time: DateTime | None = None
    stop_time: DateTime | None = None


class GetDiagnosticsResponse(Message, frozen=True, kw_only=True):
    """The name that the file will have; without one there is nothing to upload."""

    file_name: Text255 | None = None


class DiagnosticsStatusNotification(Message, frozen=True, kw_only=True):
    """How far the upload is."""

    status: DiagnosticsStatus


class DiagnosticsStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""
