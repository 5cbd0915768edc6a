"""OCPP 1.6 requests that Ampyard maps (ed. 2 section 6): from the charge point first, then to it."""

from typing import Annotated, Literal

import msgspec

from edge.ocpp.v16.types import (
    AvailabilityType,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ConnectorId,
    Count,
    DateTime,
    Integer,
    Message,
    MessageTrigger,
    MeterValue,
    OneConnectorId,
    Reason,
    Text20,
    Text25,
    Text50,
    Text255,
    Text500,
    TransactionValue,
)


class Authorize(Message, frozen=True, kw_only=True):
    """May this token charge?"""

    id_tag: Text20


class BootNotification(Message, frozen=True, kw_only=True):
    """The charge point started."""

    charge_point_vendor: Text20
    charge_point_model: Text20
    charge_point_serial_number: Text25 | None = None
    charge_box_serial_number: Text25 | None = None
    firmware_version: Text50 | None = None
    iccid: Text20 | None = None
    imsi: Text20 | None = None
    meter_type: Text25 | None = None
    meter_serial_number: Text25 | None = None


class DataTransfer(Message, frozen=True, kw_only=True):
    """Something of a vendor's own; either way."""

    vendor_id: Text255
    message_id: Text50 | None = None
    data: str | None = None


class Heartbeat(Message, frozen=True, kw_only=True):
    """Still there; what time is it?"""


class MeterValues(Message, frozen=True, kw_only=True):
    """What was measured; connector 0 is the charge point's own meter."""

    connector_id: ConnectorId
    meter_value: Annotated[tuple[MeterValue, ...], msgspec.Meta(min_length=1)]
    transaction_id: Integer | None = None


class StartTransaction(Message, frozen=True, kw_only=True):
    """Charging began at `meter_start` Wh."""

    connector_id: OneConnectorId
    id_tag: Text20
    meter_start: Integer
    timestamp: DateTime
    reservation_id: Integer | None = None


class StatusNotification(Message, frozen=True, kw_only=True):
    """A connector, or the charge point as connector 0, changed its state."""

    connector_id: ConnectorId
    error_code: ChargePointErrorCode
    status: ChargePointStatus
    info: Text50 | None = None
    timestamp: DateTime | None = None
    vendor_id: Text255 | None = None
    vendor_error_code: Text50 | None = None


class StopTransaction(Message, frozen=True, kw_only=True):
    """Charging ended at `meter_stop` Wh; without a reason it was Local."""

    meter_stop: Integer
    timestamp: DateTime
    transaction_id: Integer
    id_tag: Text20 | None = None
    reason: Reason | None = None
    transaction_data: tuple[TransactionValue, ...] | None = None


class ChangeAvailability(Message, frozen=True, kw_only=True):
    """Take a connector into or out of service."""

    connector_id: ConnectorId
    type: AvailabilityType


class ChangeConfiguration(Message, frozen=True, kw_only=True):
    """Set a configuration key."""

    key: Text50
    value: Text500


class ClearCache(Message, frozen=True, kw_only=True):
    """Forget the remembered tokens."""


class ClearChargingProfile(Message, frozen=True, kw_only=True):
    """Remove the profile with this id, or all that fit the other fields."""

    id: Integer | None = None
    connector_id: ConnectorId | None = None
    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: Count | None = None


class GetCompositeSchedule(Message, frozen=True, kw_only=True):
    """What does the charge point believe its limits to be for `duration` seconds?"""

    connector_id: ConnectorId
    duration: Count
    charging_rate_unit: ChargingRateUnit | None = None


class GetConfiguration(Message, frozen=True, kw_only=True):
    """Read these keys, all when none is named."""

    key: tuple[Text50, ...] | None = None


class RemoteStartTransaction(Message, frozen=True, kw_only=True):
    """Start charging for this token."""

    id_tag: Text20
    connector_id: ConnectorId | None = None
    charging_profile: ChargingProfile | None = None


class RemoteStopTransaction(Message, frozen=True, kw_only=True):
    """End this transaction."""

    transaction_id: Integer


class Reset(Message, frozen=True, kw_only=True):
    """Restart."""

    type: Literal["Hard", "Soft"]


class SetChargingProfile(Message, frozen=True, kw_only=True):
    """Install a charging profile."""

    connector_id: ConnectorId
    cs_charging_profiles: ChargingProfile


class TriggerMessage(Message, frozen=True, kw_only=True):
    """Send this message now."""

    requested_message: MessageTrigger
    connector_id: ConnectorId | None = None


class UnlockConnector(Message, frozen=True, kw_only=True):
    """Release the plug."""

    connector_id: OneConnectorId
