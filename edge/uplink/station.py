"""One charger towards one CSMS: connects as that charger, boots, tells its states and drains its rows.

While the charger is linked, or rows wait, the link to the CSMS is kept; when the charger is away and
everything is told, it is closed. Rows go in order and are repeated with the same message id until they
are answered. A CALLERROR is retried after interval x preceding attempts (OCPP 1.6 ed. 2 section 3.7.1); a
row that keeps being refused is parked with the rest of its transaction.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from typing import Literal

import msgspec

from edge.core.errors import PeerError
from edge.dialects.cloud import Call, Telling
from edge.links.ocppj import Connection
from edge.links.ocppj_client import ConnectRefused, connect
from edge.ocpp.rpc import CallRefused, CallTimedOut, Fault, LinkLost
from edge.site.durable import Delivery, JournalBrokenError, JournalFullError, Outbox
from edge.site.events import (
    AnyEvent,
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    TokenAnswer,
    TokenPresented,
    TransactionStarted,
)
from edge.site.ports import ChargerView, Clock, SiteDoors
from edge.uplink.credentials import Credentials
from edge.uplink.door import Door
from edge.uplink.orders import Orders
from edge.uplink.trial import plain_words
from edge.uplink.versions import Version

log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 30.0
RECONNECT_FIRST_S = 1.0
RECONNECT_CAP_S = 5.0
ATTEMPTS = 5
UNAUTHORISED = 401
RETRY_INTERVAL_S = 10.0
BOOT_RETRY_S = 10.0  # when a CSMS that says Pending or Rejected names no interval
State = Literal["up", "down", "refused", "pending", "away"]
_ENDS_A_VISIT = (LinkLost, CallTimedOut, CallRefused, Fault, JournalFullError, JournalBrokenError)


class StationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a virtual station is made of. `evses`: EVSE ids by number; `password` as the site file has it.

    `is_primary`: this CSMS commands here; else it is only told.
    """

    csms: str
    charger: str
    url: str
    identity: str
    password: str | None
    version: Version
    is_primary: bool = True
    tls: ssl.SSLContext | None = None
    proxy: str | None = None
    evses: dict[int, str]
    voltage_v: int
    retry_interval_s: float = RETRY_INTERVAL_S


