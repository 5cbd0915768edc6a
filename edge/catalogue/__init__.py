"""Device data: what is known of each model, as data files with their sources."""

from edge.catalogue.models import Field, MeterModel, Read, guards, meter, meters

__all__ = ["Field", "MeterModel", "Read", "guards", "meter", "meters"]
