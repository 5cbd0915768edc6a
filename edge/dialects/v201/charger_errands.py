"""Commands that take more than a status in OCPP 2.x: settings, firmware, logs, lists, schedules."""

from collections.abc import Iterator

from edge.dialects.v201.charger_reports import Reports
from edge.dialects.v201.outcomes import DONE, Pause, Procedure, by_status, of_status
from edge.dialects.v201.settings import name_of, place_of
from edge.dialects.v201.variables import Portions, portions
from edge.dialects.v201.words import TOKEN_STATUSES, id_token
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v201 import (
    authorisation,
    diagnostics,
    operation,
    provisioning,
    security,
    smart_charging,
)
from edge.ocpp.v201.codec import encode
from edge.ocpp.v201.types import Evse, IdTokenInfo
from edge.site.commands import (
    CertificateId,
    ChangeCredential,
    CollectLog,
    Done,
    ListedToken,
    NotSupported,
    ReadSettings,
    Refused,
    Report,
    ReportSchedule,
    SendTokens,
    SendVendorMessage,
    Setting,
    Started,
    Trigger,
    UpdateFirmware,
    WriteSettings,
)

_TRIGGERS: dict[Report, str] = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "meter-values": "MeterValues",
    "status": "StatusNotification",
    "firmware-status": "FirmwareStatusNotification",
    "log-status": "LogStatusNotification",
    "certificate-request": "SignChargingStationCertificate",
}
_ONE_CONNECTOR = 1
_PASSWORD = "SecurityCtrlr.BasicAuthPassword"  # noqa: S105  a name


def read_settings(command: ReadSettings, size: Portions, reports: Reports, *, number: int) -> Procedure:
    """By name in portions; all of them by a report, which comes in parts."""
    if not command.keys:
        return (yield from _read_all(reports, number))
    places = {name: place_of(name) for name in command.keys}
    settings: list[Setting] = []
    unknown = [name for name, place in places.items() if place is None]
    named = [(name, place) for name, place in places.items() if place is not None]
    for portion in portions(named, size.reads):
        rows = tuple(
            provisioning.GetVariableData(component=where, variable=what) for _, (where, what) in portion
        )
        answer = yield provisioning.GetVariables(get_variable_data=rows)
        assert isinstance(answer, provisioning.GetVariablesResponse)  # noqa: S101 - so the codec answers
        for (name, _), row in zip(portion, answer.get_variable_result, strict=False):
            if row.attribute_status == "Accepted":
                settings.append(Setting(key=name, value=row.attribute_value))
            elif row.attribute_status == "Rejected":  # it may be written, but not read: a password
                settings.append(Setting(key=name, value=None))
            else:
                unknown.append(name)
    return Done(settings=tuple(settings), unknown_keys=tuple(unknown))


def _read_all(reports: Reports, number: int) -> Procedure:
    """What can be set, else all there is."""
    for base in ("ConfigurationInventory", "FullInventory"):
        reports.expect(number)
        answer = yield provisioning.GetBaseReport(
            request_id=number,
            report_base="FullInventory" if base == "FullInventory" else "ConfigurationInventory",
        )
        outcome = by_status(answer)
        if isinstance(outcome, Done):
            break
    if not isinstance(outcome, Done):
        return outcome
    while not reports.is_whole(number):
        yield Pause()
    settings = []
    for row in reports.take(number):
        actual = [each for each in row.variable_attribute if each.type in {None, "Actual"}]
        if actual:
            is_readonly = actual[0].mutability == "ReadOnly"
            settings.append(
                Setting(key=name_of(row.component, row.variable), value=actual[0].value, readonly=is_readonly)
            )
    return Done(settings=tuple(settings))


def write_settings(command: WriteSettings, size: Portions) -> Procedure:
    """In portions; the first that is not taken ends it, and its name is told."""
    places = {name: place_of(name) for name in command.settings}
    if unknown := [name for name, place in places.items() if place is None]:
        return NotSupported(sentence=f"{', '.join(unknown)}: a setting is called Component.Variable")
    is_reboot_needed = False
    named = [(name, place) for name, place in places.items() if place is not None]
    for portion in portions(named, size.writes):
        rows = tuple(
            provisioning.SetVariableData(
                component=where, variable=what, attribute_value=command.settings[name]
            )
            for name, (where, what) in portion
        )
        answer = yield provisioning.SetVariables(set_variable_data=rows)
        assert isinstance(answer, provisioning.SetVariablesResponse)  # noqa: S101 - so the codec answers
        for (name, _), row in zip(portion, answer.set_variable_result, strict=False):
            outcome = of_status(row.attribute_status, row.attribute_status_info)
            if row.attribute_status.startswith("Unknown"):
                outcome = NotSupported(sentence=outcome.sentence if isinstance(outcome, Refused) else "")
            if not isinstance(outcome, Done):
                return type(outcome)(sentence=f"{name}: {outcome.sentence}")
            is_reboot_needed |= outcome.reboot_needed
    return Done(reboot_needed=is_reboot_needed)


