"""What chargers tell us in OCPP 1.6, as events; and the site's answers, as responses."""

import msgspec

from edge.dialects.arrival import Arrival
from edge.dialects.v16.charger_reports import events_of_profiles
from edge.dialects.v16.samples import sampled
from edge.dialects.v16.words import REASONS, REGISTRATIONS, STATES, id_tag_info
from edge.ocpp.rpc import (
    INTERNAL_ERROR,
    SECURITY_ERROR,
    Fault,
)
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v16 import firmware, requests, responses, security
from edge.ocpp.v16.codec import decode_request, encode
from edge.ocpp.v16.types import Message, MeterValue, TransactionValue
from edge.site.events import (
    Answer,
    AnyEvent,
    BootAnswer,
    CertificateAnswer,
    ChargerBooted,
    EvseStatusChanged,
    NotAnswered,
    Sampled,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

PROTOCOL = "OCPP 1.6"
_TAKEN_NOTE_OF: dict[str, Message] = {
    "StatusNotification": responses.StatusNotificationResponse(),
    "MeterValues": responses.MeterValuesResponse(),
    "StopTransaction": responses.StopTransactionResponse(),
    "DiagnosticsStatusNotification": firmware.DiagnosticsStatusNotificationResponse(),
    "FirmwareStatusNotification": firmware.FirmwareStatusNotificationResponse(),
    "LogStatusNotification": security.LogStatusNotificationResponse(),
    "SecurityEventNotification": security.SecurityEventNotificationResponse(),
    "SignedFirmwareStatusNotification": security.SignedFirmwareStatusNotificationResponse(),
}


def events_of(action: str, raw: bytes | msgspec.Raw, arrival: Arrival) -> tuple[AnyEvent, ...]:
    """What a CALL of a charger tells; nothing for a Heartbeat. Raises Fault with the code for the CALLERROR.

    A transaction's time must be readable: it is how a repetition is recognised.
    """
    match decode_request(action, raw):
        case requests.MeterValues() as request:
            return tuple(
                _sample(value, arrival, request.connector_id, request.transaction_id)
                for value in request.meter_value
            )
        case requests.Heartbeat():
            return ()
        case requests.StatusNotification() as request:
            return (_status(request, arrival),)
        case requests.Authorize() as request:
            return (_authorize(request, arrival),)
        case requests.StartTransaction() as request:
            return (_started(request, arrival),)
        case requests.StopTransaction() as request:
            return (_ended(request, arrival),)
        case requests.BootNotification() as request:
            return (_booted(request, arrival),)
        case requests.DataTransfer() as request:
            return (_vendor(request, arrival),)
        case request:
            return events_of_profiles(request, action, arrival)


def answer_to(action: str, answer: Answer, *, now_ms: int) -> bytes:
    """The payload that answers a charger's CALL. Raises Fault where the site could not keep it."""
    if isinstance(answer, NotAnswered):
        raise Fault(INTERNAL_ERROR, answer.sentence)
    return encode(_response(action, answer, now_ms))


def refuse_before_boot(action: str) -> None:
    """A station that was not accepted may say nothing but BootNotification (errata to OCPP-J 1.6, 3.8)."""
    if action != "BootNotification":
        raise Fault(SECURITY_ERROR, "not accepted yet: BootNotification first")


def _response(action: str, answer: Answer, now_ms: int) -> Message:
    match answer:
        case BootAnswer():
            return responses.BootNotificationResponse(
                status=REGISTRATIONS[answer.status],
                current_time=rfc3339(answer.now_ms),
                interval=answer.interval_s,
            )
        case CertificateAnswer():
            return security.SignCertificateResponse(status="Accepted" if answer.is_accepted else "Rejected")
        case StartAnswer():
            return responses.StartTransactionResponse(
                id_tag_info=id_tag_info(answer.token), transaction_id=answer.transaction_id
            )
        case TokenAnswer():
            return responses.AuthorizeResponse(id_tag_info=id_tag_info(answer))
    match action:
        case "Heartbeat":
            return responses.HeartbeatResponse(current_time=rfc3339(now_ms))
        case "DataTransfer":  # kept, but nobody here knows any vendor's words
            return responses.DataTransferResponse(status="UnknownVendorId")
    return _TAKEN_NOTE_OF[action]


def _booted(request: requests.BootNotification, arrival: Arrival) -> ChargerBooted:
    return ChargerBooted(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        firmware=request.firmware_version,
        serial=request.charge_point_serial_number or request.charge_box_serial_number,
        protocol=PROTOCOL,
    )


def _status(request: requests.StatusNotification, arrival: Arrival) -> EvseStatusChanged:
    at_ms = arrival.stamp(request.timestamp)
    details = (request.info, request.vendor_error_code)
    return EvseStatusChanged(
        charger=arrival.charger,
        evse=request.connector_id,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        state=STATES[request.status],
        error=None if request.error_code == "NoError" else request.error_code,
        detail=" ".join(detail for detail in details if detail) or None,
    )


def _authorize(request: requests.Authorize, arrival: Arrival) -> TokenPresented:
    return TokenPresented(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        token=request.id_tag,
    )


def _started(request: requests.StartTransaction, arrival: Arrival) -> TransactionStarted:
    at_ms = epoch_ms(request.timestamp)
    return TransactionStarted(
        charger=arrival.charger,
        evse=request.connector_id,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        token=request.id_tag,
        meter_wh=request.meter_start,
        reservation_id=request.reservation_id,
    )


def _ended(request: requests.StopTransaction, arrival: Arrival) -> TransactionEnded:
    at_ms = epoch_ms(request.timestamp)
    values = request.transaction_data or ()
    return TransactionEnded(
        charger=arrival.charger,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        transaction_id=request.transaction_id,
        meter_wh=request.meter_stop,
        reason=REASONS[request.reason or "Local"],
        token=request.id_tag,
        samples=tuple(_sample(value, arrival, 0, request.transaction_id) for value in values),
    )


def _sample(
    value: MeterValue | TransactionValue, arrival: Arrival, evse: int, transaction_id: int | None
) -> Sampled:
    at_ms = arrival.stamp(value.timestamp)
    return sampled(
        value,
        charger=arrival.charger,
        evse=evse,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        transaction_id=transaction_id,
        age_ms=arrival.age_ms(at_ms),
    )


def _vendor(request: requests.DataTransfer, arrival: Arrival) -> VendorMessage:
    return VendorMessage(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        vendor=request.vendor_id,
        message=request.message_id,
        data=request.data,
    )
