"""The composition root: which rooms this site needs, wired together, started and stopped as one.

Drivers are imported when the site file asks for them. One TaskGroup holds everything; when one part ends
with an error all of them end. The journal closes last, after everybody who may still write to it.
"""

import asyncio
import gc
import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.catalogue.boards import board_of
from edge.catalogue.stations import charger_of
from edge.core.errors import ConfigError
from edge.journal.compaction import DAY_MS, Retention
from edge.journal.journal import SqliteJournal
from edge.journal.keeping import Keeper
from edge.journal.opening import open_journal
from edge.journal.recorder import SqliteRecorder
from edge.journal.space import MB
from edge.journal.upkeep import SqliteUpkeep
from edge.links.clock import SystemClock
from edge.links.systemd import Notifier
from edge.reports.cdr import cdr
from edge.settings.model import MqttSettings, Secret, UplinkSettings
from edge.settings.model import Site as SiteSettings
from edge.settings.secret import SECRETS_DIRECTORY, file_of, look_up
from edge.settings.site_file import SiteFile
from edge.site.billing.office import Office, zone_of
from edge.site.billing.sealing import Sealer
from edge.site.blueprint import Blueprint
from edge.site.site import Site
from edge.site.token_lists import TokenLists
from edge.site.tokens import Token, read_tokens

log = logging.getLogger(__name__)

METERS = {"modbus": "edge.meters.modbus", "sources": "edge.meters.source"}
CHARGERS = {
    "ocpp": "edge.chargers.ocpp_server",
    "modbus": "edge.chargers.modbus_fleet",
    "gpio": "edge.chargers.gpio",
}
UPLINKS = {"ocpp": "edge.uplink.uplink"}
BUILDINGS = {
    "mqtt": "edge.building.mqtt",
    "contacts": "edge.building.contacts",
    "file": "edge.building.limit_file",
    "sync": "edge.building.sync",
}
PAGE = "edge.web.server"
COLLECT_S = 600
_NEVER = 1_000_000  # young collections before a whole one comes by itself
ADOPTING = "edge.web.adopting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where and how the site runs on this machine.

    `records`: the file of recorded steps, best where nothing is worn by writing; None: beside the journal.
    `dead_man_ms` None: as configured. `site_file`: where chargers may be adopted into; None: nowhere.
    """

    state: Path
    records: Path | None = None
    socket: Path | None = None
    host: str = "0.0.0.0"  # noqa: S104  chargers and phones come from the lot's network
    web_host: str = "0.0.0.0"  # noqa: S104
    dead_man_ms: int | None = None
    rehearsal_url: str | None = None
    proven_pauses: tuple[str, ...] = ()
    site_file: SiteFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What others must know of a site that has just started."""

    web_port: int
    ocpp_port: int
    site: Site


async def run(
    settings: SiteSettings, box: Box, *, started: Callable[[Started], None] = lambda _: None
) -> bool:
    """Run a proven site until cancelled. Raises ConfigError, JournalBrokenError at the start.

    It ends by itself, with True, when it shall be run anew: its file has changed, or its journal is damaged.
    """
    anew = asyncio.Event()
    try:
        await _run(settings, box, started, anew)
    except* _AnewError:
        log.info("starts anew, the chargers keep what they have")
    finally:
        gc.unfreeze()
    return anew.is_set()


class _AnewError(Exception):
    """Everything ends in order: the site file has changed, or the journal must be set aside."""


async def _end_when(anew: asyncio.Event) -> None:
    await anew.wait()
    raise _AnewError


