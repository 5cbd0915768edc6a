"""The chargers of a site file: `"*"`, ranges and single blocks laid over each other, key by key."""

import re

from edge.core.circuit import ROOT
from edge.settings.circuits import ALLOWED_NAME, NAME, Circuits, closest
from edge.settings.keys import CHARGER
from edge.settings.model import ChargerSettings, Secret, supply_of
from edge.settings.pinned import Pinned
from edge.settings.ranges import EVERYBODY, Member, NoRangeError, in_reading_order, members
from edge.settings.sockets import Plan, Sockets
from edge.settings.tables import Block, Tables, fields_for
from edge.settings.wired import Wired


class Chargers:
    """Reads all chargers into `built`, those with faults too, with defaults instead of what is wrong."""

    def __init__(self, tables: Tables, circuits: Circuits, wired: Wired) -> None:
        self._wired = wired
        self._pinned = Pinned(tables)
        self._tables = tables
        self._circuits = circuits
        self._sockets = Sockets(tables, circuits)
        self._turns: dict[str, dict[str, int]] = {}  # block -> its chargers, and the sockets before each
        self._stations: dict[str, Plan] = {}
        self.built: list[ChargerSettings] = []
        self.supply_places: dict[str, tuple[int, str]] = {}  # where a supply's rating stands: line, header

    def read(self) -> None:
        """Every charger, in the order in which people read their names."""
        blocks = self._blocks()
        plans = self._plans(blocks)
        names = sorted(plans, key=in_reading_order)
        self._turns = {header: _turns(self._spoken_for(header, names), plans) for header in blocks}
        self.built = [self._charger(plans[name]) for name in names]

    def _blocks(self) -> dict[str, Block]:
        table = self._tables.root.tables.get("charger")
        blocks = {}
        for header, inner in (table.tables if table else {}).items():
            block = self._tables.read(inner, CHARGER)
            blocks[header] = block
        return blocks

    def _plans(self, blocks: dict[str, Block]) -> dict[str, Plan]:
        everybody = (blocks[EVERYBODY],) if EVERYBODY in blocks else ()
        ranges: dict[str, tuple[Member, Block]] = {}
        singles: dict[str, tuple[Member, Block]] = {}
        for header, block in blocks.items():
            found = ranges if ".." in header else singles
            for member in self._counted(header, block):
                if found is ranges and member.name in ranges:
                    self._overlap(member.name, ranges[member.name][1], block)
                elif self._has_good_name(member.name, block):
                    found[member.name] = (member, block)
        plans = {}
        for name in {**ranges, **singles}:
            chain = [item[1] for item in (singles.get(name), ranges.get(name)) if item]
            member = (ranges.get(name) or singles[name])[0]
            plans[name] = Plan(member=member, blocks=(*chain, *everybody))
        return plans

    def _spoken_for(self, header: str, names: list[str]) -> tuple[str, ...]:
        if header == EVERYBODY:
            return tuple(names)
        try:
            return tuple(member.name for member in members(header))
        except NoRangeError:
            return ()

    def _counted(self, header: str, block: Block) -> tuple[Member, ...]:
        try:
            return members(header)
        except NoRangeError as error:
            self._tables.fault(
                "range",
                block.table.line,
                block.table.title,
                title=str(error),
                found=f'"{header}"',
                allowed='"name-1..name-9"',
                remedy='[charger."bay-1..bay-3"]',
            )
            return ()

    def _charger(self, plan: Plan) -> ChargerSettings:
        name = plan.member.name
        values = {row.name: plan.value(row.name) for row in CHARGER.keys if not row.is_later}
        values["circuit"] = self._circuit(plan)
        values["station"] = self._station(plan)
        values["evses"] = self._sockets.read(plan, self._turn(plan))
        values["password"] = self._password(plan)
        values["dead_man"] = self._wired.dead_man(plan)
        charger = ChargerSettings(
            name=name,
            line_number=plan.blocks[0].table.line,
            modbus=self._wired.read(plan),
            gpio=self._pinned.read(plan),
            **fields_for(ChargerSettings, CHARGER, values),
        )
        line, where = plan.where("rating_a")
        self.supply_places[supply_of(name)] = (line, where.removesuffix(" rating_a"))
        self._sockets.check_breakers(plan, charger)
        return charger

    def _turn(self, plan: Plan) -> int:
        """How many sockets of the block that has its phase rotations come before its own."""
        return self._turns[plan.block("phase_rotation").table.path[-1]].get(plan.member.name, 0)

    def _circuit(self, plan: Plan) -> str:
        circuit, names = plan.value("circuit"), self._circuits.names
        if circuit in names:
            return str(circuit)
        if "circuit" not in plan.block("circuit").bad and (circuit is not None or len(names) > 1):
            line, where = plan.where("circuit")
            self._tables.fault(
                "no-circuit",
                line,
                where,
                title="missing" if circuit is None else "no such circuit",
                found="nothing" if circuit is None else f'"{circuit}"',
                allowed=", ".join(names),
                remedy=f'circuit = "{closest(circuit, names[1:] or names)}"',
            )
        return ROOT

    def _station(self, plan: Plan) -> str:
        template = plan.value("station") or plan.member.name
        station = template.replace("{n}", plan.member.number)
        line, where = plan.where("station")
        if not re.fullmatch(r"[^{}/\s]+", station):
            self._tables.fault(
                "station",
                line,
                where,
                title="not an identity",
                found=f'"{template}"',
                allowed="text without blanks and /; {n} is the number, * and ? stand for any letters",
                remedy='station = "AC-{n}"',
            )
        other = self._stations.setdefault(station, plan)
        if other is not plan and "*" not in station and "?" not in station:
            self._tables.fault(
                "station-clash",
                line,
                where,
                title="two chargers, one identity",
                found=f'"{station}", also {other.member.name}, line {other.where("station")[0]}',
                allowed="each identity once; {n} is the charger's number",
                remedy=f'station = "{station}-{{n}}"',
            )
        return station

    def _password(self, plan: Plan) -> Secret | None:
        secret: Secret | None = plan.value("password")
        return Secret(name=secret.name.replace("{n}", plan.member.number)) if secret else None

    def _overlap(self, name: str, first: Block, second: Block) -> None:
        self._tables.fault(
            "overlap",
            second.table.line,
            second.table.title,
            title="overlaps another range",
            found=f"{name} is also in {first.table.title}, line {first.table.line}",
            allowed="each charger in one range; a single block may refine it",
            remedy=f"end one range before {name}",
        )

    def _has_good_name(self, name: str, block: Block) -> bool:
        if NAME.fullmatch(name):
            return True
        self._tables.fault(
            "name",
            block.table.line,
            block.table.title,
            title="not a name",
            found=f'"{name}"',
            allowed=ALLOWED_NAME,
            remedy="[charger.bay-1]",
        )
        return False


def _turns(names: tuple[str, ...], plans: dict[str, Plan]) -> dict[str, int]:
    """For each charger how many sockets come before its own, where lists are dealt out in turn."""
    turns, before = {}, 0
    for name in names:
        turns[name] = before
        before += len(plans[name].value("evses")) if name in plans else 1
    return turns
