"""`ampyard models`: the meters of the catalogue."""

from argparse import ArgumentParser, Namespace

from edge.catalogue import meters
from edge.cli import exits


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--guard", action="store_true", help="only meters that can guard a fuse")


def run(options: Namespace) -> int:
    """A line for each meter: its name in a site file, whether it guards a fuse, the devices."""
    shown = [model for model in meters().values() if model.can_guard or not options.guard]
    width = max(len(model.name) for model in shown)
    for model in shown:
        guards = "guards a fuse" if model.can_guard else "energy only"
        print(f"{model.name:<{width}}  {guards:<13}  {', '.join(model.devices)}")
    return exits.FINE
