"""Charging profiles, whatever the version: the dead man's pair, and what a stack of profiles allows.

A `Profile` says the same in OCPP 1.6 and 2.0.1. Rates are integers in thousandths of the schedule's unit,
mA per phase or mW in total, so that one decimal on the wire is exact.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from edge.core.evse import MOST_DEADLINE_MS, MOST_FOLLOW_MS
from edge.core.lot import CLOCK_ERROR_MS

Purpose = Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
Kind = Literal["Absolute", "Recurring", "Relative"]
Recurrence = Literal["Daily", "Weekly"]
RateUnit = Literal["A", "W"]

BACKDATE_S = 15  # how far the charger's clock may be behind ours before a refresh makes it dip
FLOOR_MA = 6000  # a car cannot charge with less (IEC 61851-1 annex A); between 0 and this nothing is offered
BENEATH, ABOVE = 0, 1  # stack levels of the pair
_LATEST_S = (
    2 * CLOCK_ERROR_MS + MOST_FOLLOW_MS + MOST_DEADLINE_MS
) // 1000  # clocks, a car's way down, a late offer
LONG_AGO_MS = 1_577_836_800_000  # 2020-01-01, before any charger's clock that works
_FIRST_ID = 9000
_PERIOD_S = {"Daily": 86_400, "Weekly": 604_800}


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From `start_s` after the schedule's start on. `phases` None: not told, which means 3."""

    start_s: int
    rate: int
    phases: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A charging profile as installed on `connector` (OCPP 1.6 ed. 2 sections 7.8 and 7.13)."""

    id: int
    connector: int
    purpose: Purpose
    level: int
    periods: tuple[Period, ...]
    unit: RateUnit = "A"
    kind: Kind = "Absolute"
    recurrence: Recurrence | None = None
    start_ms: int | None = None
    duration_s: int | None = None
    valid_from_ms: int | None = None
    valid_to_ms: int | None = None
    transaction_id: int | str | None = None  # 2.x names transactions by text


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """How a model wants its limits: `step_ma` 1000 until 0.1 A is proven; W needs voltage and phases.

    `is_divided` False: a limit of it is the sum over its phases already.
    """

    unit: RateUnit = "A"
    step_ma: int = 1000
    voltage_v: int = 230
    phases: int = 3
    is_divided: bool = True

    def rate(self, limit_ma: int) -> int:
        """A limit per phase in mA as a rate, rounded down; what no car can use becomes 0."""
        limit_ma -= limit_ma % self.step_ma
        if limit_ma < FLOOR_MA:
            return 0
        if self.unit == "A":
            return limit_ma
        watts = limit_ma * self.voltage_v * (self.phases if self.is_divided else 1) // 1000
        return watts * 1000

    def period(self, start_s: int, limit_ma: int) -> Period:
        """A period at this limit; W always names the phases."""
        return Period(
            start_s=start_s, rate=self.rate(limit_ma), phases=self.phases if self.unit == "W" else None
        )


AMPERES = Wire()


def profile_id(connector: int, purpose: Purpose, level: int) -> int:
    """The id of one of our profiles: the same at every refresh, and no other profile's in the station."""
    return _FIRST_ID + 10 * connector + 2 * (purpose == "TxProfile") + level


def beneath(
    connector: int, *, fallback_ma: int, wire: Wire = AMPERES, transaction_id: int | None = None
) -> Profile:
    """What holds when the one above has run out: the fallback, without end and whatever the clock says."""
    purpose = _purpose(transaction_id)
    return Profile(
        id=profile_id(connector, purpose, BENEATH),
        connector=connector,
        purpose=purpose,
        level=BENEATH,
        start_ms=LONG_AGO_MS,
        unit=wire.unit,
        periods=(wire.period(0, fallback_ma),),
        transaction_id=transaction_id,
    )


