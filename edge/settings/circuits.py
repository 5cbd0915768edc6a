"""The circuits of a site file: the grid, and what hangs below it."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from edge.core.circuit import ROOT
from edge.settings.buses import Buses
from edge.settings.keys import CIRCUIT, DEMAND, GRID, SOURCES
from edge.settings.kinds import amperes
from edge.settings.lines import Table
from edge.settings.metering import Meters
from edge.settings.model import CircuitSettings, DemandSettings, SourceName, SourceSettings
from edge.settings.tables import Block, Tables, fields_for

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ALLOWED_NAME = "letters, digits, - _ and . in a name"


class Circuits:
    """Reads all circuits. `names` are those that the file declares, be they right or wrong."""

    def __init__(self, tables: Tables, models: Mapping[str, bool], buses: Buses) -> None:
        """`models`: the meters of the catalogue, and whether each can guard a fuse."""
        self._tables = tables
        self._meters = Meters(tables, models, buses)
        self._parents: dict[str, str] = {}
        self.built: dict[str, CircuitSettings] = {}
        named = tables.root.tables.get("circuit")
        self._below = {} if named is None else named.tables
        self.names = [ROOT, *(name for name in self._below if name != ROOT)]

    def read(self) -> None:
        """Every circuit into `built`; one that cannot be read is left out."""
        grid = self._tables.root.tables.get(ROOT)
        if grid is None:
            self._no_grid()
        else:
            self._circuit(ROOT, self._tables.read(grid, GRID), None)
        for name, table in self._below.items():
            block = self._tables.read(table, CIRCUIT, may_lack=frozenset({"parent"}))
            if self._has_good_name(name, table):
                self._circuit(name, block, self._parent(name, block))
        self._check_cycles()
        self._meters.check_sums(self.built)

    def sources(self) -> tuple[SourceSettings, ...]:
        """What gives the site power besides the grid, and has a meter."""
        found = []
        for name in get_args(SourceName):
            table = self._tables.root.tables.get(name)
            if table is None:
                continue
            self._tables.read(table, SOURCES[name])
            meter = self._meters.source(table)
            if meter is not None:
                found.append(SourceSettings(name=name, meter=meter))
        return tuple(found)

    def nearest_built(self, name: str) -> str:
        """The circuit itself, or the next one towards the grid that could be read."""
        seen = {name}
        while name not in self.built and name in self._parents:
            name = self._parents[name]
            if name in seen:
                return ROOT
            seen.add(name)
        return name if name in self.built else ROOT

    def readable(self) -> tuple[CircuitSettings, ...]:
        """Those in `built` as one tree: below a circuit that was left out, the next one above it feeds."""
        return tuple(
            replace(
                circuit, parent=None if name == ROOT else self.nearest_built(self._parents.get(name, ROOT))
            )
            for name, circuit in self.built.items()
        )

    def _circuit(self, name: str, block: Block, parent: str | None) -> None:
        meter, demand = self._meters.meter(name, block.table), self._demand(block.table)
        rating_ma, building_ma = block.value("rating_a"), block.value("building_max_a")
        if rating_ma is None or (name == ROOT and building_ma is None):
            return
        if building_ma is not None and building_ma > rating_ma:
            self._tables.fault(
                "range",
                block.line("building_max_a"),
                f"{block.table.title} building_max_a",
                title="above its rating",
                found=f"{amperes(building_ma)} A, rating {amperes(rating_ma)} A "
                f"(line {block.line('rating_a')})",
                allowed=f"0 to {amperes(rating_ma)} A",
                remedy="the most that was ever measured there, without chargers",
            )
            return
        self.built[name] = CircuitSettings(
            name=name,
            parent=parent,
            rating_ma=rating_ma,
            building_max_ma=building_ma,
            meter=meter,
            line_number=block.line("rating_a"),
            unbalance_max_ma=self._unbalance_ma(block, rating_ma),
            protection=block.value("protection"),
            demand=demand,
        )

    def _demand(self, owner: Table) -> DemandSettings | None:
        table = owner.tables.get("demand")
        if table is None:
            return None
        block = self._tables.read(table, DEMAND)
        if block.bad:
            return None
        values = {row.name: block.value(row.name) for row in DEMAND.keys}
        return DemandSettings(**fields_for(DemandSettings, DEMAND, values), line_number=table.line)

    def _unbalance_ma(self, block: Block, rating_ma: int) -> int | None:
        unbalance_ma: int | None = block.value("unbalance_max_a")
        if unbalance_ma is not None and unbalance_ma > rating_ma:
            self._tables.fault(
                "range",
                block.line("unbalance_max_a"),
                f"{block.table.title} unbalance_max_a",
                title="above its rating",
                found=f"{amperes(unbalance_ma)} A, rating {amperes(rating_ma)} A "
                f"(line {block.line('rating_a')})",
                allowed=f"1 to {amperes(rating_ma)} A",
                remedy="what the grid operator allows: 20 is 4.6 kVA at 230 V",
            )
        return unbalance_ma

    def _parent(self, name: str, block: Block) -> str | None:
        others = [other for other in self.names if other != name]
        parent = block.value("parent")
        if parent in others:
            self._parents[name] = parent
            return str(parent)
        if "parent" not in block.bad:
            self._tables.fault(
                "no-parent",
                block.line("parent"),
                f"{block.table.title} parent",
                title="missing" if parent is None else "no such circuit",
                found="nothing" if parent is None else f'"{parent}"',
                allowed=", ".join(others),
                remedy=f'parent = "{closest(parent, others)}"',
            )
        return ROOT

    def _check_cycles(self) -> None:
        """Circuits that feed each other: reported once, at the first of them."""
        in_cycles: set[str] = set()
        for start in self._parents:
            way = [start]
            while way[-1] in self._parents and self._parents[way[-1]] not in way:
                way.append(self._parents[way[-1]])
            if self._parents.get(way[-1]) == start and start not in in_cycles:
                in_cycles.update(way)
                table = self._below[start]
                self._tables.fault(
                    "cycle",
                    table.entries["parent"].line,
                    f"{table.title} parent",
                    title="feeds itself",
                    found=" is fed from ".join([*way, start]),
                    allowed="a way that ends at grid",
                    remedy='parent = "grid"',
                )
        for name in in_cycles:
            self.built.pop(name, None)
            self._parents[name] = ROOT

    def _has_good_name(self, name: str, table: Table) -> bool:
        is_taken = name == ROOT
        if NAME.fullmatch(name) and not is_taken:
            return True
        self._tables.fault(
            "name",
            table.line,
            table.title,
            title="grid is the root" if is_taken else "not a name",
            found=f'"{name}"',
            allowed=ALLOWED_NAME,
            remedy="[grid] for the main fuse, another name for this one" if is_taken else "[circuit.west]",
        )
        return False

    def _no_grid(self) -> None:
        self._tables.fault(
            "missing",
            1,
            "[grid]",
            title="missing",
            found="nothing",
            allowed="[grid] with rating_a and building_max_a",
            remedy="[grid], then rating_a: what is written on the main fuse",
        )


def closest(name: object, others: list[str]) -> str:
    """The name that was probably meant; the first one where nothing resembles it."""
    close = difflib.get_close_matches(str(name), others, n=1, cutoff=0.5)
    return close[0] if close else others[0]
