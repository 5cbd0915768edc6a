"""Limits for chargers in OCPP 2.x: the dead man's pair as calls, pre-built where a change must be cheap."""

from functools import lru_cache

from edge.ocpp.profiles import (
    AMPERES,
    BACKDATE_S,
    Profile,
    Wire,
    above,
    beneath,
    rises_later_s,
)
from edge.ocpp.timestamps import rfc3339_seconds
from edge.ocpp.v201.codec import encode
from edge.ocpp.v201.smart_charging import SetChargingProfile
from edge.ocpp.v201.types import ChargingProfile, ChargingSchedule, SchedulePeriod

_PURPOSES = {"ChargePointMaxProfile": "ChargingStationMaxProfile"}
_ACCEPTED = b'{"status":"Accepted"}'


def set_charging_profile(
    profile: Profile, *, transaction: str | None = None, offline_s: int | None = None
) -> SetChargingProfile:
    """The request that installs a profile. `offline_s`: 2.1 makes it void after so long without us."""
    return SetChargingProfile(
        evse_id=profile.connector,
        charging_profile=ChargingProfile(
            id=profile.id,
            stack_level=profile.level,
            charging_profile_purpose=_PURPOSES.get(profile.purpose, profile.purpose),
            charging_profile_kind=profile.kind,
            recurrency_kind=profile.recurrence,
            valid_from=_written(profile.valid_from_ms),
            valid_to=_written(profile.valid_to_ms),
            transaction_id=transaction,
            max_offline_duration=offline_s,
            invalid_after_offline_duration=None if offline_s is None else True,
            charging_schedule=(
                ChargingSchedule(
                    id=profile.id,
                    start_schedule=_written(profile.start_ms),
                    duration=profile.duration_s,
                    charging_rate_unit=profile.unit,
                    charging_schedule_period=tuple(
                        SchedulePeriod(start_period=p.start_s, limit=_number(p.rate), number_phases=p.phases)
                        for p in profile.periods
                    ),
                ),
            ),
        ),
    )


def fallback(evse: int, *, fallback_ma: int, wire: Wire = AMPERES) -> bytes:
    """The lower profile of an EVSE; EVSE 0 means all that have none of their own."""
    return encode(set_charging_profile(beneath(evse, fallback_ma=fallback_ma, wire=wire)))


class OfferTemplate:
    """The payload of an EVSE's working limit, built once; a change costs formatting four values.

    It is the encoded message of `profiles.above` with the changing values cut out.
    """

    __slots__ = ("_fallback_ma", "_form", "_has_offline", "_wire")

    def __init__(
        self,
        evse: int,
        fallback_ma: int,
        wire: Wire,
        transaction: str | None,
        *,
        has_offline: bool = False,
    ) -> None:
        """`has_offline`: the version knows maxOfflineDuration, and is told it as well."""
        model = above(
            evse,
            limit_ma=fallback_ma,
            fallback_ma=fallback_ma,
            now_ms=0,
            hold_s=0,
            wire=wire,
            transaction_id=None if transaction is None else 0,
        )
        form = encode(
            set_charging_profile(model, transaction=transaction, offline_s=0 if has_offline else None)
        ).replace(b"%", b"%%")
        fallback_rate = str(_number(wire.rate(fallback_ma))).encode()
        gaps = [
            (b'"startPeriod":0,"limit":%b' % fallback_rate, b'"startPeriod":0,"limit":%(rate)b'),
            (b'"startPeriod":%d,' % BACKDATE_S, b'"startPeriod":%(falls)d,'),
            (rfc3339_seconds(-BACKDATE_S).encode(), b"%(start)b"),
            (b'"maxOfflineDuration":0', b'"maxOfflineDuration":%(hold)d'),
        ]
        for mark, gap in gaps:
            form = form.replace(mark, gap)
        self._form = form
        self._fallback_ma = fallback_ma
        self._wire = wire

    def render(self, *, limit_ma: int, now_ms: int, hold_s: int) -> bytes:
        """The payload of SetChargingProfile for this limit, exactly as `above` would write it."""
        holds_s = hold_s + rises_later_s(limit_ma, self._fallback_ma, hold_s)
        return self._form % {
            b"rate": str(_number(self._wire.rate(limit_ma))).encode(),
            b"falls": BACKDATE_S + holds_s,
            b"start": _start(now_ms // 1000 - BACKDATE_S),
            b"hold": holds_s,
        }


def is_accepted(raw: bytes) -> bool:
    """Whether it is the answer that most give, letter by letter."""
    return raw == _ACCEPTED


@lru_cache(maxsize=8)
def _start(at_s: int) -> bytes:
    """Many limits leave in the same second."""
    return rfc3339_seconds(at_s).encode()


def _number(rate: int) -> int | float:
    """Thousandths as the number on the wire: whole where it is whole, else with one decimal."""
    return rate // 1000 if rate % 1000 == 0 else rate / 1000


def _written(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339_seconds(at_ms // 1000)
