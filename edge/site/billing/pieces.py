"""Cuts a session's course where a tariff may change its prices: times of day, amounts, durations."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import msgspec

from edge.site.billing.course import Course, Kind, Stretch
from edge.site.billing.tariff import Restrictions, Tariff

WH = 1000


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a session in which one set of prices counts. Energy is exact, in Wh.

    `charged_wh`: what had been charged before it; `lasted_ms`: how long the session had lasted then.
    """

    begin_ms: int
    end_ms: int
    energy_wh: Fraction
    kind: Kind
    current_ma: int | None
    power_w: int
    charged_wh: Fraction
    lasted_ms: int

    @property
    def span_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.begin_ms


def pieces_of(course: Course, tariff: Tariff, zone: ZoneInfo) -> Iterator[Piece]:
    """The course, cut where a restriction of the tariff may begin or end to hold."""
    restrictions = [element.restrictions for element in tariff.elements if element.restrictions is not None]
    begun_ms = next((each.begin_ms for each in course.stretches if each.kind != "reserved"), 0)
    charged_wh = Fraction(0)
    for stretch in course.stretches:
        cuts = sorted(_cuts(stretch, restrictions, zone, charged_wh, begun_ms))
        span_ms = stretch.end_ms - stretch.begin_ms
        for begin_ms, end_ms in zip((stretch.begin_ms, *cuts), (*cuts, stretch.end_ms), strict=True):
            share = Fraction(end_ms - begin_ms, span_ms) if span_ms else Fraction(1)
            energy_wh = stretch.energy_wh * share
            yield Piece(
                begin_ms=begin_ms,
                end_ms=end_ms,
                energy_wh=energy_wh,
                kind=stretch.kind,
                current_ma=stretch.current_ma,
                power_w=stretch.power_w,
                charged_wh=charged_wh,
                lasted_ms=max(0, begin_ms - begun_ms),
            )
            charged_wh += energy_wh


def _cuts(
    stretch: Stretch,
    restrictions: list[Restrictions],
    zone: ZoneInfo,
    charged_wh: Fraction,
    begun_ms: int,
) -> set[int]:
    """Where the stretch must be cut, ms, its ends left out. An amount is met to the millisecond."""
    cuts: set[int] = set()
    for each in restrictions:
        for seconds in (each.min_duration, each.max_duration):
            if seconds is not None:
                cuts.add(begun_ms + seconds * 1000)
        for amount in (each.min_kwh, each.max_kwh):
            if amount is not None and stretch.energy_wh:
                missing_wh = Fraction(amount * WH) - charged_wh
                span_ms = stretch.end_ms - stretch.begin_ms
                cuts.add(stretch.begin_ms + round(missing_wh * span_ms / stretch.energy_wh))
        cuts.update(_turns_of_the_day(each, stretch, zone))
    return {cut for cut in cuts if stretch.begin_ms < cut < stretch.end_ms}


def _turns_of_the_day(restriction: Restrictions, stretch: Stretch, zone: ZoneInfo) -> Iterator[int]:
    """The local times within the stretch at which the restriction may begin or end to hold."""
    times = {time.fromisoformat(text) for text in (restriction.start_time, restriction.end_time) if text}
    if restriction.day_of_week or restriction.start_date or restriction.end_date:
        times.add(time.min)
    if not times:
        return
    day = local(stretch.begin_ms, zone).date()
    while True:
        turns = [datetime.combine(day, at, zone) for at in sorted(times)]
        instants = [round(turn.timestamp() * 1000) for turn in turns]
        yield from instants
        if min(instants) > stretch.end_ms:
            return
        day += timedelta(days=1)


def local(at_ms: int, zone: ZoneInfo) -> datetime:
    """A time as the clocks of the place show it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def allows(restriction: Restrictions, piece: Piece, zone: ZoneInfo) -> bool:
    """Whether an element with this restriction counts during the piece."""
    at = local(piece.begin_ms, zone)
    current_a = None if piece.current_ma is None else Decimal(piece.current_ma) / 1000
    if (restriction.reservation is not None) != (piece.kind == "reserved"):
        return False
    return (
        restriction.allows_day(at.date())
        and restriction.allows_time(at.time())
        and _within(piece.charged_wh, restriction.min_kwh, restriction.max_kwh, WH)
        and _within(Fraction(piece.lasted_ms), restriction.min_duration, restriction.max_duration, 1000)
        and _is_between(current_a, restriction.min_current, restriction.max_current)
        and _is_between(Decimal(piece.power_w) / 1000, restriction.min_power, restriction.max_power)
    )


def _within(value: Fraction, low: Decimal | int | None, high: Decimal | int | None, unit: int) -> bool:
    """From `low` on and below `high`, but for what a cut on a whole millisecond may be aside."""
    at = value + Fraction(1, 100)
    return (low is None or at >= Fraction(low) * unit) and (high is None or at < Fraction(high) * unit)


def _is_between(value: Decimal | None, low: Decimal | None, high: Decimal | None) -> bool:
    """What nobody measured counts as nothing: the driver is not billed for what cannot be shown."""
    known = Decimal(0) if value is None else value
    return (low is None or known >= low) and (high is None or known < high)