def change_credential(command: ChangeCredential) -> Procedure:
    """A password is a text here: as it is, or as hexadecimal digits."""
    is_hex = command.form == "hex"
    password = command.password.hex() if is_hex else command.password.decode(errors="replace")
    where, what = place_of(_PASSWORD) or (None, None)
    assert where is not None  # noqa: S101 - it is a name
    assert what is not None  # noqa: S101 - it is a name
    row = provisioning.SetVariableData(component=where, variable=what, attribute_value=password)
    answer = yield provisioning.SetVariables(set_variable_data=(row,))
    assert isinstance(answer, provisioning.SetVariablesResponse)  # noqa: S101 - so the codec answers
    result = answer.set_variable_result[0]
    return of_status(result.attribute_status, result.attribute_status_info)


def trigger(command: Trigger) -> Procedure:
    """A state is a connector's; whatever else, an EVSE's."""
    evse = None
    if command.evse:
        connector = _ONE_CONNECTOR if command.what == "status" else None
        evse = Evse(id=command.evse, connector_id=connector)
    answer = yield operation.TriggerMessage(requested_message=_TRIGGERS[command.what], evse=evse)
    return by_status(answer)


def update_firmware(command: UpdateFirmware, now_ms: int) -> Procedure:
    """Signed where a signature is given."""
    answer = yield diagnostics.UpdateFirmware(
        request_id=command.request_id,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        firmware=diagnostics.Firmware(
            location=command.location,
            retrieve_date_time=rfc3339(command.retrieve_ms or now_ms),
            install_date_time=_written(command.install_ms),
            signing_certificate=command.certificate or None,
            signature=command.signature or None,
        ),
    )
    outcome = by_status(answer)
    return Started(request_id=command.request_id) if isinstance(outcome, Done) else outcome


def collect_log(command: CollectLog) -> Procedure:
    """GetLog."""
    answer = yield diagnostics.GetLog(
        log_type="SecurityLog" if command.log == "security" else "DiagnosticsLog",
        request_id=command.request_id,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        log=diagnostics.LogParameters(
            remote_location=command.location,
            oldest_timestamp=_written(command.since_ms),
            latest_timestamp=_written(command.until_ms),
        ),
    )
    outcome = by_status(answer)
    if isinstance(outcome, Done):
        return Started(request_id=command.request_id, file=getattr(answer, "filename", None))
    return outcome


def send_tokens(command: SendTokens) -> Procedure:
    """The list in messages that the charger can take; versions count on from message to message."""
    version = command.version
    if version <= 0:
        answer = yield authorisation.GetLocalListVersion()
        version = getattr(answer, "version_number", 0) + 1
    is_full = command.full
    for rows in _at_least_one(command.tokens, command.at_once):
        answer = yield authorisation.SendLocalList(
            version_number=version,
            update_type="Full" if is_full else "Differential",
            local_authorization_list=tuple(_row(token) for token in rows) or None,
        )
        outcome = by_status(answer)
        if not isinstance(outcome, Done):
            return outcome
        version, is_full = version + 1, False
    return Done(list_version=version - 1)


def _at_least_one(tokens: tuple[ListedToken, ...], size: int) -> Iterator[tuple[ListedToken, ...]]:
    """For an empty list is a list."""
    for start in range(0, max(1, len(tokens)), max(1, size)):
        yield tokens[start : start + max(1, size)]


def _row(token: ListedToken) -> authorisation.AuthorizationData:
    number = id_token(token.token)
    if token.status is None:
        return authorisation.AuthorizationData(id_token=number)
    return authorisation.AuthorizationData(
        id_token=number,
        id_token_info=IdTokenInfo(
            status=TOKEN_STATUSES[token.status],
            cache_expiry_date_time=_written(token.expires_ms),
            group_id_token=None if token.group is None else id_token(token.group),
        ),
    )


def read_list_version() -> Procedure:
    """GetLocalListVersion."""
    answer = yield authorisation.GetLocalListVersion()
    return Done(list_version=getattr(answer, "version_number", 0))


def report_schedule(command: ReportSchedule) -> Procedure:
    """GetCompositeSchedule."""
    answer = yield smart_charging.GetCompositeSchedule(
        evse_id=command.evse, duration=command.duration_s, charging_rate_unit=command.unit
    )
    outcome = by_status(answer)
    schedule = getattr(answer, "schedule", None)
    return Done(data=encode(schedule).decode()) if outcome == DONE and schedule is not None else outcome


def send_vendor_message(command: SendVendorMessage) -> Procedure:
    """DataTransfer, with a text as data."""
    answer = yield operation.DataTransfer(
        vendor_id=command.vendor, message_id=command.message, data=command.data
    )
    outcome = by_status(answer)
    if outcome != DONE or not isinstance(answer, operation.DataTransferResponse):
        return outcome
    data = answer.data
    return Done(data=data if data is None or isinstance(data, str) else str(data))


def list_certificates(use: str) -> Procedure:
    """GetInstalledCertificateIds."""
    answer = yield security.GetInstalledCertificateIds(certificate_type=(use,))
    assert isinstance(answer, security.GetInstalledCertificateIdsResponse)  # noqa: S101 - so the codec answers
    found = [row.certificate_hash_data for row in answer.certificate_hash_data_chain or ()]
    return Done(
        certificates=tuple(
            CertificateId(
                algorithm=row.hash_algorithm,
                issuer_name_hash=row.issuer_name_hash,
                issuer_key_hash=row.issuer_key_hash,
                serial_number=row.serial_number,
            )
            for row in found
        )
    )


def _written(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
