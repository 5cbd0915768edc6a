"""The site: five doors, and behind them events, commands, readings, limits and the latest status."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from msgspec.structs import replace

from edge.core.image import Decision
from edge.site.authorisation import AUTHORISED, Authorisation
from edge.site.availability import DAYS
from edge.site.blueprint import Blueprint
from edge.site.boots import BOOTS
from edge.site.commands import AnyCommand, Origin, Outcome
from edge.site.control import Control
from edge.site.demands import PEAKS
from edge.site.desk import Desk
from edge.site.disobedience import Disobedience
from edge.site.dispatch import Dispatch
from edge.site.durable import Journal, Store
from edge.site.events import Answer, AnyEvent
from edge.site.evidence import COMMANDS
from edge.site.explaining import Explainer
from edge.site.grid_command import GridCommand
from edge.site.limits import LIMITS
from edge.site.needs import NEEDS
from edge.site.parts import furnish
from edge.site.passports import PASSPORTS, PAUSES, PROOFS, FindShipped
from edge.site.ports import Charger, ChargerView, Clock, Limit, Reading, Recorder, SourceReading
from edge.site.promise import Promise
from edge.site.reception import Reception
from edge.site.reporting import Reporter
from edge.site.reservations import RESERVATIONS
from edge.site.self_tests import SelfTests
from edge.site.status import Explanation, Status, UplinkStatus, briefly
from edge.site.tokens import Token, fingerprint
from edge.site.uptime import Uptime

log = logging.getLogger(__name__)

SLEEPERS = "sleeper"  # tokens, by fingerprint, whose cars do not wake from a pause


class Site:
    """One parking lot. Made stopped; `resume` once, then `run` until cancelled."""

    def __init__(
        self,
        blueprint: Blueprint,
        journal: Journal,
        clock: Clock,
        *,
        store: Store,
        recorder: Recorder | None = None,
        tokens: Iterable[Token] = (),
        proven_pauses: Iterable[str] = (),
        shipped: FindShipped = lambda _vendor, _model: None,
        on_cycle: Callable[[], None] = lambda: None,
    ) -> None:
        """`proven_pauses`: models (vendor/model/firmware) known to stop their current at 0 A.

        `shipped` finds what is known of a vendor's model before it was met.

        `on_cycle` is called after every whole control cycle; it must not block.
        """
        self._parts = parts = furnish(
            blueprint,
            journal,
            clock,
            store,
            recorder=recorder,
            tokens=tokens,
            proven_pauses=proven_pauses,
            shipped=shipped,
        )
        self._on_cycle = on_cycle
        self.reception = Reception(parts)
        self._dispatch = Dispatch(parts)
        self._disobedience = Disobedience(parts.passports, self.alert)
        self._promise = Promise(blueprint, parts.passports, self.alert)
        self._uplinks: dict[str, UplinkStatus] = {}
        self._reporter = Reporter(blueprint, parts.observed, clock, parts.transactions)
        self._reporter.follow_ms = lambda charger, evse: parts.passports.traits(charger, evse).follow_ms
        self._explainer = Explainer(blueprint, clock)
        self._status = self._reporter.before_the_first_cycle()
        self._news = asyncio.Event()
        self.control.on_cycle = self._publish
        self.control.on_sleeper = self._remember_sleeper
        self.desk = Desk(
            parts.tokens,
            store,
            parts.observed,
            jobs=parts.jobs,
            reservations=parts.reservations,
            wake=self.control.wake,
            stop=self.submit if blueprint.settings.tokens.blocking_ends else None,
        )

    @property
    def control(self) -> Control:
        """The control cycle."""
        return self._parts.control

    @property
    def authorisation(self) -> Authorisation:
        """Who may charge."""
        return self._parts.authorisation

    async def resume(self) -> None:
        """Take up what the process before us left running, and what it had learnt of the chargers."""
        parts, documents = self._parts, self._parts.documents.store.documents
        await parts.timekeeper.begin()
        await self.desk.resume()
        parts.passports.resume(*[await documents(kind) for kind in (PASSPORTS, PROOFS, PAUSES)])
        parts.sleepers.update(await documents(SLEEPERS))
        parts.authorisation.resume(await documents(AUTHORISED))
        parts.control.demands.resume(await documents(PEAKS))
        parts.limits.resume(await documents(LIMITS))
        parts.evidence.resume(await documents(COMMANDS))
        parts.availability.resume(await documents(DAYS))
        parts.boots.resume(await documents(BOOTS), parts.observed)
        parts.reservations.resume(await documents(RESERVATIONS))
        for session in await parts.transactions.resume():
            name = parts.blueprint.evse_ids.get((session.charger, session.evse), session.charger)
            log.info("journal: %s's transaction %d continues", name, session.transaction_id)
        parts.needs.resume(await documents(NEEDS), parts.observed.values())

    async def run(self) -> None:
        """The control cycle and what it leaves to be written, until cancelled."""
        parts = self._parts
        async with asyncio.TaskGroup() as group:
            for runs in (parts.control, parts.documents, parts.timekeeper, parts.self_tests):
                group.create_task(runs.run())
            group.create_task(parts.transactions.tend())

    def attach(self, charger: str, driver: Charger) -> None:
        """`driver` is how this charger is reached."""
        self._parts.drivers[charger] = driver
        self.control.attach(charger, driver)

    # -- the five doors ----------------------------------------------------------------------------------

    async def report(self, event: AnyEvent) -> Answer:
        """Something happened at a charger. Answers after what must be stored is stored."""
        return await self.reception.report(event)

    def read(self, reading: Reading) -> None:
        """A meter was polled. The latest value wins."""
        self.control.read(reading)

    def limit(self, limit: Limit) -> None:
        """A bound from outside is set, changed or withdrawn. Raises ValueError on an unknown target."""
        self._parts.limits.set(limit)

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        """Carry a command out: protected settings and grants come first."""
        return await self._dispatch.submit(command, origin)

    async def watch(self) -> AsyncIterator[Status]:
        """The latest status, again whenever it changed; a slow reader misses the ones between."""
        while True:
            news = self._news
            yield self._status
            await news.wait()

    # -- what else drivers tell and ask ------------------------------------------------------------------

    def source(self, reading: SourceReading) -> None:
        """The meter of the sun or of a battery was polled."""
        self._parts.sources.read(reading)

    def pulse(self, circuit: str) -> None:
        """The utility's contact has begun a demand window on this circuit."""
        self.control.demands.pulse(circuit)
        self.control.wake()

    def trouble(self, circuit: str, sentence: str) -> None:
        """Why a circuit's meter is no good; an empty sentence: it is again."""
        self._reporter.meter_troubles[circuit] = sentence

    def notice(self, uplink: UplinkStatus) -> None:
        """An uplink tells how it fares, for the page."""
        self._uplinks[uplink.csms] = uplink

    def uplinks(self) -> tuple[UplinkStatus, ...]:
        """All uplinks with all of their stations, by name."""
        return tuple(self._uplinks[name] for name in sorted(self._uplinks))

    def alert(self, about: str, word: str, sentence: str) -> None:
        """Something about a charger, or this box, that somebody must know; shown for a day."""
        self._parts.alerts.raise_here(about, word, sentence)

    def room_changed(self, sentence: str, *, is_full: bool) -> None:
        """The journal has less room than it should, or has it again. Full: new charges are refused."""
        self._parts.transactions.is_full = is_full
        self.alert("journal", "journal-room", sentence)

    def charger(self, name: str) -> ChargerView:
        """The latest of one charger. Raises KeyError on a name that is not in the site file."""
        passports = self._parts.passports
        return self._parts.observed[name].view(passports.form(name), needs_probe=passports.needs_probe(name))

    async def changed(self, name: str, version: int) -> ChargerView:
        """The latest of one charger, as soon as it is newer than `version`."""
        await self._parts.observed[name].changed(version)
        return self.charger(name)

    def status(self) -> Status:
        """The latest status, now."""
        return self._status

    def explain(self, evse: str) -> Explanation:
        """Why this EVSE is offered what it is offered. Raises KeyError on a name that is not here."""
        status, decision = self._status, self.control.decision
        seen = next((each for each in status.evses if each.id == evse), None)
        if seen is None or decision is None:
            raise KeyError(evse)
        before = self._reporter.before(evse)
        return self._explainer.explain(seen, status, decision, self.control.limits, before=before)

    def evidence(self, since_ms: int, until_ms: int) -> list[GridCommand]:
        """The grid operator's commands of that time, oldest first."""
        return self._parts.evidence.between(since_ms, until_ms)

    def uptimes(self, begin_ms: int, end_ms: int) -> dict[str, Uptime]:
        """How much of these days each charger could be used."""
        return self._parts.availability.between(begin_ms, end_ms)

    def passports(self) -> SelfTests:
        """What is known of chargers, and how to learn more."""
        return self._parts.self_tests

    # -- after each cycle --------------------------------------------------------------------------------

    def _publish(self, decision: Decision) -> None:
        parts = self._parts
        for circuit, peak in self.control.demands.note(decision):
            parts.documents.remember(PEAKS, circuit, peak)
        now_ms = parts.clock.now_ms()
        parts.reservations.expire(now_ms)
        status = self._reporter.report(
            decision,
            cycle=self.control.cycle,
            readings=self.control.readings,
            uplinks=tuple(briefly(each) for each in self.uplinks()),
            refusing=self.control.refusing,
            strangers=parts.strangers,
        )
        self._status = replace(
            status,
            alerts=tuple(dict.fromkeys((*self._promise.broken(), *parts.alerts.sentences(now_ms)))),
            jobs=parts.jobs.rows(),
            reservations=parts.reservations.rows(),
            slowest_cycle_ms=self.control.slowest.ms,
            sources=parts.sources.rows(parts.clock.mono_ms()),
            limits=parts.limits.rows(),
        )
        parts.evidence.follow(self._status)
        parts.limits.follow()
        self._disobedience.note(status)
        parts.availability.note(status)
        self._news.set()
        self._news = asyncio.Event()
        self._on_cycle()

    def _remember_sleeper(self, token: str) -> None:
        self._parts.sleepers.add(fingerprint(token))
        self._parts.documents.remember(SLEEPERS, fingerprint(token), b"true")
