"""A simulated charger's own words in OCPP 2.0.1 and 2.1: what it says by itself.

Its transactions have names of their own, their messages count up, and what belongs to the time before this
connection says that it was offline. A repeated message is the same, byte for byte.
"""

from typing import TypeVar

import msgspec

from edge.links.ocppj import Connection
from edge.ocpp.rpc import NOT_IMPLEMENTED, Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v16 import codec as own_codec
from edge.ocpp.v16 import firmware, security
from edge.ocpp.v16 import requests as own
from edge.ocpp.v16 import responses as own_answers
from edge.ocpp.v16.types import IdTagInfo, Message
from edge.ocpp.v16.types import MeterValue as OwnMeterValue
from edge.ocpp.v21.codec import CODEC as V21
from edge.ocpp.v201 import authorisation, diagnostics, operation, provisioning, transactions
from edge.ocpp.v201 import security as security_201
from edge.ocpp.v201.codec import CODEC as V201
from edge.ocpp.v201.codec import action_of, encode
from edge.ocpp.v201.types import Evse, IdToken, IdTokenInfo, MeterValue, SampledValue, UnitOfMeasure
from edge.ocpp.v201.types import Message as Wire
from edge.simulator.answers import Answers
from edge.simulator.answers_201 import Answers201
from edge.simulator.books import Transaction
from edge.simulator.connector import Connector
from edge.simulator.station import Station

Answer = TypeVar("Answer", bound=Message)

_STATES = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
}
_REASONS = {"HardReset": "ImmediateReset", "SoftReset": "Reboot", "UnlockCommand": "Other"}
_PLAIN = {"Available", "Reserved", "Unavailable", "Faulted"}
_OFFLINE_MS = 1_000


def speech(version: str, station: Station) -> "Speech201":
    """One charger's."""
    return Speech201(station, version)


def own_id_of(transaction: Transaction) -> str:
    """What the charger calls a transaction."""
    return f"{transaction.connector}-{transaction.started_ms}-{transaction.meter_start_wh}"[:36]


class Speech201:
    """A `Speech`."""

    def __init__(self, station: Station, version: str) -> None:
        self.subprotocol = f"ocpp{version}"
        self._station = station
        self._codec = V21 if version == "2.1" else V201
        self._answers = Answers201(station, self._codec)
        self._begun_ms = 0
        self._counts: dict[str, int] = {}
        self._last: tuple[str, Wire] | None = None  # what may be repeated

    def begin(self, now_ms: int) -> None:
        """A new connection: what happened before it happened offline."""
        self._begun_ms = now_ms

    def answer(self, action: str, payload: msgspec.Raw, answers: Answers) -> bytes:
        """Do what is asked and put the answer into words."""
        return self._answers.answer(action, payload, answers)

    async def ask(
        self,
        connection: Connection,
        request: Message,
        expected: type[Answer],
        *,
        timeout_s: float,
        message_id: str | None = None,
        about: Transaction | None = None,
    ) -> Answer:
        """Say it in words of 2.x; the answer in the charger's own."""
        wire = self._worded(request, about, message_id)
        raw = await connection.call(action_of(wire), encode(wire), timeout_s=timeout_s, message_id=message_id)
        heard = self._codec.decode_response(action_of(wire), raw)
        if isinstance(request, own.StatusNotification):
            await self._tell_charging(connection, request.connector_id, timeout_s)
        answer = self._understood(request, heard, about)
        if not isinstance(answer, expected):
            raise TypeError(request)
        return answer

    # -- out ---------------------------------------------------------------------------------------------

    def _worded(self, request: Message, about: Transaction | None, message_id: str | None) -> Wire:
        if message_id is not None and self._last is not None and self._last[0] == message_id:
            return self._last[1]
        wire = self._said(request, about)
        if message_id is not None:
            self._last = (message_id, wire)
        return wire

    def _said(self, request: Message, about: Transaction | None) -> Wire:
        match request:
            case own.BootNotification():
                station = provisioning.ChargingStation(
                    model=request.charge_point_model,
                    vendor_name=request.charge_point_vendor,
                    serial_number=request.charge_point_serial_number,
                    firmware_version=request.firmware_version,
                )
                return provisioning.BootNotification(charging_station=station, reason="PowerUp")
            case own.Heartbeat():
                return operation.Heartbeat()
            case own.Authorize(id_tag=token):
                return authorisation.Authorize(id_token=_id_token(token))
            case own.StatusNotification():
                return operation.StatusNotification(
                    timestamp=request.timestamp or self._station.clock.stamp(),
                    connector_status=request.status if request.status in _PLAIN else "Occupied",
                    evse_id=request.connector_id,
                    connector_id=1,
                )
            case own.StartTransaction() | own.StopTransaction() | own.MeterValues() if about is not None:
                return self._event(request, about)
            case own.MeterValues():
                values = tuple(_meter_value(value) for value in request.meter_value)
                return transactions.MeterValues(evse_id=request.connector_id, meter_value=values)
            case _:
                return _report(request)

    def _event(
        self, request: own.StartTransaction | own.StopTransaction | own.MeterValues, about: Transaction
    ) -> Wire:
        connector = self._station.connectors[about.connector - 1]
        match request:
            case own.StartTransaction():
                sample = _register(request.meter_start, request.timestamp, "Transaction.Begin")
                return self._transaction_event(
                    about,
                    "Started",
                    "Authorized",
                    request.timestamp,
                    charging_state=_state(connector),
                    token=request.id_tag,
                    reservation_id=request.reservation_id,
                    values=(sample,),
                )
            case own.StopTransaction():
                sample = _register(request.meter_stop, request.timestamp, "Transaction.End")
                reason = request.reason or "Local"
                return self._transaction_event(
                    about,
                    "Ended",
                    "RemoteStop" if reason == "Remote" else "EVDeparted",
                    request.timestamp,
                    stopped_reason=_REASONS.get(reason, reason),
                    token=request.id_tag,
                    values=(sample,),
                )
        values = tuple(_meter_value(value) for value in request.meter_value)
        return self._transaction_event(
            about,
            "Updated",
            "MeterValuePeriodic",
            request.meter_value[0].timestamp,
            charging_state=_state(connector) if connector.transaction is about else None,
            values=values,
        )

    def _transaction_event(
        self,
        about: Transaction,
        kind: str,
        trigger: str,
        stamp: str,
        *,
        charging_state: str | None = None,
        stopped_reason: str | None = None,
        token: str | None = None,
        reservation_id: int | None = None,
        values: tuple[MeterValue, ...] | None = None,
    ) -> transactions.TransactionEvent:
        own_id = own_id_of(about)
        seq_no = self._counts.get(own_id, 0)
        self._counts[own_id] = seq_no + 1
        return transactions.TransactionEvent(
            event_type=kind,  # type: ignore[arg-type]
            timestamp=stamp,
            trigger_reason=trigger,
            seq_no=seq_no,
            offline=epoch_ms(stamp) < self._begun_ms - _OFFLINE_MS,
            reservation_id=reservation_id,
            evse=Evse(id=about.connector, connector_id=1) if kind == "Started" else None,
            id_token=None if token is None else _id_token(token),
            meter_value=values,
            transaction_info=transactions.TransactionInfo(
                transaction_id=own_id, charging_state=charging_state, stopped_reason=stopped_reason
            ),
        )

    async def _tell_charging(self, connection: Connection, number: int, timeout_s: float) -> None:
        """How a transaction fares, which a connector's state does not say; not before its beginning."""
        connector = self._station.connector(number)
        running = None if connector is None else connector.transaction
        if connector is None or running is None or not self._counts.get(own_id_of(running)):
            return
        if len(self._station.outbox):
            return  # what is owed says it, too, and comes first
        event = self._transaction_event(
            running,
            "Updated",
            "ChargingStateChanged",
            self._station.clock.stamp(),
            charging_state=_state(connector),
        )
        await connection.call("TransactionEvent", encode(event), timeout_s=timeout_s)

    # -- in ----------------------------------------------------------------------------------------------

    def _understood(self, request: Message, heard: Wire, about: Transaction | None) -> Message:
        match heard:
            case provisioning.BootNotificationResponse():
                return own_answers.BootNotificationResponse(
                    status=heard.status, current_time=heard.current_time, interval=heard.interval
                )
            case operation.HeartbeatResponse():
                return own_answers.HeartbeatResponse(current_time=heard.current_time)
            case authorisation.AuthorizeResponse():
                return own_answers.AuthorizeResponse(id_tag_info=_opinion(heard.id_token_info))
            case transactions.TransactionEventResponse() if isinstance(request, own.StartTransaction):
                return own_answers.StartTransactionResponse(
                    transaction_id=self._number(about),
                    id_tag_info=_opinion(heard.id_token_info or IdTokenInfo(status="Accepted")),
                )
        return own_codec.decode_response(own_codec.action_of(request), b"{}")

    def _number(self, about: Transaction | None) -> int:
        """What the charger calls it inside."""
        if about is None:
            raise TypeError("a beginning belongs to a transaction")
        return self._answers.numbers.setdefault(own_id_of(about), len(self._answers.numbers) + 1)


