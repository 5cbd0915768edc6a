"""An EVSE as the balancer sees it: what the installer declared, and what is known of it this cycle."""

from edge.core.quantities import PHASES, VEHICLE_MINIMUM_MA
from edge.core.record import Record

FOLLOW_MS = 8_000  # a car follows a new offer within this: IEC 61851-1 annex A asks for 5 s, plus the station
DEADLINE_MS = 10_000  # an offer whose answer takes longer is lost; it may have left this late
MOST_FOLLOW_MS = 15_000  # who was measured to take longer is waited for so long, and no longer
MOST_DEADLINE_MS = 15_000
SAMPLE_MAX_AGE_MS = 150_000  # an older sample says nothing about now: sent every minute, a minute under way
LEAST_MV = 207_000  # phase to neutral, EN 50160: of so many W no more A come
AMPERES = "A"  # its limit is a current per phase
WATTS = "W"  # a power, of which each phase gets its part
TOTAL_WATTS = "W total"  # a power, which a car takes from as many phases as it likes


class Evse(Record):
    """What does not change while the site runs. Currents per phase in mA.

    `wiring`: grid phase of each terminal, None when unknown (then a load counts on all three).
    `fallback_ma` is what it does without us; `credit_ma` what the site's guarantee lets us assume of
    that: the fallback, or `max_ma`. `has_dead_man` False: nothing makes it fall back. `can_switch`: it can
    connect its first phase alone when told (switching.py); never with an unknown wiring. `falls_early`: a
    watchdog of its own makes it fall back sooner than the site's dead man does, so that it may be at its
    fallback while others still hold what they had.
    """

    FIELDS = (
        "id",
        "circuit",
        "min_ma",
        "max_ma",
        "step_ma",
        "fallback_ma",
        "credit_ma",
        "has_dead_man",
        "wiring",
        "priority",
        "can_switch",
        "falls_early",
    )
    __slots__ = FIELDS + ("idle_ma", "phases")

    def __init__(
        self,
        *,
        id: str,
        circuit: str,
        min_ma: int = VEHICLE_MINIMUM_MA,
        max_ma: int,
        step_ma: int = 1000,
        fallback_ma: int = VEHICLE_MINIMUM_MA,
        credit_ma: int | None = None,
        has_dead_man: bool = True,
        wiring: tuple[int, ...] | None = None,
        priority: int = 0,
        can_switch: bool = False,
        falls_early: bool = False,
    ) -> None:
        self.id = id
        self.circuit = circuit
        self.min_ma = max(min_ma, VEHICLE_MINIMUM_MA)
        self.idle_ma = self.min_ma  # what counts at 0 A where pausing is not proven
        self.max_ma = max_ma
        self.step_ma = step_ma
        self.fallback_ma = fallback_ma
        self.credit_ma = fallback_ma if credit_ma is None else credit_ma
        self.has_dead_man = has_dead_man
        self.wiring = None if wiring is None else tuple(wiring)
        self.priority = priority
        self.can_switch = can_switch and wiring is not None and len(wiring) == len(PHASES)
        self.falls_early = falls_early
        self.phases = PHASES if wiring is None or len(wiring) == 3 else tuple(sorted(wiring))
        """The grid phases on which this EVSE may load."""


