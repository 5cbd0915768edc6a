"""What a simulated charger says by itself over one connection: boot, beat, states, and what it owes."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TypeVar

from edge.links.ocppj import Connection
from edge.ocpp.rpc import CallRefused, CallTimedOut, Fault, LinkLost
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.ocpp.v16.types import IdTagInfo, Message
from edge.simulator.connector import Connector
from edge.simulator.outbox import Owed
from edge.simulator.speech import Speech
from edge.simulator.station import Station

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=Message)

_UNHEARD = (CallRefused, CallTimedOut, Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a charger does what needs time; short in tests."""

    answer_s: float = 10.0
    """How long it waits for an answer."""
    reconnect_s: float = 1.0
    """The first pause before a new connection; it doubles with jitter, up to eight times this."""
    job_s: float = 2.0
    """Each step of a firmware update or an upload."""
    boot_s: float = 1.0
    """From power to its first sign of life."""


class Conversation:
    """A station's own CALLs while one connection lasts."""

    def __init__(
        self,
        station: Station,
        connection: Connection,
        pace: Pace,
        mono_ms: Callable[[], int],
        speech: Speech,
    ) -> None:
        self._speech = speech
        speech.begin(station.clock.now_ms())
        self._station = station
        self._connection = connection
        self._pace = pace
        self._mono_ms = mono_ms
        self._has_news = asyncio.Event()
        self._owes = asyncio.Event()
        self._boot_asked = asyncio.Event()
        self._has_reports = asyncio.Event()

    def nudge(self) -> None:
        """Wakes whoever has something to say."""
        if self._station.has_news:
            self._has_news.set()
        if len(self._station.outbox):
            self._owes.set()
        if self._station.reports:
            self._has_reports.set()

    async def run(self) -> None:
        """Talks until the link is lost."""
        if self._station.oddities.boots_on_reconnect:
            self._station.registration = None
        try:
            await self._register()
            async with asyncio.TaskGroup() as group:
                group.create_task(_until_lost(self._beat()))
                group.create_task(_until_lost(self._announce()))
                group.create_task(_until_lost(self._deliver()))
                group.create_task(_until_lost(self._report()))
        except LinkLost:
            return

    async def authorise(self, token: str) -> IdTagInfo:
        """The CSMS's opinion of a token. Raises LinkLost, CallTimedOut, CallRefused, Fault."""
        answer = await self._call(ask.Authorize(id_tag=token), tell.AuthorizeResponse)
        return answer.id_tag_info

    async def send(self, message: str, connectors: list[Connector]) -> None:
        """One message out of turn, because it was triggered."""
        if message == "BootNotification":
            self._boot_asked.set()
            if self._station.is_accepted:
                await self._boot()
        elif message == "Heartbeat":
            await self._heartbeat()
        for connector in connectors:
            if message == "StatusNotification":
                await self._tell_state(connector)
            elif message == "MeterValues":
                await self._tell_meter(connector)

    async def _call(self, request: Message, expected: type[Answer], owed: Owed | None = None) -> Answer:
        return await self._speech.ask(
            self._connection,
            request,
            expected,
            timeout_s=self._pace.answer_s,
            message_id=None if owed is None else owed.id,
            about=None if owed is None else owed.transaction,
        )

    async def _register(self) -> None:
        """Boots until it is accepted (section 4.2); after a mere reconnect it still is."""
        while not self._station.is_accepted:
            self._boot_asked.clear()
            pause_s = await self._boot()
            if self._station.is_accepted:
                return
            try:
                async with asyncio.timeout(pause_s):
                    await self._boot_asked.wait()
            except TimeoutError:
                continue

    async def _boot(self) -> float:
        """One BootNotification; the seconds to wait before the next one."""
        plan = self._station.plan
        boot = ask.BootNotification(
            charge_point_vendor=plan.vendor,
            charge_point_model=plan.model,
            charge_point_serial_number=plan.name[:25],
            firmware_version=self._station.firmware,
        )
        try:
            answer = await self._call(boot, tell.BootNotificationResponse)
            self._station.clock.synchronise(answer.current_time)
        except _UNHEARD as fault:
            log.debug("%s boots in vain: %s", plan.name, fault)
            return self._pace.reconnect_s
        self._station.registration = answer.status
        if answer.status == "Accepted" and answer.interval > 0:
            self._station.configuration.change("HeartbeatInterval", str(answer.interval))
        return answer.interval or self._pace.reconnect_s

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._station.configuration.number("HeartbeatInterval") or 60)
            await self._heartbeat()

    async def _heartbeat(self) -> None:
        try:
            answer = await self._call(ask.Heartbeat(), tell.HeartbeatResponse)
            self._station.clock.synchronise(answer.current_time)
        except _UNHEARD as fault:
            log.debug("%s beats in vain: %s", self._station.plan.name, fault)

    async def _announce(self) -> None:
        """Tells every change of state; one that did not arrive is news again."""
        while True:
            for connector in self._station.news():
                await self._tell_state(connector)
            self._has_news.clear()
            if not self._station.has_news:
                await self._has_news.wait()

    async def _tell_state(self, connector: Connector) -> None:
        status, error = connector.announce()
        news = ask.StatusNotification(
            connector_id=connector.number,
            status=status,
            error_code=error,
            timestamp=self._station.clock.stamp(),
        )
        try:
            await self._call(news, tell.StatusNotificationResponse)
        except (CallRefused, Fault) as fault:
            log.debug("%s tells its state in vain: %s", self._station.plan.name, fault)
        except CallTimedOut:
            connector.forget_announcement()
        except LinkLost:
            connector.forget_announcement()
            raise

    async def _tell_meter(self, connector: Connector) -> None:
        running = connector.transaction
        sample = ask.MeterValues(
            connector_id=connector.number,
            transaction_id=running.transaction_id if running else None,
            meter_value=(self._station.measure(connector, "Trigger"),),
        )
        try:
            await self._call(sample, tell.MeterValuesResponse)
        except _UNHEARD as fault:
            log.debug("%s tells its meter in vain: %s", self._station.plan.name, fault)

    async def _report(self) -> None:
        """Tells how jobs fare, and security events: in order, each until it is answered."""
        while True:
            if not self._station.reports:
                self._has_reports.clear()
                await self._has_reports.wait()
            report = self._station.reports[0]
            try:
                await self._call(report, Message)
            except CallTimedOut:
                continue
            except (CallRefused, Fault) as fault:
                log.debug("%s reports in vain: %s", self._station.plan.name, fault)
            if self._station.reports and self._station.reports[0] is report:
                self._station.reports.popleft()

    async def _deliver(self) -> None:
        """Sends what is owed, one after the other; each until it is answered (section 3.7)."""
        while True:
            owed = self._station.outbox.head()
            if owed is None:
                self._owes.clear()
                await self._owes.wait()
            else:
                await self._try(owed)

    async def _try(self, owed: Owed) -> None:
        try:
            if isinstance(owed.message, ask.StartTransaction):
                started = await self._call(owed.message, tell.StartTransactionResponse, owed)
                self._station.started(owed.transaction, started, self._mono_ms())
            elif isinstance(owed.message, ask.StopTransaction):
                await self._call(owed.rendered(), tell.StopTransactionResponse, owed)
            else:
                await self._call(owed.rendered(), tell.MeterValuesResponse, owed)
        except CallTimedOut:
            return
        except (CallRefused, Fault) as fault:
            await self._was_refused(owed, fault)
        else:
            self._station.outbox.confirm(owed)

    async def _was_refused(self, owed: Owed, fault: Exception) -> None:
        """Waits as long as section 3.7.1 asks, or gives up."""
        owed.attempts += 1
        log.debug("%s: %s was refused: %s", self._station.plan.name, owed.id, fault)
        if owed.attempts >= self._station.configuration.number("TransactionMessageAttempts"):
            self._station.outbox.give_up(owed)
            return
        interval_s = self._station.configuration.number("TransactionMessageRetryInterval")
        await asyncio.sleep(interval_s * owed.attempts)


async def _until_lost(work: Coroutine[None, None, None]) -> None:
    """The loss of the link ends every loop quietly; whoever owns the connection says why."""
    try:
        await work
    except LinkLost:
        return
