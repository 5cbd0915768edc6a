"""A simulated charger on the network: an OCPP-J client over a real WebSocket."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Literal

import msgspec

from edge.core.errors import PeerError
from edge.links.ocppj import Connection
from edge.links.ocppj_client import ConnectRefused, connect
from edge.ocpp.rpc import Fault, LinkLost
from edge.ocpp.v16 import security
from edge.ocpp.v16.types import ChargingProfile, IdTagInfo, Message
from edge.plant.cars import CarModel
from edge.plant.evse import Evse
from edge.simulator.answers import Answers, Triggered
from edge.simulator.clocks import DeviceClock
from edge.simulator.connector import Connector
from edge.simulator.conversation import Conversation, Pace
from edge.simulator.jobs import Jobs
from edge.simulator.speech import speech_of
from edge.simulator.station import Station, StationPlan

log = logging.getLogger(__name__)

_JOB_REPORTS = {"DiagnosticsStatusNotification", "FirmwareStatusNotification", "LogStatusNotification"}
_MOMENT_S = 0.05  # between an answer and what it announced


class Charger:
    """Runs a station: connects, boots, beats, reports, delivers what is owed, and answers."""

    def __init__(
        self,
        plan: StationPlan,
        evses: Mapping[str, Evse],
        *,
        url: str,
        mono_ms: Callable[[], int],
        wall_ms: Callable[[], int],
        pace: Pace | None = None,
        password: str | None = None,
    ) -> None:
        clock = DeviceClock(wall_ms, offset_ms=plan.clock_offset_ms, is_stubborn=plan.has_stubborn_clock)
        self.station = Station(plan, evses, clock)
        self._speech = speech_of(plan.version, self.station)
        self.url = url
        self._password = password
        self._mono_ms = mono_ms
        self._pace = pace or Pace()
        self._jobs = Jobs(
            self._later,
            self._report,
            step_s=self._pace.job_s,
            fails=lambda: self.station.oddities.fails_jobs,
            install=self._install,
        )
        self._answers = Answers(self.station, self, self._jobs, mono_ms)
        self._connection: Connection | None = None
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._conversation: Conversation | None = None
        self._healed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._has_cable = True

    # -- what people and the plant do to it --------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its identity in the URL."""
        return self.station.plan.name

    @property
    def is_connected(self) -> bool:
        """Whether it has a link and its CSMS has accepted it."""
        return self._connection is not None and self.station.is_accepted

    def advance(self, now_ms: int) -> None:
        """One tick: pilots, samples, and a nudge to whoever has something to send."""
        self.station.advance(now_ms)
        if self._conversation is not None:
            self._conversation.nudge()
        if not self.station.oddities.hangs:
            self._healed.set()

    def plug(self, number: int, car: CarModel) -> None:
        """A car arrives at a connector."""
        self.station.plug(self._at(number), car, self._mono_ms())

    def unplug(self, number: int) -> None:
        """The car at a connector leaves."""
        self.station.unplug(self._at(number), self._mono_ms())

    async def present(self, number: int, token: str) -> str:
        """Shows a token: starts or ends a transaction. Answers Stopped, Reserved or an AuthorizationStatus.

        Raises ValueError when the charger has no power.
        """
        connector = self._at(number)
        if not self.station.is_powered:
            raise ValueError(f"{self.name} has no power")
        if connector.transaction is not None:
            if connector.transaction.token != token:
                return "ConcurrentTx"
            self.station.end(connector, "Local", self._mono_ms())
            return "Stopped"
        opinion = await self._authorise(token)
        if opinion.status == "Accepted":
            if self.station.refuses(connector, token, opinion.parent_id_tag):
                return "Reserved"
            self.station.admit(connector, token, self._mono_ms())
        return opinion.status

    def learn(self, version: str) -> None:
        """Its firmware is another and speaks this version of OCPP from its next connection on."""
        self._speech = speech_of(version, self.station)

    def cut_link(self) -> None:
        """Its network cable is pulled."""
        self._has_cable = False
        self._disconnect()

    def restore_link(self) -> None:
        """Its network cable is back."""
        self._has_cable = True
        if self.station.is_powered:
            self._may_connect.set()

    def cut_power(self) -> None:
        """Its supply fails: contactors open, the link is gone."""
        if self.station.is_powered:
            self.station.cut_power(self._mono_ms())
            self._disconnect()

    def restore_power(self, reason: Literal["PowerLoss", "HardReset", "SoftReset"] = "PowerLoss") -> None:
        """Its supply is back: it boots."""
        if not self.station.is_powered:
            self.station.restore_power(self._mono_ms(), reason)
        if self._has_cable:
            self._may_connect.set()

    async def power_cycle(self) -> None:
        """Off and on again, with a boot between."""
        self.cut_power()
        await asyncio.sleep(self._pace.boot_s)
        self.restore_power()

    # -- the link ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Lives until it is cancelled."""
        pause_s = self._pace.reconnect_s
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                await self._may_connect.wait()
                if await self._live():
                    pause_s = self._pace.reconnect_s
                await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
                pause_s = min(pause_s * 2, self._pace.reconnect_s * 8)

    async def _live(self) -> bool:
        """One connection from beginning to end; whether there was one."""
        try:
            async with connect(
                self.url,
                identity=self.name,
                subprotocols=(self._speech.subprotocol,),
                password=self.station.configuration.password or self._password,
                timeout_s=self._pace.answer_s,
            ) as connection:
                if self._may_connect.is_set():
                    await self._converse(connection)
        except ConnectRefused as refusal:
            log.debug("%s finds no CSMS: %s", self.name, refusal)
            return False
        return True

    async def _converse(self, connection: Connection) -> None:
        talk = Conversation(self.station, connection, self._pace, self._mono_ms, self._speech)
        self._connection, self._conversation = connection, talk
        try:
            async with asyncio.TaskGroup() as group:
                talking = group.create_task(talk.run(), name=f"{self.name} talks")
                reason = await connection.run(self._handle)
                log.debug("%s lost its CSMS: %s", self.name, reason)
                talking.cancel()
        finally:
            self._connection = self._conversation = None

    def _disconnect(self) -> None:
        self._may_connect.clear()
        if self._connection is not None:
            self._connection.cut()

    async def _handle(self, action: str, payload: msgspec.Raw) -> bytes:
        """Answers a CALL of the CSMS, in the way of this charger."""
        oddities = self.station.oddities
        if oddities.hangs:
            self._healed.clear()
            await self._healed.wait()
        await asyncio.sleep(oddities.answer_delay_ms / 1_000)
        answer = self._speech.answer(action, payload, self._answers)
        if oddities.loses_answers and self._connection is not None:
            self._connection.cut()
        return answer

    # -- afterwards, see Answers -------------------------------------------------------------------------

    def send(self, message: Triggered, connectors: list[Connector]) -> None:
        """What a TriggerMessage asked for."""
        if message in _JOB_REPORTS:
            self._report(self._jobs.latest(message))
        elif self._conversation is not None:
            self._later(self._send(self._conversation, message, connectors))

    def password_changed(self) -> None:
        """Whitepaper, use case A01: it connects anew with the new password."""
        self._later(self._connect_anew())

    def reset(self, *, is_hard: bool) -> None:
        """A reboot on command; a soft one ends what runs first."""
        self._later(self._reset(is_hard=is_hard))

    def start(self, connector: Connector, token: str, profile: ChargingProfile | None) -> None:
        """A transaction on command (AuthorizeRemoteTxRequests, section 9.1.3)."""
        self._later(self._start(connector, token, profile))

    def _later(self, work: Coroutine[None, None, None]) -> asyncio.Task[None] | None:
        if self._tasks is None:
            work.close()
            return None
        return self._tasks.create_task(work)

    def _report(self, message: Message) -> None:
        self.station.reports.append(message)
        if self._conversation is not None:
            self._conversation.nudge()

    async def _connect_anew(self) -> None:
        await asyncio.sleep(_MOMENT_S)
        if self._connection is not None:
            self._connection.cut()

    async def _install(self, name: str) -> None:
        """A firmware of this name is put in, with a boot, and told as the whitepaper wants it (section 8)."""
        self.station.firmware = name
        await self._reset(is_hard=False)
        stamp = self.station.clock.stamp()
        self._report(security.SecurityEventNotification(type="FirmwareUpdated", timestamp=stamp))

    async def _send(self, talk: Conversation, message: Triggered, connectors: list[Connector]) -> None:
        await asyncio.sleep(_MOMENT_S)
        try:
            await talk.send(message, connectors)
        except LinkLost as loss:
            log.debug("%s cannot send what was triggered: %s", self.name, loss)

    async def _reset(self, *, is_hard: bool) -> None:
        await asyncio.sleep(_MOMENT_S)
        if not is_hard:
            for connector in self.station.connectors:
                if connector.transaction is not None:
                    self.station.end(connector, "SoftReset", self._mono_ms())
        self.cut_power()
        await asyncio.sleep(self._pace.boot_s)
        self.restore_power("HardReset" if is_hard else "SoftReset")

    async def _start(self, connector: Connector, token: str, profile: ChargingProfile | None) -> None:
        await asyncio.sleep(_MOMENT_S)
        must_ask = self.station.configuration.switch("AuthorizeRemoteTxRequests")
        if must_ask and (await self._authorise(token)).status != "Accepted":
            return
        self.station.admit(connector, token, self._mono_ms(), profile)

    async def _authorise(self, token: str) -> IdTagInfo:
        """What the CSMS says, or the charger alone when it cannot be asked (section 3.5)."""
        configuration = self.station.configuration
        listed = None
        if configuration.switch("LocalAuthListEnabled"):
            listed = self.station.local_list.status(token, self.station.clock.now_ms())
        group = self.station.local_list.group(token)
        if listed == "Accepted" and configuration.switch("LocalPreAuthorize"):
            return IdTagInfo(status=listed, parent_id_tag=group)
        if self._conversation is not None and self.station.is_accepted:
            try:
                return await self._conversation.authorise(token)
            except (PeerError, Fault) as fault:
                log.debug("%s must decide alone: %s", self.name, fault)
        if not configuration.switch("LocalAuthorizeOffline"):
            return IdTagInfo(status="Invalid")
        if listed is not None:
            return IdTagInfo(status=listed, parent_id_tag=group)
        alone = configuration.switch("AllowOfflineTxForUnknownId")
        return IdTagInfo(status="Accepted" if alone else "Invalid")

    def _at(self, number: int) -> Connector:
        connector = self.station.connector(number)
        if connector is None:
            raise ValueError(f"{self.name} has no connector {number}")
        return connector
