"""The latest status: what a decision and the observations look like to people and to other machines."""

import logging
from collections import deque
from typing import Literal

from edge.core import failsafe
from edge.core.image import CircuitView, Decision, DemandView, Reason, Setpoint
from edge.core.ledger import FOLLOW_MS
from edge.core.quantities import NOTHING, everywhere, larger, minus, on_phases, plus, to_grid
from edge.site import sentences
from edge.site.blueprint import Blueprint
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.ports import Clock, Limit, Reading
from edge.site.status import (
    CircuitStatus,
    DemandStatus,
    EvseStatus,
    LimitRow,
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
        limits: dict[str, Limit],
        uplinks: tuple[UplinkStatus, ...],
        strangers: Strangers,
        refusing: set[str],
    ) -> Status:
        """The status after this decision. `refusing`: EVSEs whose last offer was refused."""
        self._refusing = refusing
        now_ms = self._clock.mono_ms()
        flowing = {evse.name: self._measured(evse, now_ms) for evse in self._evses()}
        circuits = [self._circuit(view, decision, readings, flowing, now_ms) for view in decision.circuits]
        by_name = {circuit.name: circuit for circuit in circuits}
        evses = [
            self._evse(setpoint, by_name, limits, flowing[setpoint.evse], now_ms)
            for setpoint in decision.setpoints
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

    def _circuit(
        self,
        view: CircuitView,
        decision: Decision,
        readings: dict[str, Reading],
        flowing: dict[str, tuple[int, int, int] | None],
        now_ms: int,
    ) -> CircuitStatus:
        tree = self._blueprint.lot.tree
        chargers = NOTHING
        for setpoint in decision.setpoints:
            if view.name in tree.path(self._blueprint.lot.by_id[setpoint.evse].circuit):
                drawn = flowing[setpoint.evse]
                if drawn is None and self._may_draw(setpoint.evse):
                    drawn = setpoint.booked_ma
                chargers = plus(chargers, drawn or NOTHING)
        limit = view.limit_ma
        return CircuitStatus(
            name=view.name,
            parent=tree.circuits[view.name].parent,
            rating_ma=tree.circuits[view.name].rating_ma,
            limit_ma=limit,
            background_ma=view.background_ma,
            background_is_measured=failsafe.is_believed(view.meter),
            chargers_ma=chargers,
            booked_ma=view.booked_ma,
            headroom_ma=minus(minus(limit, view.background_ma), view.booked_ma),
            meter=_meter(view, readings.get(view.name), now_ms),
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
        limits: dict[str, Limit],
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
        has_followed = evse.sampled_ms >= self._changed_ms[setpoint.evse] + FOLLOW_MS
        shown = sentences.bay(
            evse,
            charger,
            setpoint_ma=setpoint.limit_ma,
            booked_ma=max(setpoint.booked_ma),
            measured_ma=max(measured_ma) if measured_ma is not None and has_followed else None,
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
            limits=self._rows(setpoint, circuits, limits, now_ms),
            before=tuple(self._before[setpoint.evse]),
            feeder=sentences.called(declared.circuit),
        )

    def _rows(
        self, setpoint: Setpoint, circuits: dict[str, CircuitStatus], limits: dict[str, Limit], now_ms: int
    ) -> tuple[LimitRow, ...]:
        """Every bound on this EVSE, and which of them binds."""
        declared = self._blueprint.lot.by_id[setpoint.evse]
        reason = setpoint.reason
        file_line = self._blueprint.chargers[self._blueprint.places[setpoint.evse][0]].line_number
        rows = [
            LimitRow(
                name="EVSE",
                limit_ma=on_phases(declared.max_ma, declared.phases),
                source=f"site file, line {file_line}",
                binds=reason.word == "full",
            )
        ]
        rows.extend(
            self._bound(limit, reason, now_ms) for limit in limits.values() if limit.target == setpoint.evse
        )
        for name in self._blueprint.lot.tree.path(declared.circuit):
            circuit = circuits[name]
            others = minus(circuit.booked_ma, setpoint.booked_ma)
            left = larger(NOTHING, minus(minus(circuit.limit_ma, circuit.background_ma), others))
            is_other = reason.word in ("unbalance", "neutral", "demand")
            phase = None if reason.where != name or is_other else reason.phase
            at = 0 if phase is None else phase
            limit, booked = sentences.amps(circuit.limit_ma[at]), sentences.amps(others[at])
            building = sentences.building(circuit.background_ma[at])
            drawn = "" if circuit.supplies else f" {building}"
            source = f"{limit}{drawn} - {booked} others ({sentences.PHASE_NAMES[at]})"
            rows.append(LimitRow(name=circuit.title, limit_ma=left, source=source, binds=phase is not None))
            if circuit.unbalance_max_ma is not None:
                rows.append(_uneven_row(circuit, circuit.unbalance_max_ma, reason))
            if circuit.demand is not None:
                rows.append(self._demand_row(circuit.demand, name, others, reason))
            rows.extend(
                self._bound(limit, reason, now_ms) for limit in limits.values() if limit.target == name
            )
        return tuple(rows)

    def _demand_row(
        self, demand: DemandStatus, circuit: str, others: tuple[int, int, int], reason: Reason
    ) -> LimitRow:
        return LimitRow(
            name=f"{circuit} demand",
            limit_ma=larger(NOTHING, minus(demand.chargers_ma, others)),
            source=f"{sentences.kilowatts(demand.used_wh)} kWh of "
            f"{sentences.kilowatts(demand.goal_w * demand.window_ms // 3_600_000)} kWh used",
            until=self._wording.clock(self._clock.now_ms() + demand.left_ms, seconds=True),
            binds=reason.word == "demand" and reason.where == circuit,
        )

    def _bound(self, limit: Limit, reason: Reason, now_ms: int) -> LimitRow:
        until = ""
        if limit.expires_ms is not None:
            until = self._wording.clock(self._clock.now_ms() + limit.expires_ms - now_ms, seconds=True)
        return LimitRow(
            name=limit.name,
            limit_ma=everywhere(limit.limit_ma or 0),
            source=limit.source,
            until=until,
            binds=reason.where == limit.name,
        )

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


def _uneven_row(circuit: CircuitStatus, most_ma: int, reason: Reason) -> LimitRow:
    return LimitRow(
        name=f"{circuit.name} unbalance",
        limit_ma=everywhere(most_ma),
        source="of all cars that load one phase more than another",
        binds=reason.word == "unbalance" and reason.where == circuit.name,
    )


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


def _meter(view: CircuitView, reading: Reading | None, now_ms: int) -> MeterStatus | None:
    if view.meter == failsafe.NONE:
        return None
    if reading is None:
        return MeterStatus(state="never", age_ms=None, current_ma=None)
    return MeterStatus(
        state=METER_STATES[view.meter],
        age_ms=now_ms - reading.taken_ms,
        current_ma=reading.current_ma,
        voltage_mv=reading.voltage_mv,
        power_w=reading.power_w,
    )