async def _run(
    settings: SiteSettings, box: Box, started: Callable[[Started], None], anew: asyncio.Event
) -> None:
    board_of(settings)  # an unknown one is told before anything is opened
    clock = SystemClock()
    blueprint = Blueprint(settings, dead_man_ms=box.dead_man_ms, are_proofs_known=True)
    notifier = Notifier()
    try:
        path = box.state / "journal.db"
        quota = settings.journal.quota_mb * MB
        async with open_journal(
            path, clock, _routes(settings), quota=quota, states_to=_numbering(settings)
        ) as journal:
            recorder = SqliteRecorder(box.records or box.state / "steps.db")
            site = Site(
                blueprint,
                journal,
                clock,
                store=journal,
                recorder=recorder,
                tokens=_tokens(settings),
                proven_pauses=box.proven_pauses,
                shipped=charger_of,
                on_cycle=notifier.cycled,
            )
            await site.resume()
            keeper = _keeper(path, journal, clock, settings, site=site, anew=anew)
            office = await _office(settings, site, journal, clock)
            rooms = _Rooms(
                settings, box, clock, blueprint, site=site, journal=journal, office=office, anew=anew
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(_end_when(anew), name="anew")
                started(await rooms.open(group))
                group.create_task(recorder.run(), name="recorder")
                group.create_task(keeper.run(), name="journal keeper")
                group.create_task(Sealer(office, journal.books, clock).run(), name="records")
                if settings.tokens.send_lists:
                    stations = {charger.name: charger.station for charger in settings.chargers}
                    lists = TokenLists(site, site.desk, journal, clock, stations)
                    group.create_task(lists.run(), name="lists of tokens")
                group.create_task(site.run(), name="site")
                group.create_task(_collect_now_and_then(), name="garbage")
    finally:
        notifier.stopping()
        notifier.close()


def _keeper(
    path: Path,
    journal: SqliteJournal,
    clock: SystemClock,
    settings: SiteSettings,
    *,
    site: Site,
    anew: asyncio.Event,
) -> Keeper:
    """Who looks after the journal, and tells the site what somebody must know of it."""
    for finding in journal.findings:
        site.alert("journal", "journal-damaged", finding)

    def damaged(what: str) -> None:
        site.alert("journal", "journal-damaged", f"journal.db is damaged: {what}")
        anew.set()  # the next start sets it aside and takes over what can be read

    def room_changed(level: str, sentence: str) -> None:
        site.room_changed(sentence, is_full=level == "full")

    journal.space.on_level = room_changed
    if journal.space.level != "fine":
        room_changed(journal.space.level, journal.space.sentence)
    retention = Retention(
        samples_ms=settings.journal.samples_days * DAY_MS,
        keep_ms=settings.journal.keep_days * DAY_MS,
        said_ms=settings.tokens.cache_days * DAY_MS,
    )
    return Keeper(path, journal, clock, retention, on_damage=damaged)


async def _collect_now_and_then() -> None:
    """Whole collections at moments of our own: at a thousand chargers one takes a tenth of a second.

    What lives then is left out of the small ones that come by themselves, while a limit may wait.
    """
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    try:
        while True:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            await asyncio.sleep(COLLECT_S)
    finally:
        gc.set_threshold(young, middle, old)


class _Rooms:
    """Everything around one site: chargers, meters, page, uplinks, building."""

    def __init__(
        self,
        settings: SiteSettings,
        box: Box,
        clock: SystemClock,
        blueprint: Blueprint,
        *,
        site: Site,
        journal: SqliteJournal,
        office: Office,
        anew: asyncio.Event,
    ) -> None:
        self._anew = anew
        self._settings = settings
        self._box = box
        self._clock = clock
        self._blueprint = blueprint
        self._site = site
        self._journal = journal
        self._office = office
        self._lines: Any = None
        loop = asyncio.get_running_loop()
        self._ocpp_port: asyncio.Future[int] = loop.create_future()
        self._web_port: asyncio.Future[int] = loop.create_future()

    async def open(self, group: asyncio.TaskGroup) -> Started:
        """Start every room that the site file names; answer when the listening ones listen."""
        group.create_task(self._chargers(), name="ocpp")
        group.create_task(self._page(), name="web")
        group.create_task(self._wires(), name="modbus")
        for uplink in self._settings.uplinks:
            group.create_task(self._uplink(uplink), name=f"uplink {uplink.name}")
        if self._settings.mqtt is not None:
            group.create_task(self._building(self._settings.mqtt), name="mqtt")
        await self._pinned(group)
        if self._settings.limits_file is not None:
            limits = _load(BUILDINGS["file"]).LimitFile(self._settings.limits_file, self._site, self._clock)
            group.create_task(limits.run(), name="limits")
        return Started(web_port=await self._web_port, ocpp_port=await self._ocpp_port, site=self._site)

    async def _chargers(self) -> None:
        settings = self._settings.ocpp
        server = _load(CHARGERS["ocpp"]).OcppServer(
            self._settings, self._site, self._clock, host=self._box.host, store=self._journal
        )
        for name, charger in server.chargers.items():
            self._site.attach(name, charger)
        try:
            await server.run(self._ocpp_port.set_result)
        except OSError as error:
            raise ConfigError(f"[ocpp] port {settings.port}: {error.strerror}") from error

    async def _wires(self) -> None:
        """Meters and chargers on Modbus: those on one line share it."""
        settings = self._settings
        has_meters = bool(settings.sources) or any(circuit.meter for circuit in settings.circuits)
        has_chargers = any(charger.modbus for charger in settings.chargers)
        if not has_meters and not has_chargers:
            return
        lines, devices = self._modbus_lines(), []
        if has_meters:
            site = self._site
            meters_of, sources_of = _load(METERS["modbus"]).meters_of, _load(METERS["sources"]).sources_of
            devices += meters_of(
                settings, lines=lines, read=site.read, trouble=site.trouble, clock=self._clock
            )
            devices += sources_of(settings, lines=lines, read=site.source, clock=self._clock)
        if has_chargers:
            for charger in _load(CHARGERS["modbus"]).modbus_chargers_of(
                settings,
                lines,
                self._site,
                self._clock,
                dead_man_ms=self._box.dead_man_ms,
                archive=self._journal.books,
            ):
                self._site.attach(charger.settings.name, charger)
                devices.append(charger)
        try:
            async with asyncio.TaskGroup() as group:
                for device in devices:
                    group.create_task(device.run())
        finally:
            lines.close()

    def _modbus_lines(self) -> Any:  # noqa: ANN401  a class of the links', loaded with them
        """The lines that all Modbus devices of the site share."""
        if self._lines is None:
            board = board_of(self._settings)
            self._lines = _load("edge.links.modbus").Lines(devices=None if board is None else board.devices)
        return self._lines

    async def _uplink(self, uplink: UplinkSettings) -> None:
        module = _load(UPLINKS["ocpp"])
        try:
            csms = module.Uplink(
                uplink,
                self._settings,
                password=_secret(uplink.password),
                papers=(_file(uplink.ca), _file(uplink.certificate), _file(uplink.key)),
                evse_ids=self._blueprint.evse_ids,
                doors=self._site,
                outbox=self._journal.outbox,
                clock=self._clock,
                store=self._journal,
            )
        except OSError as error:  # its papers; the lot goes on, and its rows wait
            self._site.notice(module.unusable(uplink, error))
            return
        if uplink.role == "primary":
            self._site.authorisation.join(csms)
        await csms.run()

    async def _building(self, mqtt: MqttSettings) -> None:
        module = _load(BUILDINGS["mqtt"])
        building = module.MqttBuilding(
            mqtt,
            self._site,
            self._clock,
            password=_secret(mqtt.password),
            voltage_mv=self._settings.voltage_mv,
            papers=module.Papers(ca=_file(mqtt.ca), certificate=_file(mqtt.certificate), key=_file(mqtt.key)),
        )
        await building.run()

    async def _pinned(self, group: asyncio.TaskGroup) -> None:
        """What hangs on pins: contacts, read once before anything is offered, and chargers."""
        settings, works = self._settings, []
        chargers = [charger for charger in settings.chargers if charger.gpio is not None]
        if not settings.contacts and not chargers and not settings.sync_pins:
            return
        board = board_of(settings)
        pins = _load("edge.links.pins").Pins(None if board is None else board.labels)
        if settings.contacts:
            contacts = _load(BUILDINGS["contacts"]).contacts_of(settings, pins, self._site, self._clock)
            contacts.read()
            works.append(contacts)
        if chargers:
            for charger in _load(CHARGERS["gpio"]).gpio_chargers_of(
                settings, pins, self._site, self._clock, archive=self._journal.books
            ):
                self._site.attach(charger.settings.name, charger)
                works.append(charger)
        if settings.sync_pins:
            works.append(_load(BUILDINGS["sync"]).pulses_of(settings, pins, self._site, self._clock))
        group.create_task(pins.run_with(works), name="pins")

    async def _page(self) -> None:
        async with _load(PAGE).serve(
            self._site,
            self._journal,
            self._clock,
            desk=self._site.desk,
            office=self._office,
            port=self._settings.web.port,
            host=self._box.web_host,
            socket=self._box.socket,
            timezone=self._settings.timezone,
            rehearsal_url=self._box.rehearsal_url,
            adopting=self._adopting(),
            upkeep=SqliteUpkeep(self._box.state / "journal.db", self._journal, restart=self._anew.set),
        ) as server:
            self._web_port.set_result(server.port)
            await server.run()

    def _adopting(self) -> Any:  # noqa: ANN401  a class of the page's, loaded with it
        if self._box.site_file is None:
            return None
        circuits = tuple(circuit.name for circuit in self._settings.circuits)
        adopting = _load(ADOPTING)
        return adopting.Adopting(self._box.site_file, self._site, circuits, restart=self._anew.set)


async def _office(settings: SiteSettings, site: Site, journal: SqliteJournal, clock: SystemClock) -> Office:
    phases = {
        (charger.name, number): len(evse.wiring or "123")
        for charger in settings.chargers
        for number, evse in enumerate(charger.evses, start=1)
    }
    office = Office(
        journal,
        journal.books,
        zone_of(settings.timezone),
        clock,
        group_of=site.desk.group_of,
        phases=phases,
        write=cdr,
    )
    await office.resume()
    site.authorisation.roaming = office.roaming_verdict

    async def cost_of(number: int) -> float | None:
        session = await journal.session(number)
        return None if session is None or session.ended_ms is None else await office.cost(session)

    site.reception.cost_of = cost_of
    return office


def _routes(settings: SiteSettings) -> dict[str, tuple[str, ...]]:
    """For each charger the CSMSs that must be told of it."""
    routes: dict[str, tuple[str, ...]] = {}
    for uplink in settings.uplinks:
        for charger in uplink.chargers:
            routes[charger] = (*routes.get(charger, ()), uplink.name)
    return routes


def _numbering(settings: SiteSettings) -> frozenset[str]:
    """The CSMSs to which a state is a part of a transaction's story."""
    return frozenset(uplink.name for uplink in settings.uplinks if uplink.version != "1.6")


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


def _file(secret: Secret | None) -> Path | None:
    """The file of a secret that only files can be read from; where it should be, if it is not there."""
    return None if secret is None else file_of(secret) or SECRETS_DIRECTORY / secret.name


def _load(module: str) -> Any:  # noqa: ANN401  a module
    return importlib.import_module(module)
