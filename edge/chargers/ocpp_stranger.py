"""A station without a place: it may boot, is told to wait and to draw nothing, and asked what it can do."""

import asyncio
import logging
from functools import partial

import msgspec

from edge.chargers.ocpp import BOOT_WAIT_S
from edge.chargers.ocpp_setup import ask, go_through
from edge.core.errors import PeerError
from edge.dialects.arrival import Arrival
from edge.dialects.charger import SET_PROFILE, Traits, dialect_of
from edge.links.ocppj import Connection
from edge.ocpp.rpc import Fault, LinkLost
from edge.site.events import Acknowledged, Answer, BootAnswer, LinkChanged, StrangerHeld
from edge.site.ports import Clock, SiteDoors

log = logging.getLogger(__name__)

CALL_S = 10.0


class Stranger:
    """Lives with one connection. `writes` False: nothing is asked of it either."""

    def __init__(self, connection: Connection, site: SiteDoors, clock: Clock, *, writes: bool) -> None:
        self._connection = connection
        self._site = site
        self._clock = clock
        self._writes = writes
        self._booted = asyncio.Event()
        self._dialect = dialect_of(connection.subprotocol)

    async def meet(self) -> None:
        """From its connection to its end."""
        await self._tell_link(is_up=True)
        try:
            async with asyncio.TaskGroup() as group:
                guard = group.create_task(self._keep_at_nothing())
                await self._connection.run(partial(self._heard, self._connection.identity))
                guard.cancel()
        finally:
            await self._tell_link(is_up=False)

    async def _heard(self, station: str, action: str, raw: msgspec.Raw) -> bytes:
        self._dialect.refuse_before_boot(action)
        now_ms = self._clock.now_ms()
        arrival = Arrival(
            charger=station,
            now_ms=now_ms,
            mono_ms=self._clock.mono_ms(),
            is_synchronised=self._clock.is_synchronised(),
            linked_ms=now_ms,
        )
        answer: Answer = Acknowledged()
        for event in self._dialect.events_of(action, raw, arrival):
            answer = await self._site.report(event)
        if isinstance(answer, BootAnswer) and answer.status == "pending":
            self._booted.set()
        return self._dialect.answer_to(action, answer, now_ms=now_ms)

    async def _keep_at_nothing(self) -> None:
        """Again after every boot; one that comes back without a boot is held, and asked who it is."""
        if not self._writes:
            return
        try:
            async with asyncio.timeout(BOOT_WAIT_S):
                await self._booted.wait()
        except TimeoutError:
            log.debug("%s does not say who it is", self._connection.identity)
        try:
            while True:
                has_booted = self._booted.is_set()
                self._booted.clear()
                await self._hold()
                if not has_booted:
                    await ask(self._connection, *self._dialect.reports(is_known=False)[0])
                await self._booted.wait()
        except LinkLost:
            return

    async def _hold(self) -> None:
        """Pending allows to configure (OCPP 1.6 ed. 2 section 4.2): a default of 0 A on every connector."""
        refusal: str | None = "no answer"
        answer = await self._ask(SET_PROFILE, self._dialect.fallback(0, fallback_ma=0))
        if isinstance(answer, bytes):
            try:
                refusal = self._dialect.refusal_of(answer)
            except Fault as fault:
                refusal = str(fault)
        else:
            refusal = answer
        traits = Traits() if refusal else await go_through(self._connection, self._dialect.traits())
        await self._site.report(
            StrangerHeld(
                charger=self._connection.identity,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                refusal=refusal,
                connectors=traits.connectors,
                features=traits.features,
            )
        )

    async def _ask(self, action: str, payload: bytes) -> bytes | str:
        """The answer, or why there is none. Raises LinkLost."""
        try:
            return bytes(await self._connection.call(action, payload, timeout_s=CALL_S))
        except LinkLost:
            raise
        except PeerError as fault:
            return str(fault) or "no answer"

    async def _tell_link(self, *, is_up: bool) -> None:
        await self._site.report(
            LinkChanged(
                charger=self._connection.identity,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                is_up=is_up,
                address=self._connection.address,
            )
        )
