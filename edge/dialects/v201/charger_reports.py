"""What a charger tells beside charging in OCPP 2.x: reports, jobs, alarms, what others bound."""

from collections import OrderedDict
from typing import Any

from edge.dialects.arrival import Arrival
from edge.dialects.v201.states import States
from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v201 import diagnostics, operation, provisioning, security, smart_charging
from edge.ocpp.v201.types import Message
from edge.site.events import (
    AlertRaised,
    AnyEvent,
    CertificateRequested,
    Job,
    JobProgressed,
    JobState,
    NeedsStated,
    ReservationEnded,
)

MOST_REPORTS = 16
MOST_ROWS = 20_000  # of one report: a device model has some thousand variables

_FIRMWARE: dict[str, JobState] = {
    "DownloadScheduled": "scheduled",
    "Downloading": "downloading",
    "DownloadPaused": "paused",
    "Downloaded": "downloaded",
    "DownloadFailed": "failed",
    "SignatureVerified": "verified",
    "InvalidSignature": "failed",
    "InstallScheduled": "scheduled",
    "Installing": "installing",
    "InstallRebooting": "rebooting",
    "Installed": "installed",
    "InstallationFailed": "failed",
    "InstallVerificationFailed": "failed",
    "Idle": "idle",
}
_LOGS: dict[str, JobState] = {
    "Uploading": "uploading",
    "Uploaded": "uploaded",
    "UploadFailure": "failed",
    "BadMessage": "failed",
    "NotSupportedOperation": "failed",
    "PermissionDenied": "failed",
    "AcceptedCanceled": "failed",
    "Idle": "idle",
}
_NOT_CRITICAL = {  # by the appendices of part 2, section 1; what is not in that table is a vendor's own
    "FailedToAuthenticateAtCsms",
    "CsmsFailedToAuthenticate",
    "ReconfigurationOfSecurityParameters",
    "InvalidMessages",
    "AttemptedReplayAttacks",
    "InvalidFirmwareSignature",
    "InvalidFirmwareSigningCertificate",
}
_EVERYDAY = {"StartupOfTheDevice", "ResetOrReboot", "SettingSystemTime", "FirmwareUpdated"}
"""Critical by that table, and nothing that anybody must see: every boot brings them."""
_NOTICE = 5  # severities from here on (5 notice, 9 debug) need nobody's eyes


