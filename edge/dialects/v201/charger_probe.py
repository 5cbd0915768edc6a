"""What an OCPP 2.x charger can do without a car: a procedure that asks, and ends as it found everything."""

from collections.abc import Generator

from edge.dialects.v201.charger_profiles import set_charging_profile
from edge.dialects.v201.variables import Portions, known, read
from edge.ocpp.profiles import LONG_AGO_MS, Period, Profile, profile_id
from edge.ocpp.v201 import smart_charging
from edge.ocpp.v201.types import Component, Evse, Message, Variable
from edge.site.passport import Said, Trial

RATE_UNIT = "SmartChargingCtrlr.RateUnit"
LEVELS = "SmartChargingCtrlr.ProfileStackLevel"
PERIODS = "SmartChargingCtrlr.PeriodsPerSchedule"
ENTRIES = "SmartChargingCtrlr.Entries[ChargingProfiles]"
SWITCHES = "SmartChargingCtrlr.Phases3to1"
MEASURANDS = "SampledDataCtrlr.TxUpdatedMeasurands"
INTERVAL = "SampledDataCtrlr.TxUpdatedInterval"
FEATURES = (
    "SmartChargingCtrlr",
    "ReservationCtrlr",
    "LocalAuthListCtrlr",
    "AuthCacheCtrlr",
    "DisplayMessageCtrlr",
    "TariffCostCtrlr",
    "MonitoringCtrlr",
    "ISO15118Ctrlr",
)
MOST_EVSES = 8  # a site file has no more
_ASKED_S = 60
_STATION = profile_id(0, "TxDefaultProfile", 1)  # an id that no other profile of ours has

Steps = Generator[Message, Message | None, Said]


def steps(
    portions: Portions, *, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int
) -> Steps:
    """The requests of a probe; what it returns is what it found. Sent None where one was refused.

    `has_default`: whether the dead man's profiles were accepted. While a session runs (`is_idle` False) no
    profile is tried.
    """
    names = (RATE_UNIT, LEVELS, PERIODS, ENTRIES, SWITCHES, MEASURANDS, INTERVAL)
    values = yield from values_of(names, portions)
    features = yield from features_of(portions)
    evses = yield from evses_of(portions)
    station: Trial = "not tried"
    decimals: Trial = "not tried"
    if is_idle:
        station = _verdict((yield _whole_station(max_ma, unit)))
        if station == "accepted":
            decimals = _verdict((yield _whole_station(max_ma - 500, unit)))
            cleared = yield smart_charging.ClearChargingProfile(charging_profile_id=_STATION)
            if getattr(cleared, "status", "") != "Accepted":
                yield _whole_station(max_ma, unit)  # it stays, then at what the station may give anyway
    composite = yield smart_charging.GetCompositeSchedule(
        evse_id=1, duration=_ASKED_S, charging_rate_unit="A" if unit == "A" else "W"
    )
    return Said(
        probed_ms=now_ms,
        features=features,
        units=units_of(values.get(RATE_UNIT, "")),  # type: ignore[arg-type]
        max_level=_number(values.get(LEVELS)),
        max_periods=_number(values.get(PERIODS)),
        max_profiles=_number(values.get(ENTRIES)),
        connectors=evses,
        switches_phases={"true": True, "false": False}.get(values.get(SWITCHES, "").strip().lower()),
        measurands=_words(values.get(MEASURANDS)),
        sample_s=_number(values.get(INTERVAL)),
        default_profile="not tried" if has_default is None else "accepted" if has_default else "refused",
        station_profile=station,
        decimals=decimals,
        composite=_composite(composite),
    )


def values_of(
    names: tuple[str, ...], portions: Portions
) -> Generator[Message, Message | None, dict[str, str]]:
    """What variables stand at, by name; what the charger has not is missing."""
    places = known(names)
    rows = yield from read(places, portions.reads)
    asked = {
        (where.name, what.name, what.instance): name
        for name, (where, what) in zip(names, places, strict=True)
    }
    found = {}
    for row in rows:
        name = asked.get((row.component.name, row.variable.name, row.variable.instance))
        if name is not None and row.attribute_status == "Accepted" and row.attribute_value is not None:
            found[name] = row.attribute_value
    return found


def features_of(portions: Portions) -> Generator[Message, Message | None, tuple[str, ...]]:
    """The controllers that it says it has."""
    names = tuple(f"{name}.Available" for name in FEATURES) + tuple(f"{name}.Enabled" for name in FEATURES)
    values = yield from values_of(names, portions)
    return tuple(
        name.removesuffix("Ctrlr")
        for name in FEATURES
        if "true" in (values.get(f"{name}.Available"), values.get(f"{name}.Enabled"))
    )


def evses_of(portions: Portions) -> Generator[Message, Message | None, int | None]:
    """How many EVSEs it has: each says whether it is there."""
    state = Variable(name="AvailabilityState")
    places = [(Component(name="EVSE", evse=Evse(id=number)), state) for number in range(1, MOST_EVSES + 1)]
    rows = yield from read(places, portions.reads)
    there = [
        row.component.evse.id
        for row in rows
        if row.attribute_status == "Accepted" and row.component.evse is not None
    ]
    return max(there, default=None)


def units_of(value: str) -> tuple[str, ...]:
    """`A,W` in that order, whatever else stands there."""
    told = {word.strip().upper() for word in value.split(",")}
    return tuple(unit for unit in ("A", "W") if unit in told)


def _whole_station(limit_ma: int, unit: str) -> Message:
    """A bound on the whole station at what it may give anyway, taken away again when it was answered."""
    rate = limit_ma if unit == "A" else limit_ma * 230 * 3
    return set_charging_profile(
        Profile(
            id=_STATION,
            connector=0,
            purpose="ChargePointMaxProfile",
            level=0,
            unit="A" if unit == "A" else "W",
            start_ms=LONG_AGO_MS,
            periods=(Period(start_s=0, rate=rate, phases=None if unit == "A" else 3),),
        )
    )


def _verdict(answer: Message | None) -> Trial:
    return "accepted" if getattr(answer, "status", "") == "Accepted" else "refused"


def _composite(answer: Message | None) -> str:
    if not isinstance(answer, smart_charging.GetCompositeScheduleResponse):
        return "does not answer"
    schedule = answer.schedule
    if answer.status != "Accepted" or schedule is None:
        return "refuses to say"
    limit = schedule.charging_schedule_period[0].limit
    return "says nothing" if limit is None else f"says {limit:g} {schedule.charging_rate_unit}"


def _words(value: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
