"""How much overload a protecting device is sure to bear, so that inrush need not shed anybody.

`strict`, the default, bears none. With a curve a rise of the building above the rating is borne without
shedding as long as the device is guaranteed not to trip; no setpoint ever rises meanwhile, and what is
planned stays within the continuous rating. Each phase has a heat, in millionths of what the rated current
makes in the long run, so that a current of r times the rating drives it towards r x r. The heat rises as
fast as in the quickest device of its kind and falls as slowly as in the slowest:

    r x r > heat:  heat += (r x r - heat) x dt / fast        r x r < heat:  the same with slow

Why that is never too little. Take any device whose heating is a mixture of time constants between `fast`
and `slow`, and start it no hotter than ours. Where its part with time constant t has caught up with ours,
ours rises at least as fast (fast <= t) or falls no faster (slow >= t): no part overtakes it, nor does their
mixture. The steps in time err to the same side: a rise is computed by Euler's explicit rule, a fall by the
implicit one, and an interval counts with the larger of the loads at its ends.

The load is the worst case: what the meter says, or the background and all books together where that is
more. An overload is borne while, after another whole reaction (age of the reading, cycle, delivery, the
cars' follow time) at this load, three quarters of the heat between the rating and the non-tripping current
are not passed, nor half of the time for which the standard promises that current. The quarter left is for
a further step of the building while the cars already go down. Then everything sheds as in `strict`, and
nothing is borne again until three quarters have cooled away. After a start, or a gap, the device counts as
hot. A meter that is not believed bears nothing, nor does a limit from outside.
"""

from edge.core.record import Record

STRICT = "strict"
RATED = 1_000_000  # heat at the rated current in the long run
CYCLE_MS = 1_000
SLICES = 8  # of the quick time constant
GAP_MS = 15_000  # what flowed in a longer pause of ours nobody knows


class Curve:
    """One kind of device. `bears_permille`: the non-tripping current, of the rated one.

    `bears_ms`: for how long in one go; half of what the standard promises from cold, since our device was
    warm. `fast_ms`, `slow_ms`: between them lie its time constants. Below `smallest_ma` it is strict.
    """

    __slots__ = ("bears_ms", "bears_permille", "fast_ms", "slow_ms", "smallest_ma")

    def __init__(
        self, *, bears_permille: int, bears_ms: int, fast_ms: int, slow_ms: int, smallest_ma: int = 0
    ) -> None:
        self.bears_permille = bears_permille
        self.bears_ms = bears_ms
        self.fast_ms = fast_ms
        self.slow_ms = slow_ms
        self.smallest_ma = smallest_ma

    @property
    def trip_heat(self) -> int:
        """The heat that the non-tripping current makes in the long run; only beyond it may it trip."""
        return self.bears_permille * self.bears_permille

    @property
    def most_heat(self) -> int:
        """How hot it may become by what we tolerate."""
        return RATED + (self.trip_heat - RATED) * 3 // 4

    @property
    def ready_heat(self) -> int:
        """How far it must have cooled before it is trusted again."""
        return RATED + (self.trip_heat - RATED) // 4


# IEC 60898-1, as makers print it (IEK VA47-100 manual page 10, Schneider FA369327): cold, 1.13 In must not
# trip within 1 h (2 h above 63 A), and 2.55 In not within 1 s. The smallest time constant that keeps both is
# 1 s / ln(2.55^2 / (2.55^2 - 1.13^2)) = 4.6 s. Confidence: high for the two points; between them the standard
# promises nothing more. B and C differ in the magnetic release (3 and 5 In), far above what is borne here.
_MCB = Curve(bears_permille=1_130, bears_ms=1_800_000, fast_ms=4_500, slow_ms=1_200_000)

# IEC 60269-1 could not be read. Commonly printed for gG from 16 A on: 1.25 In does not melt within 1 h, and
# the gates keep about 2.06 In (16 A) to 2.9 In (100 A) for 10 s, which means a time constant of 22 s or more.
# Confidence: medium, therefore less of both: 1.2 In and 20 s; below 16 A strict, their gates are others.
_GG = Curve(bears_permille=1_200, bears_ms=1_800_000, fast_ms=20_000, slow_ms=1_200_000, smallest_ma=16_000)

# IEC 60076-7 by way of the transformer-thermal-model project (docs, temperature_limits.md, distribution.py):
# winding 4 min, oil 180 min, hot spot 27.6 K over oil, oil 60 K over air, at most 140 C in an emergency and
# 1.5 times the rated current. By these, 1.2 of it for 15 min ends below 140 C even in air of 40 C.
# Confidence: medium; for an oil-filled distribution transformer.
_TRANSFORMER = Curve(bears_permille=1_200, bears_ms=900_000, fast_ms=240_000, slow_ms=10_800_000)

