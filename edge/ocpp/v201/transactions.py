"""Functional blocks E, I and J: transactions, what they cost, and what is measured."""

from typing import Literal

from edge.ocpp.v201.types import DateTime, Evse, IdToken, IdTokenInfo, Message, MessageContent, MeterValue


class TransactionInfo(Message, frozen=True, kw_only=True):
    """Which transaction, and how it fares."""

    transaction_id: str
    charging_state: str | None = None
    stopped_reason: str | None = None
    time_spent_charging: int | None = None
    remote_start_id: int | None = None


class TransactionEvent(Message, frozen=True, kw_only=True):
    """It began, goes on, or is over; `seq_no` counts up by one within it."""

    event_type: Literal["Started", "Updated", "Ended"]
    timestamp: DateTime
    trigger_reason: str
    seq_no: int
    transaction_info: TransactionInfo
    offline: bool | None = None
    number_of_phases_used: int | None = None
    cable_max_current: int | None = None
    reservation_id: int | None = None
    evse: Evse | None = None
    id_token: IdToken | None = None
    meter_value: tuple[MeterValue, ...] | None = None


class TransactionEventResponse(Message, frozen=True, kw_only=True):
    """What the token may, and what it has cost so far."""

    total_cost: float | None = None
    charging_priority: int | None = None
    id_token_info: IdTokenInfo | None = None
    updated_personal_message: MessageContent | None = None


class GetTransactionStatus(Message, frozen=True, kw_only=True):
    """Does it run, and does anything about it wait?"""

    transaction_id: str | None = None


class GetTransactionStatusResponse(Message, frozen=True, kw_only=True):
    """`ongoing_indicator` None: no transaction was named."""

    messages_in_queue: bool
    ongoing_indicator: bool | None = None


class CostUpdated(Message, frozen=True, kw_only=True):
    """What a transaction has cost so far, for its driver."""

    total_cost: float
    transaction_id: str


class CostUpdatedResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class MeterValues(Message, frozen=True, kw_only=True):
    """What was measured outside of transactions; EVSE 0 is the station's own meter."""

    evse_id: int
    meter_value: tuple[MeterValue, ...]


class MeterValuesResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""
