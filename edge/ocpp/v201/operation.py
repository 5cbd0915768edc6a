"""Functional blocks F, G, H and P: remote control, availability, reservations, vendors' messages."""

from typing import Any, Literal

from edge.ocpp.v201.types import ChargingProfile, DateTime, Evse, IdToken, Message, StatusInfo


class Heartbeat(Message, frozen=True, kw_only=True):
    """It is there."""


class HeartbeatResponse(Message, frozen=True, kw_only=True):
    """So late it is."""

    current_time: DateTime


class StatusNotification(Message, frozen=True, kw_only=True):
    """The state of a connector."""

    timestamp: DateTime
    connector_status: str
    evse_id: int
    connector_id: int


class StatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class ChangeAvailability(Message, frozen=True, kw_only=True):
    """Into or out of service; without an EVSE the whole station."""

    operational_status: Literal["Inoperative", "Operative"]
    evse: Evse | None = None


class ChangeAvailabilityResponse(Message, frozen=True, kw_only=True):
    """Scheduled: when what runs has ended."""

    status: str
    status_info: StatusInfo | None = None


class RequestStartTransaction(Message, frozen=True, kw_only=True):
    """Start on this token."""

    id_token: IdToken
    remote_start_id: int
    evse_id: int | None = None
    group_id_token: IdToken | None = None
    charging_profile: ChargingProfile | None = None


class RequestStartTransactionResponse(Message, frozen=True, kw_only=True):
    """Whether it will; with an id where one had begun already."""

    status: str
    transaction_id: str | None = None
    status_info: StatusInfo | None = None


class RequestStopTransaction(Message, frozen=True, kw_only=True):
    """End this one."""

    transaction_id: str


class RequestStopTransactionResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class TriggerMessage(Message, frozen=True, kw_only=True):
    """Send this message now."""

    requested_message: str
    evse: Evse | None = None


class TriggerMessageResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class UnlockConnector(Message, frozen=True, kw_only=True):
    """Release the plug."""

    evse_id: int
    connector_id: int


class UnlockConnectorResponse(Message, frozen=True, kw_only=True):
    """Whether it is released."""

    status: str
    status_info: StatusInfo | None = None


class ReserveNow(Message, frozen=True, kw_only=True):
    """Keep an EVSE, or any, for a token or its group."""

    id: int
    expiry_date_time: DateTime
    id_token: IdToken
    evse_id: int | None = None
    connector_type: str | None = None
    group_id_token: IdToken | None = None


class ReserveNowResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class CancelReservation(Message, frozen=True, kw_only=True):
    """Keep it no longer."""

    reservation_id: int


class CancelReservationResponse(Message, frozen=True, kw_only=True):
    """Whether it was there."""

    status: str
    status_info: StatusInfo | None = None


class ReservationStatusUpdate(Message, frozen=True, kw_only=True):
    """A reservation holds no longer."""

    reservation_id: int
    reservation_update_status: str


class ReservationStatusUpdateResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class DataTransfer(Message, frozen=True, kw_only=True):
    """Something of a vendor's own; either way. `data` may be any JSON."""

    vendor_id: str
    message_id: str | None = None
    data: Any = None


class DataTransferResponse(Message, frozen=True, kw_only=True):
    """What became of it."""

    status: str
    data: Any = None
    status_info: StatusInfo | None = None