class VirtualStation:
    """`run` until cancelled. `state`, `since_ms` (wall clock) and `trouble` tell how it fares."""

    def __init__(
        self,
        plan: StationPlan,
        doors: SiteDoors,
        outbox: Outbox,
        clock: Clock,
        *,
        credentials: Credentials,
        door: Door,
    ) -> None:
        """`door`: at which all stations of that CSMS knock."""
        self.state: State = "away"
        self.since_ms = clock.now_ms()
        self.trouble = ""
        self.plan = plan
        self.charger = plan.charger
        self._events = plan.version.events
        self._doors = doors
        self._outbox = outbox
        self._clock = clock
        self._credentials = credentials
        self._door = door
        self._orders = Orders(plan, doors, outbox, clock, credentials)
        self._told: dict[int, EvseStatusChanged] = {}
        self._interval_s = 300
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Keep the link as long as there is something to tell; never give up."""
        await self._credentials.prepare()
        wait_s = RECONNECT_FIRST_S
        while True:
            try:
                await self._until_needed()
                await self._visit()
                wait_s = RECONNECT_FIRST_S
            except ConnectRefused as error:
                is_refusal = error.status in (401, 403, 404)
                if error.status == UNAUTHORISED:
                    self._credentials.refused()
                sentence, remedy = plain_words(error)
                remedy = remedy.format(csms=self.plan.csms, identity=self.plan.identity)
                self._lost("refused" if is_refusal else "down", f"{sentence}; try: {remedy}")
            except (LinkLost, CallTimedOut, CallRefused, Fault) as error:
                if self.state == "up":
                    wait_s = RECONNECT_FIRST_S
                self._lost("down", str(error))
            except (JournalFullError, JournalBrokenError) as error:
                self._lost("down", f"the journal cannot store: {error}")
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads, hides nothing
            wait_s = min(wait_s * 2, RECONNECT_CAP_S)

    async def _until_needed(self) -> None:
        """Return when the charger is linked or rows wait for this CSMS."""
        view = self._doors.charger(self.plan.charger)
        while view.boot is None or not (view.is_linked or await self._has_rows()):
            self._now("away", "")
            view = await self._doors.changed(self.plan.charger, view.version)

    async def _has_rows(self) -> bool:
        return await self._outbox.next(self.plan.csms, self.plan.charger) is not None

    async def _visit(self) -> None:
        """One connection, from the handshake to its end."""
        failure: Exception | None = None
        async with contextlib.AsyncExitStack() as stack:
            async with self._door:
                connection = await stack.enter_async_context(self._knock())
            try:
                async with asyncio.TaskGroup() as group:
                    link = group.create_task(self._hold(connection))
                    await self._boot(connection)
                    self._found()
                    self._connection = connection
                    self._credentials.worked()
                    tasks = [
                        group.create_task(self._tell_states(connection)),
                        group.create_task(self._beat(connection)),
                        group.create_task(self._orders.watch(connection)),
                    ]
                    await self._drain(connection)
                    for task in (*tasks, link):  # first, for a link that we close is not lost
                        task.cancel()
                    await connection.close()
            except* _ENDS_A_VISIT as errors:
                failure = _first(errors)
            finally:
                self._connection = None
                self._orders.is_accepted = False
                self._outbox.linked(self.plan.csms, self.plan.charger, is_up=False)
        if failure is not None:
            _heed_cancellation()
            raise failure
        self._now("away", "")

    def _knock(self) -> contextlib.AbstractAsyncContextManager[Connection]:
        plan = self.plan
        return connect(
            plan.url,
            identity=plan.identity,
            subprotocols=[plan.version.subprotocol],
            password=self._credentials.password,
            tls=plan.tls,
            proxy=plan.proxy,
        )

    async def _hold(self, connection: Connection) -> None:
        why = await connection.run(self._orders.answer)
        raise LinkLost(why or "the link ended", was_sent=False)

    # -- upwards -----------------------------------------------------------------------------------------

    async def _boot(self, connection: Connection) -> None:
        """BootNotification until it is accepted; until then the rows wait."""
        while True:
            answer = await self._tell(connection, self._boot_event())
            if isinstance(answer, BootAnswer) and answer.status == "accepted":
                self._interval_s = max(1, answer.interval_s or 300)
                self._orders.is_accepted = True
                break
            interval_s = answer.interval_s if isinstance(answer, BootAnswer) else 0
            word = answer.status if isinstance(answer, BootAnswer) else "not answered"
            self._now("refused" if word == "rejected" else "pending", f"its boot is {word}: approve it there")
            await asyncio.sleep(interval_s or BOOT_RETRY_S)
        self._told = {}
        await self._tell_changed(connection, self._doors.charger(self.plan.charger))

    def _boot_event(self) -> ChargerBooted:
        boot = self._doors.charger(self.plan.charger).boot
        if boot is None:
            raise LinkLost("the charger has never booted", was_sent=False)
        return boot

    async def authorise(self, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """What the CSMS says of a token; it overtakes the rows that wait. None: nothing, or not in time."""
        connection = self._connection
        if connection is None:
            return None
        now_ms, mono_ms = self._clock.now_ms(), self._clock.mono_ms()
        event = TokenPresented(charger=self.charger, at_ms=now_ms, seen_ms=mono_ms, token=token)
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                answer = await self._tell(connection, event)
        except (TimeoutError, PeerError) as error:
            log.info("uplink %s: a token is not answered for: %s", self.plan.csms, error or "too late")
            return None
        return answer if isinstance(answer, TokenAnswer) else None

    async def _tell_states(self, connection: Connection) -> None:
        view = self._doors.charger(self.plan.charger)
        while True:
            await self._tell_changed(connection, view)
            view = await self._doors.changed(self.plan.charger, view.version)

    async def _tell_changed(self, connection: Connection, view: ChargerView) -> None:
        for status in view.statuses:
            if self._told.get(status.evse) != status:
                await self._tell(connection, status)
                self._told[status.evse] = status

    async def _beat(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            action, payload = self._events.HEARTBEAT
            await connection.call(action, payload, timeout_s=CALL_TIMEOUT_S)

    async def _drain(self, connection: Connection) -> None:
        """Send rows in order; return when the charger is away and none waits any more."""
        plan = self.plan
        while True:
            delivery = await self._outbox.next(plan.csms, plan.charger)
            if delivery is not None:
                await self._deliver(connection, delivery)
                continue
            view = self._doors.charger(plan.charger)
            if not view.is_linked:
                return
            news = asyncio.ensure_future(self._outbox.wait(plan.csms, plan.charger))
            change = asyncio.ensure_future(self._doors.changed(plan.charger, view.version))
            try:
                await asyncio.wait({news, change}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
                change.cancel()
                await asyncio.gather(news, change, return_exceptions=True)

    async def _deliver(self, connection: Connection, delivery: Delivery) -> None:
        is_start = isinstance(delivery.event, TransactionStarted)
        cloud_id = delivery.cloud_transaction_id
        if not is_start and cloud_id is None and delivery.transaction_id is not None:
            await self._outbox.park(delivery, error="its start was never told to this CSMS")
            return
        told = Telling(
            station=self.plan.identity,
            named=cloud_id,
            ours=delivery.transaction_id,
            seq_no=delivery.seq_no,
            is_offline=delivery.is_offline,
        )
        try:
            call = self._events.row_of(delivery.event, told)
        except ValueError:
            await self._outbox.park(delivery, error=f"transaction {cloud_id} was begun in another version")
            return
        named = None
        if call is not None:
            try:
                answer = await self._exchange(connection, call, delivery.message_id)
            except (CallRefused, Fault) as error:  # refused, or answered with what nobody can read
                await self._refused(delivery, error)
                return
            named = self._events.given_name(answer, told) if is_start else None
        if named is not None and delivery.transaction_id is not None:
            self._orders.named = (named, delivery.transaction_id)  # a stop may follow before the commit
        is_numbered = call is not None and not is_start and self._events.NUMBERS
        await self._outbox.confirm(delivery, cloud_transaction_id=named, is_numbered=is_numbered)
        self.trouble = ""

    async def _refused(self, delivery: Delivery, error: CallRefused | Fault) -> None:
        attempts = delivery.attempts + 1
        what = type(delivery.event).__name__
        self.trouble = f"{what} refused: {error}"
        if attempts >= ATTEMPTS:
            log.warning("%s: %s of %s is parked: %s", self.plan.csms, what, self.plan.charger, error)
            await self._outbox.park(delivery, error=str(error))
            return
        await self._outbox.retry(delivery, error=str(error))
        await asyncio.sleep(self.plan.retry_interval_s * attempts)

    async def _tell(self, connection: Connection, event: AnyEvent) -> object:
        """What is told at once; None where there are no words for it."""
        call = self._events.call_of(event)
        return None if call is None else await self._exchange(connection, call)

    async def _exchange(self, connection: Connection, call: Call, message_id: str | None = None) -> object:
        action, payload = call
        raw = await connection.call(action, payload, timeout_s=CALL_TIMEOUT_S, message_id=message_id)
        answer: object = self._events.answer_of(action, raw)
        return answer

    # -- the story ---------------------------------------------------------------------------------------

    def _found(self) -> None:
        if self.state in ("down", "refused"):
            log.info("uplink %s: %s is back", self.plan.csms, self.plan.charger)
        self._outbox.linked(self.plan.csms, self.plan.charger, is_up=True)
        self._now("up", "")

    def _lost(self, state: Literal["down", "refused"], why: str) -> None:
        if self.state not in ("down", "refused"):
            log.warning("uplink %s: %s lost: %s", self.plan.csms, self.plan.charger, why)
        self._now(state, why)

    def _now(self, state: State, trouble: str) -> None:
        if state != self.state:
            self.since_ms = self._clock.now_ms()
        self.state, self.trouble = state, trouble


def _first(error: Exception) -> Exception:
    """What ended a group of tasks, or a group within it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _heed_cancellation() -> None:
    """Python 3.11's TaskGroup forgets that it was cancelled when a child failed at the same moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
