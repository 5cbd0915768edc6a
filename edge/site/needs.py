"""What drivers say that they need: until when, how much, how urgently. It outlives a restart."""

import logging
from collections.abc import Callable, Iterable

import msgspec

from edge.site.events import Acknowledged, Answer, NeedsStated, NotAnswered
from edge.site.observed import Need, ObservedCharger, ObservedEvse
from edge.site.ports import Clock

log = logging.getLogger(__name__)

NEEDS = "need"  # of an EVSE, by its name
Remember = Callable[[str, str, bytes], None]


class Needs:
    """Takes needs down where a session runs; they end with it."""

    def __init__(self, clock: Clock, remember: Remember) -> None:
        self._clock = clock
        self._remember = remember

    def resume(self, documents: dict[str, bytes], chargers: Iterable[ObservedCharger]) -> None:
        """Take up what was said of the sessions that continue."""
        evses = {evse.name: evse for charger in chargers for evse in charger.evses.values()}
        for name, body in documents.items():
            need = msgspec.json.decode(body, type=Need)
            evse = evses.get(name)
            if evse is not None and evse.transaction_id == need.transaction_id:
                evse.need = msgspec.structs.replace(need, departs_mono_ms=self._monotonic(need.departs_ms))

    def state(self, evse: ObservedEvse | None, event: NeedsStated) -> Answer:
        """The driver of the session at this EVSE, or somebody for him, says what he needs."""
        if evse is None or evse.transaction_id is None:
            return NotAnswered(sentence="no session runs there: say it when the car charges")
        evse.need = Need(
            transaction_id=evse.transaction_id,
            departs_ms=event.departs_ms,
            departs_mono_ms=self._monotonic(event.departs_ms),
            energy_wh=event.energy_wh,
            priority=event.priority,
        )
        self._remember(NEEDS, evse.name, msgspec.json.encode(evse.need))
        log.info("%s: %s", evse.name, _words(event, self._clock.now_ms()))
        return Acknowledged()

    def _monotonic(self, at_ms: int | None) -> int | None:
        """A moment of the wall clock on the clock that nobody can set: a later jump changes nothing."""
        return None if at_ms is None else self._clock.mono_ms() + at_ms - self._clock.now_ms()


def _words(event: NeedsStated, now_ms: int) -> str:
    said = []
    if event.energy_wh is not None:
        said.append(f"needs {event.energy_wh / 1000:.1f} kWh")
    if event.departs_ms is not None:
        said.append(f"leaves in {max(0, event.departs_ms - now_ms) // 60_000} min")
    if event.priority is not None:
        said.append(f"priority {event.priority}")
    return ", ".join(said) or "says no more what it needs"
