"""The Modbus lines of a site file, and that no two devices answer to one number on the same of them."""

from edge.settings.keys import LINE
from edge.settings.lines import Table
from edge.settings.model import LineSettings
from edge.settings.tables import Block, Tables


class Buses:
    """Reads every `[line.x]`. `built` are those that could be read."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._claims: dict[tuple[str, int], Table] = {}
        named = tables.root.tables.get("line")
        self._below = {} if named is None else named.tables
        self.built: dict[str, LineSettings] = {}

    def read(self) -> None:
        """Every line into `built`; one that cannot be read is left out."""
        for name, table in self._below.items():
            block = self._tables.read(table, LINE)
            if not block.bad and self._has_one_end(block):
                port, host = block.value("port"), block.value("host")
                self.built[name] = LineSettings(
                    name=name,
                    device=port if host is None else "",
                    host=host or "",
                    port=0 if host is None else port,
                    baud=block.value("baud"),
                    format=block.value("format"),
                    line_number=table.line,
                )

    def line(self, block: Block) -> LineSettings | None:
        """The line that a device's table names. None where it names none, or one that cannot be read."""
        name = block.value("line")
        if name is None or name in self.built:
            return None if name is None else self.built[name]
        if name not in self._below:
            names = ", ".join(self._below)
            self._tables.fault(
                "no-line",
                block.line("line"),
                f"{block.table.title} line",
                title="no such line",
                found=f'"{name}"',
                allowed=names or "the name of a [line.x], and there is none",
                remedy=f'line = "{next(iter(self._below))}"' if names else f"[line.{name}] with its port",
            )
        return None

    def has_one_place(self, block: Block) -> bool:
        """Whether a device's table says exactly once where the device is: `host` or `line`."""
        given = [name for name in ("host", "line") if name in block.table.entries]
        if len(given) == 1:
            return True
        self._tables.fault(
            "place" if given else "missing",
            block.line(given[1]) if given else block.table.line,
            f"{block.table.title} {given[1] if given else 'host'}",
            title="two places" if given else "missing",
            found="host and line" if given else "nothing",
            allowed="host = an address (Modbus TCP), or line = the name of a [line.x]",
            remedy="remove one of them" if given else "host = ..., or line = ...",
        )
        return False

    def claim(self, block: Block, *, place: str, unit: int) -> None:
        """A device answers there to this number; a second one with the same is a fault."""
        table = block.table
        other = self._claims.setdefault((place, unit), table)
        if other is table:
            return
        entry = table.entries.get("unit") or table.entries.get("host") or table.entries.get("line")
        free = next((each for each in range(1, 248) if (place, each) not in self._claims), 1)
        self._tables.fault(
            "unit-clash",
            entry.line if entry else table.line,
            f"{table.title} unit",
            title=f"two devices answer as {unit}",
            found=f"unit {unit} on {place}, also {other.title} line {other.line}",
            allowed="each number once",
            remedy=f"unit = {free}, and the same on the device",
        )

    def _has_one_end(self, block: Block) -> bool:
        host, port = block.value("host"), block.value("port")
        if (host is None) == isinstance(port, str):
            return True
        self._tables.fault(
            "port",
            block.line("port"),
            f"{block.table.title} port",
            title="no serial port" if host is None else "no TCP port",
            found=str(port),
            allowed='a serial port such as "/dev/ttyUSB0"'
            if host is None
            else "a number, as the gateway shows it",
            remedy='port = "/dev/ttyUSB0", or host = the address of a gateway'
            if host is None
            else "port = 502, or remove host",
        )
        return False
