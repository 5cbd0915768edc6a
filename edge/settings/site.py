"""A whole site file -> a frozen site, or every fault at once, and what somebody should know besides."""

import re
import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from edge.core.circuit import ROOT
from edge.core.proof import Sum, prove
from edge.settings import lines, secret
from edge.settings.buses import Buses
from edge.settings.chargers import Chargers
from edge.settings.circuits import Circuits
from edge.settings.clouds import Uplinks
from edge.settings.contacts import Contacts
from edge.settings.fault import Caution, Fault, SiteFileError
from edge.settings.guarding import guard_cautions
from edge.settings.key import Section
from edge.settings.keys import CONTROL, FILE, GROUP, JOURNAL, LIMITS, MQTT, OCPP, SITE, TOKENS, WEB
from edge.settings.lines import Table
from edge.settings.model import (
    ControlSettings,
    GroupSettings,
    JournalSettings,
    MqttSettings,
    OcppSettings,
    Secret,
    Site,
    TokenSettings,
    WebSettings,
    supplies_of,
    tree_of,
)
from edge.settings.proving import fallback_faults, loads_of, unbalance_cautions
from edge.settings.sparing import curve_cautions, title
from edge.settings.tables import Block, Tables, fields_for
from edge.settings.wired import Wired

NO_CHARGERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What reading a file came to. `site` None: there are faults. `sums`: the proof, if there was a grid.

    `proven`: the chargers whose dead man counts as proven in it.
    """

    file: str
    site: Site | None
    faults: tuple[Fault, ...]
    cautions: tuple[Caution, ...]
    sums: tuple[Sum, ...]
    proven: frozenset[str] = frozenset()

    def accepted(self) -> Site:
        """The site. Raises SiteFileError with every fault."""
        if self.site is None:
            raise SiteFileError(self.file, self.faults)
        return self.site


def load(
    path: Path,
    models: Mapping[str, bool],
    *,
    chargers: Mapping[str, str] = NO_CHARGERS,
    proven: Collection[str] = (),
) -> Verdict:
    """Read the file at `path`. `models`: the catalogue's meters, and whether each can guard a fuse.

    `chargers`: its chargers on Modbus, and who says what each does without us: box, station or nobody.

    `proven`: chargers whose dead man was seen to fire, on the model and firmware that they are.

    Raises OSError where the file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_text(path, error)
    return read(text, models, chargers=chargers, file=str(path), folder=path.parent, proven=proven)


def read(
    text: str,
    models: Mapping[str, bool],
    *,
    chargers: Mapping[str, str] = NO_CHARGERS,
    file: str = "site.toml",
    folder: Path = Path(),
    look_up: Callable[[Secret], str | None] = secret.look_up,
    proven: Collection[str] = (),
) -> Verdict:
    """Read the text of a site file. `folder` is where other files named in it are looked for."""
    return _SiteReader(text, models, chargers, file, folder, look_up=look_up, proven=proven).verdict()


