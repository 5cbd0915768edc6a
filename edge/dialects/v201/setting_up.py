"""What an OCPP 2.x charger is told to measure, and asked about itself. Sent None for what it refuses."""

from collections.abc import Generator
from typing import TypeVar

from edge.dialects.charger import Traits
from edge.dialects.v201.charger_probe import RATE_UNIT, evses_of, features_of, units_of, values_of
from edge.dialects.v201.variables import READS, WRITES, Portions, known, write
from edge.ocpp.v201.types import Message

Found = TypeVar("Found")
Steps = Generator[Message, Message | None, Found]

INTERVAL = "SampledDataCtrlr.TxUpdatedInterval"
MEASURANDS = "SampledDataCtrlr.TxUpdatedMeasurands"
AT_START = "SampledDataCtrlr.TxStartedMeasurands"
AT_END = "SampledDataCtrlr.TxEndedMeasurands"
ENERGY = "Energy.Active.Import.Register"
WISHES = (  # the first that a station takes; without currents per phase it cannot be balanced well
    f"Current.Import,{ENERGY},Power.Active.Import,Voltage",
    f"Current.Import,{ENERGY},Power.Active.Import",
    f"Current.Import,{ENERGY}",
    "Current.Import",
)


def wants_watts(portions: Portions) -> Steps[bool]:
    """Whether it takes a power and no current."""
    values = yield from values_of((RATE_UNIT,), portions)
    return units_of(values.get(RATE_UNIT, "")) == ("W",)


def measure(portions: Portions, sample_s: int) -> Steps[bool]:
    """What is right already is not written again: that wears its memory."""
    portions.learn((yield from values_of((READS, WRITES), portions)))
    values = yield from values_of((INTERVAL, MEASURANDS, AT_START, AT_END), portions)
    changes = {}
    if values.get(INTERVAL) != str(sample_s):
        changes[INTERVAL] = str(sample_s)
    for name in (AT_START, AT_END):  # or a bill would have no beginning, or no end
        if ENERGY not in _words(values.get(name)):
            changes[name] = ",".join((*_words(values.get(name)), ENERGY))
    yield from _change(changes, portions)
    if values.get(MEASURANDS) in WISHES:
        return True
    for wish in WISHES:
        if (yield from _change({MEASURANDS: wish}, portions)):
            return True
    return False


def _change(values: dict[str, str], portions: Portions) -> Steps[bool]:
    """Whether all of them were taken."""
    rows = yield from write(list(zip(known(tuple(values)), values.values(), strict=True)), portions.writes)
    taken = [row for row in rows if row.attribute_status in {"Accepted", "RebootRequired"}]
    return len(taken) == len(values)


def traits(portions: Portions) -> Steps[Traits]:
    """How many EVSEs it has, and which controllers."""
    portions.learn((yield from values_of((READS, WRITES), portions)))
    features = yield from features_of(portions)
    return Traits(connectors=(yield from evses_of(portions)), features=",".join(features)[:200])


def _words(value: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())
