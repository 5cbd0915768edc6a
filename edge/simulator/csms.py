"""A CSMS that keeps books: an OCPP 1.6-J server with moods, to rehearse what clouds do."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec

from edge.links.ocppj import Connection
from edge.links.ocppj_server import Knock, Refusal, serve
from edge.ocpp.rpc import INTERNAL_ERROR, NOT_SUPPORTED, Fault, LinkLost
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v16 import codec, firmware, security
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.ocpp.v16.types import AuthorizationStatus, ChargingProfile, IdTagInfo, Message
from edge.simulator.bookkeeping import Bookkeeping

MOST_STATIONS = 8_192  # twice as many as come from one address

Answer = TypeVar("Answer", bound=Message)


@dataclass(slots=True, kw_only=True)
class Mood:
    """How the CSMS behaves at present."""

    registration: Literal["Accepted", "Pending", "Rejected"] = "Accepted"
    interval_s: int = 60
    slow_ms: int = 0
    loses_answers: int = 0
    """From how many of the next transaction messages the link breaks after they were booked."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Actions that are answered by a CALLERROR, with its code."""
    blocked: dict[str, AuthorizationStatus] = field(default_factory=dict)
    """Tokens that may not charge; all others may."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the CSMS knows of a station."""

    connection: Connection | None = None
    connects: int = 0
    boots: list[ask.BootNotification] = field(default_factory=list)
    statuses: dict[int, str] = field(default_factory=dict)
    """The latest status of each connector."""
    sample: ask.MeterValues | None = None
    reports: list[Message] = field(default_factory=list)
    """What it told of jobs and of its security, in order."""
    received: Counter[str] = field(default_factory=Counter)
    """How often each action came."""


