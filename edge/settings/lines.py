"""TOML with line numbers, and with patience: a line that is not TOML is reported and reading goes on.

tomllib tells no lines and stops at the first mistake. So the text is cut into statements (a header, or a
key with its value, which may span lines) and tomllib reads each one alone.
"""

import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from edge.settings.fault import Fault

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_ASSIGNMENT = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=\s*(.*)$", re.DOTALL)
_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")
_RANGE_HEADER = re.compile(r"\[\s*charger\.([A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+)\s*\]")
_OPENERS = ("[", '"""', "'''")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value as the file gives it, and the line on which it stands."""

    value: object
    line: int


@dataclass(slots=True, kw_only=True)
class Table:
    """A table of the file: its keys and the tables below it."""

    path: tuple[str, ...]
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)
    tables: dict[str, "Table"] = field(default_factory=dict)
    has_header: bool = False

    @property
    def title(self) -> str:
        """The table as its header names it, without quotes."""
        return f"[{'.'.join(self.path)}]" if self.path else "top of the file"

    def child(self, name: str, line: int) -> "Table":
        """The table of that name below this one, made if it is new."""
        if name not in self.tables:
            self.tables[name] = Table(path=(*self.path, name), line=line)
        return self.tables[name]


def read(text: str) -> tuple[Table, list[Fault]]:
    """The whole file as one table, and every line that could not be read."""
    return _Reader(text).read()


def as_toml(value: object) -> str:
    """A value in TOML's own writing, to be shown or suggested."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + "}"
    return str(value)


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.root = Table(path=(), line=1)
        self.current: Table | None = self.root  # None: below a header that could not be read
        self.faults: list[Fault] = []

    def read(self) -> tuple[Table, list[Fault]]:
        index = 0
        while index < len(self.lines):
            start = self.lines[index].strip()
            if not start or start.startswith("#"):
                index += 1
            elif start.startswith("["):
                self._header(start, index + 1)
                index += 1
            else:
                index = self._statement(index)
        return self.root, self.faults

    def _header(self, text: str, line: int) -> None:
        unquoted = _RANGE_HEADER.match(text)
        if unquoted:
            self._syntax(
                line,
                None,
                text,
                found=text,
                allowed="a range in quotes",
                remedy=f'[charger."{unquoted[1]}"]',
            )
            self._open(("charger", unquoted[1]), line)
            return
        try:
            parsed = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._syntax(
                line,
                _column(error),
                text,
                found=text,
                allowed="[table] or [table.name]",
                remedy="close the bracket",
            )
            self.current = None
            return
        path = _path(parsed)
        if text.startswith("[["):
            self._syntax(
                line, 1, text, found=text, allowed="one pair of brackets", remedy=f"[{'.'.join(path)}]"
            )
            self.current = None
            return
        self._open(path, line)

    def _open(self, path: tuple[str, ...], line: int) -> None:
        table = self.root
        for name in path:
            table = table.child(name, line)
        if table.has_header:
            self._twice(table.title, table.line, line)
        else:
            table.has_header, table.line = True, line
        self.current = table

    def _statement(self, index: int) -> int:
        """Reads the statement that begins there; answers the index behind it."""
        first = self.lines[index]
        match = _ASSIGNMENT.match(first)
        is_open = match is not None and match[2].startswith(_OPENERS)
        last_error = None
        for end in range(index + 1, self._reach(index, match[2]) + 1 if is_open and match else index + 2):
            try:
                parsed = tomllib.loads("\n".join(self.lines[index:end]), parse_float=Decimal)
            except tomllib.TOMLDecodeError as error:
                last_error = last_error or error
            else:
                if self.current is not None:
                    self._merge(self.current, parsed, index + 1)
                return end
        self._unreadable(first, index + 1, last_error)
        return self._reach(index, match[2]) if is_open and match else index + 1

    def _reach(self, index: int, value: str) -> int:
        """The index behind which a value that opens here cannot go on."""
        if value.startswith("["):
            for end in range(index + 1, len(self.lines)):
                if _ASSIGNMENT.match(self.lines[end]):
                    return end
            return len(self.lines)
        for end in range(index + 1, len(self.lines)):
            if value[:3] in self.lines[end]:
                return end + 1
        return len(self.lines)

    def _merge(self, table: Table, parsed: dict[str, Any], line: int) -> None:
        for key, value in parsed.items():
            if isinstance(value, dict):
                self._merge(table.child(key, line), value, line)
            elif key in table.entries:
                self._twice(f"{table.title} {key}", table.entries[key].line, line)
            else:
                table.entries[key] = Entry(value=value, line=line)

    def _unreadable(self, text: str, line: int, error: tomllib.TOMLDecodeError | None) -> None:
        match = _ASSIGNMENT.match(text)
        title = self.current.title if self.current else "(unknown table)"
        column = _column(error) if error else None
        if match is None:
            self._syntax(
                line,
                column,
                title,
                found="(not shown)" if "password" in text else text.strip(),
                allowed="key = value, [table] or # comment",
                remedy="put # before the line",
            )
            return
        key, value = match[1], _without_comment(match[2])
        if "password" in key:
            value, allowed, better = "(not shown)", "text in quotes", '"secret:NAME"'
        else:
            allowed, better = _mended(value)
        self._syntax(
            line,
            column or len(text) + 1,
            f"{title} {key}",
            found=f"{key} = {value}",
            allowed=allowed,
            remedy=f"{key} = {better}",
        )

    def _syntax(
        self, line: int, column: int | None, where: str, *, found: str, allowed: str, remedy: str
    ) -> None:
        is_value = " = " in found
        self.faults.append(
            Fault(
                keyword="syntax",
                line=line,
                column=column,
                where=where,
                title="not a TOML value" if is_value else "not a line of TOML",
                found=found,
                allowed=allowed,
                remedy=remedy,
            )
        )

    def _twice(self, where: str, first: int, second: int) -> None:
        self.faults.append(
            Fault(
                keyword="duplicate",
                line=second,
                where=where,
                title="stands twice",
                found=f"first on line {first}",
                allowed="once",
                remedy=f"remove line {second} or line {first}",
            )
        )


def _path(parsed: dict[str, Any]) -> tuple[str, ...]:
    path: list[str] = []
    node: Any = parsed
    while node:
        if isinstance(node, list):
            node = node[0]
            continue
        name = next(iter(node))
        path.append(name)
        node = node[name]
    return tuple(path)


def _column(error: tomllib.TOMLDecodeError) -> int | None:
    match = _POSITION.search(str(error))
    return int(match[2]) if match else None


def _without_comment(value: str) -> str:
    return value.split(" #", 1)[0].strip()


def _mended(value: str) -> tuple[str, str]:
    """What was probably meant: what is allowed there, and the value in that form."""
    if value.lower() in {"true", "yes", "on"}:
        return "true or false, in small letters", "true"
    if value.lower() in {"false", "no", "off"}:
        return "true or false, in small letters", "false"
    number = re.fullmatch(r"(\d+)[,.]?(\d*)\s*(?:A|V|s|kW|min)?", value)
    if number:
        return "a number, with a point, without its unit", number[1] + (f".{number[2]}" if number[2] else "")
    if not value:
        return "a value", "..."
    return "text in quotes", as_toml(value.strip("\"'"))
