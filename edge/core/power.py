"""Which way a current flows, and how much load a conductor still takes in that direction; in integers.

A current I at voltage U with active power P (positive towards consumption) has an active part Ip = P / U and
a reactive part Iq = sqrt(I^2 - Ip^2), whose sign no meter tells reliably. Its conductor carries at most L.

If charger loads were purely active, sqrt(L^2 - Iq^2) - Ip more of them would fit. That is not the worst case:
beside a reactive background, a load with the same angle as the background adds up in full. So chargers are
taken to have |Iq| <= Ip / 5, a power factor of at least 0.98, in the direction that is worse. What is added
then lies in the triangle (0, 0), (m, m / 5), (m, -m / 5); the length of a sum with it is convex, hence
largest at a corner, and m follows from (Ip + m)^2 + (Iq + m / 5)^2 = L^2. Where the background itself is as
active as that, or more, both may point the same way, and L - I is all: what a meter without direction leaves
as well. It never leaves less, for by the triangle inequality L - I always fits.

Both parts round towards less room: Ip up (outside that cone room falls as Ip rises with I fixed), Iq up, the
result down.
"""

from edge.core.image import MeterImage
from edge.core.quantities import PHASES

WIDE_MA = 500
_TURN = 5  # a charger's reactive part is at most a fifth of its active part


def parts(current_ma: int, power_w: int, voltage_mv: int) -> tuple[int, int] | None:
    """The active and the reactive part; None where the three do not fit together, then nobody knows.

    A power above what current and voltage make says no more about the fuse than the current does, while it
    is drawn. Where it is fed in it is believed as far as a tenth and half an ampere go: meters renew their
    registers one after the other.
    """
    if current_ma < 0 or voltage_mv <= 0:
        return None
    if power_w >= 0:
        active_ma = -(-power_w * 1_000_000 // voltage_mv) + 1  # 1 mA: the rounding of the voltage
        if active_ma >= current_ma:
            return current_ma, 0
    else:
        active_ma = -((-power_w - 1) * 1_000_000 // voltage_mv)  # 1 W: registers round away from zero
        if -active_ma > current_ma + current_ma // 10 + WIDE_MA:
            return None
        active_ma = max(active_ma, -current_ma)
    return active_ma, root(current_ma * current_ma - active_ma * active_ma, up=True)


def parts_of_phases(meter: MeterImage) -> list[int] | None:
    """The active parts of L1..L3, then the reactive ones; None where a phase's direction is not known."""
    if meter.current_ma is None or meter.power_w is None or meter.voltage_mv is None:
        return None
    active, reactive = [], []
    for phase in PHASES:
        both = parts(meter.current_ma[phase], meter.power_w[phase], meter.voltage_mv[phase])
        if both is None:
            return None
        active.append(both[0])
        reactive.append(both[1])
    return active + reactive


def counted(limit_ma: int, both: list[int]) -> list[int]:
    """What such currents count as against the limit: it less what fits beside them. May be negative."""
    return [limit_ma - spare_ma(limit_ma, both[phase], both[3 + phase]) for phase in PHASES]


def spare_ma(limit_ma: int, active_ma: int, reactive_ma: int) -> int:
    """How much charger load fits beside such a current below the limit; negative: so much is too much."""
    square = active_ma * active_ma + reactive_ma * reactive_ma
    plain_ma = limit_ma - root(square, up=True)
    if active_ma >= _TURN * reactive_ma or (active_ma >= 0 and plain_ma <= 0):
        return plain_ma
    along = _TURN * (_TURN * active_ma + reactive_ma)
    inside = along * along + _TURN * _TURN * (_TURN * _TURN + 1) * (limit_ma * limit_ma - square)
    if inside < 0:
        return plain_ma
    return max(plain_ma, (root(inside) - along) // (_TURN * _TURN + 1))


def root(square: int, *, up: bool = False) -> int:
    """The square root in whole numbers, rounded down or up; MicroPython has no isqrt."""
    if square <= 0:
        return 0
    guess = 1 << (_bits(square) + 1) // 2
    while True:
        better = (guess + square // guess) // 2
        if better >= guess:
            return guess + 1 if up and guess * guess < square else guess
        guess = better


def _bits(number: int) -> int:
    """MicroPython's integers have no bit_length."""
    bits = 0
    while number >> bits:
        bits += 1
    return bits