class Csms:
    """Serves all stations on one port. Its books outlive `kill` and `start`."""

    def __init__(
        self,
        *,
        wall_ms: Callable[[], int],
        port: int = 0,
        host: str = "127.0.0.1",
        password: bytes | None = None,
        books: Bookkeeping | None = None,
    ) -> None:
        self.port = port
        self.host = host
        self.mood = Mood()
        self.books = books or Bookkeeping()
        self.stations: dict[str, Seen] = {}
        self.turned_away = 0
        """How often a wrong password was refused."""
        self._wall_ms = wall_ms
        self._password = password
        self._open: set[Connection] = set()
        self._listening: AsyncExitStack | None = None
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        """What stations are given."""
        return f"ws://{self.host}:{self.port}/ocpp"

    async def start(self) -> None:
        """Opens the port; port 0 takes a free one, which is kept from then on."""
        if self._listening is not None:
            return
        listening = AsyncExitStack()
        self.port = await listening.enter_async_context(
            serve(
                self.host,
                self.port,
                subprotocols=("ocpp1.6",),
                admit=self._admit,
                on_connection=self._own,
                most=MOST_STATIONS,
            )
        )
        self._listening = listening

    async def kill(self) -> None:
        """Cuts every link without a word and closes the port."""
        for connection in tuple(self._open):
            connection.cut()
        if self._listening is not None:
            await self._listening.aclose()
            self._listening = None

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Returns when something that arrived has made this true."""
        async with self._changed:
            await self._changed.wait_for(is_so)

    # -- what an operator does ---------------------------------------------------------------------------

    async def call(
        self, station: str, request: Message, expected: type[Answer], *, timeout_s: float = 10
    ) -> Answer:
        """Asks a station anything. Raises LinkLost when it is not connected, CallRefused, CallTimedOut."""
        connection = self._seen(station).connection
        if connection is None:
            raise LinkLost(f"{station} is not connected", was_sent=False)
        raw = await connection.call(codec.action_of(request), codec.encode(request), timeout_s=timeout_s)
        return codec.decode_answer(request, expected, raw)

    async def remote_start(
        self,
        station: str,
        token: str,
        *,
        connector: int | None = None,
        profile: ChargingProfile | None = None,
    ) -> str:
        """RemoteStartTransaction; its status."""
        request = ask.RemoteStartTransaction(id_tag=token, connector_id=connector, charging_profile=profile)
        return (await self.call(station, request, tell.RemoteStartTransactionResponse)).status

    async def remote_stop(self, station: str, transaction_id: int) -> str:
        """RemoteStopTransaction; its status."""
        request = ask.RemoteStopTransaction(transaction_id=transaction_id)
        return (await self.call(station, request, tell.RemoteStopTransactionResponse)).status

    async def reset(self, station: str, kind: Literal["Hard", "Soft"] = "Soft") -> str:
        """Reset; its status."""
        return (await self.call(station, ask.Reset(type=kind), tell.ResetResponse)).status

    async def change_configuration(self, station: str, key: str, value: str) -> str:
        """ChangeConfiguration; its status."""
        request = ask.ChangeConfiguration(key=key, value=value)
        return (await self.call(station, request, tell.ChangeConfigurationResponse)).status

    async def set_charging_profile(self, station: str, connector: int, profile: ChargingProfile) -> str:
        """SetChargingProfile; its status."""
        request = ask.SetChargingProfile(connector_id=connector, cs_charging_profiles=profile)
        return (await self.call(station, request, tell.SetChargingProfileResponse)).status

    # -- connections -------------------------------------------------------------------------------------

    async def _admit(self, knock: Knock) -> Refusal | None:
        shown = None if knock.credentials is None else knock.credentials[1]
        if self._password is None or shown == self._password:
            return None
        self.turned_away += 1
        return Refusal(status=401)

    async def _own(self, connection: Connection) -> None:
        seen = self._seen(connection.identity)
        if seen.connection is not None:
            seen.connection.cut()
        seen.connection = connection
        seen.connects += 1
        self._open.add(connection)
        try:
            await connection.run(partial(self._handle, connection))
        finally:
            self._open.discard(connection)
            if seen.connection is connection:
                seen.connection = None

    async def _handle(self, connection: Connection, action: str, payload: msgspec.Raw) -> bytes:
        message_id = connection.handling or ""
        request = codec.decode_request(action, payload)
        seen = self._seen(connection.identity)
        seen.received[action] += 1
        if self.mood.slow_ms:
            await asyncio.sleep(self.mood.slow_ms / 1_000)
        if action in self.mood.refuses:
            raise Fault(self.mood.refuses[action] or INTERNAL_ERROR, "not today")
        answer = self._answer(connection.identity, message_id, request)
        async with self._changed:
            self._changed.notify_all()
        if self.mood.loses_answers and isinstance(request, _BOOKED):
            self.mood.loses_answers -= 1
            connection.cut()
        return codec.encode(answer)

    def _seen(self, station: str) -> Seen:
        return self.stations.setdefault(station, Seen())

    # -- answers -----------------------------------------------------------------------------------------

    def _answer(self, station: str, message_id: str, request: Message) -> Message:
        table: dict[type[Message], Callable[[str, str, Any], Message]] = {
            ask.Authorize: self._authorise,
            ask.BootNotification: self._boot,
            ask.DataTransfer: lambda *_: tell.DataTransferResponse(status="UnknownVendorId"),
            ask.Heartbeat: lambda *_: tell.HeartbeatResponse(current_time=self._now()),
            ask.MeterValues: self._meter,
            ask.StartTransaction: self._start,
            ask.StatusNotification: self._status,
            ask.StopTransaction: self._stop,
        }
        if type(request) in _REPORTS:
            self._seen(station).reports.append(request)
            return _REPORTS[type(request)]
        answer = table.get(type(request))
        if answer is None:
            raise Fault(NOT_SUPPORTED, f"{type(request).__name__} is not for a CSMS")
        return answer(station, message_id, request)

    def _boot(self, station: str, _message_id: str, request: ask.BootNotification) -> Message:
        self._seen(station).boots.append(request)
        return tell.BootNotificationResponse(
            status=self.mood.registration, current_time=self._now(), interval=self.mood.interval_s
        )

    def _authorise(self, _station: str, _message_id: str, request: ask.Authorize) -> Message:
        return tell.AuthorizeResponse(id_tag_info=self._opinion(request.id_tag))

    def _status(self, station: str, _message_id: str, request: ask.StatusNotification) -> Message:
        self._seen(station).statuses[request.connector_id] = request.status
        return tell.StatusNotificationResponse()

    def _start(self, station: str, message_id: str, request: ask.StartTransaction) -> Message:
        number = self.books.start(
            station,
            message_id,
            connector=request.connector_id,
            token=request.id_tag,
            started_ms=epoch_ms(request.timestamp),
            meter_start_wh=request.meter_start,
        )
        return tell.StartTransactionResponse(transaction_id=number, id_tag_info=self._opinion(request.id_tag))

    def _meter(self, station: str, message_id: str, request: ask.MeterValues) -> Message:
        self._seen(station).sample = request
        self.books.sample(
            station,
            message_id,
            transaction_id=request.transaction_id,
            taken_ms=epoch_ms(request.meter_value[0].timestamp),
        )
        return tell.MeterValuesResponse()

    def _stop(self, station: str, message_id: str, request: ask.StopTransaction) -> Message:
        self.books.stop(
            station,
            message_id,
            transaction_id=request.transaction_id,
            ended_ms=epoch_ms(request.timestamp),
            meter_stop_wh=request.meter_stop,
            reason=request.reason,
        )
        return tell.StopTransactionResponse()

    def _opinion(self, token: str) -> IdTagInfo:
        return IdTagInfo(status=self.mood.blocked.get(token, "Accepted"))

    def _now(self) -> str:
        return rfc3339(self._wall_ms())


_REPORTS: dict[type[Message], Message] = {
    firmware.DiagnosticsStatusNotification: firmware.DiagnosticsStatusNotificationResponse(),
    firmware.FirmwareStatusNotification: firmware.FirmwareStatusNotificationResponse(),
    security.LogStatusNotification: security.LogStatusNotificationResponse(),
    security.SecurityEventNotification: security.SecurityEventNotificationResponse(),
    security.SignedFirmwareStatusNotification: security.SignedFirmwareStatusNotificationResponse(),
}
_BOOKED = (ask.StartTransaction, ask.StopTransaction, ask.MeterValues)
