"""The site: five doors, and behind them events, commands, readings, limits and the latest status."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from msgspec.structs import replace

from edge.core.image import Decision
from edge.site.alerts import Alerts
from edge.site.authorisation import AUTHORISED, DAY_MS, Authorisation
from edge.site.blueprint import Blueprint
from edge.site.boots import BOOTS, Boots
from edge.site.commands import (
    AnyCommand,
    Done,
    NoAnswer,
    Origin,
    Outcome,
    Refused,
    Reserve,
    StartCharging,
    StopCharging,
    Unreachable,
    WriteSettings,
    patience_ms,
)
from edge.site.control import Control
from edge.site.demands import PEAKS
from edge.site.desk import Desk
from edge.site.disobedience import Disobedience
from edge.site.durable import Journal, JournalBrokenError, JournalFullError, Store
from edge.site.events import (
    Acknowledged,
    AlertRaised,
    Answer,
    AnyEvent,
    BootAnswer,
    CertificateAnswer,
    CertificateRequested,
    ChargerBooted,
    EvseStatusChanged,
    JobProgressed,
    LinkChanged,
    NeedsStated,
    PassportLearned,
    Sampled,
    StartAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)
from edge.site.explaining import Explainer
from edge.site.jobs import Jobs
from edge.site.needs import NEEDS, Needs
from edge.site.observed import ObservedCharger
from edge.site.passports import PASSPORTS, PAUSES, PROOFS, FindShipped, Passports
from edge.site.ports import Charger, ChargerView, Clock, Limit, Reading, Recorder, SourceReading
from edge.site.promise import Promise
from edge.site.protected import protected_keys
from edge.site.reporting import Reporter
from edge.site.reservations import RESERVATIONS, Reservations
from edge.site.self_tests import SelfTests
from edge.site.sources import Sources
from edge.site.status import Explanation, Status, UplinkStatus
from edge.site.strangers import Strangers
from edge.site.timekeeping import Timekeeper
from edge.site.tokens import Token, Tokens, fingerprint
from edge.site.transactions import Transactions

log = logging.getLogger(__name__)

HEARTBEAT_S = 60
MAX_DOCUMENTS = 1_000
SLEEPERS = "sleeper"  # tokens, by fingerprint, whose cars do not wake from a pause
CERTIFICATE_REQUESTS = "csr"  # of a charger, in PEM
CSR_HEAD = "-----BEGIN CERTIFICATE REQUEST-----"


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
        self._blueprint = blueprint
        self._clock = clock
        self._observed = {
            name: ObservedCharger(
                name, {number: blueprint.evse_ids[name, number] for number in blueprint.numbers(name)}
            )
            for name in blueprint.chargers
        }
        may = blueprint.settings.tokens
        self._tokens = Tokens(may.accept, list(tokens), blueprint.token_groups())
        self.authorisation = Authorisation(
            self._tokens,
            clock,
            remember=self._remember,
            energy_since=journal.energy_since,
            offline=may.offline,
            deadline_ms=may.deadline_ms,
            cache_ms=may.cache_days * DAY_MS,
            timezone=blueprint.settings.timezone,
        )
        self._sleepers: set[str] = set()
        self._transactions = Transactions(
            journal,
            clock,
            self._observed,
            sleepers=self._sleepers,
            priority_of=self._tokens.priority_of,
            most_w=blueprint.most_w(),
        )
        self._boots = Boots({name: each.station for name, each in blueprint.chargers.items()}, self._remember)
        self._timekeeper = Timekeeper(journal, clock, alert=self.alert, redate=self._transactions.redate)
        self._needs = Needs(clock, self._remember)
        self._drivers: dict[str, Charger] = {}
        self._alerts = Alerts(journal, clock)
        self._sources = Sources()
        self._jobs = Jobs(journal, clock)
        self._reservations = Reservations(journal, clock, self._remember)
        self._store = store
        self._documents: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue(MAX_DOCUMENTS)
        self._on_cycle = on_cycle
        self._strangers = Strangers(blueprint.settings.ocpp.unknown)
        self._passports = Passports(
            blueprint,
            self._observed,
            clock,
            self._remember,
            shipped=shipped,
            proven_pauses=set(proven_pauses),
        )
        self._self_tests = SelfTests(blueprint, self._observed, clock, self._drivers, self._passports)
        self._disobedience = Disobedience(self._passports, self.alert)
        self._promise = Promise(blueprint, self._passports, self.alert)
        self._uplinks: dict[str, UplinkStatus] = {}
        self.control = Control(
            blueprint,
            self._observed,
            clock,
            recorder,
            passports=self._passports,
        )
        self.control.on_cycle = self._publish
        self.control.on_sleeper = self._remember_sleeper
        self._reporter = Reporter(blueprint, self._observed, clock, self._transactions)
        self._explainer = Explainer(blueprint, clock)
        self._reporter.follow_ms = lambda charger, evse: self._passports.traits(charger, evse).follow_ms
        self._status = self._reporter.before_the_first_cycle()
        self._news = asyncio.Event()
        self.desk = Desk(
            self._tokens,
            store,
            self._observed,
            jobs=self._jobs,
            reservations=self._reservations,
            wake=self.control.wake,
            stop=self.submit if may.blocking_ends else None,
        )

    async def resume(self) -> None:
        """Take up what the process before us left running, and what it had learnt of the chargers."""
        await self._timekeeper.begin()
        await self.desk.resume()
        documents = [await self._store.documents(kind) for kind in (PASSPORTS, PROOFS, PAUSES)]
        self._passports.resume(*documents)
        self._sleepers.update(await self._store.documents(SLEEPERS))
        self.authorisation.resume(await self._store.documents(AUTHORISED))
        self.control.demands.resume(await self._store.documents(PEAKS))
        self._boots.resume(await self._store.documents(BOOTS), self._observed)
        self._reservations.resume(await self._store.documents(RESERVATIONS))
        for session in await self._transactions.resume():
            name = self._blueprint.evse_ids.get((session.charger, session.evse), session.charger)
            log.info("journal: %s's transaction %d continues", name, session.transaction_id)
        self._needs.resume(await self._store.documents(NEEDS), self._observed.values())

    async def run(self) -> None:
        """The control cycle and what it leaves to be written, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.control.run())
            group.create_task(self._keep_documents())
            group.create_task(self._transactions.tend())
            group.create_task(self._timekeeper.run())
            group.create_task(self._self_tests.run())

    def attach(self, charger: str, driver: Charger) -> None:
        """`driver` is how this charger is reached."""
        self._drivers[charger] = driver
        self.control.attach(charger, driver)

    async def report(self, event: AnyEvent) -> Answer:
        """Something happened at a charger. Answers after what must be stored is stored."""
        charger = self._observed.get(event.charger)
        if charger is None:
            return self._strangers.report(event, self._clock.now_ms())
        charger.note(event)
        if isinstance(event, ChargerBooted):
            return self._boot(event)
        if isinstance(event, TokenPresented):
            return await self.authorisation.judge(event.charger, event.token)
        if isinstance(event, TransactionStarted):
            verdict = await self.authorisation.judge(
                event.charger, event.token, is_start=True, is_past=event.offline
            )
            answer = await self._transactions.start(event, verdict)
            if isinstance(answer, StartAnswer):
                self._tokens.withdraw(event.charger, event.token)
                self._reservations.used(event)
            self.control.wake()
            return answer
        if isinstance(event, TransactionEnded):
            ended = await self._transactions.end(event)
            self.control.wake()
            return ended
        if isinstance(event, Sampled):
            self._transactions.sample(event)
            self._passports.sampled(event)
            self._self_tests.sampled(event)
        elif isinstance(event, LinkChanged):
            log.info(
                "%s %s", event.charger, f"connected from {event.address}" if event.is_up else "link lost"
            )
            self.control.wake()
        else:
            return await self._report_aside(event)
        return Acknowledged()

    async def _report_aside(self, event: AnyEvent) -> Answer:
        """What has nothing to do with charging."""
        if isinstance(event, AlertRaised):
            return await self._alerts.note(event)
        if isinstance(event, CertificateRequested):
            return self._keep_request(event)
        if isinstance(event, NeedsStated):
            answer = self._needs.state(self._observed[event.charger].evses.get(event.evse), event)
            self.control.wake()
            return answer
        if isinstance(event, JobProgressed):
            self._jobs.note(event)
        elif isinstance(event, EvseStatusChanged):
            self._transactions.state(event)
        elif isinstance(event, PassportLearned):
            self._passports.learn(event)
        elif isinstance(event, VendorMessage):
            log.info("%s tells %s %s", event.charger, event.vendor[:50], event.message or "")
        return Acknowledged()

    def read(self, reading: Reading) -> None:
        """A meter was polled. The latest value wins."""
        self.control.read(reading)

    def source(self, reading: SourceReading) -> None:
        """The meter of the sun or of a battery was polled."""
        self._sources.read(reading)

    def trouble(self, circuit: str, sentence: str) -> None:
        """Why a circuit's meter is no good; an empty sentence: it is again."""
        self._reporter.meter_troubles[circuit] = sentence

    def limit(self, limit: Limit) -> None:
        """A bound from outside is set, changed or withdrawn. Raises ValueError on an unknown target."""
        lot = self._blueprint.lot
        known = lot.by_id if limit.kind == "evse" else lot.tree.circuits
        if limit.target not in known:
            raise ValueError(f"{limit.target!r} is none of {', '.join(sorted(known))}")
        if limit.limit_ma is None:
            if self.control.limits.pop(limit.name, None) is not None:
                log.info("limit %s is withdrawn", limit.name)
        else:
            self.control.limits[limit.name] = limit
            log.info("limit %s: %s at most %.1f A", limit.name, limit.target, limit.limit_ma / 1000)
        self.control.wake()

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        """Carry a command out: protected settings and grants come first."""
        driver = self._drivers.get(command.charger)
        if driver is None:
            return Refused(sentence=f"there is no charger {command.charger} here")
        if isinstance(command, WriteSettings) and origin.kind != "site":
            owned = protected_keys(command.settings)
            if owned:
                return Refused(sentence=f"{', '.join(owned)}: set by the site itself")
        if isinstance(command, StopCharging):
            session = self._transactions.open_session(command.transaction_id)
            if session is None or session.charger != command.charger:
                return Refused(sentence=f"no transaction {command.transaction_id} runs there")
        if not self._observed[command.charger].is_linked:
            return Unreachable()
        if isinstance(command, StartCharging):  # the station may ask before it answers
            self._tokens.grant_once(command.charger, command.token, mono_ms=self._clock.mono_ms())
        if isinstance(command, Reserve) and command.until_ms <= self._clock.now_ms():
            return Refused(sentence="the reservation would be over already")
        command = self._reservations.numbered(self._jobs.numbered(command))
        outcome = await driver.perform(command, deadline_ms=patience_ms(command))
        self._jobs.ordered(command, outcome)
        outcome = self._reservations.ordered(command, outcome)
        if isinstance(command, StartCharging) and not isinstance(outcome, Done | NoAnswer):
            self._tokens.withdraw(command.charger, command.token)
        log.info(
            "%s %s by %s: %s",
            command.charger,
            type(command).__name__,
            origin.name or origin.kind,
            type(outcome).__name__,
        )
        return outcome

    def notice(self, uplink: UplinkStatus) -> None:
        """An uplink tells how it fares, for the page."""
        self._uplinks[uplink.csms] = uplink

    def alert(self, about: str, word: str, sentence: str) -> None:
        """Something about a charger, or this box, that somebody must know; shown for a day."""
        self._alerts.raise_here(about, word, sentence)

    def room_changed(self, sentence: str, *, is_full: bool) -> None:
        """The journal has less room than it should, or has it again. Full: new charges are refused."""
        self._transactions.is_full = is_full
        self._alerts.raise_here("journal", "journal-room", sentence)

    def charger(self, name: str) -> ChargerView:
        """The latest of one charger. Raises KeyError on a name that is not in the site file."""
        return replace(
            self._observed[name].view(),
            form=self._passports.form(name),
            needs_probe=self._passports.needs_probe(name),
        )

    async def changed(self, name: str, version: int) -> ChargerView:
        """The latest of one charger, as soon as it is newer than `version`."""
        return await self._observed[name].changed(version)

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

    def passports(self) -> SelfTests:
        """What is known of chargers, and how to learn more."""
        return self._self_tests

    async def watch(self) -> AsyncIterator[Status]:
        """The latest status, again whenever it changed; a slow reader misses the ones between."""
        while True:
            news = self._news
            yield self._status
            await news.wait()

    def _publish(self, decision: Decision) -> None:
        for circuit, peak in self.control.demands.note(decision):
            self._remember(PEAKS, circuit, peak)
        now_ms = self._clock.now_ms()
        self._reservations.expire(now_ms)
        status = self._reporter.report(
            decision,
            cycle=self.control.cycle,
            readings=self.control.readings,
            uplinks=tuple(self._uplinks[name] for name in sorted(self._uplinks)),
            refusing=self.control.refusing,
            strangers=self._strangers,
        )
        self._status = replace(
            status,
            alerts=tuple(dict.fromkeys((*self._promise.broken(), *self._alerts.sentences(now_ms)))),
            jobs=self._jobs.rows(),
            reservations=self._reservations.rows(),
            slowest_cycle_ms=self.control.slowest.ms,
            sources=self._sources.rows(self._clock.mono_ms()),
        )
        self._disobedience.note(status)
        self._news.set()
        self._news = asyncio.Event()
        self._on_cycle()

    def _remember_sleeper(self, token: str) -> None:
        self._sleepers.add(fingerprint(token))
        self._remember(SLEEPERS, fingerprint(token), b"true")

    def _remember(self, kind: str, key: str, body: bytes) -> None:
        """Have a document written soon; the newest wins, a full queue costs only memory after a restart."""
        try:
            self._documents.put_nowait((kind, key, body))
        except asyncio.QueueFull:
            log.warning("too much to remember at once: %s of %s is not kept", kind, key)

    async def _keep_documents(self) -> None:
        while True:
            kind, key, body = await self._documents.get()
            try:
                await self._store.put_document(kind, key, body)
            except (JournalFullError, JournalBrokenError) as error:
                log.warning("%s of %s is not kept: %s", kind, key, error)

    def _boot(self, event: ChargerBooted) -> BootAnswer:
        log.info("%s %s %s, OCPP %s", event.charger, event.vendor, event.model, event.protocol)
        if self._boots.note(event):
            self._transactions.replaced(event.charger)
        self._passports.booted(event.charger)
        self.control.wake()
        return BootAnswer(status="accepted", interval_s=HEARTBEAT_S, now_ms=self._clock.now_ms())

    def _keep_request(self, event: CertificateRequested) -> CertificateAnswer:
        """Keep a new key's request until somebody has it signed; the newest of a charger counts."""
        is_request = event.csr.lstrip().startswith(CSR_HEAD)
        if is_request:
            self._remember(CERTIFICATE_REQUESTS, event.charger, event.csr.encode())
            self._alerts.raise_here(event.charger, "certificate-request", "wants a certificate signed")
        return CertificateAnswer(is_accepted=is_request)
