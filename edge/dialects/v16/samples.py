"""Measured values: OCPP 1.6 MeterValues <-> what the site knows of an EVSE's currents and energy."""

import re
from collections.abc import Iterable
from typing import cast, get_args

from edge.dialects.quantities import (
    FACTORS,
    LIMIT,
    NOWHERE,
    PLACES,
    RANKS,
    Values,
    by_phase,
    currents,
    total,
    whole,
)
from edge.dialects.v16.words import CONTEXTS, READING_CONTEXTS
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16.types import (
    Measurand,
    MeterValue,
    Phase,
    SampledValue,
    TransactionValue,
    Unit,
)
from edge.site.events import Sampled, SignedValue

_ENERGY: Measurand = "Energy.Active.Import.Register"  # the default, section 7.43
_DECIMAL = re.compile(r"\s*([+-]?[0-9]{1,12}(?:[.,][0-9]{0,12})?(?:[eE][+-]?[0-9]{1,2})?)\s*")
_PHASES: tuple[Phase, ...] = ("L1", "L2", "L3")
_TO_NEUTRAL: tuple[Phase, ...] = ("L1-N", "L2-N", "L3-N")
_ALL: Phase | None = None
_MEASURANDS = frozenset(get_args(Measurand))


def sampled(
    value: MeterValue | TransactionValue,
    *,
    charger: str,
    evse: int,
    at_ms: int,
    seen_ms: int,
    is_synchronised: bool,
    offline: bool,
    transaction_id: int | None,
    age_ms: int = 0,
) -> Sampled:
    """One MeterValue as the site sees it; what is no number, or of another place, was not told."""
    values = _values(value.sampled_value)
    context = next((sample.context for sample in value.sampled_value if sample.context), None)
    return Sampled(
        charger=charger,
        evse=evse,
        at_ms=at_ms,
        seen_ms=seen_ms,
        is_synchronised=is_synchronised,
        offline=offline,
        transaction_id=transaction_id,
        age_ms=age_ms,
        current_ma=currents(values),
        voltage_mv=by_phase(values.get("Voltage")),
        power_w=whole(total(values.get("Power.Active.Import"))),
        energy_wh=whole(total(values.get(_ENERGY))),
        offered_ma=total(values.get("Current.Offered"), is_sum=False),
        soc_percent=whole(values["SoC"][0]) if "SoC" in values else None,
        context=CONTEXTS[context] if context else "periodic",
        signed=_signed(value.sampled_value),
    )


def _signed(samples: Iterable[SampledValue]) -> tuple[SignedValue, ...]:
    return tuple(
        [
            SignedValue(
                data=sample.value,
                context=CONTEXTS[sample.context] if sample.context else "periodic",
                measurand=sample.measurand or _ENERGY,
            )
            for sample in samples
            if sample.format == "SignedData" and isinstance(sample.value, str)
        ]
    )


def _values(samples: Iterable[SampledValue]) -> Values:
    """Numbers in thousandths; the outlet's where several places were measured, L1 before L1-N."""
    values: Values = {}
    ranks: dict[tuple[str, int], int] = {}
    for sample in samples:
        measurand = sample.measurand or _ENERGY
        factor = FACTORS.get((measurand, sample.unit))
        place = PLACES.get(sample.phase)
        if factor is None or place is None or sample.format == "SignedData":
            continue
        rank = RANKS.get(sample.location, NOWHERE) + (sample.phase in _TO_NEUTRAL)
        if rank >= ranks.get((measurand, place), NOWHERE):
            continue
        number = _thousandths(sample.value, factor)
        if number is not None:
            values.setdefault(measurand, [None] * 4)[place] = number
            ranks[measurand, place] = rank
    return values


def _thousandths(value: str | float, factor: int) -> int | None:
    """A decimal number times the factor; None when it is none, or no quantity of a parking lot."""
    found = _DECIMAL.fullmatch(value if isinstance(value, str) else str(value))
    if found is None:
        return None
    number = round(float(found[1].replace(",", ".")) * factor)
    return number if -LIMIT < number < LIMIT else None


def meter_value(event: Sampled) -> MeterValue | None:
    """What a sample tells, as a charge point says it; None when it tells nothing."""
    context = READING_CONTEXTS.get(event.context, "Other")
    told: list[tuple[Measurand, int | None, Phase | None, Unit]] = [
        (_ENERGY, _times_1000(event.energy_wh), _ALL, "Wh"),
        *_phase_rows("Current.Import", event.current_ma, _PHASES, "A"),
        *_phase_rows("Voltage", event.voltage_mv, _TO_NEUTRAL, "V"),
        ("Power.Active.Import", _times_1000(event.power_w), _ALL, "W"),
        ("Current.Offered", event.offered_ma, _ALL, "A"),
        ("SoC", _times_1000(event.soc_percent), _ALL, "Percent"),
    ]
    samples = tuple(
        SampledValue(value=_decimal(number), context=context, measurand=measurand, phase=phase, unit=unit)
        for measurand, number, phase, unit in told
        if number is not None
    )
    signed = tuple(_signed_value(each) for each in event.signed)
    if not samples and not signed:
        return None
    return MeterValue(timestamp=rfc3339(event.at_ms), sampled_value=samples + signed)


def _signed_value(signed: SignedValue) -> SampledValue:
    """As it came; a measurand that 1.6 does not know is left out."""
    measurand = signed.measurand if signed.measurand in _MEASURANDS else None
    return SampledValue(
        value=signed.data,
        context=READING_CONTEXTS.get(signed.context, "Other"),
        format="SignedData",
        measurand=cast("Measurand | None", measurand),
    )


def _phase_rows(
    measurand: Measurand, numbers: tuple[int, ...] | None, phases: tuple[Phase, ...], unit: Unit
) -> list[tuple[Measurand, int | None, Phase | None, Unit]]:
    return [(measurand, number, phase, unit) for number, phase in zip(numbers or (), phases, strict=False)]


def _times_1000(number: int | None) -> int | None:
    return None if number is None else number * 1_000


def _decimal(thousandths: int) -> str:
    """Thousandths as a decimal number, exactly."""
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1_000)
    return f"{sign}{whole}" if rest == 0 else f"{sign}{whole}.{rest:03d}"
