"""What every charger said of itself when it booted last, and whether another box stands in its place now."""

from collections.abc import Callable

import msgspec

from edge.site.events import ChargerBooted
from edge.site.observed import ObservedCharger

BOOTS = "boot"  # what a charger said of itself when it booted last
Remember = Callable[[str, str, bytes], None]


class Boots:
    """Kept by charger and station: one that took the place of another has told nothing yet."""

    def __init__(self, stations: dict[str, str], remember: Remember) -> None:
        """`stations`: what each charger of the site calls itself."""
        self._stations = stations
        self._remember = remember
        self._known: dict[str, ChargerBooted] = {}

    def resume(self, documents: dict[str, bytes], chargers: dict[str, ObservedCharger]) -> None:
        """Take up what was told before the restart, under whichever station stood there."""
        for key, body in documents.items():
            boot = msgspec.json.decode(body, type=ChargerBooted)
            name = key.rpartition(" ")[0]
            is_same = self._stations.get(name) == key.rpartition(" ")[2]
            if is_same or name not in self._known:
                self._known[name] = boot
            if is_same and name in chargers:
                chargers[name].boot = boot

    def note(self, event: ChargerBooted) -> bool:
        """Remember it. Whether another box than the last stands there now."""
        before = self._known.get(event.charger)
        self._known[event.charger] = event
        key = f"{event.charger} {self._stations[event.charger]}"
        self._remember(BOOTS, key, msgspec.json.encode(event))
        return before is not None and is_another(before, event)


def is_another(before: ChargerBooted, now: ChargerBooted) -> bool:
    """Whether two boots are of different boxes: serials tell, else make and model; firmware may change."""
    if before.serial and now.serial:
        return before.serial != now.serial
    return (before.vendor, before.model) != (now.vendor, now.model)