class Reports:
    """Reports that come in parts, by the number under which they were asked for."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, list[Any]] = OrderedDict()
        self._whole: set[int] = set()

    def expect(self, request_id: int) -> None:
        """It was asked for; what nobody asked for is not kept."""
        self._rows[request_id] = []
        while len(self._rows) > MOST_REPORTS:
            gone, _ = self._rows.popitem(last=False)
            self._whole.discard(gone)

    def add(self, request_id: int, rows: tuple[Any, ...] | None, *, is_last: bool) -> None:
        """A part of it."""
        kept = self._rows.get(request_id)
        if kept is None:
            return
        kept.extend(rows or ())
        del kept[MOST_ROWS:]
        if is_last:
            self._whole.add(request_id)

    def is_whole(self, request_id: int) -> bool:
        """Whether its last part has come."""
        return request_id in self._whole

    def take(self, request_id: int) -> list[Any]:
        """What came of it; it is forgotten here."""
        self._whole.discard(request_id)
        return self._rows.pop(request_id, [])


def events_of_reports(  # noqa: C901, PLR0911 - a line each
    request: Message, arrival: Arrival, reports: Reports, states: States
) -> tuple[AnyEvent, ...] | None:
    """What a CALL that is not about charging tells; None: nothing that is of use here."""
    if _is_part(request, reports):
        return ()
    match request:
        case diagnostics.FirmwareStatusNotification(status=status, request_id=number):
            return (_progress(arrival, "firmware", _FIRMWARE.get(status, "idle"), status, number),)
        case diagnostics.LogStatusNotification(status=status, request_id=number):
            return (_progress(arrival, "log", _LOGS.get(status, "idle"), status, number),)
        case diagnostics.NotifyEvent(event_data=rows):
            return tuple(event for row in rows for event in _device_event(row, arrival, states))
        case security.SecurityEventNotification():
            return (_security_event(request, arrival),)
        case security.SignCertificate(csr=csr):
            return (
                CertificateRequested(
                    charger=arrival.charger,
                    at_ms=arrival.now_ms,
                    seen_ms=arrival.mono_ms,
                    is_synchronised=arrival.is_synchronised,
                    csr=csr,
                ),
            )
        case operation.ReservationStatusUpdate():
            return (_reservation(request, arrival),)
        case smart_charging.NotifyEVChargingNeeds():
            return (_needs(request, arrival),)
        case smart_charging.NotifyChargingLimit(charging_limit=limit):
            sentence = f"is bounded by {limit.charging_limit_source}, too"
            return (alert(arrival, "external-limit", sentence, is_critical=False),)
        case smart_charging.ClearedChargingLimit(charging_limit_source=source):
            sentence = f"is bounded by {source} no longer"
            return (alert(arrival, "external-limit", sentence, is_critical=False),)
    return None


def _is_part(request: Message, reports: Reports) -> bool:
    """Whether it is a part of something that was asked for; it is kept until whoever asked takes it."""
    match request:
        case provisioning.NotifyReport(request_id=number, report_data=rows, tbc=more):
            reports.add(number, rows, is_last=not more)
        case smart_charging.ReportChargingProfiles(request_id=number, tbc=more):
            reports.add(number, (request,), is_last=not more)
        case diagnostics.NotifyMonitoringReport(request_id=number, monitor=monitors, tbc=more):
            reports.add(number, monitors, is_last=not more)
        case diagnostics.NotifyCustomerInformation(request_id=number, data=data, tbc=more):
            reports.add(number, (data,), is_last=not more)
        case diagnostics.NotifyDisplayMessages(request_id=number, message_info=messages, tbc=more):
            reports.add(number, messages, is_last=not more)
        case _:
            return False
    return True


def _progress(
    arrival: Arrival, job: Job, state: JobState, word: str, request_id: int | None
) -> JobProgressed:
    return JobProgressed(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        job=job,
        state=state,
        word=word,
        request_id=request_id,
    )


def alert(arrival: Arrival, word: str, sentence: str, *, is_critical: bool) -> AlertRaised:
    """Something that is worth keeping."""
    return AlertRaised(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        word=word,
        sentence=sentence,
        is_critical=is_critical,
    )


def _security_event(request: security.SecurityEventNotification, arrival: Arrival) -> AlertRaised:
    at_ms = arrival.stamp(request.timestamp)
    sentence = request.type if not request.tech_info else f"{request.type}: {request.tech_info}"
    return AlertRaised(
        charger=arrival.charger,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        word="security-event",
        sentence=sentence,
        is_critical=request.type not in _NOT_CRITICAL | _EVERYDAY,
    )


def _device_event(row: diagnostics.EventData, arrival: Arrival, states: States) -> tuple[AnyEvent, ...]:
    """A connector's state, as newer stations tell it; else something that a monitor found amiss."""
    evse = row.component.evse
    if row.variable.name == "AvailabilityState":
        if row.component.name != "Connector" or evse is None:
            return ()
        at_ms = arrival.stamp(row.timestamp)
        state = states.connector(evse.id, evse.connector_id or 1, row.actual_value, arrival, at_ms)
        return () if state is None else (state,)
    if row.trigger != "Alerting" or row.cleared:
        return ()
    where = f"{row.component.name} {evse.id}" if evse is not None else row.component.name
    why = f" ({row.tech_info})" if row.tech_info else ""
    sentence = f"{where}: {row.variable.name} is {row.actual_value[:200]}{why}"
    is_critical = row.severity is None or row.severity < _NOTICE
    return (alert(arrival, "device-event", sentence, is_critical=is_critical),)


def _reservation(request: operation.ReservationStatusUpdate, arrival: Arrival) -> ReservationEnded:
    is_expired = request.reservation_update_status == "Expired"
    return ReservationEnded(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        reservation_id=request.reservation_id,
        reason="expired" if is_expired else "cancelled",
    )


def _needs(request: smart_charging.NotifyEVChargingNeeds, arrival: Arrival) -> NeedsStated:
    """What the car says, as far as an AC site can use it."""
    needs, car = request.charging_needs, request.charging_needs.ac_charging_parameters
    try:
        departs_ms = None if needs.departure_time is None else epoch_ms(needs.departure_time)
    except Fault:
        departs_ms = None
    wanted_wh = None if car is None or car.energy_amount is None else max(0, round(car.energy_amount))
    return NeedsStated(
        charger=arrival.charger,
        evse=request.evse_id,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        departs_ms=departs_ms,
        energy_wh=wanted_wh,
    )
