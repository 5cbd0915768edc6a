"""Words of OCPP 1.6 and the site's words for the same, both ways."""

from typing import Literal, get_args

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v16.types import (
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    IdTagInfo,
    ReadingContext,
    Reason,
    RegistrationStatus,
)
from edge.site.events import EvseState, StopReason, TokenAnswer

STATES: dict[ChargePointStatus, EvseState] = {
    "Available": "available",
    "Preparing": "occupied",
    "Charging": "charging",
    "SuspendedEV": "suspended-car",
    "SuspendedEVSE": "suspended-evse",
    "Finishing": "finishing",
    "Reserved": "reserved",
    "Unavailable": "unavailable",
    "Faulted": "faulted",
}
STATUSES: dict[EvseState, ChargePointStatus] = {state: status for status, state in STATES.items()}

REASONS: dict[Reason, StopReason] = {
    "Local": "local",
    "Remote": "remote",
    "EVDisconnected": "car-left",
    "PowerLoss": "power-loss",
    "Reboot": "reboot",
    "EmergencyStop": "emergency",
    "DeAuthorized": "deauthorized",
    "UnlockCommand": "unlock",
    "HardReset": "hard-reset",
    "SoftReset": "soft-reset",
    "Other": "other",
}
STOP_REASONS: dict[StopReason, Reason] = {word: reason for reason, word in REASONS.items()}

CONTEXTS: dict[ReadingContext, str] = {
    "Sample.Periodic": "periodic",
    "Sample.Clock": "clock",
    "Transaction.Begin": "begin",
    "Transaction.End": "end",
    "Trigger": "trigger",
    "Interruption.Begin": "interruption-begin",
    "Interruption.End": "interruption-end",
    "Other": "other",
}
READING_CONTEXTS: dict[str, ReadingContext] = {word: context for context, word in CONTEXTS.items()}

RegistrationWord = Literal["accepted", "pending", "rejected"]
REGISTRATIONS: dict[RegistrationWord, RegistrationStatus] = {
    "accepted": "Accepted",
    "pending": "Pending",
    "rejected": "Rejected",
}

REGISTRATION_WORDS: dict[RegistrationStatus, RegistrationWord] = {
    status: word for word, status in REGISTRATIONS.items()
}

TokenWord = Literal["accepted", "blocked", "expired", "invalid", "concurrent-tx"]
TOKEN_STATUSES: dict[TokenWord, AuthorizationStatus] = {
    "accepted": "Accepted",
    "blocked": "Blocked",
    "expired": "Expired",
    "invalid": "Invalid",
    "concurrent-tx": "ConcurrentTx",
}

TOKEN_WORDS: dict[AuthorizationStatus, TokenWord] = {status: word for word, status in TOKEN_STATUSES.items()}

ERROR_CODES: dict[str, ChargePointErrorCode] = {code: code for code in get_args(ChargePointErrorCode)}


def id_tag_info(token: TokenAnswer) -> IdTagInfo:
    """What the site thinks of a token, as a central system says it."""
    return IdTagInfo(
        status=TOKEN_STATUSES[token.status],
        expiry_date=None if token.expires_ms is None else rfc3339(token.expires_ms),
        parent_id_tag=None if token.group is None else token.group[:20],
    )


def token_answer(info: IdTagInfo) -> TokenAnswer:
    """What a central system says of a token, as the site thinks it.

    A broken date is no date: the answer to a start must not be lost, and asked for again for ever, for it.
    """
    try:
        expires_ms = None if info.expiry_date is None else epoch_ms(info.expiry_date)
    except Fault:
        expires_ms = None
    return TokenAnswer(status=TOKEN_WORDS[info.status], group=info.parent_id_tag, expires_ms=expires_ms)
