"""How urgent a car is: the time that it could still wait and be charged as wished when it leaves.

Laxity = time to departure - energy still missing / the most that car and EVSE can take. Classes stand for
halves and doubles of it, so that cars do not overtake each other with every minute. Who has said nothing
counts as two hours; who can no longer be served in time stands in the middle as well, for pouring
everything into him would only make others late too.
"""

CLASSES_MS = (900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000)  # 15 min, 30 min, 1 h, 2 h, 4 h
UNKNOWN = 2  # the class of more than one and at most two hours
HOPELESS = 2


def urgency(
    *, departs_ms: int | None, missing_wh: int | None, most_ma: int, phases: int, voltage_mv: int, now_ms: int
) -> int:
    """From 0 (can wait for more than four hours) to 5 (for at most a quarter).

    `most_ma`: the car's true maximum per phase, never a cap that merely holds it back for a while.
    """
    if departs_ms is None or missing_wh is None:
        return UNKNOWN
    power_mw = most_ma * phases * voltage_mv // 1000
    if power_mw <= 0:
        return UNKNOWN
    needed_ms = max(0, missing_wh) * 3_600_000 * 1000 // power_mw
    laxity_ms = departs_ms - now_ms - needed_ms
    if laxity_ms < 0:
        return HOPELESS
    for index, bound_ms in enumerate(CLASSES_MS):
        if laxity_ms <= bound_ms:
            return len(CLASSES_MS) - index
    return 0
