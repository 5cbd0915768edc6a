"""What we tell a CSMS in OCPP 2.0.1 as the charger that it believes us to be; and what it answers.

Rendering is a pure function of the event and of what is stored beside it, so a repetition is byte for byte
the same. A transaction's name is made of the station's and of our number.
"""

import uuid

import msgspec

from edge.dialects.cloud import Call, Telling
from edge.dialects.v201.cloud_profiles import external_limit as external_limit_begun
from edge.dialects.v201.cloud_profiles import external_limit_over
from edge.dialects.v201.cloud_samples import meter_value, register
from edge.dialects.v201.words import id_token, token_answer
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v201 import authorisation, diagnostics, operation, provisioning, transactions
from edge.ocpp.v201.codec import CODEC, action_of, encode
from edge.ocpp.v201.types import Evse, Message, MeterValue
from edge.site.events import (
    Acknowledged,
    Answer,
    AnyEvent,
    BootAnswer,
    ChargerBooted,
    EvseState,
    EvseStatusChanged,
    JobProgressed,
    JobState,
    ReservationEnded,
    Sampled,
    StartAnswer,
    StopReason,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)

HEARTBEAT: Call = ("Heartbeat", b"{}")
NUMBERS = True
"""What it tells of a transaction bears numbers without a gap."""

_SPACE = uuid.UUID("6f1c1f36-93a4-5d5c-9d02-6d1d2bb1f3a7")
_CONNECTOR_STATES: dict[EvseState, str] = {
    "available": "Available",
    "occupied": "Occupied",
    "charging": "Occupied",
    "suspended-car": "Occupied",
    "suspended-evse": "Occupied",
    "finishing": "Occupied",
    "reserved": "Reserved",
    "unavailable": "Unavailable",
    "faulted": "Faulted",
}
_CHARGING_STATES: dict[EvseState, str] = {
    "available": "Idle",
    "occupied": "EVConnected",
    "charging": "Charging",
    "suspended-car": "SuspendedEV",
    "suspended-evse": "SuspendedEVSE",
    "finishing": "EVConnected",
}
_REASONS: dict[StopReason, tuple[str, str]] = {  # stoppedReason, triggerReason
    "local": ("Local", "StopAuthorized"),
    "remote": ("Remote", "RemoteStop"),
    "car-left": ("EVDisconnected", "EVDeparted"),
    "power-loss": ("PowerLoss", "AbnormalCondition"),
    "reboot": ("Reboot", "AbnormalCondition"),
    "emergency": ("EmergencyStop", "AbnormalCondition"),
    "deauthorized": ("DeAuthorized", "Deauthorized"),
    "unlock": ("Other", "UnlockCommand"),
    "hard-reset": ("ImmediateReset", "ResetCommand"),
    "soft-reset": ("Other", "ResetCommand"),
    "other": ("Other", "AbnormalCondition"),
}
_TRIGGERS = {"clock": "MeterValueClock", "trigger": "Trigger"}
_FIRMWARE: dict[JobState, str] = {
    "scheduled": "DownloadScheduled",
    "downloading": "Downloading",
    "paused": "DownloadPaused",
    "downloaded": "Downloaded",
    "verified": "SignatureVerified",
    "installing": "Installing",
    "rebooting": "InstallRebooting",
    "installed": "Installed",
    "failed": "InstallationFailed",
    "idle": "Idle",
}
_LOGS: dict[JobState, str] = {
    "uploading": "Uploading",
    "uploaded": "Uploaded",
    "failed": "UploadFailure",
    "idle": "Idle",
}
_OWN_WORDS = frozenset(
    {"DownloadFailed", "InstallVerificationFailed", "InvalidSignature", "InstallScheduled"}
)
_LOG_WORDS = frozenset({"BadMessage", "NotSupportedOperation", "PermissionDenied"})
_RESERVATIONS = {"expired": "Expired", "cancelled": "Removed"}


def name_for(told: Telling) -> str:
    """What the CSMS calls the transaction: the name that it was told before, else the one that it will be."""
    return told.named or str(uuid.uuid5(_SPACE, f"{told.station}/{told.ours}"))


def as_named(name: str) -> int | str:
    """A transaction's name as this version writes it in a charging profile."""
    return name


def password_of(value: str) -> bytes:
    """The password in BasicAuthPassword: the text that it is."""
    return value.encode()


def external_limit(evse: int, *, is_over: bool) -> Call:
    """The site bounds an EVSE below what this CSMS allows, or does so no more."""
    return external_limit_over(evse, "Other") if is_over else external_limit_begun(evse, "Other")


def call_of(event: AnyEvent) -> Call | None:
    """Action and payload of what is told at once; None: OCPP 2.0.1 has no words for it."""
    request = _request(event)
    return None if request is None else (action_of(request), encode(request))


def row_of(event: AnyEvent, told: Telling) -> Call | None:
    """Action and payload of what is told in order; None: there is nothing to tell."""
    request = _row(event, told)
    return None if request is None else (action_of(request), encode(request))


def given_name(_answer: Answer, told: Telling) -> str | None:
    """The name of a transaction whose beginning was answered."""
    return name_for(told)


