"""`ampyard models`: the meters and the chargers of the catalogue."""

from argparse import ArgumentParser, Namespace

from edge.catalogue import MeterModel, meters, modbus_chargers
from edge.cli import exits

_WORDS = {  # in the catalogue's blocks -> for people; what is not here is not worth a word
    "voltage": "U",
    "current": "I",
    "neutral": "N",
    "phase_power": "P",
    "power": "P",
    "power_import": "P",
    "energy_import": "kWh in",
    "energy_export": "kWh out",
}
_OWN_MAP = "what its own map says"


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--guard", action="store_true", help="only meters that can guard a fuse")
    parser.add_argument("--chargers", action="store_true", help="the chargers on Modbus instead")
    parser.add_argument("-v", "--verbose", action="store_true", help="sources and notes as well")


def run(options: Namespace) -> int:
    """A line for each meter: its name in a site file, whether it guards a fuse, what it measures, devices."""
    if options.chargers:
        return _chargers(is_verbose=options.verbose)
    shown = [model for model in meters().values() if model.can_guard or not options.guard]
    width = max(len(model.name) for model in shown)
    wide = max(len(measured(model)) for model in shown)
    for model in shown:
        guards = "guards a fuse" if model.can_guard else "energy only"
        ways = "/".join(way.upper() for way in sorted(model.transports))
        print(
            f"{model.name:<{width}}  {guards:<13}  {ways:<7}  {measured(model):<{wide}}  "
            f"{', '.join(model.devices)}"
        )
        if options.verbose:
            serial = model.serial
            print(f"  leaves the factory with {serial.baud} Bd {serial.format}, unit {serial.unit}")
            print(f"  confidence: {model.confidence}; {'; '.join(model.sources)}")
            if model.notes:
                print(f"  {' '.join(model.notes.split())}")
    return exits.FINE


def _chargers(*, is_verbose: bool) -> int:
    """A line for each charger on Modbus: its name in a site file, what makes it fall back, devices."""
    width = max(map(len, modbus_chargers()))
    for model in modbus_chargers().values():
        if model.watchdog is None:
            falls_back = "never falls back: counts at max_a"
        elif model.watchdog.current is not None:
            falls_back = "falls back to fallback_a"
        else:
            falls_back = "as set there: counts at max_a"
        ways = "/".join(way.upper() for way in sorted(model.transports))
        print(f"{model.name:<{width}}  {ways:<7}  {falls_back:<33}  {', '.join(model.devices)}")
        if is_verbose:
            print(f"  unit {model.unit}; confidence: {model.confidence}; {'; '.join(model.sources)}")
            if model.notes:
                print(f"  {' '.join(model.notes.split())}")
    return exits.FINE


def measured(model: MeterModel) -> str:
    """What it measures, in few letters: U I N P of every phase, energy in and out."""
    words = [_WORDS[name] for name in model.measures if name in _WORDS]
    return " ".join(dict.fromkeys(words)) or _OWN_MAP
