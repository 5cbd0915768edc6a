"""What a charger's own meter says, as an OCPP MeterValue."""

from collections.abc import Iterable
from typing import get_args

from edge.ocpp.v16.types import Measurand, MeterValue, Phase, ReadingContext, SampledValue, Unit
from edge.plant.evse import Evse

_PHASES: tuple[Phase, ...] = ("L1", "L2", "L3")
_NEUTRAL: tuple[Phase, ...] = ("L1-N", "L2-N", "L3-N")
_ENERGY: Measurand = "Energy.Active.Import.Register"
_KNOWN: dict[str, Measurand] = {measurand: measurand for measurand in get_args(Measurand)}

_Value = tuple[str, Unit, Phase | None]


def meter_value(
    evse: Evse, measurands: Iterable[str], *, stamp: str, context: ReadingContext, offered_ma: int
) -> MeterValue:
    """These measurands of an EVSE, phase by phase where the specification has phases.

    Unknown ones are left out; without any that is known, the energy register stands alone.
    """
    wanted = [_KNOWN[name] for name in measurands if name in _KNOWN]
    sampled = [
        SampledValue(value=value, context=context, measurand=measurand, unit=unit, phase=phase)
        for measurand in ([m for m in wanted if _measure(evse, m, offered_ma)] or [_ENERGY])
        for value, unit, phase in _measure(evse, measurand, offered_ma)
    ]
    return MeterValue(timestamp=stamp, sampled_value=tuple(sampled))


def _measure(evse: Evse, measurand: Measurand, offered_ma: int) -> list[_Value]:
    wired = range(evse.plan.wiring.phases)
    match measurand:
        case "Current.Import":
            return [(_thousandths(evse.flowing_ma[p]), "A", _PHASES[p]) for p in wired]
        case "Current.Offered":
            return [(_thousandths(offered_ma), "A", None)]
        case "Voltage":
            return [(_thousandths(evse.voltage_mv), "V", _NEUTRAL[p]) for p in wired]
        case "Power.Active.Import":
            return [(str(sum(evse.flowing_ma) * evse.voltage_mv // 1_000_000), "W", None)]
        case "Energy.Active.Import.Register":
            return [(str(evse.energy_wh), "Wh", None)]
    return []


def _thousandths(number: int) -> str:
    return f"{number // 1_000}.{number % 1_000:03d}"
