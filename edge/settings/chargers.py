"""The chargers of a site file: `"*"`, ranges and single blocks laid over each other, key by key."""

import re
from dataclasses import dataclass
from typing import Any

from edge.core.circuit import ROOT
from edge.settings.circuits import ALLOWED_NAME, NAME, Circuits, closest
from edge.settings.keys import CHARGER
from edge.settings.kinds import amperes
from edge.settings.model import ChargerSettings, Secret
from edge.settings.ranges import EVERYBODY, Member, NoRangeError, in_reading_order, members
from edge.settings.tables import Block, Tables, fields_for

BREAKERS_MA = (63_000, 32_000, 16_000, 10_000)  # what chargers are usually fused with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One charger and the blocks that speak for it, the narrowest first."""

    member: Member
    blocks: tuple[Block, ...]

    def block(self, key: str) -> Block:
        """The narrowest block that has the key, be it right or wrong; else the narrowest of all."""
        return next(
            (block for block in self.blocks if key in block.cells or key in block.bad), self.blocks[0]
        )

    def value(self, key: str) -> Any:  # noqa: ANN401 - what the kind of the key reads
        return self.block(key).value(key)

    def has_fault(self, *keys: str) -> bool:
        """Whether one of the keys stands there wrongly, so that comparing it would mislead."""
        return any(key in self.block(key).bad for key in keys)

    def where(self, key: str) -> tuple[int, str]:
        """The line and the name of the place of a key."""
        block = self.block(key)
        return block.line(key), f"{block.table.title} {key}"


class Chargers:
    """Reads all chargers into `built`, those with faults too, with defaults instead of what is wrong."""

    def __init__(self, tables: Tables, circuits: Circuits) -> None:
        self._tables = tables
        self._circuits = circuits
        self._members: dict[str, tuple[str, ...]] = {}  # block -> the names it speaks for, in order
        self._stations: dict[str, _Plan] = {}
        self.built: list[ChargerSettings] = []

    def read(self) -> None:
        """Every charger, in the order in which people read their names."""
        blocks = self._blocks()
        plans = self._plans(blocks)
        names = sorted(plans, key=in_reading_order)
        self._members = {header: self._spoken_for(header, names) for header in blocks}
        self.built = [self._charger(plans[name]) for name in names]

    def _blocks(self) -> dict[str, Block]:
        table = self._tables.root.tables.get("charger")
        blocks = {}
        for header, inner in (table.tables if table else {}).items():
            before = len(self._tables.faults)
            block = self._tables.read(inner, CHARGER)
            if "via" in block.bad and block.table.entries["via"].value in ("modbus", "gpio"):
                self._keep_one_not_yet(block, before)
            blocks[header] = block
        return blocks

    def _keep_one_not_yet(self, block: Block, before: int) -> None:
        """A kind of charger of a later version is one fault, not one for each of its keys."""
        fresh = self._tables.faults[before:]
        via = f"{block.table.title} via"
        self._tables.faults[before:] = [
            fault for fault in fresh if fault.keyword != "not-yet" or fault.where == via
        ]

    def _plans(self, blocks: dict[str, Block]) -> dict[str, _Plan]:
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
            plans[name] = _Plan(member=member, blocks=(*chain, *everybody))
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

    def _charger(self, plan: _Plan) -> ChargerSettings:
        name = plan.member.name
        values = {row.name: plan.value(row.name) for row in CHARGER.keys if not row.is_later}
        values["circuit"] = self._circuit(plan)
        values["station"] = self._station(plan)
        values["phase_rotation"] = self._dealt(plan)
        values["fallback_a"] = self._fallback(plan)
        values["password"] = self._password(plan)
        charger = ChargerSettings(
            name=name, line_number=plan.blocks[0].table.line, **fields_for(ChargerSettings, CHARGER, values)
        )
        self._check_minimum(plan, charger)
        self._check_breaker(plan, charger)
        return charger

    def _circuit(self, plan: _Plan) -> str:
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

    def _station(self, plan: _Plan) -> str:
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

    def _password(self, plan: _Plan) -> Secret | None:
        secret: Secret | None = plan.value("password")
        return Secret(name=secret.name.replace("{n}", plan.member.number)) if secret else None

    def _dealt(self, plan: _Plan) -> str:
        """The phase rotation; from a list, the one whose turn it is among all that its block speaks for."""
        rotation = plan.value("phase_rotation")
        if isinstance(rotation, str):
            return rotation
        block = plan.block("phase_rotation")
        turn = self._members[block.table.path[-1]].index(plan.member.name)
        return str(rotation[turn % len(rotation)])

    def _fallback(self, plan: _Plan) -> int:
        fallback_ma, min_ma, max_ma = (plan.value(key) for key in ("fallback_a", "min_a", "max_a"))
        if fallback_ma is None or plan.has_fault("fallback_a", "min_a", "max_a"):
            return int(min_ma)
        if fallback_ma == 0 or min_ma <= fallback_ma <= max_ma:
            return int(fallback_ma)
        line, where = plan.where("fallback_a")
        self._tables.fault(
            "range",
            line,
            where,
            title="outside what the charger may do",
            found=f"{amperes(fallback_ma)} A",
            allowed=f"0, or {amperes(min_ma)} to {amperes(max_ma)}",
            remedy=f"fallback_a = {amperes(min_ma)}",
        )
        return int(min_ma)

    def _check_minimum(self, plan: _Plan, charger: ChargerSettings) -> None:
        if charger.min_ma <= charger.max_ma or plan.has_fault("min_a", "max_a"):
            return
        line, where = plan.where("min_a")
        self._tables.fault(
            "range",
            line,
            where,
            title="above its maximum",
            found=f"{amperes(charger.min_ma)} A, max_a {amperes(charger.max_ma)} A",
            allowed=f"6 to {amperes(charger.max_ma)}",
            remedy="min_a = 6",
        )

    def _check_breaker(self, plan: _Plan, charger: ChargerSettings) -> None:
        """Its breaker is not larger than any fuse above it."""
        built = self._circuits.built
        name: str | None = self._circuits.nearest_built(charger.circuit)
        while name in built:
            circuit = built[name]
            if charger.max_ma > circuit.rating_ma:
                line, where = plan.where("max_a")
                fits = [ma for ma in BREAKERS_MA if ma <= circuit.rating_ma]
                self._tables.fault(
                    "over-circuit",
                    line,
                    where,
                    title="above its circuit",
                    found=f"{amperes(charger.max_ma)} A on {circuit.name}, "
                    f"rating {amperes(circuit.rating_ma)} A (line {circuit.line_number})",
                    allowed=f"6 to {amperes(circuit.rating_ma)}",
                    remedy=f"max_a = {amperes(fits[0])}" if fits else f"another circuit than {circuit.name}",
                )
                return
            name = circuit.parent

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