class EvseImage(Record):
    """What is known of an EVSE when a cycle begins.

    `boots` and `link_losses` count since the process started: a change since the last cycle is a boot or
    a loss that was seen. `terminals_ma`: its last sample at L1.., None when it never sent one;
    `sampled_ms`: when that was measured (the older, safer estimate). `has_car`: a plug is in.
    `wants`: a driver may charge here now. `arrived_ms`, `served_wh`: of this session.
    `pause_proven`: 0 A was seen to stop the current on this model. `says_paused`: the station says that
    it keeps the car waiting. `departs_ms`, `wanted_wh`: when the driver leaves and how much he wants in this
    session, None when he did not say. `sleeps`: a car known not to wake after 0 A. `priority`: of this
    session, its token or the token's group; None: the EVSE's own counts.

    What its passport adds: `unit`: what it makes of a limit; `step_ma`, `min_ma` (of a power: on each phase
    that the car uses) None: as declared;
    `follow_ms`, `deadline_ms`: how long it takes to follow an offer, and to answer it.
    `is_credited` False: nothing shows that it falls back without us, so that its rating counts.
    `is_on_time` False: its clock is so far off that its dead man may strike at any time, or too late.
    `is_tested`: its offers are held back to see what it does without them.
    """

    FIELDS = (
        "id",
        "is_linked",
        "boots",
        "link_losses",
        "has_car",
        "wants",
        "terminals_ma",
        "sampled_ms",
        "arrived_ms",
        "served_wh",
        "pause_proven",
        "says_paused",
        "departs_ms",
        "wanted_wh",
        "sleeps",
        "priority",
        "unit",
        "step_ma",
        "min_ma",
        "follow_ms",
        "deadline_ms",
        "is_credited",
        "is_on_time",
        "is_tested",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        id: str,
        is_linked: bool = False,
        boots: int = 0,
        link_losses: int = 0,
        has_car: bool = False,
        wants: bool = False,
        terminals_ma: list[int] | tuple[int, ...] | None = None,
        sampled_ms: int = 0,
        arrived_ms: int = 0,
        served_wh: int = 0,
        pause_proven: bool = False,
        says_paused: bool = False,
        departs_ms: int | None = None,
        wanted_wh: int | None = None,
        sleeps: bool = False,
        priority: int | None = None,
        unit: str = AMPERES,
        step_ma: int | None = None,
        min_ma: int | None = None,
        follow_ms: int = FOLLOW_MS,
        deadline_ms: int = DEADLINE_MS,
        is_credited: bool = True,
        is_on_time: bool = True,
        is_tested: bool = False,
    ) -> None:
        self.id = id
        self.is_linked = is_linked
        self.boots = boots
        self.link_losses = link_losses
        self.has_car = has_car
        self.wants = wants
        self.terminals_ma = None if terminals_ma is None else tuple(terminals_ma)
        self.sampled_ms = sampled_ms
        self.arrived_ms = arrived_ms
        self.served_wh = served_wh
        self.pause_proven = pause_proven
        self.says_paused = says_paused
        self.departs_ms = departs_ms
        self.wanted_wh = wanted_wh
        self.sleeps = sleeps
        self.priority = priority
        self.unit = unit
        self.step_ma = step_ma
        self.min_ma = min_ma
        self.follow_ms = min(max(follow_ms, FOLLOW_MS), MOST_FOLLOW_MS)
        self.deadline_ms = min(max(deadline_ms, DEADLINE_MS), MOST_DEADLINE_MS)
        self.is_credited = is_credited
        self.is_on_time = is_on_time
        self.is_tested = is_tested


def terminals_of(evse: Evse) -> int:
    """How many phases a car may use there."""
    return len(PHASES) if evse.wiring is None else len(evse.wiring)


def as_formed(evse: Evse, seen: EvseImage, spread: int = 1) -> Evse:
    """The EVSE with the step and the minimum that its passport gives it.

    `spread`: over so many phases the car may spread what is counted on one of them (power_sharing.py).
    """
    step_ma = evse.step_ma if seen.step_ma is None else seen.step_ma
    min_ma = evse.min_ma
    if seen.min_ma is not None:
        min_ma = max(min(seen.min_ma * spread, evse.max_ma), evse.min_ma)
    if step_ma == evse.step_ma and min_ma == evse.min_ma:
        return evse
    formed = Evse(**dict(zip(Evse.FIELDS, evse.plain())))  # type: ignore[arg-type]  # its own slots
    formed.step_ma = step_ma
    formed.min_ma = min_ma
    return formed


def drawn_ma(seen: EvseImage) -> int:
    """What it draws in terms of its setpoint: of a power as many A as that is at the lowest voltage."""
    if seen.terminals_ma is None:
        return 0
    most_ma = max(seen.terminals_ma)
    return most_ma if seen.unit == AMPERES else most_ma * 10 // 9
