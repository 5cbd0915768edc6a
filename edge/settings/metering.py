"""The meters of a site file's circuits: their model, where they are, or whose sum they are."""

import difflib
from collections.abc import Mapping

from edge.settings.buses import Buses
from edge.settings.keys import METER, SOURCE_METER
from edge.settings.lines import Table
from edge.settings.model import CircuitSettings, MeterSettings
from edge.settings.tables import Block, Tables, fields_for


class Meters:
    """Reads the `meter` table of each circuit."""

    def __init__(self, tables: Tables, models: Mapping[str, bool], buses: Buses) -> None:
        self._tables = tables
        self._models = models
        self._buses = buses
        self._sums: dict[str, Block] = {}
        self._seen: set[str] = set()

    def meter(self, circuit: str, owner: Table) -> MeterSettings | None:
        """The meter below a circuit's table; None where there is none, or one that cannot be read."""
        table = owner.tables.get("meter")
        if table is None:
            return None
        self._seen.add(circuit)
        is_sum = "sum" in table.entries
        block = self._tables.read(table, METER, may_lack=frozenset({"model"} if is_sum else ()))
        if is_sum and "model" in table.entries:
            self._two_kinds(block)
            return None
        if "model" in block.cells:
            self._check_model(block)
        line = self._buses.line(block)
        has_place = is_sum or self._buses.has_one_place(block)
        if block.bad or not has_place or (line is None and block.value("line") is not None):
            return None
        values = {row.name: block.value(row.name) for row in METER.keys}
        values |= {"line": line, "sum": values["sum"] or (), "model": values["model"] or ""}
        meter = MeterSettings(**fields_for(MeterSettings, METER, values), line_number=table.line)
        if is_sum:
            self._sums[circuit] = block
        else:
            place = line.name if line else f"{meter.host}:{meter.port}"
            self._buses.claim(block, place=place, unit=meter.unit)
        return meter

    def source(self, owner: Table) -> MeterSettings | None:
        """The meter below `[solar]` or `[battery]`, of any model: it guards no fuse."""
        table = owner.tables.get("meter")
        if table is None:
            return None
        block = self._tables.read(table, SOURCE_METER)
        if "model" in block.cells and block.value("model") not in self._models:
            self._check_model(block)
        line = self._buses.line(block)
        if not self._buses.has_one_place(block) or block.bad or (line is None and block.value("line")):
            return None
        values = {row.name: block.value(row.name) for row in SOURCE_METER.keys} | {"line": line}
        fields = fields_for(MeterSettings, SOURCE_METER, values)
        meter = MeterSettings(**fields, phase_rotation="L1L2L3", line_number=table.line)
        self._buses.claim(block, place=line.name if line else f"{meter.host}:{meter.port}", unit=meter.unit)
        return meter

    def check_sums(self, circuits: Mapping[str, CircuitSettings]) -> None:
        """Every circuit that a sum names has a meter of its own."""
        for name, block in self._sums.items():
            measured = sorted(self._seen - set(self._sums))
            for item in block.value("sum"):
                other = item.removeprefix("-")
                if other in measured:
                    continue
                self._tables.fault(
                    "no-circuit" if other not in circuits else "no-meter",
                    block.line("sum"),
                    f"{block.table.title} sum",
                    title="no such circuit" if other not in circuits else "has no meter of its own",
                    found=f'"{item}"' if other != name else "itself",
                    allowed=", ".join(measured) or "circuits with a meter, and there are none",
                    remedy="the names of circuits whose meters add up to this one's",
                )

    def _two_kinds(self, block: Block) -> None:
        self._tables.fault(
            "two-kinds",
            block.line("sum"),
            f"{block.table.title} sum",
            title="a device and a sum",
            found="model and sum",
            allowed="one of them",
            remedy="remove one of them",
        )

    def _check_model(self, block: Block) -> None:
        model = block.value("model")
        if self._models.get(model):
            return
        guards = sorted(name for name, can_guard in self._models.items() if can_guard)
        close = difflib.get_close_matches(model, guards, n=1, cutoff=0.5)
        is_known = model in self._models
        self._tables.fault(
            "no-phases" if is_known else "no-model",
            block.line("model"),
            f"{block.table.title} model",
            title="cannot guard a fuse" if is_known else "not in the catalogue",
            found=f"{model} reports no current per phase" if is_known else f'"{model}"',
            allowed="a model with phase currents: ampyard models --guard" if is_known else " ".join(guards),
            remedy=close[0] if close else "a model of: ampyard models --guard",
        )
