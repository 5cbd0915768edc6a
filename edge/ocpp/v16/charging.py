"""Charging profiles of OCPP 1.6 on the wire: written, read, and pre-built where a change must be cheap."""

from functools import lru_cache

from edge.ocpp.profiles import AMPERES, BACKDATE_S, Period, Profile, Wire, above, rises_later_s
from edge.ocpp.rpc import OCCURENCE_CONSTRAINT_VIOLATION, PROPERTY_CONSTRAINT_VIOLATION, Fault
from edge.ocpp.timestamps import epoch_ms, rfc3339_seconds
from edge.ocpp.v16.codec import encode
from edge.ocpp.v16.requests import SetChargingProfile
from edge.ocpp.v16.types import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod

_MAX_RATE = 1_000_000_000  # A or W; what is beyond is a mistake


def set_charging_profile(profile: Profile) -> SetChargingProfile:
    """The request that installs a profile."""
    return SetChargingProfile(connector_id=profile.connector, cs_charging_profiles=charging_profile(profile))


def charging_profile(profile: Profile) -> ChargingProfile:
    """A profile as OCPP 1.6 writes it."""
    return ChargingProfile(
        charging_profile_id=profile.id,
        transaction_id=None if profile.transaction_id is None else int(profile.transaction_id),
        stack_level=profile.level,
        charging_profile_purpose=profile.purpose,
        charging_profile_kind=profile.kind,
        recurrency_kind=profile.recurrence,
        valid_from=_written(profile.valid_from_ms),
        valid_to=_written(profile.valid_to_ms),
        charging_schedule=ChargingSchedule(
            duration=profile.duration_s,
            start_schedule=_written(profile.start_ms),
            charging_rate_unit=profile.unit,
            charging_schedule_period=tuple(
                ChargingSchedulePeriod(start_period=p.start_s, limit=_number(p.rate), number_phases=p.phases)
                for p in profile.periods
            ),
        ),
    )


def profile_of(connector: int, wire: ChargingProfile) -> Profile:
    """A profile as somebody sent it. Raises Fault when nothing certain follows from it.

    A negative rate stays negative and counts as 0; more decimals than allowed are rounded to thousandths.
    """
    schedule = wire.charging_schedule
    periods = tuple(
        Period(start_s=p.start_period, rate=_rate(p.limit), phases=p.number_phases)
        for p in schedule.charging_schedule_period
    )
    if not periods or (wire.charging_profile_kind == "Recurring" and wire.recurrency_kind is None):
        raise Fault(OCCURENCE_CONSTRAINT_VIOLATION, "a schedule without periods or recurrence")
    if min(p.start_s for p in periods) != 0 or wire.stack_level < 0 or connector < 0:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, "the first period starts at 0; levels count from 0")
    return Profile(
        id=wire.charging_profile_id,
        connector=connector,
        purpose=wire.charging_profile_purpose,
        level=wire.stack_level,
        kind=wire.charging_profile_kind,
        recurrence=wire.recurrency_kind,
        unit=schedule.charging_rate_unit,
        periods=periods,
        start_ms=_read(schedule.start_schedule),
        duration_s=schedule.duration,
        valid_from_ms=_read(wire.valid_from),
        valid_to_ms=_read(wire.valid_to),
        transaction_id=wire.transaction_id,
    )


class OfferTemplate:
    """The payload of a connector's working limit, built once; a change costs formatting four values.

    It is the encoded message of `profiles.above` with the changing values cut out.
    """

    __slots__ = ("_fallback_ma", "_form", "_wire")

    def __init__(
        self,
        connector: int,
        *,
        fallback_ma: int,
        wire: Wire = AMPERES,
        transaction_id: int | None = None,
    ) -> None:
        model = above(
            connector,
            limit_ma=fallback_ma,
            fallback_ma=fallback_ma,
            now_ms=0,
            hold_s=0,
            wire=wire,
            transaction_id=transaction_id,
        )
        form = encode(set_charging_profile(model))
        fallback = str(_number(wire.rate(fallback_ma))).encode()
        for mark, gap in (
            (b'"startPeriod":0,"limit":%b' % fallback, b'"startPeriod":0,"limit":%b'),
            (b'"startPeriod":%d,' % BACKDATE_S, b'"startPeriod":%d,'),
            (rfc3339_seconds(-BACKDATE_S).encode(), b"%b"),
        ):
            form = form.replace(mark, gap)
        self._form = form
        self._fallback_ma = fallback_ma
        self._wire = wire

    def render(self, *, limit_ma: int, now_ms: int, hold_s: int) -> bytes:
        """The payload of SetChargingProfile for this limit, exactly as `above` would write it."""
        start = _start(now_ms // 1000 - BACKDATE_S)
        rate = _number(self._wire.rate(limit_ma))
        falls_back_s = BACKDATE_S + hold_s + rises_later_s(limit_ma, self._fallback_ma, hold_s)
        return self._form % (str(rate).encode(), falls_back_s, start, start)


@lru_cache(maxsize=8)
def _start(at_s: int) -> bytes:
    """Many limits leave in the same second."""
    return rfc3339_seconds(at_s).encode()


def _number(rate: int) -> int | float:
    """Thousandths as the number on the wire: whole where it is whole, else with one decimal."""
    return rate // 1000 if rate % 1000 == 0 else rate / 1000


def _rate(limit: float) -> int:
    if not -_MAX_RATE < limit < _MAX_RATE:
        raise Fault(PROPERTY_CONSTRAINT_VIOLATION, "no such limit")
    return round(limit * 1000)


def _written(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339_seconds(at_ms // 1000)


def _read(text: str | None) -> int | None:
    return None if text is None else epoch_ms(text)
