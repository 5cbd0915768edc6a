"""What chargers tell: each event goes to whom it concerns, and is answered once what must be stored is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

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
    StillRuns,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    VendorMessage,
)
from edge.site.parts import Parts

log = logging.getLogger(__name__)

HEARTBEAT_S = 60
COST_S = 2.0  # the station waits for its answer
CostOf = Callable[[int], Awaitable[float | None]]
CERTIFICATE_REQUESTS = "csr"  # of a charger, in PEM
CSR_HEAD = "-----BEGIN CERTIFICATE REQUEST-----"


class Reception:
    """The door for events."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.cost_of: CostOf | None = None
        """What a transaction that has ended costs, for chargers that show it; None: nobody bills here."""

    async def report(self, event: AnyEvent) -> Answer:
        """Something happened at a charger. Answers after what must be stored is stored."""
        parts = self._parts
        charger = parts.observed.get(event.charger)
        if charger is None:
            return parts.strangers.report(event, parts.clock.now_ms())
        charger.note(event)
        if isinstance(event, ChargerBooted):
            return self._boot(event)
        if isinstance(event, TokenPresented):
            return await parts.authorisation.judge(event.charger, event.token)
        if isinstance(event, TransactionStarted):
            return await self._start(event)
        if isinstance(event, TransactionEnded):
            ended = await parts.transactions.end(event)
            parts.control.wake()
            return await self._with_cost(event, ended)
        if isinstance(event, Sampled):
            parts.transactions.sample(event)
            parts.passports.sampled(event)
            parts.self_tests.sampled(event)
        elif isinstance(event, LinkChanged):
            word = f"connected from {event.address}" if event.is_up else "link lost"
            log.info("%s %s", event.charger, word)
            parts.control.wake()
        else:
            return await self._report_aside(event)
        return Acknowledged()

    async def _report_aside(self, event: AnyEvent) -> Answer:
        """What has nothing to do with charging."""
        parts = self._parts
        if isinstance(event, AlertRaised):
            return await parts.alerts.note(event)
        if isinstance(event, CertificateRequested):
            return self._keep_request(event)
        if isinstance(event, NeedsStated):
            answer = parts.needs.state(parts.observed[event.charger].evses.get(event.evse), event)
            parts.control.wake()
            return answer
        if isinstance(event, JobProgressed):
            parts.jobs.note(event)
        elif isinstance(event, EvseStatusChanged):
            parts.transactions.state(event)
        elif isinstance(event, PassportLearned):
            parts.passports.learn(event)
        elif isinstance(event, StillRuns):
            await parts.transactions.tell_of(event)
        elif isinstance(event, VendorMessage):
            log.info("%s tells %s %s", event.charger, event.vendor[:50], event.message or "")
        return Acknowledged()

    async def _start(self, event: TransactionStarted) -> Answer:
        parts = self._parts
        verdict = await parts.authorisation.judge(
            event.charger, event.token, is_start=True, is_past=event.offline
        )
        answer = await parts.transactions.start(event, verdict)
        if isinstance(answer, StartAnswer):
            parts.tokens.withdraw(event.charger, event.token)
            parts.reservations.used(event)
        parts.control.wake()
        return answer

    async def _with_cost(self, event: TransactionEnded, ended: Answer) -> Answer:
        """The answer to an end with what it costs, where its driver may still stand there to read it."""
        number = self._parts.transactions.number_of(event)
        if self.cost_of is None or number is None or event.offline or not isinstance(ended, Acknowledged):
            return ended
        try:
            async with asyncio.timeout(COST_S):
                return Acknowledged(total_cost=await self.cost_of(number))
        except TimeoutError:
            return ended

    def _boot(self, event: ChargerBooted) -> BootAnswer:
        parts = self._parts
        log.info("%s %s %s, OCPP %s", event.charger, event.vendor, event.model, event.protocol)
        if parts.boots.note(event):
            parts.transactions.replaced(event.charger)
        parts.passports.booted(event.charger)
        parts.control.wake()
        return BootAnswer(status="accepted", interval_s=HEARTBEAT_S, now_ms=parts.clock.now_ms())

    def _keep_request(self, event: CertificateRequested) -> CertificateAnswer:
        """Keep a new key's request until somebody has it signed; the newest of a charger counts."""
        is_request = event.csr.lstrip().startswith(CSR_HEAD)
        if is_request:
            self._parts.documents.remember(CERTIFICATE_REQUESTS, event.charger, event.csr.encode())
            self._parts.alerts.raise_here(event.charger, "certificate-request", "wants a certificate signed")
        return CertificateAnswer(is_accepted=is_request)