def _state(connector: Connector) -> str:
    return _STATES.get(connector.status(), "EVConnected")


def _id_token(token: str) -> IdToken:
    return IdToken(id_token=token, type="ISO14443")


def _opinion(info: IdTokenInfo) -> IdTagInfo:
    group = None if info.group_id_token is None else info.group_id_token.id_token[:20]
    known = ("Accepted", "Blocked", "Expired", "ConcurrentTx")
    status = info.status if info.status in known else "Invalid"
    return IdTagInfo(status=status, parent_id_tag=group)  # type: ignore[arg-type]


def _register(wh: int, stamp: str, context: str) -> MeterValue:
    value = SampledValue(value=wh, context=context, measurand="Energy.Active.Import.Register")
    return MeterValue(timestamp=stamp, sampled_value=(value,))


def _meter_value(value: OwnMeterValue) -> MeterValue:
    return MeterValue(
        timestamp=value.timestamp,
        sampled_value=tuple(
            SampledValue(
                value=float(each.value),
                measurand=each.measurand,
                context=each.context,
                phase=each.phase,
                location=each.location,
                unit_of_measure=None if each.unit is None else UnitOfMeasure(unit=each.unit),
            )
            for each in value.sampled_value
        ),
    )


def _report(request: Message) -> Wire:
    """How jobs fare, and security events; parts of reports are in these words already."""
    match request:
        case firmware.FirmwareStatusNotification(status=status):
            return diagnostics.FirmwareStatusNotification(status=status)
        case security.SignedFirmwareStatusNotification(status=status, request_id=number):
            return diagnostics.FirmwareStatusNotification(status=status, request_id=number)
        case security.LogStatusNotification(status=status, request_id=number):
            return diagnostics.LogStatusNotification(status=status, request_id=number)
        case security.SecurityEventNotification():
            return security_201.SecurityEventNotification(
                type=request.type, timestamp=request.timestamp, tech_info=request.tech_info
            )
    raise Fault(NOT_IMPLEMENTED, f"{type(request).__name__} has no words in OCPP 2.x")
