"""What a charger's answer to a command means in OCPP 2.x."""

from collections.abc import Generator

from edge.ocpp.rpc import NOT_IMPLEMENTED, NOT_SUPPORTED, CallRefused
from edge.ocpp.v201.types import Message, StatusInfo
from edge.site.commands import Done, NotSupported, Outcome, Refused


class Pause(Message, frozen=True, kw_only=True):
    """Nothing to ask: go on when the charger has told something more."""


Procedure = Generator[Message, Message, Outcome]
"""Yields requests, is sent their responses, returns the outcome. A CallRefused is thrown into it."""

DONE = Done()
_MEANINGS = {
    "Occupied": "it is occupied",
    "Faulted": "it has a fault",
    "Unavailable": "it is out of service",
    "VersionMismatch": "it has another version of the list",
    "NotFound": "it has no such certificate",
    "InvalidCertificate": "the certificate is not valid",
    "RevokedCertificate": "the certificate is revoked",
    "UnlockFailed": "the plug could not be released",
    "OngoingAuthorizedTransaction": "somebody charges there: stop that first",
    "UnknownConnector": "it has no such connector",
    "NoProfiles": "it has no such profiles",
    "EmptyResultSet": "it has nothing of that kind",
    "UnknownComponent": "it has no such component",
    "UnknownVariable": "it has no such variable",
}
_LACKING = frozenset(
    {"NotSupported", "NotImplemented", "UnknownVendorId", "UnknownMessageId", "NotSupportedAttributeType"}
)


def by_status(answer: Message) -> Done | Refused | NotSupported:
    """What the status of a response means; a response without one is good news."""
    info = getattr(answer, "status_info", None)
    return of_status(str(getattr(answer, "status", "Accepted")), info)


def of_status(status: str, info: StatusInfo | None = None) -> Done | Refused | NotSupported:
    """What a status means, with what the charger says about it."""
    if status in ("Accepted", "AcceptedCanceled", "Unlocked"):
        return DONE
    if status == "Scheduled":
        return Done(data="when the transaction has ended")
    if status == "RebootRequired":
        return Done(reboot_needed=True)
    said = "" if info is None else f" ({info.reason_code} {info.additional_info or ''}".rstrip() + ")"
    meaning = _MEANINGS.get(status)
    sentence = f"the charger answers {status}" + (f": {meaning}" if meaning else "") + said
    if status in _LACKING:
        return NotSupported(sentence=sentence)
    return Refused(sentence=sentence)


def of_refusal(refusal: CallRefused) -> Refused | NotSupported:
    """What a CALLERROR to a command's CALL means."""
    sentence = f"the charger answers {refusal.code} {refusal.description}".strip()
    if refusal.code in {NOT_IMPLEMENTED, NOT_SUPPORTED}:
        return NotSupported(sentence=sentence)
    return Refused(sentence=sentence)


def once(request: Message) -> Procedure:
    """One CALL, whose status is the outcome."""
    answer = yield request
    return by_status(answer)
