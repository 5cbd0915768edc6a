"""The state of each EVSE, put together from what OCPP 2.x tells apart: its connectors, and how it charges."""

from edge.dialects.arrival import Arrival
from edge.dialects.v201.words import CHARGING_STATES, CONNECTOR_STATES, MOST_ENGAGED
from edge.site.events import EvseState, EvseStatusChanged

MOST = 64  # EVSEs of a charger, and connectors of an EVSE, that are remembered


class States:
    """What one charger has told of its EVSEs."""

    def __init__(self) -> None:
        self._connectors: dict[int, dict[int, EvseState]] = {}
        self._charging: dict[int, EvseState] = {}

    def connector(
        self, evse: int, connector: int, status: str, arrival: Arrival, at_ms: int
    ) -> EvseStatusChanged | None:
        """A connector tells its state; None where it is no word that anybody knows."""
        state = CONNECTOR_STATES.get(status)
        if state is None:
            return None
        if not (0 < evse <= MOST and 0 < connector <= MOST):
            return _changed(max(0, evse), state, arrival, at_ms)
        told = self._connectors.setdefault(evse, {})
        told[connector] = state
        whole = min(told.values(), key=MOST_ENGAGED.index)
        if whole == "occupied":
            whole = self._charging.get(evse, whole)
        else:
            self._charging.pop(evse, None)
        return _changed(evse, whole, arrival, at_ms)

    def charging(
        self, evse: int, state: str | None, arrival: Arrival, at_ms: int, *, is_over: bool
    ) -> EvseStatusChanged | None:
        """A transaction tells how it fares, or that it is over; None where the EVSE's state stays."""
        if not 0 < evse <= MOST:
            return None
        before = self._charging.get(evse)
        now = "finishing" if is_over else CHARGING_STATES.get(state or "")
        if is_over and "occupied" not in self._connectors.get(evse, {}).values():
            now = None
        if now is None:
            if is_over:
                self._charging.pop(evse, None)
            return None
        self._charging[evse] = now
        return None if now == before else _changed(evse, now, arrival, at_ms)


def _changed(evse: int, state: EvseState, arrival: Arrival, at_ms: int) -> EvseStatusChanged:
    return EvseStatusChanged(
        charger=arrival.charger,
        evse=evse,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=arrival.was_offline(at_ms),
        state=state,
        error="Faulted" if state == "faulted" else None,
    )
