"""How a simulated charger answers what its CSMS asks of it (OCPP 1.6 ed. 2 section 5)."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec.structs import replace

from edge.ocpp.rpc import NOT_SUPPORTED, Fault
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.ocpp.v16 import security
from edge.ocpp.v16.types import (
    ChargingProfile,
    CompositePeriod,
    CompositeSchedule,
    KeyValue,
    Message,
    MessageTrigger,
)
from edge.simulator.aside_answers import AsideAnswers
from edge.simulator.connector import Connector
from edge.simulator.jobs import Jobs
from edge.simulator.station import Station

Triggered = MessageTrigger | Literal["LogStatusNotification"]


class Afterwards(Protocol):
    """What the charger does once the answer is out."""

    def send(self, message: Triggered, connectors: list[Connector]) -> None:
        """The message that was triggered."""

    def password_changed(self) -> None:
        """A new connection, with the new password."""

    def reset(self, *, is_hard: bool) -> None:
        """A reboot."""

    def start(self, connector: Connector, token: str, profile: ChargingProfile | None) -> None:
        """A transaction with this token and profile, authorised first where the configuration says so."""


class Answers:
    """One charger's answers; each takes effect at once unless it is said to come afterwards."""

    def __init__(
        self, station: Station, afterwards: Afterwards, jobs: Jobs, mono_ms: Callable[[], int]
    ) -> None:
        self._station = station
        self._aside = AsideAnswers(station, jobs).table()
        self._afterwards = afterwards
        self._mono_ms = mono_ms

    def answer(self, request: Message) -> Message:
        """The response to any request. Raises Fault for what this charger has not got."""
        table: dict[type[Message], Callable[[Any], Message]] = {
            ask.ChangeAvailability: self._availability,
            ask.ChangeConfiguration: self._change,
            ask.ClearCache: lambda _: tell.ClearCacheResponse(status="Rejected"),
            ask.ClearChargingProfile: self._clear,
            ask.DataTransfer: lambda _: tell.DataTransferResponse(status="UnknownVendorId"),
            ask.GetCompositeSchedule: self._composite,
            ask.GetConfiguration: self._configuration,
            ask.RemoteStartTransaction: self._remote_start,
            ask.RemoteStopTransaction: self._remote_stop,
            ask.Reset: self._reset,
            ask.SetChargingProfile: self._install,
            ask.TriggerMessage: self._trigger,
            ask.UnlockConnector: self._unlock,
            security.ExtendedTriggerMessage: self._trigger_extended,
        }
        answer = table.get(type(request)) or self._aside.get(type(request))
        if answer is None:
            raise Fault(NOT_SUPPORTED, f"{type(request).__name__} is not for chargers")
        return answer(request)

    def _install(self, request: ask.SetChargingProfile) -> Message:
        connector = self._station.connector(request.connector_id)
        if self._station.oddities.rejects_profiles or (connector is None and request.connector_id != 0):
            return tell.SetChargingProfileResponse(status="Rejected")
        charging = self._station.charging(connector) if connector else None
        profile = request.cs_charging_profiles
        if self._dislikes(profile):
            return tell.SetChargingProfileResponse(status="Rejected")
        if self._station.oddities.keeps_first_period:
            profile = _without_later_periods(profile)
        status = self._station.profiles.install(request.connector_id, profile, charging)
        return tell.SetChargingProfileResponse(status=status)

    def _dislikes(self, profile: ChargingProfile) -> bool:
        schedule = profile.charging_schedule
        if schedule.charging_rate_unit not in self._station.configuration.units:
            return True
        has_zero = any(period.limit == 0 for period in schedule.charging_schedule_period)
        return has_zero and self._station.oddities.refuses_zero

    def _clear(self, request: ask.ClearChargingProfile) -> Message:
        return tell.ClearChargingProfileResponse(status=self._station.profiles.clear(request))

    def _change(self, request: ask.ChangeConfiguration) -> Message:
        status = self._station.configuration.change(request.key, request.value)
        if request.key == "AuthorizationKey" and status == "Accepted":
            self._afterwards.password_changed()
        return tell.ChangeConfigurationResponse(status=status)

    def _reset(self, request: ask.Reset) -> Message:
        self._afterwards.reset(is_hard=request.type == "Hard")
        return tell.ResetResponse(status="Accepted")

    def _composite(self, request: ask.GetCompositeSchedule) -> Message:
        connector = self._station.connector(request.connector_id)
        if connector is None or request.charging_rate_unit == "W":  # it keeps its limits in A
            return tell.GetCompositeScheduleResponse(status="Rejected")
        most_ma = connector.evse.plan.max_ma
        periods = [
            CompositePeriod(
                start_period=second, limit=(most_ma if limit_ma is None else min(limit_ma, most_ma)) / 1_000
            )
            for second, limit_ma in self._station.schedule(connector, request.duration)
        ]
        stamp = self._station.clock.stamp()
        return tell.GetCompositeScheduleResponse(
            status="Accepted",
            connector_id=connector.number,
            schedule_start=stamp,
            charging_schedule=CompositeSchedule(
                duration=request.duration,
                start_schedule=stamp,
                charging_rate_unit="A",
                charging_schedule_period=tuple(periods),
            ),
        )

    def _configuration(self, request: ask.GetConfiguration) -> Message:
        keys, unknown = self._station.configuration.read(list(request.key or ()))
        return tell.GetConfigurationResponse(
            configuration_key=tuple(
                KeyValue(key=key.name, readonly=key.is_readonly, value=key.value) for key in keys
            ),
            unknown_key=tuple(unknown) or None,
        )

    def _remote_start(self, request: ask.RemoteStartTransaction) -> Message:
        connector = self._free(request.connector_id, request.id_tag)
        if connector is None or not self._station.is_accepted:  # section 4.2: not while Pending
            return tell.RemoteStartTransactionResponse(status="Rejected")
        self._afterwards.start(connector, request.id_tag, request.charging_profile)
        return tell.RemoteStartTransactionResponse(status="Accepted")

    def _free(self, number: int | None, token: str) -> Connector | None:
        """The connector asked for, or the first that could charge; None when it cannot."""
        asked = self._station.connectors if number is None else [self._station.connector(number)]
        usable = [c for c in asked if c is not None and c.transaction is None and c.is_operative]
        group = self._station.local_list.group(token)
        usable = [c for c in usable if not self._station.refuses(c, token, group)]
        return next((c for c in usable if c.is_plugged), usable[0] if usable else None)

    def _remote_stop(self, request: ask.RemoteStopTransaction) -> Message:
        connector = self._station.running(request.transaction_id)
        if connector is None:
            return tell.RemoteStopTransactionResponse(status="Rejected")
        self._station.end(connector, "Remote", self._mono_ms())
        return tell.RemoteStopTransactionResponse(status="Accepted")

    def _trigger(self, request: ask.TriggerMessage) -> Message:
        is_there = self._send(request.requested_message, request.connector_id)
        return tell.TriggerMessageResponse(status="Accepted" if is_there else "Rejected")

    def _trigger_extended(self, request: security.ExtendedTriggerMessage) -> Message:
        if request.requested_message == "SignChargePointCertificate":  # it has no key of its own
            return security.ExtendedTriggerMessageResponse(status="NotImplemented")
        is_there = self._send(request.requested_message, request.connector_id)
        return security.ExtendedTriggerMessageResponse(status="Accepted" if is_there else "Rejected")

    def _send(self, wanted: Triggered, number: int | None) -> bool:
        """Have a message sent; False when there is no such connector."""
        connectors = self._station.connectors
        if number and wanted in {"MeterValues", "StatusNotification"}:
            connector = self._station.connector(number)
            if connector is None:
                return False
            connectors = [connector]
        self._afterwards.send(wanted, connectors)
        return True

    def _availability(self, request: ask.ChangeAvailability) -> Message:
        connector = self._station.connector(request.connector_id)
        if connector is None and request.connector_id != 0:
            return tell.ChangeAvailabilityResponse(status="Rejected")
        concerned = self._station.connectors if connector is None else [connector]
        for one in concerned:
            one.is_operative = request.type == "Operative"
        is_busy = any(one.transaction is not None for one in concerned)
        return tell.ChangeAvailabilityResponse(
            status="Scheduled" if is_busy and request.type == "Inoperative" else "Accepted"
        )

    def _unlock(self, request: ask.UnlockConnector) -> Message:
        connector = self._station.connector(request.connector_id)
        if connector is None:
            return tell.UnlockConnectorResponse(status="NotSupported")
        if self._station.oddities.jams:
            return tell.UnlockConnectorResponse(status="UnlockFailed")
        if connector.transaction is not None:
            self._station.end(connector, "UnlockCommand", self._mono_ms())
        return tell.UnlockConnectorResponse(status="Unlocked")


def _without_later_periods(profile: ChargingProfile) -> ChargingProfile:
    schedule = profile.charging_schedule
    first = replace(schedule, charging_schedule_period=schedule.charging_schedule_period[:1])
    return replace(profile, charging_schedule=first)
