"""The latest status: what a decision and the observations look like to people and to other machines."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Literal

from edge.core import failsafe
from edge.core.evse import FOLLOW_MS
from edge.core.image import CircuitView, Decision, DemandView, Setpoint
from edge.core.quantities import NOTHING, minus, plus, to_grid
from edge.site import sentences
from edge.site.blueprint import Blueprint
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.ports import Clock, Reading
from edge.site.status import (
    CircuitStatus,
    DemandStatus,
    EvseStatus,
    MeterStatus,
    Status,
    UplinkStatus,
)
from edge.site.strangers import Strangers
from edge.site.transactions import Transactions

log = logging.getLogger(__name__)

FRESH_SAMPLE_MS = 60_000
HISTORY = 20
METER_STATES: dict[str, Literal["fresh", "late", "stale", "frozen", "never"]] = {
    failsafe.FRESH: "fresh",
    failsafe.LATE: "late",
    failsafe.STALE: "stale",
    failsafe.FROZEN: "frozen",
    failsafe.NEVER: "never",
}


class Reporter:
    """Turns decisions into statuses, and remembers the last setpoints of each EVSE with their reasons."""

    def __init__(
        self,
        blueprint: Blueprint,
        observed: dict[str, ObservedCharger],
        clock: Clock,
        transactions: Transactions,
    ) -> None:
        self._blueprint = blueprint
        self._observed = observed
        self._clock = clock
        self._transactions = transactions
        self._wording = sentences.Wording(blueprint.settings.timezone)
        self._before: dict[str, deque[str]] = {name: deque(maxlen=HISTORY) for name in blueprint.places}
        self._setpoints: dict[str, int] = {}
        self._refusing: set[str] = set()
        self._changed_ms: dict[str, int] = {}
        self._lately: dict[str, deque[tuple[int, int]]] = {name: deque() for name in blueprint.places}
        self.follow_ms: Callable[[str, str], int] = lambda _charger, _evse: FOLLOW_MS
        """How long an EVSE of a charger may take to follow."""
        self.meter_troubles: dict[str, str] = {}
        """The likely cause, by circuit, where a meter is no good."""

    def before_the_first_cycle(self) -> Status:
        """A status of a site that has not decided anything yet."""
        return Status(
            site=self._blueprint.settings.name,
            at_ms=self._clock.now_ms(),
            cycle=0,
            is_proven=True,
            severity="know",
            sentence="Starting.",
            circuits=(),
            evses=(),
            uplinks=(),
        )

    def report(
        self,
        decision: Decision,
        *,
        cycle: int,
        readings: dict[str, Reading],
        uplinks: tuple[UplinkStatus, ...],
        strangers: Strangers,
        refusing: set[str],
    ) -> Status:
        """The status after this decision. `refusing`: EVSEs whose last offer was refused."""
        self._refusing = refusing
        now_ms = self._clock.mono_ms()
        flowing = {evse.name: self._measured(evse, now_ms) for evse in self._evses()}
        drawn = self._drawn(decision, flowing)
        circuits = [self._circuit(view, drawn[view.name], readings, now_ms) for view in decision.circuits]
        by_name = {circuit.name: circuit for circuit in circuits}
        evses = [
            self._evse(setpoint, by_name, flowing[setpoint.evse], now_ms) for setpoint in decision.setpoints
        ]
        severity, sentence = sentences.whole_site(
            evses, circuits, uplinks, is_full=self._transactions.is_full
        )
        severity, sentence = strangers.headline(severity, sentence)
        return Status(
            site=self._blueprint.settings.name,
            at_ms=self._clock.now_ms(),
            cycle=cycle,
            is_proven=True,
            severity=severity,
            sentence=sentence,
            circuits=tuple(circuits),
            evses=tuple(evses),
            uplinks=uplinks,
            strangers=strangers.rows(),
        )

    def before(self, evse: str) -> tuple[str, ...]:
        """The last changes of an EVSE's setpoint, each with its reason, oldest first."""
        return tuple(self._before[evse])

    def _evses(self) -> list[ObservedEvse]:
        return [evse for charger in self._observed.values() for evse in charger.evses.values()]

    def _measured(self, evse: ObservedEvse, now_ms: int) -> tuple[int, int, int] | None:
        if evse.terminals_ma is None or now_ms - evse.sampled_ms > FRESH_SAMPLE_MS:
            return None
        return to_grid(list(evse.terminals_ma), self._blueprint.lot.by_id[evse.name].wiring)

    def _may_draw(self, evse: str) -> bool:
        """Whether there may be a car where nothing was measured; an empty bay is shown as empty."""
        name, number = self._blueprint.places[evse]
        charger = self._observed[name]
        return charger.link == "down" or charger.evses[number].has_car

    def _drawn(
        self, decision: Decision, flowing: dict[str, tuple[int, int, int] | None]
    ) -> dict[str, tuple[int, int, int]]:
        """What our chargers draw on each circuit: measured, else booked where there may be a car."""
        drawn = dict.fromkeys(self._blueprint.lot.tree.circuits, NOTHING)
        for setpoint in decision.setpoints:
            load = flowing[setpoint.evse]
            if load is None and self._may_draw(setpoint.evse):
                load = setpoint.booked_ma
            if load is not None and any(load):
                for circuit in self._blueprint.lot.tree.path(
                    self._blueprint.lot.by_id[setpoint.evse].circuit
                ):
                    drawn[circuit] = plus(drawn[circuit], load)
        return drawn

    def _circuit(
        self,
        view: CircuitView,
        chargers_ma: tuple[int, int, int],
        readings: dict[str, Reading],
        now_ms: int,
    ) -> CircuitStatus:
        tree = self._blueprint.lot.tree
        limit = view.limit_ma
        return CircuitStatus(
            name=view.name,
            parent=tree.circuits[view.name].parent,
            rating_ma=tree.circuits[view.name].rating_ma,
            limit_ma=limit,
            background_ma=view.background_ma,
            background_is_measured=failsafe.is_believed(view.meter),
            chargers_ma=chargers_ma,
            booked_ma=view.booked_ma,
            headroom_ma=minus(minus(limit, view.background_ma), view.booked_ma),
            meter=_meter(view, readings.get(view.name), now_ms, self.meter_troubles.get(view.name, "")),
            unbalance_max_ma=tree.circuits[view.name].unbalance_max_ma,
            overload=sentences.overload(tree.circuits[view.name].protection) if view.is_borne else "",
            used_permille=view.used_permille,
            demand=None if view.demand is None else _demand(view.demand),
            title=sentences.called(view.name),
            supplies=sentences.supplied_by(view.name),
        )

    def _evse(
        self,
        setpoint: Setpoint,
        circuits: dict[str, CircuitStatus],
        measured_ma: tuple[int, int, int] | None,
        now_ms: int,
    ) -> EvseStatus:
        name, number = self._blueprint.places[setpoint.evse]
        charger = self._observed[name]
        evse = charger.evses[number]
        declared = self._blueprint.lot.by_id[setpoint.evse]
        silent_for_ms = None if charger.lost_ms is None else now_ms - charger.lost_ms
        if self._setpoints.get(setpoint.evse) != setpoint.limit_ma:
            self._changed_ms[setpoint.evse] = now_ms
            self._lately[setpoint.evse].append((now_ms, setpoint.limit_ma))
        follow_ms = self.follow_ms(name, setpoint.evse)
        has_followed = evse.sampled_ms >= self._changed_ms[setpoint.evse] + follow_ms
        shown = sentences.bay(
            evse,
            charger,
            setpoint_ma=setpoint.limit_ma,
            booked_ma=max(setpoint.booked_ma),
            measured_ma=max(measured_ma) if measured_ma is not None and has_followed else None,
            excess_ma=self._excess_ma(setpoint.evse, measured_ma, evse.sampled_ms, follow_ms),
            reason=setpoint.reason,
            circuits=circuits,
            silent_for_ms=silent_for_ms,
            refuses=setpoint.evse in self._refusing,
        )
        self._remember(setpoint, shown.sentence)
        return EvseStatus(
            id=setpoint.evse,
            charger=name,
            evse=number,
            circuit=declared.circuit,
            link=charger.link,
            icon=shown.icon,
            word=shown.word,
            severity=shown.severity,
            sentence=shown.sentence,
            setpoint_ma=setpoint.limit_ma,
            offered_ma=setpoint.limit_ma if charger.is_linked else None,
            measured_ma=measured_ma,
            measured_age_ms=None if measured_ma is None else now_ms - evse.sampled_ms,
            booked_ma=setpoint.booked_ma,
            min_ma=declared.min_ma,
            max_ma=declared.max_ma,
            transaction_id=evse.transaction_id,
            session_wh=evse.served_wh if evse.transaction_id is not None else None,
            since_ms=evse.started_at_ms,
            rule=sentences.rule(evse, setpoint.reason, evse.priority or (declared.priority, "the bay's")),
            feeder=sentences.called(declared.circuit),
        )

    def _excess_ma(
        self, evse: str, measured_ma: tuple[int, int, int] | None, sampled_ms: int, follow_ms: int
    ) -> int | None:
        """What it drew when that was more than any limit that it may still have been following; else None.

        Limits may change all the time: what it may have drawn is the highest that held within that time, and
        until now, for a sample may be younger than it says.
        """
        lately = self._lately[evse]
        since_ms = sampled_ms - follow_ms
        while len(lately) > 1 and lately[1][0] <= since_ms:
            lately.popleft()
        if measured_ma is None or not lately or lately[0][0] > since_ms:
            return None
        most_ma = max(limit_ma for _, limit_ma in lately)
        return max(measured_ma) if max(measured_ma) > most_ma + sentences.GAP_MA else None

    def _remember(self, setpoint: Setpoint, sentence: str) -> None:
        before_ma = self._setpoints.get(setpoint.evse)
        self._setpoints[setpoint.evse] = setpoint.limit_ma
        if before_ma is None or before_ma == setpoint.limit_ma:
            return
        at = self._wording.clock(self._clock.now_ms(), seconds=True)
        now = sentences.amps(setpoint.limit_ma)
        change = f"{before_ma // 1000} -> {now}: {sentence.removeprefix(f'{now}: ')}"
        self._before[setpoint.evse].append(f"{at} {change}")
        log.info("%s %s", setpoint.evse, change)


def _demand(view: DemandView) -> DemandStatus:
    return DemandStatus(
        target_w=view.target_w,
        goal_w=view.goal_w,
        window_ms=view.window_ms,
        left_ms=view.left_ms,
        used_wh=view.used_wh,
        power_w=view.power_w,
        limit_w=view.limit_w,
        chargers_ma=view.chargers_ma,
        last_w=view.last_w,
        peak_w=view.peak_w,
        is_in_doubt=view.is_in_doubt,
        sentence=sentences.demand(view),
    )


def _meter(view: CircuitView, reading: Reading | None, now_ms: int, trouble: str) -> MeterStatus | None:
    if view.meter == failsafe.NONE:
        return None
    if reading is None:
        return MeterStatus(state="never", age_ms=None, current_ma=None, trouble=trouble)
    return MeterStatus(
        state=METER_STATES[view.meter],
        age_ms=now_ms - reading.taken_ms,
        current_ma=reading.current_ma,
        voltage_mv=reading.voltage_mv,
        power_w=reading.power_w,
        trouble=trouble,
    )
