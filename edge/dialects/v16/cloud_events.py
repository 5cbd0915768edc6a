"""What we tell a CSMS in OCPP 1.6 as the charger that it believes us to be; and what it answers.

Rendering is a pure function of the event, so a repetition is byte for byte the same.
"""

import msgspec

from edge.dialects.cloud import Call, Telling
from edge.dialects.v16.samples import meter_value
from edge.dialects.v16.words import ERROR_CODES, REGISTRATION_WORDS, STATUSES, STOP_REASONS, token_answer
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v16 import firmware, requests, responses
from edge.ocpp.v16.codec import action_of, decode_response, encode
from edge.ocpp.v16.types import DiagnosticsStatus, FirmwareStatus, Message, TransactionValue
from edge.site.events import (
    Acknowledged,
    Answer,
    AnyEvent,
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    JobProgressed,
    Sampled,
    StartAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

HEARTBEAT: Call = ("Heartbeat", b"{}")
NUMBERS = False
"""What it tells of a transaction bears no numbers."""


_FIRMWARE: dict[str, FirmwareStatus] = {
    "downloading": "Downloading",
    "downloaded": "Downloaded",
    "installing": "Installing",
    "installed": "Installed",
    "failed": "InstallationFailed",
    "idle": "Idle",
    "DownloadFailed": "DownloadFailed",
}
_DIAGNOSTICS: dict[str, DiagnosticsStatus] = {
    "uploading": "Uploading",
    "uploaded": "Uploaded",
    "failed": "UploadFailed",
    "idle": "Idle",
}


def password_of(value: str) -> bytes:
    """The password in AuthorizationKey: hexadecimal digits, as the whitepaper says, or a text."""
    try:
        return bytes.fromhex(value)
    except ValueError:
        return value.encode()


def call_of(event: AnyEvent, *, transaction_id: int | None = None) -> tuple[str, bytes] | None:
    """Action and payload that tell the event; None: OCPP 1.6 has no words for it, or it tells nothing.

    `transaction_id` is what this CSMS calls the event's transaction.
    """
    request = _request(event, transaction_id)
    return None if request is None else (action_of(request), encode(request))


def row_of(event: AnyEvent, told: Telling) -> Call | None:
    """Action and payload of what is told in order; None: there is nothing to tell.

    Raises ValueError where its transaction was named in another version.
    """
    if isinstance(event, EvseStatusChanged):  # it is told at once
        return None
    return call_of(event, transaction_id=None if told.named is None else int(told.named))


def given_name(answer: Answer, _told: Telling) -> str | None:
    """The name that the CSMS has given to a transaction whose beginning it answered."""
    return str(answer.transaction_id) if isinstance(answer, StartAnswer) else None


def as_named(name: str) -> int | str:
    """A transaction's name as this version writes it in a charging profile."""
    return int(name) if name.isdigit() else name


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
        case JobProgressed():
            return _job(event)
    return None


def _job(event: JobProgressed) -> Message | None:
    """Chargers with the security extension have more words; what 1.6 itself has is told."""
    if event.job == "firmware":
        status = _FIRMWARE.get(event.word, _FIRMWARE.get(event.state))
        return None if status is None else firmware.FirmwareStatusNotification(status=status)
    upload = _DIAGNOSTICS.get(event.state)
    return None if upload is None else firmware.DiagnosticsStatusNotification(status=upload)


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
