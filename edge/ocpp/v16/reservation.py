"""OCPP 1.6 messages of the Reservation profile (ed. 2 sections 3.12, 5.2 and 5.13)."""

from typing import Literal

from edge.ocpp.v16.types import ConnectorId, DateTime, Integer, Message, Text20


class ReserveNow(Message, frozen=True, kw_only=True):
    """Keep a connector, or any when it is 0, for this token until then."""

    connector_id: ConnectorId
    expiry_date: DateTime
    id_tag: Text20
    reservation_id: Integer
    parent_id_tag: Text20 | None = None


class ReserveNowResponse(Message, frozen=True, kw_only=True):
    """Whether it is kept, and why not."""

    status: Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]


class CancelReservation(Message, frozen=True, kw_only=True):
    """Keep it no longer."""

    reservation_id: Integer


class CancelReservationResponse(Message, frozen=True, kw_only=True):
    """Rejected: there is no such reservation."""

    status: Literal["Accepted", "Rejected"]