class _SiteReader:
    def __init__(
        self,
        text: str,
        models: Mapping[str, bool],
        chargers: Mapping[str, str],
        file: str,
        folder: Path,
        *,
        look_up: Callable[[Secret], str | None],
        proven: Collection[str],
    ) -> None:
        self.file = file
        self.folder = folder
        self.look_up = look_up
        self.proven = proven
        root, self.syntax = lines.read(text)
        self.tables = Tables(root)
        self.buses = Buses(self.tables)
        self.circuits = Circuits(self.tables, models, self.buses)
        self.chargers = Chargers(self.tables, self.circuits, Wired(self.tables, chargers, self.buses))
        self.cautions: list[Caution] = []

    def verdict(self) -> Verdict:
        self.tables.read(self.tables.root, FILE)
        blocks = {
            section.header: self._block(section) for section in (SITE, OCPP, WEB, TOKENS, CONTROL, JOURNAL)
        }
        self.buses.read()
        self.circuits.read()
        sources = self.circuits.sources()
        self.chargers.read()
        uplinks = Uplinks(self.tables, self.chargers.built)
        uplinks.read()
        self._check_ports(blocks["ocpp"], blocks["web"])
        name = blocks["site"].value("name") or socket.gethostname()
        mqtt = self._mqtt(name)
        contacts = Contacts(
            self.tables,
            list(self.circuits.names),
            voltage_mv=blocks["site"].value("voltage_v") or 230_000,
            sockets=sum(len(charger.evses) for charger in self.chargers.built),
        )
        contacts.read()
        limits_file = self._limits_file()
        groups = self._groups()
        sums = self._prove(blocks["site"].value("guarantee"))
        faults = tuple(sorted([*self.syntax, *self.tables.faults], key=lambda fault: fault.line))
        site = None
        if not faults:
            site = Site(
                name=name,
                timezone=blocks["site"].value("timezone"),
                voltage_mv=blocks["site"].value("voltage_v"),
                guarantee=blocks["site"].value("guarantee"),
                circuits=tuple(self.circuits.built.values()),
                chargers=tuple(self.chargers.built),
                ocpp=OcppSettings(**fields_for(OcppSettings, OCPP, _values(blocks["ocpp"]))),
                web=WebSettings(**fields_for(WebSettings, WEB, _values(blocks["web"]))),
                tokens=self._tokens(blocks["tokens"]),
                groups=groups,
                uplinks=tuple(uplinks.built),
                mqtt=mqtt,
                sources=sources,
                control=ControlSettings(**fields_for(ControlSettings, CONTROL, _values(blocks["control"]))),
                contacts=tuple(contacts.built),
                limits_file=limits_file,
                board=blocks["site"].value("board"),
                journal=JournalSettings(**fields_for(JournalSettings, JOURNAL, _values(blocks["journal"]))),
            )
            self._look_around(site)
        return Verdict(
            file=self.file,
            site=site,
            faults=faults,
            cautions=tuple(self.cautions),
            sums=sums,
            proven=frozenset(self.proven),
        )

    def _block(self, section: Section) -> Block:
        root = self.tables.root
        table = root.tables.get(section.header) or Table(path=(section.header,), line=1)
        return self.tables.read(table, section)

    def _tokens(self, block: Block) -> TokenSettings:
        values = _values(block)
        if block.value("list") is not None:
            values["list"] = self.folder / block.value("list")
        return TokenSettings(**fields_for(TokenSettings, TOKENS, values))

    def _groups(self) -> dict[str, GroupSettings]:
        """Every group of tokens."""
        table = self.tables.root.tables.get("group")
        named = {} if table is None else table.tables
        blocks = {name: self.tables.read(each, GROUP) for name, each in named.items()}
        return {
            name: GroupSettings(**fields_for(GroupSettings, GROUP, _values(block)))
            for name, block in blocks.items()
            if not block.bad
        }

    def _mqtt(self, site_name: str) -> MqttSettings | None:
        table = self.tables.root.tables.get("mqtt")
        if table is None:
            return None
        block = self.tables.read(table, MQTT)
        values = _values(block)
        topic = (block.value("topic") or f"ampyard/{_slug(site_name)}").strip("/")
        port = block.value("port") or (8883 if block.value("tls") else 1883)
        values = _values(block) | {"port": port, "topic": topic}
        for key, told, remedy in (
            ("topic", topic, f'topic = "ampyard/{_slug(site_name)}"'),
            ("evcc_topic", block.value("evcc_topic") or "", 'evcc_topic = "evcc"'),
        ):
            if re.search(r"[+#\s\0]", told):
                self.tables.fault(
                    "topic",
                    block.line(key),
                    f"[mqtt] {key}",
                    title="not a topic",
                    found=f'"{told}"',
                    allowed="text without + # and blanks",
                    remedy=remedy,
                )
        return None if block.bad else MqttSettings(**fields_for(MqttSettings, MQTT, values))

    def _limits_file(self) -> Path | None:
        table = self.tables.root.tables.get("limits")
        file = None if table is None else self.tables.read(table, LIMITS).value("file")
        return None if file is None else self.folder / file

    def _check_ports(self, ocpp: Block, web: Block) -> None:
        if ocpp.value("port") == web.value("port") and "port" not in ocpp.bad | web.bad:
            self.tables.fault(
                "port-clash",
                web.line("port") if "port" in web.cells else ocpp.line("port"),
                f"{web.table.title if 'port' in web.cells else ocpp.table.title} port",
                title="chargers and page on one port",
                found=f"{web.value('port')} twice",
                allowed="two different ports",
                remedy="remove both, for 8887 and 8080",
            )

    def _prove(self, guarantee: str) -> tuple[Sum, ...]:
        """The proof with whatever could be read, so that a typo elsewhere does not hide a small fuse."""
        built = self.circuits.built
        if ROOT not in built:
            return ()
        near = self.circuits.nearest_built
        chargers = [replace(charger, circuit=near(charger.circuit)) for charger in self.chargers.built]
        supplies = supplies_of(chargers)
        tree = tree_of((*self.circuits.readable(), *supplies))
        loads = loads_of(chargers, self.proven)
        places = {name: (built[name].line_number, title(built[name])) for name in built}
        for fault in fallback_faults(tree, loads, guarantee, places | self.chargers.supply_places):
            self.tables.note(fault)
        return tuple(prove(tree, loads, guarantee))

    def _look_around(self, site: Site) -> None:
        """What the site starts with, but somebody must know."""
        self.cautions.extend(guard_cautions(site, self.look_up))
        if site.tokens.accept == "known" and site.tokens.list is None and not site.uplinks:
            self._caution("no-tokens", None, "[tokens] neither a list nor an uplink: no card is known here")
        if site.tokens.list is not None and not site.tokens.list.is_file():
            table = self.tables.root.tables["tokens"]
            self._caution(
                "no-file", table.entries["list"].line, f"{site.tokens.list} is not there: no card is known"
            )
        self.cautions.extend(unbalance_cautions(site))
        self.cautions.extend(curve_cautions(site))
        self._look_for_secrets(self.tables.root)

    def _look_for_secrets(self, table: Table) -> None:
        for inner in table.tables.values():
            if inner.path[0] == "charger":  # a range has many: they are told one by one
                continue
            for key in ("password", "ca", "certificate", "key"):
                entry = inner.entries.get(key)
                if entry is None or (key != "password" and inner.path[0] != "mqtt"):
                    continue
                name = str(entry.value).removeprefix("secret:")
                if self.look_up(Secret(name=name)) is None:
                    self._caution(
                        "no-secret",
                        entry.line,
                        f'secret "{name}" is not on this machine; {_waits(inner.path[0])}',
                    )
            self._look_for_secrets(inner)

    def _caution(self, keyword: str, line: int | None, text: str) -> None:
        self.cautions.append(Caution(keyword=keyword, line=line, text=text))


def _values(block: Block) -> dict[str, object]:
    return {row.name: block.value(row.name) for row in block.section.keys}


def _waits(room: str) -> str:
    who = {"ocpp": "chargers will be refused", "uplink": "uplink will wait", "mqtt": "MQTT will wait"}
    return who.get(room, "it will wait")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "site"


def _not_text(path: Path, error: UnicodeDecodeError) -> Verdict:
    line = path.read_bytes()[: error.start].count(b"\n") + 1
    fault = Fault(
        keyword="encoding",
        line=line,
        where="the file",
        title="not UTF-8",
        found=f"byte 0x{error.object[error.start]:02x}",
        allowed="UTF-8 text",
        remedy=f"iconv -f latin1 -t utf-8 {path}",
    )
    return Verdict(file=str(path), site=None, faults=(fault,), cautions=(), sums=())
