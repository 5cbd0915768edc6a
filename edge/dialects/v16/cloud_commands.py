"""What a CSMS wants of the charger that it believes us to be, in OCPP 1.6; and how its outcome is told."""

import msgspec

from edge.dialects.cloud import Call, Planned, ProfilesCleared, Wish
from edge.dialects.v16 import cloud_errands
from edge.dialects.v16.settings import key_of, name_of
from edge.ocpp.rpc import GENERIC_ERROR, NOT_SUPPORTED, Fault
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16 import requests, responses
from edge.ocpp.v16.charging import profile_of
from edge.ocpp.v16.codec import decode_request, encode
from edge.ocpp.v16.types import CompositePeriod, CompositeSchedule, KeyValue, Message
from edge.site.commands import (
    AnyCommand,
    ClearTokenCache,
    Done,
    NotSupported,
    Outcome,
    ReadSettings,
    ReportSchedule,
    Reset,
    SendVendorMessage,
    SetAvailability,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    WriteSettings,
)

_WORDS = {  # done, not supported, refused or unanswered
    "RemoteStartTransaction": ("Accepted", "Rejected", "Rejected"),
    "RemoteStopTransaction": ("Accepted", "Rejected", "Rejected"),
    "Reset": ("Accepted", "Rejected", "Rejected"),
    "ClearCache": ("Accepted", "Rejected", "Rejected"),
    "UnlockConnector": ("Unlocked", "NotSupported", "UnlockFailed"),
    "ChangeAvailability": ("Accepted", "Rejected", "Rejected"),
    "ChangeConfiguration": ("Accepted", "NotSupported", "Rejected"),
    "TriggerMessage": ("Accepted", "NotImplemented", "Rejected"),
    "SetChargingProfile": ("Accepted", "NotSupported", "Rejected"),
    "ClearChargingProfile": ("Accepted", "Unknown", "Unknown"),
    "DataTransfer": ("Accepted", "UnknownVendorId", "Rejected"),
    "GetCompositeSchedule": ("Accepted", "Rejected", "Rejected"),
}


def wish_of(action: str, raw: bytes | msgspec.Raw, charger: str) -> Wish:
    """What the CSMS wants. Raises Fault with the code for the CALLERROR."""
    match decode_request(action, raw):
        case requests.SetChargingProfile() as request:
            return Wish(action=action, profile=profile_of(request.connector_id, request.cs_charging_profiles))
        case requests.ClearChargingProfile() as request:
            cleared = ProfilesCleared(
                id=request.id,
                connector=request.connector_id,
                purpose=request.charging_profile_purpose,
                level=request.stack_level,
            )
            return Wish(action=action, cleared=cleared)
        case requests.RemoteStartTransaction(charging_profile=profile, connector_id=connector, id_tag=token):
            return Wish(
                action=action,
                command=StartCharging(charger=charger, evse=connector or 0, token=token),
                profile=None if profile is None else profile_of(connector or 0, profile),
            )
        case requests.RemoteStopTransaction(transaction_id=number):
            command: AnyCommand | None = StopCharging(charger=charger, transaction_id=number)
            return Wish(action=action, command=command, transaction=str(number))
        case request:
            command = _command(request, charger) or cloud_errands.command_of(request, charger)
    if command is None:
        raise Fault(NOT_SUPPORTED, f"{action} is not in this version")
    return Wish(action=action, command=command)


def _command(request: object, charger: str) -> AnyCommand | None:  # noqa: PLR0911 - a case per command
    match request:
        case requests.Reset():
            return Reset(charger=charger, hard=request.type == "Hard")
        case requests.UnlockConnector():
            return Unlock(charger=charger, evse=request.connector_id)
        case requests.ChangeAvailability():
            operative = request.type == "Operative"
            return SetAvailability(charger=charger, evse=request.connector_id, operative=operative)
        case requests.GetConfiguration():
            return ReadSettings(charger=charger, keys=tuple(name_of(key) for key in request.key or ()))
        case requests.ChangeConfiguration():
            return WriteSettings(charger=charger, settings={name_of(request.key): request.value})
        case requests.TriggerMessage():
            return _trigger(request, charger)
        case requests.ClearCache():
            return ClearTokenCache(charger=charger)
        case requests.GetCompositeSchedule():
            return ReportSchedule(
                charger=charger,
                evse=request.connector_id,
                duration_s=request.duration,
                unit=request.charging_rate_unit or "A",
            )
        case requests.DataTransfer():
            return SendVendorMessage(
                charger=charger, vendor=request.vendor_id, message=request.message_id, data=request.data
            )
    return None


def _trigger(request: requests.TriggerMessage, charger: str) -> Trigger:
    evse = request.connector_id or 0
    match request.requested_message:
        case "BootNotification":
            return Trigger(charger=charger, evse=evse, what="boot")
        case "Heartbeat":
            return Trigger(charger=charger, evse=evse, what="heartbeat")
        case "MeterValues":
            return Trigger(charger=charger, evse=evse, what="meter-values")
        case "StatusNotification":
            return Trigger(charger=charger, evse=evse, what="status")
    raise Fault(NOT_SUPPORTED, f"{request.requested_message} is not in this version")


def reply_to(wish: Wish, outcome: Outcome, *, now_ms: int, each: tuple[Outcome, ...] = ()) -> bytes:  # noqa: ARG001  as in every version
    """The payload that tells a CSMS the outcome in the words of its CALL. Raises Fault where it has none."""
    answer = cloud_errands.reply_to(wish, outcome)
    if answer is not None:
        return encode(answer)
    done, unsupported, refused = _WORDS.get(wish.action, ("", "", ""))
    if isinstance(outcome, Done):
        if wish.action == "GetConfiguration":
            return encode(_configuration(outcome))
        if wish.action == "GetCompositeSchedule" and outcome.data is not None:
            return encode(_schedule(outcome.data))
        if wish.action == "DataTransfer":
            return encode(responses.DataTransferResponse(status="Accepted", data=outcome.data))
        word = done
        if wish.action == "ChangeConfiguration" and outcome.reboot_needed:
            word = "RebootRequired"
        if wish.action == "ChangeAvailability" and outcome.data is not None:
            word = "Scheduled"
    elif wish.action == "GetConfiguration":
        raise Fault(GENERIC_ERROR, getattr(outcome, "sentence", "") or "the charger does not answer")
    else:
        word = unsupported if isinstance(outcome, NotSupported) else refused
    return b'{"status":"%b"}' % word.encode()


def _configuration(done: Done) -> Message:
    rows = [(key_of(row.key), row) for row in done.settings]
    return responses.GetConfigurationResponse(
        configuration_key=tuple(
            KeyValue(key=key, readonly=row.readonly, value=row.value) for key, row in rows if key
        ),
        unknown_key=tuple(key_of(name) or name[:50] for name in done.unknown_keys) or None,
    )


def _schedule(data: str) -> Message:
    planned = msgspec.json.decode(data, type=Planned)
    return responses.GetCompositeScheduleResponse(
        status="Accepted",
        connector_id=planned.evse,
        schedule_start=rfc3339(planned.start_ms),
        charging_schedule=CompositeSchedule(
            duration=planned.duration_s,
            charging_rate_unit=planned.unit,
            charging_schedule_period=tuple(
                CompositePeriod(start_period=start_s, limit=rate // 100 / 10)
                for start_s, rate in planned.periods
            ),
        ),
    )


def follow_ups(_wish: Wish, _outcome: Outcome, *, now_ms: int) -> list[Call]:  # noqa: ARG001  2.x has some
    """What is told after the answer: in OCPP 1.6 only what events bring."""
    return []
