"""The OCPP server: which connection belongs to which charger, and what becomes of strangers."""

import asyncio
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase

from edge.chargers.admission import Admission
from edge.chargers.entrance import CERTIFICATE, Vault, keyring_of, tls_of, watch_certificates
from edge.chargers.ocpp import OcppCharger
from edge.chargers.ocpp_stranger import Stranger
from edge.dialects.charger import SUBPROTOCOLS
from edge.links.listener import MOST_SOCKETS
from edge.links.ocppj import Connection
from edge.links.ocppj_server import Knock, Refusal, serve
from edge.settings.guarding import EARLY_DAYS
from edge.settings.model import Site
from edge.site.durable import Store
from edge.site.ports import Clock, SiteDoors

log = logging.getLogger(__name__)

MAX_STRANGERS = 32
DAY_MS = 86_400_000
VAULT = Vault()


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
        ours = [charger for charger in settings.chargers if charger.modbus is None and charger.gpio is None]
        self.chargers = {charger.name: OcppCharger(charger, site, clock, self._keyring) for charger in ours}
        self._port = settings.ocpp.port
        self._host = host
        self._site = site
        self._clock = clock
        self._stations = {c.station: c.name for c in ours if not c.has_pattern}
        self._patterns = [(c.station, c.name) for c in ours if c.has_pattern]
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
            away_s = self.chargers[charger].away_s
            if away_s:
                return Refusal(status=503, sentence="its dead man is tested", retry_after_s=away_s)
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
                await Stranger(connection, self._site, self._clock, writes=self._writes_to_strangers).meet()
            finally:
                self._strangers.discard(connection.identity)
