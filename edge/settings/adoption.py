"""A charger that nobody planned finds its place: the site file with one block more, proven before it is kept.

Only lines are added, or the one that names a station changes; comments and order stay as they are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edge.core.errors import ConfigError
from edge.core.proof import Sum
from edge.settings import lines
from edge.settings.fault import SiteFileError
from edge.settings.lines import Table, as_toml
from edge.settings.model import SUPPLY, ChargerSettings, Site
from edge.settings.site import NO_CHARGERS, Verdict, read

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STATION = re.compile(r"""(\s*station\s*=\s*)("[^"]*"|'[^']*')(.*)""", re.DOTALL)
_WORDS = {"declared": "fallback", "proven": "fallback or maximum", "rated": "maximum"}


class AdoptionError(ConfigError):
    """It cannot be adopted like that: why, and what to try."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A station and the place that it shall have; currents in the file's own unit, None: as the file has it.

    With `replaces`, `name` is a charger that the file has already, and nothing but its station changes.
    """

    station: str
    name: str
    replaces: bool = False
    circuit: str | None = None
    max_a: int | tuple[int, ...] | None = None
    min_a: int | tuple[int, ...] | None = None
    fallback_a: int | tuple[int, ...] | None = None
    phase_rotation: str | tuple[str, ...] | None = None
    evses: int = 1
    rating_a: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an adoption comes to: the new text, what it does to the sums, and where it stands."""

    text: str
    proof: str
    place: str


def adopted(
    text: str,
    adoption: Adoption,
    models: Mapping[str, bool],
    *,
    file: str,
    folder: Path,
    chargers: Mapping[str, str] = NO_CHARGERS,
) -> Change:
    """The site file with this charger. Raises SiteFileError with the faults, AdoptionError for the rest."""
    before = read(text, models, chargers=chargers, file=file, folder=folder)
    site = before.accepted()
    _check_names(adoption, site)
    new, place = _edited(text, adoption, site)
    after = read(new, models, chargers=chargers, file=file, folder=folder)
    if after.site is not None and not adoption.replaces and adoption.phase_rotation is None:
        charger = after.site.charger(adoption.name)
        if any(evse.phase_rotation != "unknown" for evse in charger.evses):  # never guessed from "*"
            new, place = _edited(text, replace(adoption, phase_rotation="unknown"), site)
            after = read(new, models, chargers=chargers, file=file, folder=folder)
    _check_others(adoption, site, after.accepted())
    return Change(text=new, proof=_proof(adoption, before, after), place=place)


def _check_names(adoption: Adoption, site: Site) -> None:
    known = {charger.name: charger for charger in site.chargers}
    holder = next((c for c in site.chargers if c.station == adoption.station), None)
    if holder is not None:
        raise AdoptionError(f"{adoption.station} is {holder.name} already", "another station")
    if adoption.replaces and adoption.name not in known:
        names = ", ".join(known) or "none"
        raise AdoptionError(f"no charger is called {adoption.name}", f"one of {names}")
    if not adoption.replaces and adoption.name in known:
        raise AdoptionError(
            f"{adoption.name} is in the site file already",
            f"another name; or, if this one takes its place, adopt {adoption.station} --as {adoption.name}",
        )


def _check_others(adoption: Adoption, before: Site, after: Site) -> None:
    """Nobody else changes: a list that is dealt out by the order of names could move on."""
    moved = [
        old.name
        for old in before.chargers
        if _without_place(old, adoption) != _without_place(after.charger(old.name), adoption)
    ]
    if moved:
        raise AdoptionError(
            f"phase_rotation of {', '.join(moved[:5])} would change: lists are dealt by the order of names",
            "a name that comes behind all others",
        )


def _without_place(charger: ChargerSettings, adoption: Adoption) -> ChargerSettings:
    """A charger without what an adoption may change of it."""
    is_it = adoption.replaces and charger.name == adoption.name
    return replace(charger, line_number=0, station="" if is_it else charger.station)


# -- the text ----------------------------------------------------------------------------------------------


def _edited(text: str, adoption: Adoption, site: Site) -> tuple[str, str]:
    """The new text, and where it differs."""
    if not adoption.replaces:
        return _with_block(text, _block(adoption, site))
    root, _ = lines.read(text)
    chargers = root.tables.get("charger")
    table = chargers.tables.get(adoption.name) if chargers else None
    if table is None or not table.has_header:
        return _with_block(text, [_header(adoption.name), f"station = {as_toml(adoption.station)}"])
    rows = text.splitlines(keepends=True)
    entry = table.entries.get("station")
    if entry is None:
        rows.insert(table.line, f"station = {as_toml(adoption.station)}{_newline(text)}")
        return "".join(rows), f"1 line added after line {table.line}"
    match = _STATION.fullmatch(rows[entry.line - 1])
    if match is None:
        raise AdoptionError(f"line {entry.line} names its station in several lines", "change it by hand")
    rows[entry.line - 1] = match[1] + as_toml(adoption.station) + match[3]
    return "".join(rows), f"line {entry.line} changed"


def _block(adoption: Adoption, site: Site) -> list[str]:
    circuit = adoption.circuit if len(site.circuits) > 1 or adoption.circuit != "grid" else None
    rows = {
        "station": adoption.station,
        "circuit": circuit,
        "max_a": adoption.max_a,
        "min_a": adoption.min_a,
        "fallback_a": adoption.fallback_a,
        "phase_rotation": adoption.phase_rotation,
        "evses": adoption.evses if adoption.evses != 1 else None,
        "rating_a": adoption.rating_a,
    }
    written = {key: value for key, value in rows.items() if value is not None}
    width = max(map(len, written))
    return [
        _header(adoption.name),
        *(f"{key:<{width}} = {as_toml(value)}" for key, value in written.items()),
    ]


def _header(name: str) -> str:
    return f"[charger.{name if _BARE_KEY.fullmatch(name) else as_toml(name)}]"


def _with_block(text: str, block: list[str]) -> tuple[str, str]:
    """Behind the last charger; without one at the end of the file."""
    rows, newline = text.splitlines(keepends=True), _newline(text)
    root, _ = lines.read(text)
    headers = sorted(_header_lines(root))
    own = _header_lines(root.tables["charger"]) if "charger" in root.tables else []
    end = next((line - 1 for line in headers if line > max(own)), len(rows)) if own else len(rows)
    while end > 0 and (not rows[end - 1].strip() or rows[end - 1].lstrip().startswith("#")):
        end -= 1
    if end and not rows[end - 1].endswith(("\n", "\r")):
        rows[end - 1] += newline
    added = [newline, *(line + newline for line in block)]
    return "".join([*rows[:end], *added, *rows[end:]]), f"{len(added)} lines added after line {end}"


def _header_lines(table: Table) -> list[int]:
    below = [line for inner in table.tables.values() for line in _header_lines(inner)]
    return [table.line, *below] if table.has_header else below


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


# -- the proof ---------------------------------------------------------------------------------------------


def _proof(adoption: Adoption, before: Verdict, after: Verdict) -> str:
    """`east: fallback 12 -> 18 of 50 A; grid 85 -> 91 of 100 A. Proven.`"""
    site = after.accepted()
    old = {total.circuit: total for total in before.sums}
    new = {total.circuit: total for total in after.sums}
    way = site.tree().path(site.charger(adoption.name).feeder)
    parts: list[str] = []
    for name in way:
        word = f"{_WORDS[site.guarantee]} " if not parts and not new[name].building_ma else ""
        colon = "" if parts else ":"
        parts.append(f"{_called(name)}{colon} {word}{_step(old.get(name), new[name])}")
    return "; ".join(parts) + ". Proven."


def _step(old: Sum | None, new: Sum) -> str:
    before = -(-max(old.box_dead) // 1000) if old else 0
    return f"{before} -> {-(-max(new.box_dead) // 1000)} of {new.rating_ma // 1000} A"


def _called(circuit: str) -> str:
    is_supply = circuit.endswith(SUPPLY)
    return f"{circuit.removesuffix(SUPPLY)}'s supply" if is_supply else circuit


__all__ = ["Adoption", "AdoptionError", "Change", "SiteFileError", "adopted"]
