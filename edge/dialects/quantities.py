"""Measured values as every version of OCPP tells them: by measurand, unit, phase and place of measurement."""

ENERGY = "Energy.Active.Import.Register"
LIMIT = 10**12  # thousandths; nothing in a parking lot is larger
FACTORS: dict[tuple[str, str | None], int] = {  # to thousandths; without a unit the basic one is meant
    (measurand, unit): factor
    for measurand, units in (
        ("Current.Import", {None: 1_000, "A": 1_000}),
        ("Current.Offered", {None: 1_000, "A": 1_000}),
        ("Voltage", {None: 1_000, "V": 1_000}),
        ("Power.Active.Import", {None: 1_000, "W": 1_000, "kW": 1_000_000}),
        (ENERGY, {None: 1_000, "Wh": 1_000, "kWh": 1_000_000}),
        ("SoC", {None: 1_000, "Percent": 1_000}),
    )
    for unit, factor in units.items()
}
RANKS: dict[str | None, int] = {None: 0, "Outlet": 0, "Cable": 2, "Inlet": 4}
"""Where it was measured, the best first; elsewhere it says nothing."""
NOWHERE = 9
PHASES = ("L1", "L2", "L3")
TO_NEUTRAL = ("L1-N", "L2-N", "L3-N")
PLACES: dict[str | None, int] = {
    None: 0,
    **{name: place for names in (PHASES, TO_NEUTRAL) for place, name in enumerate(names, start=1)},
}

Values = dict[str, list[int | None]]
"""Thousandths by measurand: without a phase, L1, L2, L3; None where nothing was told."""


def currents(values: Values) -> tuple[int, ...] | None:
    """mA at L1..; None without phases: nobody knows whether one number is a sum or a phase."""
    told = phases(values.get("Current.Import"))
    return None if told is None else tuple([max(0, current) for current in told])


def phases(told: list[int | None] | None) -> tuple[int, ...] | None:
    """What was told of L1.. without a gap; None otherwise."""
    if told is None:
        return None
    _, first, second, third = told
    if first is None:
        return None
    if second is None:
        return (first,) if third is None else None
    return (first, second) if third is None else (first, second, third)


def by_phase(told: list[int | None] | None) -> tuple[int, ...] | None:
    """What was told of L1.. without a gap, else the one number that was told instead of phases."""
    if told is None:
        return None
    alone = told[0]
    return (alone,) if alone is not None and told[1:] == [None, None, None] else phases(told)


def total(told: list[int | None] | None, *, is_sum: bool = True) -> int | None:
    """The value without a phase, else the sum (or the largest) of the phases."""
    if told is None:
        return None
    if told[0] is not None:
        return told[0]
    parts = phases(told)
    if parts is None:
        return None
    return sum(parts) if is_sum else max(parts)


def whole(thousandths: int | None) -> int | None:
    """Thousandths as whole ones, rounded down."""
    return None if thousandths is None else thousandths // 1_000
