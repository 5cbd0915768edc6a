"""The uplinks of a site file: which chargers each CSMS sees, and what it calls them."""

import fnmatch
import re

from edge.settings.keys import UPLINK
from edge.settings.model import ChargerSettings, UplinkSettings
from edge.settings.tables import Block, Tables, fields_for


class Uplinks:
    """Reads all uplinks into `built`."""

    def __init__(self, tables: Tables, chargers: list[ChargerSettings]) -> None:
        self._tables = tables
        self._chargers = chargers
        self._primaries: dict[str, Block] = {}
        self.built: list[UplinkSettings] = []

    def read(self) -> None:
        """Every uplink; what a later version can do is left out."""
        table = self._tables.root.tables.get("uplink")
        for name, inner in (table.tables if table else {}).items():
            block = self._tables.read(inner, UPLINK)
            chargers = self._seen(block)
            is_primary = block.value("role") == "primary"
            if is_primary and not {"url", "role", "version"} & block.bad:
                self._check_primary(block, chargers)
            self._check_identity(block, chargers)
            values = {row.name: block.value(row.name) for row in UPLINK.keys} | {"chargers": chargers}
            if not block.bad:
                self.built.append(
                    UplinkSettings(
                        name=name, line_number=inner.line, **fields_for(UplinkSettings, UPLINK, values)
                    )
                )

    def _seen(self, block: Block) -> tuple[str, ...]:
        """The chargers that its patterns name; all where it names none."""
        names = [charger.name for charger in self._chargers]
        patterns = block.value("chargers")
        if patterns is None:
            return tuple(names)
        for pattern in patterns:
            if not fnmatch.filter(names, pattern):
                self._tables.fault(
                    "no-charger",
                    block.line("chargers"),
                    f"{block.table.title} chargers",
                    title="no such charger",
                    found=f'"{pattern}"',
                    allowed=" ".join(names) or "none is declared",
                    remedy="remove it, or correct the name",
                )
        return tuple(name for name in names if any(fnmatch.fnmatchcase(name, item) for item in patterns))

    def _check_primary(self, block: Block, chargers: tuple[str, ...]) -> None:
        """One CSMS commands a charger."""
        for name in chargers:
            other = self._primaries.setdefault(name, block)
            if other is not block:
                self._tables.fault(
                    "two-primaries",
                    block.line("role"),
                    f"{block.table.title} role",
                    title="two clouds would command",
                    found=f"{name} is also in {other.table.title}, line {other.table.line}",
                    allowed="one primary for each charger",
                    remedy='role = "observer" in one of them, or chargers = ["..."] in both',
                )
                return

    def _check_identity(self, block: Block, chargers: tuple[str, ...]) -> None:
        identity = str(block.value("identity") or "")
        rest = identity.replace("{charger}", "").replace("{station}", "")
        has_place = rest != identity or len(chargers) < 2
        if re.fullmatch(r"[^{}/\s]*", rest) and has_place:
            return
        self._tables.fault(
            "identity",
            block.line("identity"),
            f"{block.table.title} identity",
            title="not an identity" if has_place else f"the same for {len(chargers)} chargers",
            found=f'"{identity}"',
            allowed="text with {charger} or {station}, without blanks and /",
            remedy='identity = "{charger}"',
        )
