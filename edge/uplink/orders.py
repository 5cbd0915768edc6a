"""What one CSMS wants of one charger: CALLs answered, profiles turned into limits, errands run."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from edge.core.errors import PeerError
from edge.dialects.cloud import Call, Planned, Wish
from edge.links.ocppj import Connection
from edge.ocpp.rpc import LinkLost
from edge.site.commands import (
    AnyCommand,
    Done,
    Origin,
    Outcome,
    ReadSettings,
    Refused,
    ReportSchedule,
    StartCharging,
    StopCharging,
    Trigger,
    WriteSettings,
)
from edge.site.durable import JournalBrokenError, JournalFullError, Outbox
from edge.site.events import AnyEvent, JobProgressed
from edge.site.ports import Clock, SiteDoors
from edge.uplink.bounds import CloudBounds, Running
from edge.uplink.credentials import PLACE, Credentials

if TYPE_CHECKING:
    from edge.uplink.station import StationPlan

CALL_TIMEOUT_S = 30.0
BOUNDS_PERIOD_S = 5.0
MOST_ERRANDS = 256
FREE_OF_ALL = (ReadSettings, ReportSchedule, Trigger)  # what an observer may ask: it changes nothing
LEAST_PASSWORD = 8

Errand = Call | Trigger


class Orders:
    """One station's. `named`: the last transaction that the CSMS was told of: its name there, ours.

    `is_accepted`: the CSMS has accepted the boot; until then nothing is started (OCPP 1.6 ed. 2 section 4.2).
    """

    def __init__(
        self,
        plan: "StationPlan",
        doors: SiteDoors,
        outbox: Outbox,
        clock: Clock,
        credentials: Credentials,
    ) -> None:
        self.named = ("", 0)
        self.is_accepted = False
        self._plan = plan
        self._doors = doors
        self._outbox = outbox
        self._clock = clock
        self._credentials = credentials
        self._events = plan.version.events
        self._commands = plan.version.commands
        self._bounds = CloudBounds(plan.csms, plan.evses, doors, voltage_v=plan.voltage_v)
        self._errands: asyncio.Queue[Errand] = asyncio.Queue(MOST_ERRANDS)
        self._bounded: dict[int, bool] = {}

    async def answer(self, action: str, raw: msgspec.Raw) -> bytes:
        """One CALL of the CSMS. Its profiles become limits before anything starts."""
        wish: Wish = self._commands.wish_of(action, raw, self._plan.charger)
        outcome = self._refusal(wish)
        each: tuple[Outcome, ...] = tuple(outcome or Done() for _ in wish.each)
        if outcome is None:
            outcome = await self._take_profiles(wish)
        if outcome is None and wish.command is not None:
            outcome = await self._perform(wish, wish.command)
        elif outcome is None and wish.each:
            each = tuple([await self._perform(wish, command) for command in wish.each])
        outcome = outcome or Done()
        now_ms = self._clock.now_ms()
        reply: bytes = self._commands.reply_to(wish, outcome, now_ms=now_ms, each=each)
        for call in self._commands.follow_ups(wish, outcome, now_ms=now_ms):
            self._later(call)
        return reply

    def _refusal(self, wish: Wish) -> Outcome | None:
        """Why it is not even tried."""
        if not (wish.command or wish.each or wish.profile or wish.cleared):
            return Refused(sentence=f"{wish.action}: set by the site itself")
        if not self._plan.is_primary and not isinstance(wish.command, FREE_OF_ALL):
            return Refused(sentence="this cloud observes, another one commands")
        if not self.is_accepted and isinstance(wish.command, StartCharging | StopCharging):
            return Refused(sentence="the boot is not accepted yet")
        return None

    async def _take_profiles(self, wish: Wish) -> Outcome | None:
        """Why not, where they cannot be taken."""
        if wish.profile is None and wish.cleared is None:
            return None
        if wish.profile is not None and not self._bounds.install(wish.profile):
            return Refused(sentence=f"there is no connector {wish.profile.connector}")
        if wish.cleared is not None and not self._bounds.clear(wish.cleared.concerns):
            return Refused(sentence="no such profile")
        await self._apply_bounds()
        return None

    async def _perform(self, wish: Wish, command: AnyCommand) -> Outcome:
        if isinstance(command, Trigger) and command.what != "meter-values":
            return Done() if self._later(command) else Refused(sentence="too much was asked for at once")
        if isinstance(command, StopCharging):
            found = await self._local_transaction(wish.transaction or str(command.transaction_id))
            if found is None:
                return Refused(sentence=f"transaction {wish.transaction} is not known here")
            command = StopCharging(charger=command.charger, evse=command.evse, transaction_id=found)
        if isinstance(command, ReportSchedule):
            return await self._planned(command)
        if isinstance(command, WriteSettings) and PLACE in command.settings:
            return await self._new_password(command.settings[PLACE])
        origin = Origin(kind="csms", name=self._plan.csms, number=wish.number)
        return await self._doors.submit(command, origin)

    async def _local_transaction(self, name: str) -> int | None:
        """Our id of what this CSMS calls a transaction."""
        if name == self.named[0]:
            return self.named[1]
        return await self._outbox.local_transaction(self._plan.csms, self._plan.charger, name)

    async def _new_password(self, value: str) -> Outcome:
        """It is this box that shows a password to the cloud, not the charger."""
        password = self._events.password_of(value)
        if len(password) < LEAST_PASSWORD:
            return Refused(sentence=f"a password has at least {LEAST_PASSWORD} characters")
        try:
            await self._credentials.give(password)
        except (JournalFullError, JournalBrokenError) as error:
            return Refused(sentence=f"it cannot be kept: {error}")
        return Done()

    # -- limits ------------------------------------------------------------------------------------------

    async def _planned(self, command: ReportSchedule) -> Outcome:
        """What an EVSE may draw: the least of what this CSMS allows and of what the site does, as of now."""
        evse = next(
            (
                each
                for each in self._doors.status().evses
                if each.charger == self._plan.charger and each.evse == command.evse
            ),
            None,
        )
        if evse is None:
            return Refused(sentence="there is no such connector")
        now_ms = self._clock.now_ms()
        running = (await self._running()).get(command.evse, Running(None, None))
        cap_ma = evse.max_ma if evse.transaction_id is None else evse.setpoint_ma
        periods = self._bounds.planned(
            command.evse, running, cap_ma=cap_ma, now_ms=now_ms, duration_s=command.duration_s
        )
        if command.unit == "W":
            phases = 3 if evse.measured_ma is None else max(1, sum(ma > 0 for ma in evse.measured_ma))
            periods = tuple((start_s, ma * self._plan.voltage_v * phases) for start_s, ma in periods)
        planned = Planned(
            evse=command.evse,
            start_ms=now_ms,
            duration_s=command.duration_s,
            unit=command.unit,
            periods=periods,
        )
        return Done(data=msgspec.json.encode(planned).decode())

    async def _running(self) -> dict[int, Running]:
        running = {}
        for evse in self._doors.status().evses:
            if evse.charger == self._plan.charger and evse.transaction_id is not None:
                name = await self._outbox.cloud_transaction(self._plan.csms, evse.transaction_id)
                if name is None and self.named[1] == evse.transaction_id:
                    name = self.named[0]
                named = None if name is None else self._events.as_named(name)
                running[evse.evse] = Running(named, evse.since_ms)
        return running

    async def _apply_bounds(self) -> None:
        if self._plan.is_primary:
            self._bounds.apply(await self._running(), now_ms=self._clock.now_ms())

    # -- what follows ------------------------------------------------------------------------------------

    def _later(self, errand: Errand) -> bool:
        """What we know ourselves needs no question to the charger; it follows after the answer."""
        try:
            self._errands.put_nowait(errand)
        except asyncio.QueueFull:
            return False
        return True

    async def watch(self, connection: Connection) -> None:
        """Run errands and follow what the profiles allow, as long as the link lasts."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bound(connection))
            group.create_task(self._run_errands(connection))

    async def _bound(self, connection: Connection) -> None:
        """Profiles change by the clock alone: look again every few seconds."""
        while True:
            await self._apply_bounds()
            for call in self._external_limits():
                self._later(call)
            if self._credentials.is_new:
                self._credentials.worked()
                await connection.close()
                raise LinkLost("the password was changed", was_sent=False)
            await asyncio.sleep(BOUNDS_PERIOD_S)

    def _external_limits(self) -> list[Call]:
        """Where the site bounds a transaction below what this CSMS allows, and where it does no more."""
        says = getattr(self._events, "external_limit", None)
        if says is None or not self._plan.is_primary:
            return []
        calls = []
        for evse in self._doors.status().evses:
            if evse.charger != self._plan.charger:
                continue
            allowed_ma = self._bounds.allowed_ma(evse.evse)
            most_ma = evse.max_ma if allowed_ma is None else min(allowed_ma, evse.max_ma)
            is_bounded = evse.transaction_id is not None and evse.setpoint_ma < most_ma
            if is_bounded != self._bounded.get(evse.evse, False):
                self._bounded[evse.evse] = is_bounded
                calls.append(says(evse.evse, is_over=not is_bounded))
        return calls

    async def _run_errands(self, connection: Connection) -> None:
        while True:
            errand = await self._errands.get()
            calls = [errand] if isinstance(errand, tuple) else self._triggered(errand)
            for action, payload in calls:
                try:
                    await connection.call(action, payload, timeout_s=CALL_TIMEOUT_S)
                except LinkLost:
                    raise
                except PeerError:  # it asked for this, and does not want it after all
                    continue

    def _triggered(self, command: Trigger) -> list[Call]:
        view = self._doors.charger(self._plan.charger)
        if command.what == "heartbeat":
            return [self._events.HEARTBEAT]
        told: list[AnyEvent] = []
        if command.what == "boot" and view.boot is not None:
            told = [view.boot]
        elif command.what == "status":
            told = [status for status in view.statuses if command.evse in (0, status.evse)]
        elif command.what in ("firmware-status", "log-status"):
            told = [self._job(command)]
        return [call for event in told if (call := self._events.call_of(event)) is not None]

    def _job(self, command: Trigger) -> JobProgressed:
        """The latest job of this kind, or none."""
        job = "firmware" if command.what == "firmware-status" else "log"
        rows = [
            row
            for row in self._doors.status().jobs
            if (row.charger, row.job) == (command.charger, job) and row.state not in ("installed", "uploaded")
        ]
        return JobProgressed(
            charger=command.charger,
            at_ms=self._clock.now_ms(),
            seen_ms=self._clock.mono_ms(),
            job="firmware" if job == "firmware" else "log",
            state=rows[0].state if rows else "idle",
            word=rows[0].word if rows else "Idle",
            request_id=rows[0].request_id if rows else None,
        )