def _request(event: AnyEvent) -> Message | None:
    match event:
        case EvseStatusChanged():
            if not event.evse:
                return None
            return operation.StatusNotification(
                timestamp=rfc3339(event.at_ms),
                connector_status=_CONNECTOR_STATES[event.state],
                evse_id=event.evse,
                connector_id=1,
            )
        case TokenPresented():
            return authorisation.Authorize(id_token=id_token(event.token))
        case ChargerBooted():
            return provisioning.BootNotification(
                reason="PowerUp",
                charging_station=provisioning.ChargingStation(
                    model=event.model[:20],
                    vendor_name=event.vendor[:50],
                    serial_number=None if event.serial is None else event.serial[:25],
                    firmware_version=None if event.firmware is None else event.firmware[:50],
                ),
            )
        case VendorMessage():
            return operation.DataTransfer(
                vendor_id=event.vendor[:255],
                message_id=None if event.message is None else event.message[:50],
                data=event.data,
            )
    return _aside(event)


def _aside(event: AnyEvent) -> Message | None:
    """What has nothing to do with charging."""
    match event:
        case JobProgressed(job="firmware"):
            status = event.word if event.word in _OWN_WORDS else _FIRMWARE.get(event.state)
            number = None if status == "Idle" else event.request_id
            if status is None or (status != "Idle" and number is None):
                return None
            return diagnostics.FirmwareStatusNotification(status=status, request_id=number)
        case JobProgressed():
            status = event.word if event.word in _LOG_WORDS else _LOGS.get(event.state)
            number = None if status == "Idle" else event.request_id
            if status is None or (status != "Idle" and number is None):
                return None
            return diagnostics.LogStatusNotification(status=status, request_id=number)
        case ReservationEnded():
            status = _RESERVATIONS.get(event.reason)
            if status is None:  # used: the transaction tells it
                return None
            return operation.ReservationStatusUpdate(
                reservation_id=event.reservation_id, reservation_update_status=status
            )
    return None


def _row(event: AnyEvent, told: Telling) -> Message | None:
    match event:
        case TransactionStarted():
            return _started(event, told)
        case TransactionEnded():
            return _ended(event, told)
        case Sampled():
            return _sampled(event, told)
        case EvseStatusChanged():
            state = _CHARGING_STATES.get(event.state)
            if told.named is None or state is None:
                return None
            return _event(event, told, "Updated", "ChargingStateChanged", charging_state=state)
    return _request(event)


def _started(event: TransactionStarted, told: Telling) -> Message:
    number = event.remote_start_id
    return _event(
        event,
        told,
        "Started",
        "Authorized" if number is None else "RemoteStart",
        values=(register(event.meter_wh, event.at_ms, "Transaction.Begin"),),
        token=event.token,
        reservation_id=event.reservation_id,
        remote_start_id=number,
        charging_state="EVConnected",
    )


def _sampled(event: Sampled, told: Telling) -> Message | None:
    value = meter_value(event)
    if value is None:
        return None
    if told.named is None:
        return transactions.MeterValues(evse_id=event.evse, meter_value=(value,))
    return _event(event, told, "Updated", _TRIGGERS.get(event.context, "MeterValuePeriodic"), values=(value,))


def _ended(event: TransactionEnded, told: Telling) -> Message:
    reason, trigger = _REASONS[event.reason]
    values = tuple(value for sample in event.samples if (value := meter_value(sample)))
    return _event(
        event,
        told,
        "Ended",
        trigger,
        values=(*values, register(event.meter_wh, event.at_ms, "Transaction.End")),
        token=event.token,
        stopped_reason=None if reason == "Local" else reason,
    )


def _event(
    event: TransactionStarted | TransactionEnded | Sampled | EvseStatusChanged,
    told: Telling,
    kind: str,
    trigger: str,
    *,
    values: tuple[MeterValue, ...] = (),
    token: str | None = None,
    reservation_id: int | None = None,
    remote_start_id: int | None = None,
    charging_state: str | None = None,
    stopped_reason: str | None = None,
) -> Message:
    return transactions.TransactionEvent(
        event_type=kind,  # type: ignore[arg-type]
        timestamp=rfc3339(event.at_ms),
        trigger_reason=trigger,
        seq_no=told.seq_no,
        offline=True if event.offline or told.is_offline else None,
        transaction_info=transactions.TransactionInfo(
            transaction_id=name_for(told),
            charging_state=charging_state,
            stopped_reason=stopped_reason,
            remote_start_id=remote_start_id,
        ),
        reservation_id=reservation_id,
        evse=Evse(id=event.evse, connector_id=1) if event.evse else None,
        id_token=None if token is None else id_token(token),
        meter_value=values or None,
    )


def answer_of(action: str, raw: bytes | msgspec.Raw) -> Answer:
    """What the CSMS answered to a CALL of ours. Raises Fault."""
    match CODEC.decode_response(action, raw):
        case provisioning.BootNotificationResponse() as boot:
            return BootAnswer(
                status=boot.status.lower(),  # type: ignore[arg-type]
                interval_s=boot.interval,
                now_ms=epoch_ms(boot.current_time),
            )
        case authorisation.AuthorizeResponse() as authorized:
            return token_answer(authorized.id_token_info)
        case transactions.TransactionEventResponse(id_token_info=info) if info is not None:
            return StartAnswer(transaction_id=0, token=token_answer(info))
    return Acknowledged()
