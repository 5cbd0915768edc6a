"""The chargers of a site that hang on Modbus, each with its place on a line."""

from collections.abc import Iterator

from edge.catalogue import modbus_charger
from edge.chargers.modbus import ModbusCharger
from edge.core.errors import ConfigError
from edge.links.modbus import Lines
from edge.settings.model import Site
from edge.site.durable import Archive
from edge.site.ports import Clock, SiteDoors


def modbus_chargers_of(
    site: Site,
    lines: Lines,
    doors: SiteDoors,
    clock: Clock,
    *,
    archive: Archive | None = None,
    dead_man_ms: int | None = None,
) -> Iterator[ModbusCharger]:
    """A driver for each charger on Modbus. Raises ConfigError on a model that left the catalogue.

    `dead_man_ms` None: T as the site file says.
    """
    if dead_man_ms is None:
        dead_man_ms = site.control.dead_man_ms
    for charger in site.chargers:
        if charger.modbus is None:
            continue
        place = charger.modbus
        try:
            model = modbus_charger(place.model)
        except KeyError:
            raise ConfigError(
                f"[charger.{charger.name}] model: {place.model} is not in the catalogue"
            ) from None
        line = lines.of(place.line, place.host, place.port)
        device = line.device(model.unit if place.unit is None else place.unit, model.manners)
        yield ModbusCharger(
            charger,
            model,
            device,
            doors,
            clock,
            voltage_mv=site.voltage_mv,
            dead_man_ms=dead_man_ms,
            archive=archive,
        )
