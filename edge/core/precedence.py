"""Who gets his minimum first inside a priority, and what he needs.

The order: who must not pause; who is new, so that his phases are learnt; then by turns (need.py), in a turn
those who charge already before those who wait, and of these who leaves first.
"""

from edge.core import learning, need, pacing
from edge.core.lot import Lot
from edge.core.standing import Standing

HOUR_MS = 3_600_000


class Precedence:
    """What an EVSE that wants to charge may say for itself."""

    __slots__ = ("need_ma", "order", "turn")

    def __init__(self, lot: Lot, one: Standing, now_ms: int) -> None:
        seen, evse = one.seen, one.evse
        need_ma = None
        leaves_ms = seen.arrived_ms + need.USUAL_STAY_MS if seen.departs_ms is None else seen.departs_ms
        if seen.wanted_wh is not None:
            need_ma = need.needed_ma(
                departs_ms=leaves_ms,
                missing_wh=seen.wanted_wh - seen.served_wh,
                phases=len(one.phases),
                voltage_mv=lot.voltage_mv,
                now_ms=now_ms,
            )
        most_ma = one.most_ma({})
        self.need_ma = need.UNKNOWN_MA if need_ma is None or need_ma > most_ma else need_ma
        self.turn = need.turn(need_ma, most_ma, seen.served_wh)
        self.order = (
            not must_not_pause(lot, one, now_ms),
            not learning.is_new(one.habit, evse, seen, one.pace, now_ms),
            self.turn,
            one.pace.setpoint_ma == 0,
            leaves_ms // HOUR_MS,
            seen.arrived_ms,
            evse.id,
        )


def must_not_pause(lot: Lot, one: Standing, now_ms: int) -> bool:
    """It began too recently, or its car would not wake again."""
    if one.seen.sleeps and one.pace.setpoint_ma > 0:
        return True
    return pacing.is_inside_min_on(lot, one.pace, now_ms)
