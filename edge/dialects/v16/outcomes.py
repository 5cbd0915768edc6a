"""What a charger's answer to a command means."""

from collections.abc import Generator

from edge.ocpp.rpc import NOT_IMPLEMENTED, NOT_SUPPORTED, CallRefused
from edge.ocpp.v16.types import Message
from edge.site.commands import Done, NotSupported, Outcome, Refused

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
}


def by_status(answer: Message) -> Done | Refused | NotSupported:
    """What the status of a response means; a response without one is good news."""
    status = str(getattr(answer, "status", "Accepted"))
    match status:
        case "Accepted" | "AcceptedCanceled" | "Unlocked":
            return DONE
        case "Scheduled":
            return Done(data="when the transaction has ended")
        case "RebootRequired":
            return Done(reboot_needed=True)
        case "NotSupported" | "NotImplemented" | "UnknownVendorId" | "UnknownMessageId":
            return NotSupported(sentence=f"the charger answers {status}")
    meaning = _MEANINGS.get(status)
    return Refused(sentence=f"the charger answers {status}" + (f": {meaning}" if meaning else ""))


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
