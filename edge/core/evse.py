"""An EVSE as the balancer sees it: what the installer declared, and what is known of it this cycle."""

from edge.core.quantities import PHASES, VEHICLE_MINIMUM_MA
from edge.core.record import Record


class Evse(Record):
    """What does not change while the site runs. Currents per phase in mA.

    `wiring`: grid phase of each terminal, None when unknown (then a load counts on all three).
    `fallback_ma` is what it does without us; `credit_ma` what the site's guarantee lets us assume of
    that: the fallback, or `max_ma`. `has_dead_man` False: nothing makes it fall back. `can_switch`: it can
    connect its first phase alone when told (switching.py); never with an unknown wiring.
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
    )
    __slots__ = FIELDS + ("phases",)

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
    ) -> None:
        self.id = id
        self.circuit = circuit
        self.min_ma = max(min_ma, VEHICLE_MINIMUM_MA)
        self.max_ma = max_ma
        self.step_ma = step_ma
        self.fallback_ma = fallback_ma
        self.credit_ma = fallback_ma if credit_ma is None else credit_ma
        self.has_dead_man = has_dead_man
        self.wiring = None if wiring is None else tuple(wiring)
        self.priority = priority
        self.can_switch = can_switch and wiring is not None and len(wiring) == len(PHASES)
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
