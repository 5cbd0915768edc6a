"""Chargers on this box's own pins in a site file: which pin is what."""

from edge.settings.keys import PINS
from edge.settings.model import GpioSettings
from edge.settings.sockets import Plan
from edge.settings.tables import Block, Tables, fields_for


class Pinned:
    """Reads what `via = "gpio"` asks for."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._taken: dict[str, str] = {}

    def read(self, plan: Plan) -> GpioSettings | None:
        """Its pins; None for one that is none, and for one that cannot be read."""
        table = next(
            (block.table.tables["pins"] for block in plan.blocks if "pins" in block.table.tables), None
        )
        if plan.value("via") != "gpio":
            if table is not None:
                place = (table.line, table.title)
                self._fault("wrong-kind", place, "only on pins", "pins of another kind")
            return None
        if table is None:
            line, where = plan.where("via")
            self._fault("missing", (line, where), "its pins are missing", "nothing")
            return None
        if len(plan.value("evses")) > 1:
            line, where = plan.where("evses")
            self._fault("sockets", (line, where), "one socket each, on pins", "several")
            return None
        block = self._tables.read(table, PINS)
        if block.bad or not self._are_free(block):
            return None
        values = {row.name: block.value(row.name) for row in PINS.keys}
        named = fields_for(GpioSettings, PINS, values)
        return GpioSettings(has_ventilation=values["ventilation"], **named)

    def _are_free(self, block: Block) -> bool:
        """Whether no pin is named twice."""
        for name, cell in block.cells.items():
            if not isinstance(cell.value, str):
                continue
            pin = cell.value.removeprefix("!")
            where = f"{block.table.title} {name}"
            other = self._taken.setdefault(pin, where)
            if other != where:
                self._tables.fault(
                    "pin-clash",
                    cell.line,
                    where,
                    title="one pin, two uses",
                    found=f'"{pin}", also {other}',
                    allowed="each pin once",
                    remedy=f"{name} = another pin",
                )
                return False
        return True

    def _fault(self, keyword: str, place: tuple[int, str], title: str, found: str) -> None:
        self._tables.fault(
            keyword,
            *place,
            title=title,
            found=found,
            allowed='with via = "gpio": one socket and its own table [charger.x.pins]',
            remedy='via = "gpio", with pilot, pilot_b, pilot_c and contactor in [charger.x.pins]',
        )
