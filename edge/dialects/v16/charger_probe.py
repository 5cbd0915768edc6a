"""What an OCPP 1.6 charger can do without a car: a procedure that asks, and ends as it found everything."""

from collections.abc import Generator

from edge.ocpp.profiles import Period, Profile, profile_id
from edge.ocpp.rpc import CallRefused, Fault
from edge.ocpp.v16 import requests, responses
from edge.ocpp.v16.charging import set_charging_profile
from edge.ocpp.v16.codec import action_of, decode_response, encode
from edge.ocpp.v16.types import Message
from edge.site.passport import Said, Trial

KEYS = (
    "SupportedFeatureProfiles",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "NumberOfConnectors",
    "ConnectorSwitch3to1PhaseSupported",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
)
_UNITS = {"current": "A", "a": "A", "power": "W", "w": "W"}  # A and W are not allowed, and found
_ASKED_S = 60
_STATION = profile_id(0, "TxDefaultProfile", 1)  # an id that no other profile of ours has

Calls = Generator[tuple[str, bytes], bytes, Said]
_Steps = Generator[Message, Message | None, Said]


def probe(*, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int) -> Calls:
    """The CALLs of a probe; what it returns is what it found. Send it each payload, throw it a CallRefused.

    `has_default`: whether the dead man's profiles were accepted. While a session runs (`is_idle` False) no
    profile is tried. Raises Fault when an answer cannot be read.
    """
    steps = _steps(max_ma=max_ma, unit=unit, has_default=has_default, is_idle=is_idle, now_ms=now_ms)
    try:
        request = next(steps)
        while True:
            action = action_of(request)
            try:
                raw = yield action, encode(request)
                answer: Message | None = decode_response(action, raw)
            except (CallRefused, Fault):
                answer = None
            request = steps.send(answer)
    except StopIteration as end:
        found: Said = end.value
        return found


def units_of(value: str) -> tuple[str, ...]:
    """`Current,Power` as A and W, in that order, whatever else stands there."""
    told = {_UNITS.get(word.strip().lower(), "") for word in value.split(",")}
    return tuple(unit for unit in ("A", "W") if unit in told)


def _steps(*, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int) -> _Steps:
    answer = yield requests.GetConfiguration(key=KEYS)
    keys = _keys(answer)
    station: Trial = "not tried"
    decimals: Trial = "not tried"
    if is_idle:
        station = _verdict((yield _whole_station(max_ma, unit)))
        if station == "accepted":
            decimals = _verdict((yield _whole_station(max_ma - 500, unit)))
            cleared = yield requests.ClearChargingProfile(id=_STATION)
            if (
                not isinstance(cleared, responses.ClearChargingProfileResponse)
                or cleared.status != "Accepted"
            ):
                yield _whole_station(max_ma, unit)  # it stays, then at what the station may give anyway
    composite = yield requests.GetCompositeSchedule(
        connector_id=1, duration=_ASKED_S, charging_rate_unit="A" if unit == "A" else "W"
    )
    return Said(
        probed_ms=now_ms,
        features=_words(keys.get("SupportedFeatureProfiles")),
        units=units_of(keys.get("ChargingScheduleAllowedChargingRateUnit", "")),  # type: ignore[arg-type]
        max_level=_number(keys.get("ChargeProfileMaxStackLevel")),
        max_periods=_number(keys.get("ChargingScheduleMaxPeriods")),
        max_profiles=_number(keys.get("MaxChargingProfilesInstalled")),
        connectors=_number(keys.get("NumberOfConnectors")),
        switches_phases=_switch(keys.get("ConnectorSwitch3to1PhaseSupported")),
        measurands=_words(keys.get("MeterValuesSampledData")),
        sample_s=_number(keys.get("MeterValueSampleInterval")),
        default_profile="not tried" if has_default is None else "accepted" if has_default else "refused",
        station_profile=station,
        decimals=decimals,
        composite=_composite(composite),
    )


def _whole_station(limit_ma: int, unit: str) -> Message:
    """A bound on the whole station at what it may give anyway, taken away again when it was answered."""
    rate = limit_ma if unit == "A" else limit_ma * 230 * 3
    period = Period(start_s=0, rate=rate, phases=None if unit == "A" else 3)
    return set_charging_profile(
        Profile(
            id=_STATION,
            connector=0,
            purpose="ChargePointMaxProfile",
            level=0,
            unit="A" if unit == "A" else "W",
            start_ms=1_577_836_800_000,
            periods=(period,),
        )
    )


def _keys(answer: Message | None) -> dict[str, str]:
    if not isinstance(answer, responses.GetConfigurationResponse):
        return {}
    return {row.key: row.value for row in answer.configuration_key or () if row.value is not None}


def _verdict(answer: Message | None) -> Trial:
    is_taken = isinstance(answer, responses.SetChargingProfileResponse) and answer.status == "Accepted"
    return "accepted" if is_taken else "refused"


def _composite(answer: Message | None) -> str:
    if not isinstance(answer, responses.GetCompositeScheduleResponse):
        return "does not answer"
    schedule = answer.charging_schedule
    if answer.status != "Accepted" or schedule is None:
        return "refuses to say"
    if not schedule.charging_schedule_period:
        return "says nothing"
    first = schedule.charging_schedule_period[0]
    return f"says {first.limit:g} {schedule.charging_rate_unit}"


def _words(value: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _switch(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").strip().lower())
