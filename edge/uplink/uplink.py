"""One CSMS: a virtual station for each of its chargers, and how all of them fare together."""

import asyncio
import logging
from pathlib import Path
from typing import Literal

from edge.links.tls import client_context
from edge.settings.model import Site, UplinkSettings
from edge.site.durable import Backlog, Outbox, Store
from edge.site.events import TokenAnswer
from edge.site.ports import Clock, SiteDoors
from edge.site.status import StationStatus, UplinkStatus
from edge.uplink.credentials import Credentials
from edge.uplink.door import Door
from edge.uplink.station import RETRY_INTERVAL_S, StationPlan, VirtualStation
from edge.uplink.versions import version_of

log = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
Papers = tuple[Path | None, Path | None, Path | None]
NO_PAPERS: Papers = (None, None, None)
_NOTHING = Backlog(waiting=0, parked=0, oldest_ms=None)


class Uplink:
    """`run` until cancelled: one task for each station, one that reports."""

    def __init__(
        self,
        settings: UplinkSettings,
        site: Site,
        *,
        password: str | None,
        evse_ids: dict[tuple[str, int], str],
        doors: SiteDoors,
        outbox: Outbox,
        clock: Clock,
        store: Store | None = None,
        papers: Papers = NO_PAPERS,
        retry_interval_s: float = RETRY_INTERVAL_S,
    ) -> None:
        """`evse_ids`: the site's EVSE ids by charger and number. `papers`: ca, certificate, key.

        `store` keeps what this CSMS changes of its own link. Raises OSError for papers that cannot be used.
        """
        self._settings = settings
        self._name = settings.name
        self._doors = doors
        self._outbox = outbox
        version = version_of(settings.version)
        tls = client_context(*papers) if settings.url.startswith("wss:") else None
        door = Door()
        self._stations: dict[str, VirtualStation] = {}
        for name in settings.chargers:
            charger = site.charger(name)
            plan = StationPlan(
                csms=settings.name,
                charger=name,
                url=settings.url,
                identity=settings.identity_of(name, charger.station),
                password=password,
                version=version,
                is_primary=settings.role == "primary",
                tls=tls,
                proxy=settings.proxy,
                evses={number: evse for (owner, number), evse in evse_ids.items() if owner == name},
                voltage_v=site.voltage_mv // 1000,
                retry_interval_s=retry_interval_s,
            )
            credentials = Credentials(f"{settings.name}/{name}", password, store)
            self._stations[name] = VirtualStation(
                plan, doors, outbox, clock, credentials=credentials, door=door
            )

    def is_reachable(self) -> bool:
        """Whether any of its stations is connected."""
        return any(station.state == "up" for station in self._stations.values())

    async def authorise(self, charger: str, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """What this CSMS says of a token; None: nothing in time, or it has nothing to do with the charger."""
        station = self._stations.get(charger)
        return None if station is None else await station.authorise(token, deadline_ms=deadline_ms)

    async def run(self) -> None:
        """All stations of this CSMS."""
        async with asyncio.TaskGroup() as group:
            for station in self._stations.values():
                group.create_task(station.run())
            while True:
                self._doors.notice(self._status(await self._outbox.backlogs(self._name)))
                await asyncio.sleep(REPORT_EVERY_S)

    def _status(self, backlogs: dict[str, Backlog]) -> UplinkStatus:
        states = [station.state for station in self._stations.values()]
        connected = states.count("up")
        wanted = len(states) - states.count("away")
        state: Literal["up", "partly", "down", "refused"] = "partly"
        if connected == wanted:
            state = "up"
        elif connected == 0:
            state = "refused" if "refused" in states else "down"
        troubles = sorted({station.trouble for station in self._stations.values() if station.trouble})
        each = backlogs.values()
        backlog = Backlog(
            waiting=sum(one.waiting for one in each),
            parked=sum(one.parked for one in each),
            oldest_ms=min((one.oldest_ms for one in each if one.oldest_ms is not None), default=None),
        )
        settings = self._settings
        return UplinkStatus(
            csms=self._name,
            state=state,
            connected=connected,
            chargers=len(states),
            waiting=backlog.waiting,
            parked=backlog.parked,
            oldest_ms=backlog.oldest_ms,
            sentence=_sentence(self._name, state, connected, backlog, troubles),
            url=settings.url,
            version=settings.version,
            role=settings.role,
            stations=tuple(
                _station(station, backlogs.get(name, _NOTHING)) for name, station in self._stations.items()
            ),
        )


def unusable(settings: UplinkSettings, error: OSError) -> UplinkStatus:
    """How an uplink fares whose ca, certificate or key cannot be used; told once in the log."""
    log.error("uplink %s: ca, certificate or key: %s", settings.name, error)
    return UplinkStatus(
        csms=settings.name,
        state="refused",
        connected=0,
        chargers=len(settings.chargers),
        waiting=0,
        parked=0,
        oldest_ms=None,
        sentence=f"{settings.name}: its ca, certificate or key cannot be used ({error.strerror or error}).",
        url=settings.url,
        version=settings.version,
        role=settings.role,
    )


def _station(station: VirtualStation, backlog: Backlog) -> StationStatus:
    return StationStatus(
        charger=station.charger,
        identity=station.plan.identity,
        state=station.state,
        since_ms=station.since_ms,
        waiting=backlog.waiting,
        parked=backlog.parked,
        oldest_ms=backlog.oldest_ms,
        error=station.trouble,
    )


def _sentence(name: str, state: str, connected: int, backlog: Backlog, troubles: list[str]) -> str:
    rows = f"{backlog.waiting} rows wait, none lost" if backlog.waiting else "nothing waits"
    parked = f", {backlog.parked} are parked" if backlog.parked else ""
    trouble = f" ({troubles[0]})" if troubles else ""
    if state == "up":
        return f"{name}: {connected} stations connected, {rows}{parked}{trouble}."
    return f"{name}: {'away' if state == 'down' else state}{trouble}; {rows}{parked}."
