"""What we tell a CSMS in OCPP 1.6 as the charger that it believes us to be; and what it answers.

Rendering is a pure function of the event, so a repetition is byte for byte the same.
"""

import msgspec

from edge.dialects.v16.samples import meter_value
from edge.dialects.v16.words import ERROR_CODES, REGISTRATION_WORDS, STATUSES, STOP_REASONS, token_answer
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v16 import requests, responses
from edge.ocpp.v16.codec import action_of, decode_response, encode
from edge.ocpp.v16.types import Message, TransactionValue
from edge.site.events import (
    Acknowledged,
    Answer,
    AnyEvent,
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    Sampled,
    StartAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

HEARTBEAT: tuple[str, bytes] = ("Heartbeat", b"{}")


def call_of(event: AnyEvent, *, transaction_id: int | None = None) -> tuple[str, bytes] | None:
    """Action and payload that tell the event; None: OCPP 1.6 has no words for it, or it tells nothing.

    `transaction_id` is what this CSMS calls the event's transaction.
    """
    request = _request(event, transaction_id)
    return None if request is None else (action_of(request), encode(request))


def _request(event: AnyEvent, transaction_id: int | None) -> Message | None:
    match event:
        case Sampled():
            return _sample(event, transaction_id)
        case EvseStatusChanged():
            return _status(event)
        case TransactionStarted():
            return requests.StartTransaction(
                connector_id=event.evse,
                id_tag=event.token[:20],
                meter_start=event.meter_wh,
                timestamp=rfc3339(event.at_ms),
                reservation_id=event.reservation_id,
            )
        case TransactionEnded():
            return _end(event, transaction_id)
        case TokenPresented():
            return requests.Authorize(id_tag=event.token[:20])
        case ChargerBooted():
            return requests.BootNotification(
                charge_point_vendor=event.vendor[:20],
                charge_point_model=event.model[:20],
                charge_point_serial_number=None if event.serial is None else event.serial[:25],
                firmware_version=None if event.firmware is None else event.firmware[:50],
            )
        case VendorMessage():
            return requests.DataTransfer(
                vendor_id=event.vendor[:255],
                message_id=None if event.message is None else event.message[:50],
                data=event.data,
            )
    return None


def _sample(event: Sampled, transaction_id: int | None) -> Message | None:
    value = meter_value(event)
    if value is None:
        return None
    return requests.MeterValues(connector_id=event.evse, transaction_id=transaction_id, meter_value=(value,))


def _status(event: EvseStatusChanged) -> Message:
    code = "NoError" if event.error is None else ERROR_CODES.get(event.error, "OtherError")
    return requests.StatusNotification(
        connector_id=event.evse,
        error_code=code,
        status=STATUSES[event.state],
        info=None if event.detail is None else event.detail[:50],
        timestamp=rfc3339(event.at_ms),
    )


def _end(event: TransactionEnded, transaction_id: int | None) -> Message:
    values = tuple(
        TransactionValue(timestamp=value.timestamp, sampled_value=value.sampled_value)
        for sample in event.samples
        if (value := meter_value(sample))
    )
    return requests.StopTransaction(
        meter_stop=event.meter_wh,
        timestamp=rfc3339(event.at_ms),
        transaction_id=event.transaction_id if transaction_id is None else transaction_id,
        id_tag=None if event.token is None else event.token[:20],
        reason=STOP_REASONS[event.reason],
        transaction_data=values or None,
    )


def answer_of(action: str, raw: bytes | msgspec.Raw) -> Answer:
    """What the CSMS answered to a CALL of ours. The id in a StartAnswer is its own. Raises Fault."""
    match decode_response(action, raw):
        case responses.BootNotificationResponse() as boot:
            return BootAnswer(
                status=REGISTRATION_WORDS[boot.status],
                interval_s=boot.interval,
                now_ms=epoch_ms(boot.current_time),
            )
        case responses.AuthorizeResponse() as authorized:
            return token_answer(authorized.id_tag_info)
        case responses.StartTransactionResponse() as started:
            return StartAnswer(transaction_id=started.transaction_id, token=token_answer(started.id_tag_info))
    return Acknowledged()
