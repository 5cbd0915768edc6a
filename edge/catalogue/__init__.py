"""Device data: what is known of each model, as data files with their sources."""

from edge.catalogue.fields import Field, Read, Serial
from edge.catalogue.meters import MeterModel, guards, meter, meters

__all__ = ["Field", "MeterModel", "Read", "Serial", "guards", "meter", "meters"]
