"""Why an EVSE is offered what it is offered: every bound on it, worked out when somebody asks."""

from msgspec.structs import asdict

from edge.core.image import Decision, Reason, Setpoint
from edge.core.quantities import NOTHING, everywhere, larger, minus, on_phases
from edge.site import sentences
from edge.site.blueprint import Blueprint
from edge.site.ports import Clock, Limit
from edge.site.status import CircuitStatus, DemandStatus, EvseStatus, Explanation, LimitRow, Status


class Explainer:
    """Puts the rows of `explain` beside the status of an EVSE."""

    def __init__(self, blueprint: Blueprint, clock: Clock) -> None:
        self._blueprint = blueprint
        self._clock = clock
        self._wording = sentences.Wording(blueprint.settings.timezone)

    def explain(
        self,
        evse: EvseStatus,
        status: Status,
        decision: Decision,
        limits: dict[str, Limit],
        *,
        before: tuple[str, ...],
    ) -> Explanation:
        """`status` and `decision` belong together; `before`: earlier changes in words."""
        setpoint = next(each for each in decision.setpoints if each.evse == evse.id)
        circuits = {circuit.name: circuit for circuit in status.circuits}
        rows = self._rows(setpoint, circuits, limits, self._clock.mono_ms())
        return Explanation(**asdict(evse), limits=rows, before=before)

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


def _uneven_row(circuit: CircuitStatus, most_ma: int, reason: Reason) -> LimitRow:
    return LimitRow(
        name=f"{circuit.name} unbalance",
        limit_ma=everywhere(most_ma),
        source="of all cars that load one phase more than another",
        binds=reason.word == "unbalance" and reason.where == circuit.name,
    )
