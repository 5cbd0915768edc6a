"""What we want of chargers, as OCPP 1.6 calls; and what they answer, as outcomes."""

from edge.dialects.v16.settings import key_of, name_of
from edge.ocpp.rpc import NOT_IMPLEMENTED, NOT_SUPPORTED, CallRefused
from edge.ocpp.v16 import requests, responses
from edge.ocpp.v16.codec import action_of, decode_response, encode
from edge.ocpp.v16.types import AvailabilityType, Message, MessageTrigger
from edge.site.commands import (
    AnyCommand,
    ClearTokenCache,
    Done,
    NotSupported,
    Outcome,
    ReadSettings,
    Refused,
    ReportSchedule,
    Reset,
    SendVendorMessage,
    SetAvailability,
    Setting,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    WriteSettings,
)

ActionPayload = tuple[str, bytes]

_TRIGGERS: dict[str, MessageTrigger] = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "meter-values": "MeterValues",
    "status": "StatusNotification",
}


def calls_of(command: AnyCommand) -> tuple[ActionPayload, ...]:
    """The CALLs that carry a command out, to be sent in order; none when OCPP 1.6 has no words for it."""
    return tuple((action_of(request), encode(request)) for request in _requests(command))


def _requests(command: AnyCommand) -> tuple[Message, ...]:  # noqa: C901, PLR0911 - one line per command
    match command:
        case StartCharging():
            return (requests.RemoteStartTransaction(id_tag=command.token, connector_id=command.evse or None),)
        case StopCharging():
            return (requests.RemoteStopTransaction(transaction_id=command.transaction_id),)
        case Reset():
            return (requests.Reset(type="Hard" if command.hard else "Soft"),)
        case Unlock():
            return (requests.UnlockConnector(connector_id=command.evse),)
        case SetAvailability():
            wanted: AvailabilityType = "Operative" if command.operative else "Inoperative"
            return (requests.ChangeAvailability(connector_id=command.evse, type=wanted),)
        case ReadSettings():
            keys = tuple(key for name in command.keys if (key := key_of(name)))
            return (requests.GetConfiguration(key=keys or None),) if keys or not command.keys else ()
        case WriteSettings():
            pairs = ((key_of(name), value) for name, value in command.settings.items())
            return tuple(requests.ChangeConfiguration(key=key, value=value) for key, value in pairs if key)
        case Trigger():
            what = _TRIGGERS[command.what]
            return (requests.TriggerMessage(requested_message=what, connector_id=command.evse or None),)
        case ClearTokenCache():
            return (requests.ClearCache(),)
        case ReportSchedule():
            return (
                requests.GetCompositeSchedule(
                    connector_id=command.evse, duration=command.duration_s, charging_rate_unit=command.unit
                ),
            )
        case SendVendorMessage():
            return (
                requests.DataTransfer(
                    vendor_id=command.vendor, message_id=command.message, data=command.data
                ),
            )


def outcome_of(command: AnyCommand, action: str, raw: bytes) -> Outcome:
    """What the answer to one of a command's CALLs means. Raises Fault when it cannot be read."""
    match decode_response(action, raw):
        case responses.GetConfigurationResponse() as answer:
            return _settings(command, answer)
        case responses.GetCompositeScheduleResponse(status="Accepted", charging_schedule=schedule):
            return Done(data=None if schedule is None else encode(schedule).decode())
        case responses.DataTransferResponse(status="Accepted", data=data):
            return Done(data=data)
        case answer:
            return _by_status(str(getattr(answer, "status", "Accepted")))


def _by_status(status: str) -> Outcome:
    match status:
        case "Accepted" | "Unlocked":
            return Done()
        case "Scheduled":
            return Done(data="when the transaction has ended")
        case "RebootRequired":
            return Done(reboot_needed=True)
        case "NotSupported" | "NotImplemented" | "UnknownVendorId" | "UnknownMessageId":
            return NotSupported(sentence=f"the charger answers {status}")
    return Refused(sentence=f"the charger answers {status}")


def _settings(command: AnyCommand, answer: responses.GetConfigurationResponse) -> Done:
    inexpressible = tuple(name for name in getattr(command, "keys", ()) if key_of(name) is None)
    return Done(
        settings=tuple(
            Setting(key=name_of(row.key), value=row.value, readonly=row.readonly)
            for row in answer.configuration_key or ()
        ),
        unknown_keys=tuple(name_of(key) for key in answer.unknown_key or ()) + inexpressible,
    )


def outcome_of_refusal(refusal: CallRefused) -> Outcome:
    """What a CALLERROR to a command's CALL means."""
    sentence = f"the charger answers {refusal.code} {refusal.description}".strip()
    if refusal.code in {NOT_IMPLEMENTED, NOT_SUPPORTED}:
        return NotSupported(sentence=sentence)
    return Refused(sentence=sentence)


def together(outcomes: list[Outcome]) -> Outcome:
    """One outcome for a command of several CALLs: the first that is not Done, else all of it."""
    for outcome in outcomes:
        if not isinstance(outcome, Done):
            return outcome
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    if len(done) == 1:
        return done[0]
    return Done(reboot_needed=any(outcome.reboot_needed for outcome in done))
