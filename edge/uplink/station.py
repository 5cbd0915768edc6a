"""One charger towards one CSMS: connects as that charger, boots, tells its states and drains its rows.

While the charger is linked, or rows wait, the link to the CSMS is kept; when the charger is away and
everything is told, it is closed. Rows go in order and are repeated with the same message id until they
are answered. A CALLERROR is retried after interval x preceding attempts (OCPP 1.6 ed. 2 section 3.7.1); a
row that keeps being refused is parked with the rest of its transaction.
"""

import asyncio
import logging
import random
from typing import Any, Literal

import msgspec

from edge.core.errors import PeerError
from edge.links.ocppj import Connection
from edge.links.ocppj_client import ConnectRefused, connect
from edge.ocpp.rpc import CallRefused, CallTimedOut, Fault, LinkLost
from edge.site.commands import (
    AnyCommand,
    Done,
    Origin,
    Outcome,
    Refused,
    ReportSchedule,
    StopCharging,
    Trigger,
)
from edge.site.durable import Delivery, JournalBrokenError, JournalFullError, Outbox
from edge.site.events import (
    BootAnswer,
    ChargerBooted,
    EvseStatusChanged,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionStarted,
)
from edge.site.ports import ChargerView, Clock, SiteDoors
from edge.uplink.bounds import CloudBounds, Running

log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 30.0
RECONNECT_FIRST_S = 1.0
RECONNECT_CAP_S = 5.0
ATTEMPTS = 5
RETRY_INTERVAL_S = 10.0
BOOT_RETRY_S = 10.0  # when a CSMS that says Pending or Rejected names no interval
BOUNDS_PERIOD_S = 5.0
_ENDS_A_VISIT = (LinkLost, CallTimedOut, CallRefused, Fault, JournalFullError, JournalBrokenError)


class StationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a virtual station is made of. `evses`: EVSE ids by number."""

    csms: str
    charger: str
    url: str
    identity: str
    password: str | None
    subprotocol: str
    evses: dict[int, str]
    voltage_v: int
    retry_interval_s: float = RETRY_INTERVAL_S


class VirtualStation:
    """`run` until cancelled. `state` and `trouble` tell how it fares."""

    def __init__(
        self,
        plan: StationPlan,
        dialect: Any,  # noqa: ANN401  a dialect's package: cloud_events and cloud_commands
        doors: SiteDoors,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self.state: Literal["up", "down", "refused", "away"] = "away"
        self.trouble = ""
        self._plan = plan
        self._events = dialect.cloud_events
        self._commands = dialect.cloud_commands
        self._doors = doors
        self._outbox = outbox
        self._clock = clock
        self._bounds = CloudBounds(plan.csms, plan.evses, doors, voltage_v=plan.voltage_v)
        self._told: dict[int, EvseStatusChanged] = {}
        self._errands: asyncio.Queue[Trigger] = asyncio.Queue(8)
        self._interval_s = 300
        self.charger = plan.charger
        self._connection: Connection | None = None
        self._named = ("", 0)  # the last transaction that this CSMS named: its id, ours

    async def run(self) -> None:
        """Keep the link as long as there is something to tell; never give up."""
        wait_s = RECONNECT_FIRST_S
        while True:
            try:
                await self._until_needed()
                await self._visit()
                wait_s = RECONNECT_FIRST_S
            except ConnectRefused as error:
                self._lost("refused" if error.status in (401, 403, 404) else "down", str(error))
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
        view = self._doors.charger(self._plan.charger)
        while view.boot is None or not (view.is_linked or await self._has_rows()):
            self.state = "away"
            view = await self._doors.changed(self._plan.charger, view.version)

    async def _has_rows(self) -> bool:
        return await self._outbox.next(self._plan.csms, self._plan.charger) is not None

    async def _visit(self) -> None:
        """One connection, from the handshake to its end."""
        plan = self._plan
        failure: Exception | None = None
        async with connect(
            plan.url, identity=plan.identity, subprotocols=[plan.subprotocol], password=plan.password
        ) as connection:
            try:
                async with asyncio.TaskGroup() as group:
                    link = group.create_task(self._hold(connection))
                    await self._boot(connection)
                    self._found()
                    self._connection = connection
                    tasks = [
                        group.create_task(self._tell_states(connection)),
                        group.create_task(self._beat(connection)),
                        group.create_task(self._bound()),
                        group.create_task(self._run_errands(connection)),
                    ]
                    await self._drain(connection)
                    for task in (*tasks, link):  # first, for a link that we close is not lost
                        task.cancel()
                    await connection.close()
            except* _ENDS_A_VISIT as errors:
                failure = errors.exceptions[0]
            finally:
                self._connection = None
        if failure is not None:
            _heed_cancellation()
            raise failure
        self.state = "away"

    async def _hold(self, connection: Connection) -> None:
        why = await connection.run(self._answer)
        raise LinkLost(why or "the link ended", was_sent=False)

    # -- upwards -----------------------------------------------------------------------------------------

    async def _boot(self, connection: Connection) -> None:
        """BootNotification until it is accepted; until then the rows wait."""
        while True:
            answer = await self._tell(connection, self._boot_event())
            if isinstance(answer, BootAnswer) and answer.status == "accepted":
                self._interval_s = max(1, answer.interval_s or 300)
                break
            interval_s = answer.interval_s if isinstance(answer, BootAnswer) else 0
            self.trouble = f"the boot is {answer.status if isinstance(answer, BootAnswer) else 'unanswered'}"
            await asyncio.sleep(interval_s or BOOT_RETRY_S)
        self._told = {}
        await self._tell_changed(connection, self._doors.charger(self._plan.charger))

    def _boot_event(self) -> ChargerBooted:
        boot = self._doors.charger(self._plan.charger).boot
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
            log.info("uplink %s: a token is not answered for: %s", self._plan.csms, error or "too late")
            return None
        return answer if isinstance(answer, TokenAnswer) else None

    async def _tell_states(self, connection: Connection) -> None:
        view = self._doors.charger(self._plan.charger)
        while True:
            await self._tell_changed(connection, view)
            view = await self._doors.changed(self._plan.charger, view.version)

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
        plan = self._plan
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
        needs_name = not isinstance(delivery.event, TransactionStarted)
        cloud_id = delivery.cloud_transaction_id
        if needs_name and cloud_id is None and getattr(delivery.event, "transaction_id", None) is not None:
            await self._outbox.park(delivery, error="its start was never told to this CSMS")
            return
        try:
            answer = await self._tell(
                connection,
                delivery.event,
                transaction_id=None if cloud_id is None else int(cloud_id),
                message_id=delivery.message_id,
            )
        except (CallRefused, Fault) as error:  # refused, or answered with what nobody can read
            await self._refused(delivery, error)
            return
        named = str(answer.transaction_id) if isinstance(answer, StartAnswer) else None
        if named is not None and isinstance(delivery.event, TransactionStarted):
            self._named = (named, delivery.event.transaction_id)  # a stop may follow before the commit
        await self._outbox.confirm(delivery, cloud_transaction_id=named)
        self.trouble = ""

    async def _refused(self, delivery: Delivery, error: CallRefused | Fault) -> None:
        attempts = delivery.attempts + 1
        what = type(delivery.event).__name__
        self.trouble = f"{what} refused: {error}"
        if attempts >= ATTEMPTS:
            log.warning("%s: %s of %s is parked: %s", self._plan.csms, what, self._plan.charger, error)
            await self._outbox.park(delivery, error=str(error))
            return
        await self._outbox.retry(delivery, error=str(error))
        await asyncio.sleep(self._plan.retry_interval_s * attempts)

    async def _tell(
        self,
        connection: Connection,
        event: Any,  # noqa: ANN401  any event
        *,
        transaction_id: int | None = None,
        message_id: str | None = None,
    ) -> object:
        call = self._events.call_of(event, transaction_id=transaction_id)
        if call is None:
            return None
        action, payload = call
        raw = await connection.call(action, payload, timeout_s=CALL_TIMEOUT_S, message_id=message_id)
        answer: object = self._events.answer_of(action, raw)
        return answer

    # -- downwards ---------------------------------------------------------------------------------------

    async def _answer(self, action: str, raw: msgspec.Raw) -> bytes:
        """One CALL of the CSMS. Its profiles become limits before anything starts."""
        wish = self._commands.wish_of(action, raw, self._plan.charger)
        outcome: Outcome = Done()
        if wish.profile is not None and not self._bounds.install(wish.profile):
            outcome = Refused(sentence=f"there is no connector {wish.profile.connector}")
        if wish.cleared is not None and not self._bounds.clear(wish.cleared.concerns):
            outcome = Refused(sentence="no such profile")
        if wish.profile is not None or wish.cleared is not None:
            await self._apply_bounds()
        if wish.command is not None and isinstance(outcome, Done):
            outcome = await self._perform(wish.command)
        reply: bytes = self._commands.reply_to(wish, outcome, now_ms=self._clock.now_ms())
        return reply

    async def _perform(self, command: AnyCommand) -> Outcome:
        if isinstance(command, Trigger) and command.what != "meter-values":
            return self._trigger(command)
        if isinstance(command, StopCharging):
            found = await self._local_transaction(str(command.transaction_id))
            if found is None:
                return Refused(sentence=f"transaction {command.transaction_id} is not known here")
            command = StopCharging(charger=command.charger, evse=command.evse, transaction_id=found)
        if isinstance(command, ReportSchedule) and command.evse not in self._plan.evses:
            return Refused(sentence="there is no such connector")
        return await self._doors.submit(command, Origin(kind="csms", name=self._plan.csms))

    async def _local_transaction(self, named: str) -> int | None:
        """Our id of what this CSMS calls a transaction."""
        if named == self._named[0]:
            return self._named[1]
        return await self._outbox.local_transaction(self._plan.csms, self._plan.charger, named)

    def _trigger(self, command: Trigger) -> Outcome:
        """What we know ourselves needs no question to the charger; it follows after the answer."""
        try:
            self._errands.put_nowait(command)
        except asyncio.QueueFull:
            return Refused(sentence="too much was asked for at once")
        return Done()

    async def _run_errands(self, connection: Connection) -> None:
        while True:
            command = await self._errands.get()
            if command.what == "boot":
                await self._tell(connection, self._boot_event())
            elif command.what == "heartbeat":
                action, payload = self._events.HEARTBEAT
                await connection.call(action, payload, timeout_s=CALL_TIMEOUT_S)
            else:
                for status in self._doors.charger(self._plan.charger).statuses:
                    if command.evse in (0, status.evse):
                        await self._tell(connection, status)

    async def _bound(self) -> None:
        """Profiles change by the clock alone: look again every few seconds."""
        while True:
            await self._apply_bounds()
            await asyncio.sleep(BOUNDS_PERIOD_S)

    async def _apply_bounds(self) -> None:
        running = {}
        for evse in self._doors.status().evses:
            if evse.charger == self._plan.charger and evse.transaction_id is not None:
                name = await self._outbox.cloud_transaction(self._plan.csms, evse.transaction_id)
                running[evse.evse] = Running(None if name is None else int(name), evse.since_ms)
        self._bounds.apply(running, now_ms=self._clock.now_ms())

    # -- the story ---------------------------------------------------------------------------------------

    def _found(self) -> None:
        if self.state in ("down", "refused"):
            log.info("uplink %s: %s is back", self._plan.csms, self._plan.charger)
        self.state, self.trouble = "up", ""

    def _lost(self, state: Literal["down", "refused"], why: str) -> None:
        if self.state not in ("down", "refused"):
            log.warning("uplink %s: %s lost: %s", self._plan.csms, self._plan.charger, why)
        self.state, self.trouble = state, why


def _heed_cancellation() -> None:
    """Python 3.11's TaskGroup forgets that it was cancelled when a child failed at the same moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
