"""The OCPP server: which connection belongs to which charger, and what becomes of strangers."""

import asyncio
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial

import msgspec

from edge.chargers.admission import Admission
from edge.chargers.entrance import CERTIFICATE, Vault, keyring_of, tls_of, watch_certificates
from edge.chargers.ocpp import OcppCharger
from edge.core.errors import PeerError
from edge.dialects.v16 import charger_events, charger_profiles
from edge.dialects.v16.arrival import Arrival
from edge.links.listener import MOST_SOCKETS
from edge.links.ocppj import Connection
from edge.links.ocppj_server import Knock, Refusal, serve
from edge.settings.guarding import EARLY_DAYS
from edge.settings.model import Site
from edge.site.events import Acknowledged, Answer, BootAnswer, LinkChanged
from edge.site.ports import Clock, SiteDoors, Store

log = logging.getLogger(__name__)

SUBPROTOCOLS = ("ocpp1.6",)
MAX_STRANGERS = 32
DAY_MS = 86_400_000
VAULT = Vault()
CALL_S = 10.0


class OcppServer:
    """Listens for stations. `chargers` are the drivers of the site file's chargers, to be attached."""

    def __init__(
        self,
        settings: Site,
        site: SiteDoors,
        clock: Clock,
        *,
        host: str,
        vault: Vault = VAULT,
        store: Store | None = None,
    ) -> None:
        """Raises ConfigError where a secret that guards the door is not on this machine, or is no PEM."""
        self._settings = settings
        self._vault = vault
        self._keyring = keyring_of(settings, vault, store)
        self._tls = tls_of(settings, vault)
        self._admission = Admission(
            self._keyring,
            chargers=len(settings.chargers),
            asks_certificates=settings.ocpp.tls and settings.ocpp.client_ca is not None,
        )
        self.chargers = {
            charger.name: OcppCharger(charger, site, clock, self._keyring) for charger in settings.chargers
        }
        self._port = settings.ocpp.port
        self._host = host
        self._site = site
        self._clock = clock
        self._stations = {c.station: c.name for c in settings.chargers if not c.has_pattern}
        self._patterns = [(c.station, c.name) for c in settings.chargers if c.has_pattern]
        self._writes_to_strangers = settings.ocpp.unknown == "wait"
        self._strangers: set[str] = set()
        self._told_of: dict[str, int] = {}  # when a charger's certificate was last told to end soon, ms

    async def run(self, bound: Callable[[int], None] = lambda _: None) -> None:
        """Listen until cancelled; `bound` learns the port. Raises OSError when it cannot be had."""
        await self._keyring.resume()
        async with serve(
            self._host,
            self._port,
            subprotocols=SUBPROTOCOLS,
            admit=self._admit,
            on_connection=self._connected,
            tls=self._tls,
            most=MOST_SOCKETS + 8 * len(self.chargers),
        ) as port:
            bound(port)
            await watch_certificates(self._settings, self._vault, self._site)
            await asyncio.Event().wait()

    def charger_of(self, station: str) -> str | None:
        """The charger that a station is: named by the file, or adopted by the first free pattern."""
        name = self._place_of(station)
        if name is not None and station not in self._stations:
            self._stations[station] = name
            log.info("%s is %s", station, name)
        return name

    def _place_of(self, station: str) -> str | None:
        """The charger that a station is, or would become."""
        taken = self._stations.values()
        free = (
            name for pattern, name in self._patterns if name not in taken and fnmatchcase(station, pattern)
        )
        return self._stations.get(station) or next(free, None)

    async def _admit(self, knock: Knock) -> Refusal | None:
        """Who knocks too often or cannot prove who it is stays outside; so does a stranger too many."""
        identity = knock.identity
        charger = self._place_of(identity)
        refusal = await self._admission.judge(knock, charger)
        if refusal is not None:
            return refusal
        if charger is not None:
            self._look_at(knock, charger)
            return None
        if identity in self.chargers:  # a stranger must not be taken for the charger of that name
            log.warning("%s at %s bears a charger's name but is not its station", identity, knock.address)
            return Refusal(status=404, sentence="a charger's name, but not its station")
        if len(self._strangers) < MAX_STRANGERS:
            return None
        return Refusal(status=503, sentence="too many stations without a place here", retry_after_s=60)

    def _look_at(self, knock: Knock, charger: str) -> None:
        """Tell once a day of a charger's certificate that ends within a month."""
        now_ms = self._clock.now_ms()
        if knock.certificate is None or now_ms - self._told_of.get(charger, -DAY_MS) < DAY_MS:
            return
        days = (knock.certificate.expires_s * 1000 - now_ms) // DAY_MS
        if days < EARLY_DAYS:
            self._told_of[charger] = now_ms
            self._site.alert(charger, CERTIFICATE, f"its certificate ends in {days} days: give it a new one")

    async def _connected(self, connection: Connection) -> None:
        name = self.charger_of(connection.identity)
        if name is not None:
            await self.chargers[name].own(connection)
        elif connection.identity not in self._strangers:
            self._strangers.add(connection.identity)
            try:
                await self._meet(connection)
            finally:
                self._strangers.discard(connection.identity)

    # -- strangers ---------------------------------------------------------------------------------------

    async def _meet(self, connection: Connection) -> None:
        """A station without a place: it may boot, is told to wait and to draw nothing, and is listed."""
        booted = asyncio.Event()
        await self._tell_link(connection, is_up=True)
        try:
            async with asyncio.TaskGroup() as group:
                guard = group.create_task(self._hold_at_nothing(connection, booted))
                await connection.run(partial(self._heard, connection.identity, booted))
                guard.cancel()
        finally:
            await self._tell_link(connection, is_up=False)

    async def _heard(self, station: str, booted: asyncio.Event, action: str, raw: msgspec.Raw) -> bytes:
        charger_events.refuse_before_boot(action)
        now_ms = self._clock.now_ms()
        arrival = Arrival(
            charger=station,
            now_ms=now_ms,
            mono_ms=self._clock.mono_ms(),
            is_synchronised=self._clock.is_synchronised(),
            linked_ms=now_ms,
        )
        answer: Answer = Acknowledged()
        for event in charger_events.events_of(action, raw, arrival):
            answer = await self._site.report(event)
        if isinstance(answer, BootAnswer) and answer.status == "pending":
            booted.set()
        return charger_events.answer_to(action, answer, now_ms=now_ms)

    async def _hold_at_nothing(self, connection: Connection, booted: asyncio.Event) -> None:
        """Pending allows to configure (OCPP 1.6 ed. 2 section 4.2): a default of 0 A on every connector."""
        await booted.wait()
        if not self._writes_to_strangers:
            return
        try:
            raw = await connection.call(
                charger_profiles.SET_PROFILE, charger_profiles.fallback(0, fallback_ma=0), timeout_s=CALL_S
            )
            refusal = charger_profiles.refusal_of(bytes(raw))
        except PeerError as fault:
            refusal = str(fault)
        if refusal is not None:
            log.warning(
                "%s may draw what it likes where nobody counts it: it refuses 0 A (%s)",
                connection.identity,
                refusal,
            )

    async def _tell_link(self, connection: Connection, *, is_up: bool) -> None:
        await self._site.report(
            LinkChanged(
                charger=connection.identity,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                is_up=is_up,
                address=connection.address,
            )
        )
