"""The composition root: which rooms this site needs, wired together, started and stopped as one.

Drivers are imported when the site file asks for them. One TaskGroup holds everything; when one part ends
with an error all of them end. The journal closes last, after everybody who may still write to it.
"""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.core.errors import ConfigError
from edge.journal.journal import SqliteJournal, open_journal
from edge.journal.recorder import SqliteRecorder
from edge.links.clock import SystemClock
from edge.links.systemd import Notifier
from edge.settings.model import Secret, Site as SiteSettings
from edge.settings.secret import look_up
from edge.site.blueprint import Blueprint
from edge.site.site import Site
from edge.site.tokens import Token, read_tokens

log = logging.getLogger(__name__)

METERS = {"modbus": "edge.meters.modbus"}
CHARGERS = {"ocpp": "edge.chargers.ocpp_server"}
UPLINKS = {"ocpp": "edge.uplink.uplink"}
BUILDINGS = {"mqtt": "edge.building.mqtt"}
PAGE = "edge.web.server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where and how the site runs on this machine. `dead_man_ms` None: the core's own T."""

    state: Path
    socket: Path | None = None
    host: str = "0.0.0.0"  # noqa: S104  chargers and phones come from the lot's network
    web_host: str = "0.0.0.0"  # noqa: S104
    dead_man_ms: int | None = None
    rehearsal_url: str | None = None
    proven_pauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What others must know of a site that has just started."""

    web_port: int
    ocpp_port: int
    site: Site


async def run(
    settings: SiteSettings, box: Box, *, started: Callable[[Started], None] = lambda _: None
) -> None:
    """Run a proven site until cancelled. Raises ConfigError, JournalBrokenError, OSError at the start."""
    clock = SystemClock()
    blueprint = Blueprint(settings, dead_man_ms=box.dead_man_ms)
    notifier = Notifier()
    try:
        async with _journal(settings, box, clock) as journal:
            recorder = SqliteRecorder(box.state / "steps.db")
            site = Site(
                blueprint,
                journal,
                clock,
                store=journal,
                recorder=recorder,
                tokens=_tokens(settings),
                proven_pauses=box.proven_pauses,
                on_cycle=notifier.alive,
            )
            await site.resume()
            async with asyncio.TaskGroup() as group:
                await _start(group, site, settings, box, clock, journal, blueprint, started)
                group.create_task(recorder.run(), name="recorder")
                group.create_task(site.run(), name="site")
                notifier.ready()
    finally:
        notifier.stopping()
        notifier.close()


async def _start(
    group: asyncio.TaskGroup,
    site: Site,
    settings: SiteSettings,
    box: Box,
    clock: SystemClock,
    journal: SqliteJournal,
    blueprint: Blueprint,
    started: Callable[[Started], None],
) -> None:
    """Start every room that the site file names; answer when the listening ones listen."""
    ocpp = _load(CHARGERS["ocpp"]).OcppServer(
        settings, site, clock, host=box.host, password=_secret(settings.ocpp.password)
    )
    for name, charger in ocpp.chargers.items():
        site.attach(name, charger)
    ocpp_port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    web_port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    group.create_task(_listening(ocpp.run(ocpp_port.set_result), settings.ocpp.port), name="ocpp")
    group.create_task(_page(site, journal, clock, settings, box, web_port), name="web")
    group.create_task(_meters(site, settings, clock), name="meters")
    for uplink in settings.uplinks:
        driver = _load(UPLINKS["ocpp"]).Uplink(
            uplink,
            settings,
            password=_secret(uplink.password),
            evse_ids=blueprint.evse_ids,
            doors=site,
            outbox=journal.outbox,
            clock=clock,
        )
        group.create_task(driver.run(), name=f"uplink {uplink.name}")
    if settings.mqtt is not None:
        building = _load(BUILDINGS["mqtt"]).MqttBuilding(
            settings.mqtt, site, clock, password=_secret(settings.mqtt.password)
        )
        group.create_task(building.run(), name="mqtt")
    started(Started(web_port=await web_port, ocpp_port=await ocpp_port, site=site))


async def _meters(site: Site, settings: SiteSettings, clock: SystemClock) -> None:
    if not any(circuit.meter for circuit in settings.circuits):
        return
    drivers = _load(METERS["modbus"])
    links = _load("edge.links.modbus").ModbusLinks()
    try:
        async with asyncio.TaskGroup() as group:
            for meter in drivers.meters_of(settings, links=links, read=site.read, clock=clock):
                group.create_task(meter.run())
    finally:
        links.close()


async def _page(
    site: Site,
    journal: SqliteJournal,
    clock: SystemClock,
    settings: SiteSettings,
    box: Box,
    bound: asyncio.Future[int],
) -> None:
    page = _load(PAGE)
    async with page.serve(
        site,
        journal,
        clock,
        port=settings.web.port,
        host=box.web_host,
        socket=box.socket,
        timezone=settings.timezone,
        rehearsal_url=box.rehearsal_url,
    ) as server:
        bound.set_result(server.port)
        await asyncio.Event().wait()


async def _listening(server: Any, port: int) -> None:  # noqa: ANN401  a coroutine
    try:
        await server
    except OSError as error:
        raise ConfigError(f"[ocpp] port {port}: {error.strerror}") from error


@contextlib.asynccontextmanager
async def _journal(settings: SiteSettings, box: Box, clock: SystemClock) -> AsyncIterator[SqliteJournal]:
    routes: dict[str, tuple[str, ...]] = {}
    for uplink in settings.uplinks:
        for charger in uplink.chargers:
            routes[charger] = (*routes.get(charger, ()), uplink.name)
    async with open_journal(box.state / "journal.db", clock, routes) as journal:
        yield journal


def _tokens(settings: SiteSettings) -> list[Token]:
    path = settings.tokens.list
    if path is None or not path.exists():  # `check` has warned of a list that is missing
        return []
    return read_tokens(path.read_text(encoding="utf-8"), file=str(path))


def _secret(secret: Secret | None) -> str | None:
    """What a secret stands for. A missing one is told once; whoever needs it will be refused."""
    if secret is None:
        return None
    value = look_up(secret)
    if value is None:
        log.warning("secret %s is not on this machine: sudo ampyard secret set %s", secret.name, secret.name)
    return value


def _load(module: str) -> Any:  # noqa: ANN401  a module
    return importlib.import_module(module)