CURVES = {"gG": _GG, "mcb-b": _MCB, "mcb-c": _MCB, "transformer": _TRANSFORMER}


def curve_of(protection: str, rating_ma: int) -> Curve | None:
    """What bears overload behind this rating; None where nothing may."""
    curve = CURVES.get(protection)
    return None if curve is None or rating_ma < curve.smallest_ma else curve


class Heat(Record):
    """The thermal state of one circuit's device, per phase, at `at_ms` (None: not yet known at all).

    `heat`: millionths, as above. `over_ms`: for how long it was above its rating, less how long it was not.
    `load_ma`: the worst case then. `is_spent`: it bears nothing until it has cooled.
    """

    FIELDS = ("circuit", "at_ms", "heat", "over_ms", "load_ma", "is_spent")
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        circuit: str,
        at_ms: int | None = None,
        heat: list[int] | None = None,
        over_ms: list[int] | None = None,
        load_ma: list[int] | None = None,
        is_spent: bool = True,
    ) -> None:
        self.circuit = circuit
        self.at_ms = at_ms
        self.heat = list(heat or [0, 0, 0])
        self.over_ms = list(over_ms or [0, 0, 0])
        self.load_ma = list(load_ma or [0, 0, 0])
        self.is_spent = is_spent


def warm(heat: Heat, curve: Curve, rating_ma: int, load_ma: tuple[int, int, int], now_ms: int) -> None:
    """Let the time since the last call pass at the larger of the loads then and now."""
    passed_ms = 0 if heat.at_ms is None else now_ms - heat.at_ms
    if heat.at_ms is None or not 0 <= passed_ms <= GAP_MS:
        heat.heat = [curve.trip_heat] * 3
        heat.over_ms = [curve.bears_ms] * 3
        heat.is_spent = True
        passed_ms = 0
    for phase in (0, 1, 2):
        worst_ma = max(heat.load_ma[phase], load_ma[phase])
        heat.heat[phase] = _after(curve, heat.heat[phase], _drive(worst_ma, rating_ma), passed_ms)
        if worst_ma > rating_ma:
            heat.over_ms[phase] += passed_ms
        else:
            heat.over_ms[phase] = max(0, heat.over_ms[phase] - passed_ms)
    heat.load_ma = list(load_ma)
    heat.at_ms = now_ms
    if max(heat.heat) <= curve.ready_heat and max(heat.over_ms) <= curve.bears_ms // 2:
        heat.is_spent = False


def bears(heat: Heat, curve: Curve, rating_ma: int, reaction_ms: int) -> bool:
    """Whether the overload in `heat.load_ma` may go on for now; if not, nothing is borne until it cooled."""
    for phase in (0, 1, 2):
        load_ma = heat.load_ma[phase]
        if load_ma <= rating_ma:
            continue
        then = _after(curve, heat.heat[phase], _drive(load_ma, rating_ma), reaction_ms)
        if then > curve.most_heat or heat.over_ms[phase] + reaction_ms > curve.bears_ms:
            heat.is_spent = True
    return not heat.is_spent


def used_permille(heat: Heat, curve: Curve) -> int:
    """How much of what it bears is used up, by heat or by time; 1000 when it bears nothing."""
    if heat.is_spent:
        return 1_000
    by_heat = (max(heat.heat) - RATED) * 1_000 // (curve.most_heat - RATED)
    by_time = max(heat.over_ms) * 1_000 // curve.bears_ms
    return min(1_000, max(0, by_heat, by_time))


def _drive(load_ma: int, rating_ma: int) -> int:
    """Where this load would drive the heat, rounded up."""
    return -(-load_ma * load_ma * RATED // (rating_ma * rating_ma)) if load_ma > 0 else 0


def _after(curve: Curve, heat: int, drive: int, passed_ms: int) -> int:
    """The heat after a time at one load, never too small; a rise goes in slices, to be not much too large."""
    while drive > heat and passed_ms > 0:
        slice_ms = min(passed_ms, curve.fast_ms // SLICES)
        heat -= (heat - drive) * slice_ms // curve.fast_ms
        passed_ms -= slice_ms
    if drive >= heat:
        return heat
    return drive - (drive - heat) * curve.slow_ms // (curve.slow_ms + passed_ms)
