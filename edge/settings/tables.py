"""One table of the file against its rows of the reference: values, defaults, and every fault at once."""

import dataclasses
import difflib
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from edge.settings.fault import Fault
from edge.settings.key import Key, Section
from edge.settings.keys import FILE, homes_of
from edge.settings.kinds import UnfitError, not_yet
from edge.settings.lines import Entry, Table, as_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value that was read, and where it stands."""

    value: Any
    line: int
    where: str  # the table's title


@dataclass(slots=True, kw_only=True)
class Block:
    """A table that was read. `bad` are keys that stand in it with a fault, or are missing."""

    table: Table
    section: Section
    cells: dict[str, Cell] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    def value(self, name: str) -> Any:  # noqa: ANN401 - what the kind of the key reads
        """The value of a key, or its default; None where that cannot be read."""
        if name in self.cells:
            return self.cells[name].value
        row = self.section.key(name)
        return default_of(row) if row else None

    def line(self, name: str) -> int:
        """The line of a key, or of the table's header where the key is not written."""
        return self.cells[name].line if name in self.cells else self.table.line


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


def fields_for(kind: type[_Dataclass], section: Section, values: dict[str, Any]) -> dict[str, Any]:
    """Values by key as the arguments of a settings class, which has one field for each key it keeps."""
    wanted = {item.name for item in dataclasses.fields(kind)}
    return {row.field: values[row.name] for row in section.keys if row.field in wanted}


def default_of(row: Key) -> Any:  # noqa: ANN401 - what the kind of the key reads
    """The default in our units; None where there is none."""
    return None if row.is_required or row.default is None else row.kind.read(row.default)


