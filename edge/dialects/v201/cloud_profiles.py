"""Charging profiles of a CSMS in OCPP 2.0.1: read, so that they become limits, and reported as they came."""

from edge.dialects.cloud import Call, Planned, ProfilesCleared
from edge.ocpp.profiles import Period, Profile, Purpose
from edge.ocpp.rpc import OCCURENCE_CONSTRAINT_VIOLATION, PROPERTY_CONSTRAINT_VIOLATION, Fault
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v201 import smart_charging
from edge.ocpp.v201.codec import encode
from edge.ocpp.v201.types import ChargingProfile, Message, SchedulePeriod

_PURPOSES: dict[str, Purpose] = {
    "ChargingStationMaxProfile": "ChargePointMaxProfile",
    "TxDefaultProfile": "TxDefaultProfile",
    "TxProfile": "TxProfile",
}
_MAX_RATE = 1_000_000_000  # A or W; what is beyond is a mistake


def profile_of(evse: int, wire: ChargingProfile) -> Profile:
    """A profile as somebody sent it. Raises Fault when nothing certain follows from it."""
    purpose = _PURPOSES.get(wire.charging_profile_purpose)
    if purpose is None:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, f"{wire.charging_profile_purpose}: not from a CSMS")
    if not wire.charging_schedule:
        raise Fault(OCCURENCE_CONSTRAINT_VIOLATION, "a profile without a schedule")
    schedule = wire.charging_schedule[0]  # several are offered to cars of ISO 15118 only
    periods = tuple(
        Period(start_s=p.start_period, rate=_rate(p.limit), phases=p.number_phases)
        for p in schedule.charging_schedule_period
    )
    if not periods or (wire.charging_profile_kind == "Recurring" and wire.recurrency_kind is None):
        raise Fault(OCCURENCE_CONSTRAINT_VIOLATION, "a schedule without periods or recurrence")
    if min(p.start_s for p in periods) != 0 or wire.stack_level < 0 or evse < 0:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, "the first period starts at 0; levels count from 0")
    return Profile(
        id=wire.id,
        connector=evse,
        purpose=purpose,
        level=wire.stack_level,
        kind=wire.charging_profile_kind,  # type: ignore[arg-type]
        recurrence=wire.recurrency_kind,  # type: ignore[arg-type]
        unit=schedule.charging_rate_unit,
        periods=periods,
        start_ms=_read(schedule.start_schedule),
        duration_s=schedule.duration,
        valid_from_ms=_read(wire.valid_from),
        valid_to_ms=_read(wire.valid_to),
        transaction_id=wire.transaction_id,
    )


def cleared_by(request: smart_charging.ClearChargingProfile) -> ProfilesCleared:
    """Which profiles a CSMS takes back."""
    criteria = request.charging_profile_criteria
    if criteria is None:
        return ProfilesCleared(id=request.charging_profile_id)
    purpose = criteria.charging_profile_purpose
    return ProfilesCleared(
        id=request.charging_profile_id,
        connector=criteria.evse_id,
        purpose=None if purpose is None else _PURPOSES.get(purpose, purpose),  # type: ignore[arg-type]
        level=criteria.stack_level,
    )


def schedule_of(planned: Planned) -> Message:
    """What an EVSE may draw, as GetCompositeSchedule is answered."""
    return smart_charging.GetCompositeScheduleResponse(
        status="Accepted",
        schedule=smart_charging.CompositeSchedule(
            evse_id=planned.evse,
            duration=planned.duration_s,
            schedule_start=rfc3339(planned.start_ms),
            charging_rate_unit=planned.unit,
            charging_schedule_period=tuple(
                SchedulePeriod(start_period=start_s, limit=rate // 100 / 10)
                for start_s, rate in planned.periods
            ),
        ),
    )


def external_limit(evse: int, source: str) -> Call:
    """Somebody else than this CSMS bounds an EVSE below what it allows."""
    told = smart_charging.NotifyChargingLimit(
        evse_id=evse,
        charging_limit=smart_charging.ChargingLimit(charging_limit_source=source, is_grid_critical=False),
    )
    return "NotifyChargingLimit", encode(told)


def external_limit_over(evse: int, source: str) -> Call:
    """And does so no longer."""
    told = smart_charging.ClearedChargingLimit(evse_id=evse, charging_limit_source=source)
    return "ClearedChargingLimit", encode(told)


def _rate(limit: float | None) -> int:
    if limit is None or not -_MAX_RATE < limit < _MAX_RATE:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, "no such limit")
    return round(limit * 1000)


def _read(text: str | None) -> int | None:
    return None if text is None else epoch_ms(text)
