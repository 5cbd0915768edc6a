"""One CSMS: a virtual station for each of its chargers, and how all of them fare together."""

import asyncio
import importlib
from typing import Literal

from edge.settings.model import Site, UplinkSettings
from edge.site.durable import Backlog, Outbox
from edge.site.events import TokenAnswer
from edge.site.ports import Clock, SiteDoors
from edge.site.status import UplinkStatus
from edge.uplink.station import RETRY_INTERVAL_S, StationPlan, VirtualStation

DIALECTS = {"1.6": ("edge.dialects.v16", "ocpp1.6")}
REPORT_EVERY_S = 1.0


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
        retry_interval_s: float = RETRY_INTERVAL_S,
    ) -> None:
        """`evse_ids`: the site's EVSE ids by charger and number."""
        self._name = settings.name
        self._doors = doors
        self._outbox = outbox
        package, subprotocol = DIALECTS[settings.version]
        dialect = importlib.import_module(package)
        importlib.import_module(f"{package}.cloud_events")
        importlib.import_module(f"{package}.cloud_commands")
        self._stations = []
        for name in settings.chargers:
            charger = site.charger(name)
            plan = StationPlan(
                csms=settings.name,
                charger=name,
                url=settings.url,
                identity=settings.identity_of(name, charger.station),
                password=password,
                subprotocol=subprotocol,
                evses={number: evse for (owner, number), evse in evse_ids.items() if owner == name},
                voltage_v=site.voltage_mv // 1000,
                retry_interval_s=retry_interval_s,
            )
            self._stations.append(VirtualStation(plan, dialect, doors, outbox, clock))

    def is_reachable(self) -> bool:
        """Whether any of its stations is connected."""
        return any(station.state == "up" for station in self._stations)

    async def authorise(self, charger: str, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """What this CSMS says of a token; None: nothing in time, or it has nothing to do with the charger."""
        station = next((each for each in self._stations if each.charger == charger), None)
        return None if station is None else await station.authorise(token, deadline_ms=deadline_ms)

    async def run(self) -> None:
        """All stations of this CSMS."""
        async with asyncio.TaskGroup() as group:
            for station in self._stations:
                group.create_task(station.run())
            while True:
                self._doors.notice(self._status(await self._outbox.backlog(self._name)))
                await asyncio.sleep(REPORT_EVERY_S)

    def _status(self, backlog: Backlog) -> UplinkStatus:
        states = [station.state for station in self._stations]
        connected = states.count("up")
        wanted = len(states) - states.count("away")
        state: Literal["up", "partly", "down", "refused"] = "partly"
        if connected == wanted:
            state = "up"
        elif connected == 0:
            state = "refused" if "refused" in states else "down"
        troubles = sorted({station.trouble for station in self._stations if station.trouble})
        return UplinkStatus(
            csms=self._name,
            state=state,
            connected=connected,
            chargers=len(states),
            waiting=backlog.waiting,
            parked=backlog.parked,
            oldest_ms=backlog.oldest_ms,
            sentence=_sentence(self._name, state, connected, backlog, troubles),
        )


def _sentence(name: str, state: str, connected: int, backlog: Backlog, troubles: list[str]) -> str:
    rows = f"{backlog.waiting} rows wait, none lost" if backlog.waiting else "nothing waits"
    parked = f", {backlog.parked} are parked" if backlog.parked else ""
    trouble = f" ({troubles[0]})" if troubles else ""
    if state == "up":
        return f"{name}: {connected} stations connected, {rows}{parked}{trouble}."
    return f"{name}: {'away' if state == 'down' else state}{trouble}; {rows}{parked}."