def above(
    connector: int,
    *,
    limit_ma: int,
    fallback_ma: int,
    now_ms: int,
    hold_s: int,
    wire: Wire = AMPERES,
    transaction_id: int | None = None,
) -> Profile:
    """The working limit, which steps to the fallback by itself `hold_s` after now.

    A limit below the fallback steps up, and does so later (`rises_later_s`): by then every charger whose
    limit was above its fallback has gone down and made the room, whatever the clocks of both say.

    Dated back, so that a clock somewhat behind ours sees it begun. It has no end: nothing depends on expiry
    or stacking. `now_ms` is floored to the second, so it may step down up to a second early.
    """
    purpose = _purpose(transaction_id)
    hold_s += rises_later_s(limit_ma, fallback_ma, hold_s)
    start_ms = (now_ms // 1000 - BACKDATE_S) * 1000
    return Profile(
        id=profile_id(connector, purpose, ABOVE),
        connector=connector,
        purpose=purpose,
        level=ABOVE,
        start_ms=start_ms,
        valid_from_ms=start_ms,
        unit=wire.unit,
        periods=(wire.period(0, limit_ma), wire.period(BACKDATE_S + hold_s, fallback_ma)),
        transaction_id=transaction_id,
    )


def rises_later_s(limit_ma: int, fallback_ma: int, hold_s: int) -> int:
    """For how much longer a limit holds because the fallback is more than it.

    Another charger may have been refreshed a whole interval (a third of T) after this one.
    """
    return hold_s // 3 + 1 + _LATEST_S if limit_ma < fallback_ma else 0


def _purpose(transaction_id: int | None) -> Purpose:
    return "TxDefaultProfile" if transaction_id is None else "TxProfile"


# -- what a stack of profiles allows -----------------------------------------------------------------------


def install(profiles: Iterable[Profile], new: Profile) -> tuple[Profile, ...]:
    """The profiles after `new` was set: it replaces one of its id, and one of its place in the stack.

    OCPP 1.6 ed. 2 sections 3.13.2 and 5.16.4.
    """
    place = (new.connector, new.purpose, new.level)
    kept = [old for old in profiles if old.id != new.id and (old.connector, old.purpose, old.level) != place]
    return (*kept, new)


def composite(
    profiles: Iterable[Profile],
    *,
    now_ms: int,
    connector: int,
    transaction_id: int | str | None = None,
    transaction_start_ms: int | None = None,
    voltage_v: int = 230,
) -> int | None:
    """What the profiles allow this connector now, mA per phase; None: nothing limits it.

    OCPP 1.6 ed. 2 section 3.13: levels rank inside a purpose, a TxProfile that holds now overrules every
    TxDefaultProfile, and the ChargePointMaxProfile, which all connectors share, combines by minimum.
    """
    profiles = tuple(profiles)
    own = [p for p in profiles if p.purpose == "TxProfile" and p.connector == connector]
    stacks = (
        [p for p in own if transaction_id is not None and p.transaction_id in {None, transaction_id}],
        _defaults(profiles, connector),
    )
    station = [p for p in profiles if p.purpose == "ChargePointMaxProfile"]
    limits = [_prevailing(station, now_ms, transaction_start_ms, voltage_v)]
    for stack in stacks:
        limit = _prevailing(stack, now_ms, transaction_start_ms, voltage_v)
        if limit is not None:
            limits.append(limit)
            break
    return min((limit for limit in limits if limit is not None), default=None)


def _defaults(profiles: tuple[Profile, ...], connector: int) -> list[Profile]:
    """The TxDefaultProfiles of a connector: on each level its own replaces connector 0's (section 3.13.1)."""
    defaults = [p for p in profiles if p.purpose == "TxDefaultProfile"]
    own = [p for p in defaults if p.connector == connector]
    levels = {p.level for p in own}
    return own + [p for p in defaults if p.connector == 0 and p.level not in levels and connector != 0]


def _prevailing(stack: list[Profile], now_ms: int, begun_ms: int | None, voltage_v: int) -> int | None:
    """The limit of the highest level that has one now (sections 3.13.2 and 5.16.4)."""
    for profile in sorted(stack, key=lambda p: p.level, reverse=True):
        period = period_at(profile, now_ms, begun_ms)
        if period is not None:
            return _per_phase_ma(profile.unit, period, voltage_v)
    return None


def period_at(profile: Profile, now_ms: int, transaction_start_ms: int | None) -> Period | None:
    """The period that a profile is in; None: not valid, not begun, or over."""
    if profile.valid_from_ms is not None and now_ms < profile.valid_from_ms:
        return None
    if profile.valid_to_ms is not None and now_ms >= profile.valid_to_ms:
        return None
    is_relative = profile.kind == "Relative" or profile.start_ms is None
    start_ms = transaction_start_ms if is_relative else profile.start_ms
    if start_ms is None or now_ms < start_ms:
        return None
    elapsed_s = (now_ms - start_ms) // 1000
    if profile.kind == "Recurring" and profile.recurrence is not None:
        elapsed_s %= _PERIOD_S[profile.recurrence]
    if profile.duration_s is not None and elapsed_s >= profile.duration_s:
        return None
    begun = [period for period in profile.periods if period.start_s <= elapsed_s]
    return max(begun, key=lambda period: period.start_s, default=None)


def _per_phase_ma(unit: RateUnit, period: Period, voltage_v: int) -> int:
    """A rate as mA per phase, never negative; without a number of phases W means 3 (section 7.12)."""
    if unit == "A":
        return max(0, period.rate)
    phases = 3 if period.phases is None else max(1, period.phases)
    return max(0, period.rate) // (voltage_v * phases)
