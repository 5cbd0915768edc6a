"""Whether the pins of a site file can be pins: by their writing, or as labels of its board."""

import dataclasses
from collections.abc import Iterator

from edge.catalogue.boards import board_of
from edge.links.pins import ALLOWED, is_pin
from edge.settings.model import Site


def troubles(site: Site) -> Iterator[str]:
    """One sentence for each that cannot. Raises ConfigError on an unknown board."""
    board = board_of(site)
    labels = {} if board is None else board.labels
    for where, pin in _pins(site):
        if pin not in labels and not is_pin(pin):
            there = f"; labels of {board.name}: {', '.join(labels)}" if board is not None and labels else ""
            yield f"{where}: {pin} is no pin here: {ALLOWED}{there}"


def _pins(site: Site) -> Iterator[tuple[str, str]]:
    for circuit, pin in site.sync_pins.items():
        yield f"[{circuit}.demand] sync_pin", pin
    for contact in site.contacts:
        for pin in contact.pins:
            yield f"[contact.{contact.name}] line {contact.line_number}", pin
    for charger in site.chargers:
        if charger.gpio is not None:
            for field in dataclasses.fields(charger.gpio):
                value = getattr(charger.gpio, field.name)
                if isinstance(value, str):
                    where = f"[charger.{charger.name}.pins] {field.name}"
                    yield where, value.removeprefix("!")
