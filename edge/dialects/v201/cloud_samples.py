"""What the site knows of an EVSE's currents and energy, as a station of OCPP 2.0.1 tells it to its CSMS."""

from edge.dialects.quantities import ENERGY, PHASES, TO_NEUTRAL
from edge.dialects.v201.words import CONTEXTS
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v201.types import MeterValue, SampledValue, SignedMeterValue, UnitOfMeasure
from edge.site.events import Sampled, SignedValue

_CONTEXTS = {word: context for context, word in CONTEXTS.items()}
MOST_SIGNED = 2_500  # characters of signedMeterData


def meter_value(event: Sampled) -> MeterValue | None:
    """What a sample tells; None when it tells nothing."""
    context = _CONTEXTS.get(event.context, "Other")
    told = [
        (ENERGY, _times_1000(event.energy_wh), None, "Wh"),
        *_rows("Current.Import", event.current_ma, PHASES, "A"),
        *_rows("Voltage", event.voltage_mv, TO_NEUTRAL, "V"),
        ("Power.Active.Import", _times_1000(event.power_w), None, "W"),
        ("Current.Offered", event.offered_ma, None, "A"),
        ("SoC", _times_1000(event.soc_percent), None, "Percent"),
    ]
    values = tuple(
        SampledValue(
            value=number / 1000,
            context=context,
            measurand=measurand,
            phase=phase,
            unit_of_measure=UnitOfMeasure(unit=unit),
        )
        for measurand, number, phase, unit in told
        if number is not None
    )
    signed = tuple(_signed(each) for each in event.signed if len(each.data) <= MOST_SIGNED)
    if not values and not signed:
        return None
    return MeterValue(timestamp=rfc3339(event.at_ms), sampled_value=values + signed)


def register(energy_wh: int, at_ms: int, context: str) -> MeterValue:
    """What the energy register stood at when a transaction began or ended."""
    value = SampledValue(
        value=float(energy_wh),
        context=context,
        measurand=ENERGY,
        unit_of_measure=UnitOfMeasure(unit="Wh"),
    )
    return MeterValue(timestamp=rfc3339(at_ms), sampled_value=(value,))


def _signed(signed: SignedValue) -> SampledValue:
    """As it came; of the number in it nobody here is sure, so it is told as 0 beside the signed data."""
    return SampledValue(
        value=0.0,
        context=_CONTEXTS.get(signed.context, "Other"),
        measurand=signed.measurand or ENERGY,
        signed_meter_value=SignedMeterValue(
            signed_meter_data=signed.data,
            encoding_method=signed.encoding[:50],
            signing_method=signed.method[:50],
            public_key=signed.key[:2500],
        ),
    )


def _rows(
    measurand: str, numbers: tuple[int, ...] | None, phases: tuple[str, ...], unit: str
) -> list[tuple[str, int | None, str | None, str]]:
    return [(measurand, number, phase, unit) for number, phase in zip(numbers or (), phases, strict=False)]


def _times_1000(number: int | None) -> int | None:
    return None if number is None else number * 1_000
