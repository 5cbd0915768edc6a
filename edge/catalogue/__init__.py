"""Device data: what is known of each model, as data files with their sources."""

from edge.catalogue.fields import Field, Read, Serial
from edge.catalogue.meters import MeterModel, guards, meter, meters
from edge.catalogue.modbus_chargers import ModbusChargerModel, guarded, modbus_charger, modbus_chargers

__all__ = [
    "Field",
    "MeterModel",
    "ModbusChargerModel",
    "Read",
    "Serial",
    "guarded",
    "guards",
    "meter",
    "meters",
    "modbus_charger",
    "modbus_chargers",
]