class Tables:
    """Reads tables and collects the faults of the whole file."""

    def __init__(self, root: Table) -> None:
        self.root = root
        self.faults: list[Fault] = []

    def read(self, table: Table, section: Section, *, may_lack: frozenset[str] = frozenset()) -> Block:
        """One table and what is wrong in it. `may_lack`: required keys that somebody else asks for."""
        block = Block(table=table, section=section)
        for name, entry in table.entries.items():
            row = section.key(name)
            if row is None:
                self._stranger(table, section, name, entry)
            else:
                self._cell(block, row, entry)
        for row in section.keys:
            if row.is_required and row.name not in table.entries and row.name not in may_lack:
                block.bad.add(row.name)
                self.missing(table, row)
        self._tables_below(table, section)
        return block

    def fault(
        self, keyword: str, line: int, where: str, *, title: str, found: str, allowed: str, remedy: str
    ) -> None:
        """Note a fault, unless the same one was noted for another charger of the same block."""
        self.note(
            Fault(
                keyword=keyword,
                line=line,
                where=where,
                title=title,
                found=found,
                allowed=allowed,
                remedy=remedy,
            )
        )

    def note(self, fault: Fault) -> None:
        """Note a fault that was made elsewhere, in the same way."""
        if not any(
            (old.keyword, old.line, old.where) == (fault.keyword, fault.line, fault.where)
            for old in self.faults
        ):
            self.faults.append(fault)

    def missing(self, table: Table, row: Key) -> None:
        """A required key does not stand in its table."""
        self.fault(
            "missing",
            table.line,
            f"{table.title} {row.name}",
            title="missing",
            found="nothing",
            allowed=row.kind.allowed,
            remedy=f"{row.name} = ..., {row.why}" if row.why else f"{row.name} = ...",
        )

    def _cell(self, block: Block, row: Key, entry: Entry) -> None:
        where = f"{block.table.title} {row.name}"
        try:
            value = row.kind.read(entry.value)
        except UnfitError as unfit:
            block.bad.add(row.name)
            self._unfit(row, entry, where, unfit)
        else:
            block.cells[row.name] = Cell(value=value, line=entry.line, where=block.table.title)

    def _unfit(self, row: Key, entry: Entry, where: str, unfit: UnfitError) -> None:
        if unfit.remedy:
            remedy = unfit.remedy if row.name == "phase_rotation" else f"{row.name} = {unfit.remedy}"
        elif unfit.keyword == "plain-secret":
            name = where.partition("]")[0].rpartition(".")[2].lstrip("[")
            remedy = f'sudo ampyard secret set {name}, then {row.name} = "secret:{name}"'
        elif unfit.keyword == "not-yet":
            remedy = f"remove line {entry.line}"
        elif row.is_required or row.default is None:
            remedy = f"{row.name} = one of what is allowed"
        else:
            remedy = f"{row.name} = {as_toml(row.default)}"
        self.fault(
            unfit.keyword,
            entry.line,
            where,
            title=unfit.title,
            found=unfit.found or as_toml(entry.value),
            allowed=unfit.allowed,
            remedy=remedy,
        )

    def _tables_below(self, table: Table, section: Section) -> None:
        for name, inner in table.tables.items():
            known = section.section(name)
            if known is None:
                self._unknown_table(inner, section)
            elif known.is_later:
                self._later_table(inner, known)
            elif known.is_named:
                self._loose_keys(inner, known)

    def _later_table(self, table: Table, section: Section) -> None:
        for inner in table.tables.values() if section.is_named else [table]:
            unfit = not_yet("nothing yet")
            self.fault(
                unfit.keyword,
                inner.line,
                inner.title,
                title=unfit.title,
                found=f"a table of a later version{f' ({section.why})' if section.why else ''}",
                allowed=unfit.allowed,
                remedy="put # before its lines",
            )

    def _loose_keys(self, table: Table, section: Section) -> None:
        """`[circuit]` alone: keys without a name in the header."""
        for name, entry in table.entries.items():
            self.fault(
                "no-name",
                entry.line,
                f"{table.title} {name}",
                title="in a table without a name",
                found=f"[{section.header}]",
                allowed=f"[{section.header}.name]",
                remedy=f"[{section.header}.{name}]"
                if isinstance(entry.value, list)
                else f"give [{section.header}] a name, as in [{section.header}.west]",
            )

    def _unknown_table(self, table: Table, section: Section) -> None:
        names = [inner.header for inner in section.sections]
        close = difflib.get_close_matches(table.path[-1], names, n=1)
        parents = table.path[:-1]
        homes = [top.header for top in FILE.sections if not parents and top.section(table.path[-1])]
        allowed = " ".join(f"[{'.'.join([*parents, name])}]" for name in names) or "no table below this one"
        better = close or ([f"{homes[0]}.{table.path[-1]}"] if homes else [])
        remedy = f"[{'.'.join([*parents, better[0]])}]" if better else "remove it, or put # before its lines"
        self.fault(
            "unknown-table",
            table.line,
            table.title,
            title="unknown table",
            found=table.title,
            allowed=allowed,
            remedy=remedy,
        )

    def _stranger(self, table: Table, section: Section, name: str, entry: Entry) -> None:
        where = f"{table.title} {name}"
        shown = "(not shown)" if "password" in name else as_toml(entry.value)
        row = _with_unit(section, name)
        homes = [] if row else list(homes_of(name))
        if row is None and homes:
            self._wrong_table(table, name, entry, homes)
            return
        if row is None:
            close = difflib.get_close_matches(name, [key.name for key in section.keys], n=1)
            row = section.key(close[0]) if close else None
        if row is not None:
            allowed = f"{row.name} ({_unit_words(row)})" if _unit_words(row) else row.name
            remedy = f"{row.name} = {shown}"
        else:
            allowed = " ".join(key.name for key in section.keys if not key.is_later) or "only tables here"
            remedy = f"remove line {entry.line}"
        self.fault(
            "unknown-key",
            entry.line,
            where,
            title="unknown key",
            found=f"{name} = {shown}",
            allowed=allowed,
            remedy=remedy,
        )

    def _wrong_table(self, table: Table, name: str, entry: Entry, homes: list[str]) -> None:
        parent = ".".join(table.path[:-1])
        generic = f"{table.path[0]}.x" if len(table.path) == 3 else parent
        if parent and generic in homes:
            homes = [parent]
        home = self._find(homes[0].split("."))
        if homes == [parent] and home is not None and not self._stands_between(home.line, table.line):
            remedy = f"move line {entry.line} above line {table.line}"
        elif home is not None:
            remedy = f"move line {entry.line} below line {home.line}"
        else:
            remedy = f"move line {entry.line} below a header [{homes[0]}]"
        found = f"below the header {table.title}, line {table.line}" if table.path else "above all headers"
        self.fault(
            "wrong-table",
            entry.line,
            f"{table.title} {name}",
            title="in the wrong table",
            found=found,
            allowed="in " + " ".join(f"[{header}]" for header in homes),
            remedy=remedy,
        )

    def _find(self, path: list[str]) -> Table | None:
        table: Table | None = self.root
        for name in path:
            table = table.tables.get(name) if table else None
        return table

    def _stands_between(self, above: int, below: int) -> bool:
        return not above < below or any(above < line < below for line in _header_lines(self.root))


def _header_lines(table: Table) -> list[int]:
    below = [line for inner in table.tables.values() for line in _header_lines(inner)]
    return [table.line, *below] if table.has_header else below


def _with_unit(section: Section, name: str) -> Key | None:
    """The key that `name` would be if its unit had been written, or another unit."""
    for row in section.keys:
        stem, _, unit = row.name.rpartition("_")
        if unit in {"a", "v", "s", "min", "kw"} and stem in {name, name.rpartition("_")[0]}:
            return row
    return None


def _unit_words(row: Key) -> str:
    words = {"a": "amperes per phase", "v": "volts", "s": "seconds", "min": "minutes", "kw": "kilowatts"}
    return words.get(row.name.rpartition("_")[2], "")
