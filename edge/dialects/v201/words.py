"""Words of OCPP 2.x and the site's words for the same."""

import re

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v201.types import IdToken, IdTokenInfo
from edge.site.events import EvseState, StopReason, TokenAnswer

CONNECTOR_STATES: dict[str, EvseState] = {
    "Available": "available",
    "Occupied": "occupied",
    "Reserved": "reserved",
    "Unavailable": "unavailable",
    "Faulted": "faulted",
}
MOST_ENGAGED: tuple[EvseState, ...] = ("occupied", "reserved", "available", "unavailable", "faulted")
"""What an EVSE is of which several connectors tell: one that is in use is in use."""

CHARGING_STATES: dict[str, EvseState] = {
    "Charging": "charging",
    "EVConnected": "occupied",
    "SuspendedEV": "suspended-car",
    "SuspendedEVSE": "suspended-evse",
    "Idle": "available",  # authorised, and no car yet
}

REASONS: dict[str, StopReason] = {
    "Local": "local",
    "Remote": "remote",
    "EVDisconnected": "car-left",
    "StoppedByEV": "car-left",
    "PowerLoss": "power-loss",
    "Reboot": "reboot",
    "EmergencyStop": "emergency",
    "DeAuthorized": "deauthorized",
    "LocalOutOfCredit": "deauthorized",
    "MasterPass": "local",
    "ImmediateReset": "hard-reset",
}
"""What is not here is "other": limits of energy, time and charge, faults, and what later versions add."""

CONTEXTS: dict[str, str] = {
    "Sample.Periodic": "periodic",
    "Sample.Clock": "clock",
    "Transaction.Begin": "begin",
    "Transaction.End": "end",
    "Trigger": "trigger",
    "Interruption.Begin": "interruption-begin",
    "Interruption.End": "interruption-end",
    "Other": "other",
}

TOKEN_STATUSES: dict[str, str] = {
    "accepted": "Accepted",
    "blocked": "Blocked",
    "expired": "Expired",
    "invalid": "Invalid",
    "concurrent-tx": "ConcurrentTx",
}
TOKEN_WORDS = {status: word for word, status in TOKEN_STATUSES.items()}

FREE = "NoAuthorization"  # a token of this type has no number
_CARD = re.compile(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})")  # a UID of 4, 7 or 10 bytes
_CONTRACT = re.compile(r"[A-Za-z]{2}-?[A-Za-z0-9]{3}-?C?[A-Za-z0-9]{8}-?[A-Za-z0-9]?")


def token_of(wire: IdToken) -> str:
    """The token's number; empty where nobody had to show one."""
    return "" if wire.type == FREE else wire.id_token


def id_token(token: str) -> IdToken:
    """A token as OCPP 2.x writes it, of the kind that its number looks like."""
    if not token:
        return IdToken(id_token="", type=FREE)
    if _CARD.fullmatch(token):
        return IdToken(id_token=token, type="ISO14443")
    return IdToken(id_token=token, type="eMAID" if _CONTRACT.fullmatch(token) else "Central")


def id_token_info(token: TokenAnswer) -> IdTokenInfo:
    """What the site thinks of a token, as a CSMS says it."""
    return IdTokenInfo(
        status=TOKEN_STATUSES[token.status],
        cache_expiry_date_time=None if token.expires_ms is None else rfc3339(token.expires_ms),
        group_id_token=None if token.group is None else IdToken(id_token=token.group[:36], type="Central"),
    )


def token_answer(info: IdTokenInfo) -> TokenAnswer:
    """What a CSMS says of a token, as the site thinks it. A broken date is no date; an unknown no is no."""
    try:
        expires_ms = None if info.cache_expiry_date_time is None else epoch_ms(info.cache_expiry_date_time)
    except Fault:
        expires_ms = None
    group = None if info.group_id_token is None else info.group_id_token.id_token
    word = TOKEN_WORDS.get(info.status, "invalid")
    return TokenAnswer(status=word, group=group, expires_ms=expires_ms)  # type: ignore[arg-type]
