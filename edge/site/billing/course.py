"""The course of a session: what flowed when, as far as the meter's readings tell."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Kind = Literal["charging", "parked", "held", "reserved"]
"""`parked`: the car takes nothing, though it might. `held`: we paused it; nobody pays for that time."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The energy register at a time. `current_ma`: sum over the phases; None: not told.

    `is_held`: from here on the car is paused by us, or by a limit from outside.
    """

    at_ms: int
    register_wh: int
    current_ma: int | None = None
    is_held: bool = False


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a session in which nothing that matters changes, as far as one can see."""

    begin_ms: int
    end_ms: int
    energy_wh: int
    kind: Kind
    current_ma: int | None = None

    @property
    def power_w(self) -> int:
        """The mean."""
        span_ms = self.end_ms - self.begin_ms
        return self.energy_wh * 3_600_000 // span_ms if span_ms else 0


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """All stretches of a session, without gaps. `doubts`: what in the readings could not be true."""

    stretches: tuple[Stretch, ...]
    doubts: tuple[str, ...] = ()

    @property
    def energy_wh(self) -> int:
        """All that was charged."""
        return sum(stretch.energy_wh for stretch in self.stretches)


def course_of(readings: Sequence[Reading], *, reserved_ms: int | None = None) -> Course:
    """The stretches between readings, the first the session's begin and the last its end.

    `reserved_ms`: since when the bay had been kept for the driver. A register that falls, or a time before
    the last one, is left out and told: energy is never invented, and never negative. What is missing
    between two readings flowed evenly.
    """
    stretches: list[Stretch] = []
    doubts: list[str] = []
    if not readings:
        return Course(stretches=())
    first, last = readings[0], readings[-1]
    if reserved_ms is not None and reserved_ms < first.at_ms:
        stretches.append(Stretch(begin_ms=reserved_ms, end_ms=first.at_ms, energy_wh=0, kind="reserved"))
    before = first
    for reading in readings[1:]:
        is_last = reading is last
        if reading.at_ms < before.at_ms:
            doubts.append(f"a reading of {before.at_ms - reading.at_ms} ms earlier than the one before")
            continue
        if reading.register_wh < before.register_wh:
            doubts.append(f"the register fell from {before.register_wh} to {reading.register_wh} Wh")
            if not is_last:
                continue
        elif not is_last and reading.register_wh > last.register_wh >= before.register_wh:
            doubts.append(f"the register stood at {reading.register_wh} Wh, and ended at {last.register_wh}")
            continue
        energy_wh = max(0, reading.register_wh - before.register_wh)
        if reading.at_ms == before.at_ms and stretches and stretches[-1].kind != "reserved":
            merged = stretches.pop()
            stretches.append(msgspec.structs.replace(merged, energy_wh=merged.energy_wh + energy_wh))
        else:
            stretches.append(_between(before, reading, energy_wh))
        before = reading
    return Course(stretches=tuple(stretches), doubts=tuple(doubts))


def without_leaps(course: Course, most_wh: int) -> Course:
    """The course with no more energy than that: what is too much goes from where it flowed fastest."""
    excess_wh = course.energy_wh - most_wh
    if excess_wh <= 0:
        return course
    stretches = list(course.stretches)
    doubts = (*course.doubts, f"the register leapt by {excess_wh} Wh, which nobody pays")
    steepest = sorted(range(len(stretches)), key=lambda place: _pace(stretches[place]), reverse=True)
    for place in steepest:
        stretch = stretches[place]
        taken_wh = min(excess_wh, stretch.energy_wh)
        stretches[place] = msgspec.structs.replace(stretch, energy_wh=stretch.energy_wh - taken_wh)
        excess_wh -= taken_wh
    return Course(stretches=tuple(stretches), doubts=doubts)


def _pace(stretch: Stretch) -> float:
    return stretch.energy_wh / max(1, stretch.end_ms - stretch.begin_ms)


def _between(before: Reading, after: Reading, energy_wh: int) -> Stretch:
    kind: Kind = "charging"
    if energy_wh == 0:
        kind = "held" if before.is_held else "parked"
    current_ma = before.current_ma
    if after.current_ma is not None:
        current_ma = after.current_ma if current_ma is None else (current_ma + after.current_ma) // 2
    return Stretch(
        begin_ms=before.at_ms, end_ms=after.at_ms, energy_wh=energy_wh, kind=kind, current_ma=current_ma
    )
