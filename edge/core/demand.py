"""What demand windows leave to our chargers this cycle: a total of three phases, dealt out to them.

Power is a sum over phases, a room of the allocation is one phase. So the total that the limit leaves beside
the background is dealt out: first by who is admitted and by the level that water in one vessel would reach
(three-phase cars take it on three phases, one-phase cars on one), then each phase gets what those on it have
come to. The phases together never exceed the total, whatever the allocation makes of them; where only
the target binds, it makes the same of them as it would of one room.

Watts become amperes at the highest voltage that the meter tells, or else 10 % above the nominal one
(EN 50160 allows no more), without any credit for the power factor: current in phase with its voltage is the
worst case.
"""

from edge.core import demand_window, failsafe
from edge.core.demand_window import Clocks, Target, Window
from edge.core.headroom import Headroom
from edge.core.image import DemandImage, DemandView, Image
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.precedence import Precedence
from edge.core.quantities import NOTHING, larger, on_phases, plus
from edge.core.standing import Standing


class Wish:
    """What one EVSE that wants to charge asks of the total, in mA for each of its `count` phases."""

    __slots__ = ("cap_ma", "count", "idle_ma", "is_admitted", "min_ma", "one", "order")

    def __init__(self, lot: Lot, one: Standing, caps: dict[str, tuple[int, str]], now_ms: int) -> None:
        evse = one.evse
        self.one = one
        self.count = len(one.phases)
        self.min_ma = evse.min_ma
        self.cap_ma = one.most_ma(caps)
        self.idle_ma = min(one.idle_ma, evse.min_ma + lot.tolerance_ma)
        self.is_admitted = False
        self.order = (-one.priority,) + Precedence(lot, one, now_ms).order

    def takes_ma(self, level_ma: int, tolerance_ma: int) -> int:
        """What it books on each of its phases when the water stands at `level_ma`."""
        if not self.is_admitted:
            return self.idle_ma
        return min(max(level_ma, self.min_ma), self.cap_ma) + tolerance_ma


def hold(
    memory: Memory,
    image: Image,
    standing: dict[str, Standing],
    rooms: dict[str, Headroom],
    sums: dict[str, tuple[int, int, int]],
    caps: dict[str, tuple[int, str]],
    now_ms: int,
) -> None:
    """Count every window and narrow the rooms of its circuit. `sums`: of the books, `caps`: of EVSEs."""
    if not memory.windows:
        return
    seen = {each.circuit: each for each in image.demands}
    for name in sorted(memory.windows):
        target = memory.lot.tree.circuits[name].demand
        if target is None:
            continue
        room, window, here = rooms[name], memory.windows[name], seen.get(name)
        clocks = _clocks(here)
        voltage_mv = _voltage_mv(memory.lot, here)
        power_w, sure_w = _power_w(room, here, sums[name], voltage_mv)
        demand_window.count(window, target, clocks, power_w, now_ms, sure_w=sure_w)
        if here is not None:
            demand_window.learn_peak(window, here.month, here.peak_w)
        limit_w = demand_window.limit_w(window, target, clocks, now_ms)
        total_ma = limit_w * 1_000_000 // voltage_mv - sum(room.background_ma)
        below = [standing[evse.id] for evse in memory.lot.evses if name in standing[evse.id].path]
        dealt_ma = deal_out(memory.lot, below, total_ma, caps, now_ms)
        room.confine(dealt_ma, _view(window, target, clocks, limit_w, dealt_ma, now_ms))


def deal_out(
    lot: Lot, below: list[Standing], total_ma: int, caps: dict[str, tuple[int, str]], now_ms: int
) -> tuple[int, int, int]:
    """A bound for each phase, together at most `total_ma` unless what must be booked anyway is more."""
    bound_ma = NOTHING
    wishes = []
    for one in below:
        if one.seen.is_linked and one.seen.wants:
            wishes.append(Wish(lot, one, caps, now_ms))
            bound_ma = plus(bound_ma, one.excess_ma)
        elif one.seen.is_linked:
            bound_ma = plus(bound_ma, plus(one.excess_ma, on_phases(one.idle_ma, one.evse.phases)))
        else:
            bound_ma = plus(bound_ma, one.booked_ma)
    left_ma = total_ma - sum(bound_ma)
    level_ma = _level(wishes, left_ma, lot.tolerance_ma)
    for wish in wishes:
        bound_ma = plus(bound_ma, on_phases(wish.takes_ma(level_ma, lot.tolerance_ma), wish.one.phases))
    return bound_ma


def _level(wishes: list[Wish], left_ma: int, tolerance_ma: int) -> int:
    """Admit whose minimum fits, in their order; then the level to which the rest lifts them all."""
    for wish in wishes:
        left_ma -= wish.idle_ma * wish.count
    for wish in sorted(wishes, key=lambda wish: wish.order):
        extra_ma = (wish.min_ma + tolerance_ma - wish.idle_ma) * wish.count
        if wish.cap_ma >= wish.min_ma and extra_ma <= left_ma:
            wish.is_admitted = True
            left_ma -= extra_ma
    admitted = [wish for wish in wishes if wish.is_admitted]
    level_ma = 0
    for bound_ma in sorted({wish.min_ma for wish in admitted} | {wish.cap_ma for wish in admitted}):
        rising = sum([wish.count for wish in admitted if wish.min_ma <= level_ma < wish.cap_ma])
        if rising and (bound_ma - level_ma) * rising > left_ma:
            return level_ma + left_ma // rising
        left_ma -= (bound_ma - level_ma) * rising
        level_ma = bound_ma
    return level_ma


def _clocks(here: DemandImage | None) -> Clocks:
    if here is None:
        return Clocks(wall_ms=None)
    return Clocks(wall_ms=here.wall_ms, month=here.month, pulses=here.pulses)


def _voltage_mv(lot: Lot, here: DemandImage | None) -> int:
    if here is None or here.voltage_mv is None or here.voltage_mv < lot.voltage_mv // 2:
        return lot.voltage_mv * 11 // 10
    return here.voltage_mv


def _power_w(
    room: Headroom, here: DemandImage | None, booked_ma: tuple[int, int, int], voltage_mv: int
) -> tuple[int, int | None]:
    """Never too little, and as the meter tells it (None: it does not)."""
    if room.measured_ma is None or not failsafe.is_believed(room.meter):
        worst_ma = plus(room.background_ma, booked_ma)
        return -(-sum(larger(NOTHING, worst_ma)) * voltage_mv // 1_000_000), None
    if here is not None and here.power_w is not None:
        return here.power_w, here.power_w
    return -(-sum(room.measured_ma) * voltage_mv // 1_000_000), None


def _view(
    window: Window,
    target: Target,
    clocks: Clocks,
    limit_w: int,
    dealt_ma: tuple[int, int, int],
    now_ms: int,
) -> DemandView:
    return DemandView(
        target_w=target.target_w,
        goal_w=demand_window.goal_w(window, target, clocks, now_ms),
        window_ms=target.window_ms,
        left_ms=demand_window.left_ms(window, target, now_ms),
        used_wh=window.used_mj // 3_600_000,
        power_w=window.power_w,
        limit_w=limit_w,
        chargers_ma=dealt_ma,
        last_w=window.last_w,
        month=window.month,
        peak_w=window.peak_w,
        is_in_doubt=demand_window.is_in_doubt(window, now_ms),
    )
