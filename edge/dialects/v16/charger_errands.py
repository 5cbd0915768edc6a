"""Commands that take more than one answer of a charger in OCPP 1.6: reports, firmware, logs, token lists."""

from collections.abc import Iterator

from edge.dialects.v16.outcomes import Procedure, by_status, of_refusal
from edge.dialects.v16.words import TOKEN_STATUSES
from edge.ocpp.rpc import CallRefused
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16 import firmware, local_list, requests, security
from edge.ocpp.v16.types import IdTagInfo, Message, MessageTrigger
from edge.site.commands import (
    CollectLog,
    Done,
    ListedToken,
    NotSupported,
    Refused,
    Report,
    SendTokens,
    Started,
    Trigger,
    UpdateFirmware,
)

_TRIGGERS: dict[Report, MessageTrigger] = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "meter-values": "MeterValues",
    "status": "StatusNotification",
    "firmware-status": "FirmwareStatusNotification",
    "log-status": "DiagnosticsStatusNotification",
}
_EXTENDED: dict[Report, security.ExtendedTrigger] = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "meter-values": "MeterValues",
    "status": "StatusNotification",
    "firmware-status": "FirmwareStatusNotification",
    "log-status": "LogStatusNotification",
    "certificate-request": "SignChargePointCertificate",
}


def trigger(command: Trigger) -> Procedure:
    """TriggerMessage, and where that cannot ask for it ExtendedTriggerMessage."""
    connector = command.evse or None
    asked: list[Message] = []
    if plain := _TRIGGERS.get(command.what):
        asked.append(requests.TriggerMessage(requested_message=plain, connector_id=connector))
    extended = security.ExtendedTriggerMessage(
        requested_message=_EXTENDED[command.what], connector_id=connector
    )
    return (yield from _first_supported([*asked, extended]))


def _first_supported(alternatives: list[Message]) -> Procedure:
    """What the first request that the charger has brings; the outcome of the first when it has none."""
    lacking = []
    for request in alternatives:
        try:
            answer = yield request
        except CallRefused as refusal:
            outcome: Done | Refused | NotSupported = of_refusal(refusal)
        else:
            outcome = by_status(answer)
        if not isinstance(outcome, NotSupported):
            return outcome
        lacking.append(outcome)
    return lacking[0]


def update_firmware(command: UpdateFirmware, now_ms: int) -> Procedure:
    """Signed where a signature is given, and never unsigned then."""
    retrieve = rfc3339(command.retrieve_ms or now_ms)
    if not command.signature:
        yield firmware.UpdateFirmware(
            location=command.location,
            retrieve_date=retrieve,
            retries=command.retries,
            retry_interval=command.retry_interval_s,
        )
        return Started(request_id=command.request_id)
    answer = yield security.SignedUpdateFirmware(
        request_id=command.request_id,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        firmware=security.Firmware(
            location=command.location,
            retrieve_date_time=retrieve,
            install_date_time=_written(command.install_ms),
            signing_certificate=command.certificate,
            signature=command.signature,
        ),
    )
    outcome = by_status(answer)
    return Started(request_id=command.request_id) if isinstance(outcome, Done) else outcome


def collect_log(command: CollectLog) -> Procedure:
    """GetLog; a charger without the security extension has GetDiagnostics, but no security log."""
    try:
        answer = yield security.GetLog(
            log_type="SecurityLog" if command.log == "security" else "DiagnosticsLog",
            request_id=command.request_id,
            retries=command.retries,
            retry_interval=command.retry_interval_s,
            log=security.LogParameters(
                remote_location=command.location,
                oldest_timestamp=_written(command.since_ms),
                latest_timestamp=_written(command.until_ms),
            ),
        )
    except CallRefused as refusal:
        outcome = of_refusal(refusal)
        if command.log == "security" or not isinstance(outcome, NotSupported):
            return outcome
        return (yield from _collect_diagnostics(command))
    verdict = by_status(answer)
    if isinstance(verdict, Done):
        return Started(request_id=command.request_id, file=getattr(answer, "filename", None))
    return verdict


def _collect_diagnostics(command: CollectLog) -> Procedure:
    answer = yield firmware.GetDiagnostics(
        location=command.location,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        start_time=_written(command.since_ms),
        stop_time=_written(command.until_ms),
    )
    name = getattr(answer, "file_name", None)
    if not name:  # section 5.8: nothing to upload, and no notification will follow
        return Refused(sentence="the charger has nothing to upload")
    return Started(request_id=command.request_id, file=name)


def send_tokens(command: SendTokens) -> Procedure:
    """The list in messages that the charger can take; versions count on from message to message."""
    version = command.version
    if version <= 0:
        answer = yield local_list.GetLocalListVersion()
        present = getattr(answer, "list_version", -1)
        if present < 0:
            return NotSupported(sentence="the charger keeps no list")
        version = present + 1
    update = "Full" if command.full else "Differential"
    for rows in _portions(command.tokens, command.at_once):
        answer = yield local_list.SendLocalList(
            list_version=version,
            update_type="Full" if update == "Full" else "Differential",
            local_authorization_list=tuple(_row(token) for token in rows) or None,
        )
        outcome = by_status(answer)
        if not isinstance(outcome, Done):
            return outcome
        version, update = version + 1, "Differential"
    return Done(list_version=version - 1)


def _portions(tokens: tuple[ListedToken, ...], size: int) -> Iterator[tuple[ListedToken, ...]]:
    """At least one, for an empty list is a list."""
    step = max(1, size)
    for start in range(0, max(1, len(tokens)), step):
        yield tokens[start : start + step]


def _row(token: ListedToken) -> local_list.AuthorizationData:
    if token.status is None:
        return local_list.AuthorizationData(id_tag=token.token)
    return local_list.AuthorizationData(
        id_tag=token.token,
        id_tag_info=IdTagInfo(
            status=TOKEN_STATUSES[token.status],
            expiry_date=_written(token.expires_ms),
            parent_id_tag=token.group,
        ),
    )


def _written(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
