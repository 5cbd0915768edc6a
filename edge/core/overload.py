"""Which overloads are borne this cycle instead of shed, by what protects the circuit (protection.py).

A borne overload leaves the circuit exactly what is booked there: everybody keeps what he has, nobody rises.
It is never borne for what is not measured, against a limit from outside, or when those who would have to
go down might not obey.
"""

from edge.core import failsafe, protection
from edge.core.headroom import Headroom
from edge.core.image import Image
from edge.core.memory import Memory
from edge.core.protection import Curve, Heat
from edge.core.quantities import NOTHING, PHASES, larger, minus, on_phases, plus
from edge.core.standing import Standing


def bear(
    memory: Memory,
    image: Image,
    standing: dict[str, Standing],
    rooms: dict[str, Headroom],
    sums: dict[str, tuple[int, int, int]],
    now_ms: int,
) -> None:
    """Warm every device by the worst case; where that is too much but borne, leave everybody what he has."""
    if not memory.heats:
        return
    meters = {meter.circuit: meter for meter in image.meters}
    slowest_ms = max([one.seen.deadline_ms + one.seen.follow_ms for one in standing.values()] or [0])
    for name in sorted(memory.heats):
        circuit = memory.lot.tree.circuits[name]
        curve = protection.curve_of(circuit.protection, circuit.rating_ma)
        if curve is None:
            continue
        room, heat = rooms[name], memory.heats[name]
        load_ma = larger(NOTHING, plus(room.background_ma, sums[name]))
        if room.measured_ma is not None:
            load_ma = larger(load_ma, room.measured_ma)
        protection.warm(heat, curve, circuit.rating_ma, load_ma, now_ms)
        if max(load_ma) > circuit.rating_ma:
            age_ms = now_ms - meters[name].taken_ms if name in meters else 0
            over_ma = minus(load_ma, memory.lot.tree.rating(name))
            if _is_borne(room, heat, curve, circuit.rating_ma, age_ms, slowest_ms) and _can_shed(
                memory, standing, name, over_ma
            ):
                room.bear(sums[name])
        room.used_permille = protection.used_permille(heat, curve)


def _is_borne(room: Headroom, heat: Heat, curve: Curve, rating_ma: int, age_ms: int, slowest_ms: int) -> bool:
    """`age_ms`: of the reading. An offer may take its whole deadline to arrive; then the car follows."""
    if room.bounds.limit_ma < rating_ma or not failsafe.is_believed(room.meter):
        return False
    reaction_ms = age_ms + protection.CYCLE_MS + slowest_ms
    return protection.bears(heat, curve, rating_ma, reaction_ms)


def _can_shed(
    memory: Memory, standing: dict[str, Standing], name: str, over_ma: tuple[int, int, int]
) -> bool:
    """Whether those known to obey could give up the overload; else whatever can go must go now."""
    can_ma = NOTHING
    for evse in memory.lot.evses:
        one = standing[evse.id]
        if name in one.path and one.seen.is_linked and one.book.is_sure and one.excess_ma == NOTHING:
            left_ma = on_phases(one.idle_ma, one.evse.phases)
            can_ma = plus(can_ma, larger(NOTHING, minus(one.booked_ma, left_ma)))
    return not any(over_ma[phase] > can_ma[phase] for phase in PHASES)
