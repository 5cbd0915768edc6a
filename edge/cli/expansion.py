"""Every charger of a site in full, as blocks that could stand in the file instead of its ranges."""

from collections.abc import Iterable

from edge.settings import ChargerSettings, Site
from edge.settings.kinds import amperes
from edge.settings.lines import as_toml


def expanded(site: Site) -> str:
    """One `[charger.name]` block each, with every key."""
    return "\n\n".join(_block(charger) for charger in site.chargers)


def _block(charger: ChargerSettings) -> str:
    names = tuple(evse.name for evse in charger.evses)
    is_numbered = names == tuple(str(number) for number in range(1, len(names) + 1))
    rows = {
        "station": as_toml(charger.station),
        "circuit": as_toml(charger.circuit),
        "max_a": _each(amperes(evse.max_ma) for evse in charger.evses),
        "min_a": _each(amperes(evse.min_ma) for evse in charger.evses),
        "fallback_a": _each(amperes(evse.fallback_ma) for evse in charger.evses),
        "dead_man": as_toml(charger.dead_man),
        "phase_rotation": _each(as_toml(evse.phase_rotation) for evse in charger.evses),
        "evses": str(len(names)) if is_numbered else as_toml(names),
        "priority": str(charger.priority),
    }
    if charger.rating_ma is not None:
        rows["rating_a"] = amperes(charger.rating_ma)
    width = max(map(len, rows))
    name = as_toml(charger.name) if "." in charger.name else charger.name
    return "\n".join([f"[charger.{name}]", *(f"{key:<{width}} = {value}" for key, value in rows.items())])


def _each(values: Iterable[str]) -> str:
    """One value where all sockets have the same, else a list of one for each."""
    found = list(values)
    return found[0] if len(set(found)) == 1 else f"[{', '.join(found)}]"
