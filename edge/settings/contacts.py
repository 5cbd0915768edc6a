"""The contacts of a site file: pins, and what they limit while they are active."""

from edge.core.circuit import ROOT
from edge.core.limits import LEAST_14A_W, floor_14a_w
from edge.settings.keys import CONTACT
from edge.settings.model import ContactSettings
from edge.settings.tables import Block, Tables


class Contacts:
    """Reads all contacts into `built`."""

    def __init__(self, tables: Tables, circuits: list[str], *, voltage_mv: int, sockets: int) -> None:
        """`sockets`: how many there are at the site, which is what section 14a counts."""
        self._tables = tables
        self._circuits = circuits
        self._voltage_mv = voltage_mv
        self._sockets = sockets
        self.built: list[ContactSettings] = []

    def read(self) -> None:
        """Every contact that has no fault."""
        table = self._tables.root.tables.get("contact")
        for name, inner in (table.tables if table else {}).items():
            block = self._tables.read(inner, CONTACT)
            if not block.bad and (contact := self._contact(name, block)) is not None:
                self.built.append(contact)

    def _contact(self, name: str, block: Block) -> ContactSettings | None:
        pins = self._pins(block)
        limits_ma = self._limits(block, pins)
        circuit = block.value("circuit")
        if circuit not in self._circuits:
            allowed = ", ".join(self._circuits)
            self._fault(
                block,
                "circuit",
                "no-circuit",
                "no such circuit",
                found=circuit,
                allowed=allowed,
                remedy=f'"{ROOT}"',
            )
            return None
        if not pins or limits_ma is None:
            return None
        return ContactSettings(
            name=name,
            pins=pins,
            is_active_open=block.value("active") == "open",
            limits_ma=limits_ma,
            circuit=circuit,
            of=block.value("of"),
            one_is_always_active=block.value("one_is_always_active"),
            rule=block.value("rule"),
            line_number=block.table.line,
        )

    def _pins(self, block: Block) -> tuple[str, ...]:
        pin, pins = block.value("pin"), block.value("pins")
        if (pin is None) == (pins is None):
            found = "neither" if pin is None else "both"
            self._fault(
                block, "pin", "missing", "pin or pins", found=found, allowed="one of them", remedy='"GPIO22"'
            )
            return ()
        return (pin,) if pins is None else tuple(pins)

    def _limits(self, block: Block, pins: tuple[str, ...]) -> tuple[int, ...] | None:
        """Per phase in mA; None where there is a fault."""
        amps, watts, rule = block.value("limit_a"), block.value("limit_w"), block.value("rule")
        if rule == "enwg-14a-direct" and amps is None and watts is None:
            return tuple(self._per_phase(LEAST_14A_W) for _ in pins)
        if (amps is None) == (watts is None):
            found = "neither" if amps is None else "both"
            self._fault(
                block,
                "limit_a",
                "missing",
                "limit_a or limit_w",
                found=found,
                allowed="one of them",
                remedy="6",
            )
            return None
        limits_ma = tuple(amps) if watts is None else tuple(self._per_phase(each) for each in watts)
        if len(limits_ma) != len(pins):
            key = "limit_a" if watts is None else "limit_w"
            found = f"{len(limits_ma)} limits, {len(pins)} pins"
            self._fault(
                block,
                key,
                "pins",
                "one limit for each pin",
                found=found,
                allowed=f"{len(pins)} limits",
                remedy="[...]",
            )
            return None
        floor_w = {"enwg-14a": floor_14a_w(self._sockets), "enwg-14a-direct": LEAST_14A_W}.get(rule, 0)
        if min(limits_ma) < self._per_phase(floor_w):
            least = f"{floor_w} W and more (for {self._sockets} sockets together)"
            if rule == "enwg-14a-direct":
                least = f"{floor_w} W and more, for each"
            key = "limit_a" if watts is None else "limit_w"
            found = f"{min(amps or watts)}" if watts else f"{min(limits_ma) / 1000} A"
            self._fault(
                block,
                key,
                "legal-floor",
                "below the legal floor",
                found=found,
                allowed=least,
                remedy=f"{floor_w}",
            )
            return None
        return limits_ma

    def _per_phase(self, watts: int) -> int:
        return watts * 1_000_000 // (3 * self._voltage_mv)

    def _fault(
        self, block: Block, key: str, keyword: str, title: str, *, found: str, allowed: str, remedy: str
    ) -> None:
        self._tables.fault(
            keyword,
            block.line(key),
            f"{block.table.title} {key}",
            title=title,
            found=found,
            allowed=allowed,
            remedy=f"{key} = {remedy}",
        )
