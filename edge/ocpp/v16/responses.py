"""OCPP 1.6 responses to the requests that Ampyard maps (ed. 2 section 6)."""

from typing import Literal

from edge.ocpp.v16.types import (
    AvailabilityStatus,
    CompositeSchedule,
    ConfigurationStatus,
    ConnectorId,
    DateTime,
    IdTagInfo,
    Integer,
    KeyValue,
    Message,
    RegistrationStatus,
    Text50,
)


class AuthorizeResponse(Message, frozen=True, kw_only=True):
    """What the central system thinks of the token."""

    id_tag_info: IdTagInfo


class BootNotificationResponse(Message, frozen=True, kw_only=True):
    """Whether the charge point is wanted, and how often it shall beat."""

    status: RegistrationStatus
    current_time: DateTime
    interval: Integer


class DataTransferResponse(Message, frozen=True, kw_only=True):
    """Whether the vendor's message was understood."""

    status: Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]
    data: str | None = None


class HeartbeatResponse(Message, frozen=True, kw_only=True):
    """The time."""

    current_time: DateTime


class MeterValuesResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class StartTransactionResponse(Message, frozen=True, kw_only=True):
    """The transaction's id, and whether it may go on."""

    id_tag_info: IdTagInfo
    transaction_id: Integer


class StatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class StopTransactionResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""

    id_tag_info: IdTagInfo | None = None


class ChangeAvailabilityResponse(Message, frozen=True, kw_only=True):
    """Scheduled: when the transaction has ended."""

    status: AvailabilityStatus


class ChangeConfigurationResponse(Message, frozen=True, kw_only=True):
    """NotSupported: the key is unknown."""

    status: ConfigurationStatus


class ClearCacheResponse(Message, frozen=True, kw_only=True):
    """Whether it was done."""

    status: Literal["Accepted", "Rejected"]


class ClearChargingProfileResponse(Message, frozen=True, kw_only=True):
    """Unknown: none fitted."""

    status: Literal["Accepted", "Unknown"]


class GetCompositeScheduleResponse(Message, frozen=True, kw_only=True):
    """The limits that the charge point believes in; never a proof that they are kept."""

    status: Literal["Accepted", "Rejected"]
    connector_id: ConnectorId | None = None
    schedule_start: DateTime | None = None
    charging_schedule: CompositeSchedule | None = None


class GetConfigurationResponse(Message, frozen=True, kw_only=True):
    """Keys with their values, and those that it does not know."""

    configuration_key: tuple[KeyValue, ...] | None = None
    unknown_key: tuple[Text50, ...] | None = None


class RemoteStartTransactionResponse(Message, frozen=True, kw_only=True):
    """Whether it will try."""

    status: Literal["Accepted", "Rejected"]


class RemoteStopTransactionResponse(Message, frozen=True, kw_only=True):
    """Whether it will try."""

    status: Literal["Accepted", "Rejected"]


class ResetResponse(Message, frozen=True, kw_only=True):
    """Whether it will try."""

    status: Literal["Accepted", "Rejected"]


class SetChargingProfileResponse(Message, frozen=True, kw_only=True):
    """Accepted is not applied: only measured current is."""

    status: Literal["Accepted", "Rejected", "NotSupported"]


class TriggerMessageResponse(Message, frozen=True, kw_only=True):
    """Whether the message will come."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


class UnlockConnectorResponse(Message, frozen=True, kw_only=True):
    """Whether the plug is free."""

    status: Literal["Unlocked", "UnlockFailed", "NotSupported"]
