"""Measured values: MeterValues of OCPP 2.x as what the site knows of an EVSE's currents and energy."""

from collections.abc import Iterable
from functools import lru_cache

from edge.dialects.arrival import Arrival
from edge.dialects.quantities import (
    ENERGY,
    FACTORS,
    LIMIT,
    NOWHERE,
    PLACES,
    RANKS,
    TO_NEUTRAL,
    Values,
    by_phase,
    currents,
    total,
    whole,
)
from edge.dialects.v201.words import CONTEXTS
from edge.ocpp.v201.types import MeterValue, SampledValue
from edge.site.events import Sampled, SignedValue

_OFFERED = {"Current.Import.Offered": "Current.Offered"}  # so 2.1 calls it
_NONE = (None, None)


def sampled(
    value: MeterValue, arrival: Arrival, *, evse: int, own_id: str = "", is_offline: bool = False
) -> Sampled:
    """One MeterValue as the site sees it; what is of another place was not told."""
    at_ms = arrival.stamp(value.timestamp)
    values = _values(value.sampled_value)
    context = _context(value.sampled_value)
    return Sampled(
        charger=arrival.charger,
        evse=evse,
        at_ms=at_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        offline=is_offline or arrival.was_offline(at_ms),
        own_id=own_id,
        age_ms=arrival.age_ms(at_ms),
        current_ma=currents(values),
        voltage_mv=by_phase(values.get("Voltage")),
        power_w=whole(total(values.get("Power.Active.Import"))),
        energy_wh=whole(total(values.get(ENERGY))),
        offered_ma=total(values.get("Current.Offered"), is_sum=False),
        soc_percent=whole(values["SoC"][0]) if "SoC" in values else None,
        context=CONTEXTS.get(context, "other") if context else "periodic",
        signed=_signed(value.sampled_value),
    )


def _context(samples: Iterable[SampledValue]) -> str | None:
    """Why it was measured: the first that says so speaks for all."""
    for sample in samples:
        if sample.context is not None:
            return sample.context
    return None


def _values(samples: Iterable[SampledValue]) -> Values:
    """Numbers in thousandths; the outlet's where several places were measured, L1 before L1-N."""
    values: Values = {}
    ranks: dict[tuple[str, int], int] = {}  # of what was not measured at the best place
    for sample in samples:
        measure = sample.unit_of_measure
        unit, power = _NONE if measure is None else (measure.unit, measure.multiplier)
        meant = _meant(sample.measurand, unit, power, sample.phase, sample.location)
        if meant is None:
            continue
        measurand, place, factor, rank = meant
        told = values.get(measurand)
        if told is None:
            told = values[measurand] = [None] * 4
        elif told[place] is not None and rank >= ranks.get((measurand, place), 0):
            continue
        number = sample.value * factor
        if -LIMIT < number < LIMIT:
            told[place] = round(number)
            if rank or ranks:
                ranks[measurand, place] = rank
    return values


@lru_cache(maxsize=256)  # a charger measures the same things again and again
def _meant(
    measurand: str | None, unit: str | None, power: int | None, phase: str | None, location: str | None
) -> tuple[str, int, float, int] | None:
    """Of which measurand and phase it is, how many thousandths its 1 is, and how good the place was."""
    named = _OFFERED.get(measurand or ENERGY, measurand or ENERGY)
    factor, place = FACTORS.get((named, unit)), PLACES.get(phase)
    rank = RANKS.get(location, NOWHERE) + (phase in TO_NEUTRAL)
    if factor is None or place is None or rank >= NOWHERE or not -9 <= (power or 0) <= 9:
        return None
    return named, place, factor * 10.0 ** (power or 0), rank


def _signed(samples: Iterable[SampledValue]) -> tuple[SignedValue, ...]:
    return tuple(
        [
            SignedValue(
                data=signed.signed_meter_data,
                context=CONTEXTS.get(sample.context, "other") if sample.context else "periodic",
                measurand=sample.measurand or ENERGY,
                encoding=signed.encoding_method,
                method=signed.signing_method or "",
                key=signed.public_key or "",
            )
            for sample in samples
            if (signed := sample.signed_meter_value) is not None
        ]
    )
