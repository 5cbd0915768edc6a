"""Whether a meter's registers make sense as a given model's, and which model they would make sense as.

A quantity that is far off any grid gives a wrong model away: words in the other order, integers read as
floats, registers that mean something else. What fits by chance is a zero, and zeros alone prove nothing.
"""

from dataclasses import dataclass, replace

from edge.catalogue import MeterModel, meters
from edge.core.registers import BIG, LITTLE

Values = tuple[int | None, ...]

_LOWEST_MV, _HIGHEST_MV = 80_000, 300_000  # of a phase against neutral, anywhere
_LARGEST_MA = 6_300_000
_FREQUENCIES_MHZ = ((45_000, 55_000), (55_000, 65_000))
_LARGEST_W = 5_000_000
_LEAST_WH, _LARGEST_WH = 1_000, 10**11  # a counter that has counted; 100 GWh
_NOISE_W = 100  # of a power next to the product of current and voltage


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well registers fit. `agreements`: independent signs that they do; 0: they do not."""

    agreements: int
    voltage_mv: Values = ()
    current_ma: Values = ()


def fit(model: MeterModel, registers: dict[int, int]) -> Fit:
    """What the registers say as this model's; those of absent fields are not judged."""
    read = {
        field.name: model.values(field, registers)
        for field in (*model.fast, *model.slow)
        if all(start + offset in registers for start in field.at for offset in range(field.width))
    }
    volts, amperes = read.get("voltage", ()), read.get("current", ())
    powers = read.get("phase_power", ())
    signs = [_volts(volts), _amperes(amperes, may_be_negative=model.signed_current)]
    signs += [_powers(powers, volts, amperes), _frequency(read.get("frequency", ()))]
    signs += [_power(read[name]) for name in ("power", "power_import") if name in read]
    signs += [_energy(read[name]) for name in ("energy_import", "energy_export") if name in read]
    if False in signs or not any(signs):
        return Fit(agreements=0)
    return Fit(agreements=sum(sign is True for sign in signs), voltage_mv=volts, current_ma=amperes)


def swapped(model: MeterModel) -> MeterModel:
    """The same model with the words of every value in the other order."""

    def turned(words: str) -> str:
        return LITTLE if words == BIG else BIG

    return replace(
        model,
        fast=tuple(replace(field, words=turned(field.words)) for field in model.fast),
        slow=tuple(replace(field, words=turned(field.words)) for field in model.slow),
    )


def likely_cause(model: MeterModel, registers: dict[int, int]) -> str:
    """Why registers that are no good as this model's may look so; empty where nothing else fits."""
    if fit(model, registers).agreements:
        return ""
    if fit(swapped(model), registers).agreements > 1:
        return "with its words in the other order it would fit: a gateway or a setting swaps them"
    others = [
        other.name
        for other in meters().values()
        if other.name != model.name
        and other.function == model.function
        and fit(other, registers).agreements > 1
    ]
    if others:
        return f"it looks like {' or '.join(others)}"
    return ""


def _volts(values: Values) -> bool | None:
    known = [value for value in values if value]
    if not known:
        return None if not values or None not in values else False
    return all(_LOWEST_MV <= value <= _HIGHEST_MV for value in known)


def _amperes(values: Values, *, may_be_negative: bool) -> bool | None:
    known = [value for value in values if value is not None]
    if not known:
        return False if values else None
    if not all(-_LARGEST_MA <= value <= _LARGEST_MA for value in known):
        return False
    if not may_be_negative and min(known) < 0:
        return False
    return True if any(known) else None


def _powers(powers: Values, volts: Values, amperes: Values) -> bool | None:
    """No phase carries more power than its voltage times its current."""
    if len(powers) != len(volts) or len(powers) != len(amperes):
        return None
    seen = None
    for power, volt, ampere in zip(powers, volts, amperes, strict=True):
        if power is None or volt is None or ampere is None:
            continue
        apparent_w = volt * abs(ampere) // 1_000_000
        if abs(power) > apparent_w * 11 // 10 + _NOISE_W:
            return False
        seen = True if apparent_w > _NOISE_W and abs(power) > apparent_w // 3 else seen
    return seen


def _power(values: Values) -> bool | None:
    if values[0] is None or abs(values[0]) < _NOISE_W:
        return None
    return abs(values[0]) <= _LARGEST_W


def _energy(values: Values) -> bool | None:
    if values[0] is None or 0 <= values[0] < _LEAST_WH:
        return None
    return 0 <= values[0] <= _LARGEST_WH


def _frequency(values: Values) -> bool | None:
    if not values or values[0] in (None, 0):
        return None
    return any(low <= (values[0] or 0) <= high for low, high in _FREQUENCIES_MHZ)
