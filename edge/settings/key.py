"""What a key of a site file is: its kind, its default and why; and the tables in which keys stand.

A row or table marked later is understood, and answered "not in this version".
"""

from dataclasses import dataclass

from edge.settings.kinds import Kind, Later

REQUIRED = "—"
_UNITS = {"_a": "_ma", "_v": "_mv", "_s": "_ms", "_min": "_ms", "_kw": "_w"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `default` is written as in the file; None: nothing, or what `unless` says."""

    name: str
    kind: Kind
    default: object
    why: str
    unless: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a site without it cannot be read."""
        return self.default == REQUIRED

    @property
    def is_later(self) -> bool:
        """Whether only a later version can do it."""
        return isinstance(self.kind, Later)

    @property
    def field(self) -> str:
        """What it is called inside, with the unit that it is kept in."""
        for outside, inside in _UNITS.items():
            if self.name.endswith(outside):
                return self.name.removesuffix(outside) + inside
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table. `is_named`: there may be several, `[header.name]`. `is_later`: not in this version."""

    header: str
    keys: tuple[Key, ...] = ()
    sections: tuple["Section", ...] = ()
    is_named: bool = False
    is_later: bool = False
    why: str = ""

    def key(self, name: str) -> Key | None:
        """The key of that name."""
        return next((key for key in self.keys if key.name == name), None)

    def section(self, name: str) -> "Section | None":
        """The table of that name below this one."""
        return next((section for section in self.sections if section.header == name), None)


def key(name: str, kind: Kind, default: object, why: str = "", *, unless: str = "") -> Key:
    """A row of the reference."""
    return Key(name=name, kind=kind, default=default, why=why, unless=unless)


def later(name: str, why: str, *, allowed: str = "nothing yet", harmless: tuple[object, ...] = ()) -> Key:
    """A row of the reference that waits for a later version."""
    return Key(name=name, kind=Later(allowed=allowed, harmless=harmless), default=None, why=why)
