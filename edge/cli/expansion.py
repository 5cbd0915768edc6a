"""Every charger of a site in full, as blocks that could stand in the file instead of its ranges."""

from edge.settings import ChargerSettings, Site
from edge.settings.kinds import amperes
from edge.settings.lines import as_toml


def expanded(site: Site) -> str:
    """One `[charger.name]` block each, with every key."""
    return "\n\n".join(_block(charger) for charger in site.chargers)


def _block(charger: ChargerSettings) -> str:
    is_numbered = charger.evses == tuple(str(number + 1) for number in range(len(charger.evses)))
    rows = {
        "station": as_toml(charger.station),
        "circuit": as_toml(charger.circuit),
        "max_a": amperes(charger.max_ma),
        "min_a": amperes(charger.min_ma),
        "fallback_a": amperes(charger.fallback_ma),
        "dead_man": as_toml(charger.dead_man),
        "phase_rotation": as_toml(charger.phase_rotation),
        "evses": str(len(charger.evses)) if is_numbered else as_toml(charger.evses),
        "priority": str(charger.priority),
    }
    if charger.rating_ma is not None:
        rows["rating_a"] = amperes(charger.rating_ma)
    width = max(map(len, rows))
    name = as_toml(charger.name) if "." in charger.name else charger.name
    return "\n".join([f"[charger.{name}]", *(f"{key:<{width}} = {value}" for key, value in rows.items())])
