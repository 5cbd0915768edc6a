"""The site file as the core and the rooms of the site need it: names, ids and the lot."""

import hashlib

from edge.core.evse import Evse
from edge.core.lot import Lot
from edge.settings.model import ChargerSettings, Site
from edge.site.tokens import Group

STEP_MA = 1_000  # whole amperes on the wire until a model has proven finer ones


class Blueprint:
    """Who is who. An EVSE's id is its charger's name, with `/1`, `/2` where the charger has several."""

    def __init__(
        self, settings: Site, *, dead_man_ms: int | None = None, are_proofs_known: bool = False
    ) -> None:
        """`are_proofs_known`: whose dead man is proven is told with every image; else nobody's is."""
        self.settings = settings
        self._credits = ("declared", "proven") if are_proofs_known else ("declared",)
        self.chargers = {charger.name: charger for charger in settings.chargers}
        self.evse_ids: dict[tuple[str, int], str] = {}
        self.places: dict[str, tuple[str, int]] = {}
        for charger in settings.chargers:
            for number in range(1, len(charger.evses) + 1):
                name = charger.name if len(charger.evses) == 1 else f"{charger.name}/{number}"
                self.evse_ids[charger.name, number] = name
                self.places[name] = (charger.name, number)
        self.lot = self._lot(dead_man_ms)
        self.digest = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]

    def numbers(self, charger: str) -> list[int]:
        """The EVSE numbers of a charger."""
        return [number for name, number in self.evse_ids if name == charger]

    def token_groups(self) -> dict[str, Group]:
        """The groups of tokens that the site file names."""
        return {
            name: Group(priority=each.priority, quota_kwh=each.quota_kwh, offline=each.offline)
            for name, each in self.settings.groups.items()
        }

    def most_w(self) -> dict[tuple[str, int], int]:
        """What each EVSE, by charger and number, can deliver on three phases at a high voltage."""
        high_mv = self.settings.voltage_mv * 11 // 10
        return {
            place: 3 * self.lot.by_id[name].max_ma * high_mv // 1_000_000
            for name, place in self.places.items()
        }

    def _lot(self, dead_man_ms: int | None) -> Lot:
        settings = self.settings
        return Lot(
            settings.tree(),
            [
                self._evse(self.chargers[charger], number, name)
                for name, (charger, number) in self.places.items()
            ],
            stale_after_ms={
                circuit.name: circuit.meter.stale_after_ms for circuit in settings.circuits if circuit.meter
            },
            hold_up_ms=settings.control.hold_up_ms,
            min_on_ms=settings.control.min_on_ms,
            min_off_ms=settings.control.min_off_ms,
            voltage_mv=settings.voltage_mv,
            dead_man_ms=settings.control.dead_man_ms if dead_man_ms is None else dead_man_ms,
        )

    def _evse(self, charger: ChargerSettings, number: int, name: str) -> Evse:
        socket = charger.evses[number - 1]
        credited = self.settings.guarantee in self._credits
        return Evse(
            id=name,
            circuit=charger.feeder,
            min_ma=socket.min_ma,
            max_ma=socket.max_ma,
            step_ma=STEP_MA,
            fallback_ma=socket.fallback_ma,
            credit_ma=socket.fallback_ma if credited else socket.max_ma,
            has_dead_man=charger.dead_man != "none",
            wiring=socket.wiring,
            priority=charger.priority,
            falls_early=charger.dead_man in ("watchdog", "hardware"),
        )
