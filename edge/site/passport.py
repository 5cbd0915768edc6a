"""A charger's passport: what its model proved, what it says of itself, and what is shipped about it.

What a charger says or accepts proves nothing: only a measured current does. A proof belongs to a vendor's
model with one firmware; another firmware has proven nothing yet.
"""

from typing import Literal

import msgspec

from edge.core.evse import AMPERES, LEAST_MV, TOTAL_WATTS, WATTS
from edge.core.quantities import VEHICLE_MINIMUM_MA

Verdict = Literal["proven", "disproved", "unknown"]
Trial = Literal["accepted", "refused", "not tried"]
Stage = Literal["link-up", "link-cut", "reboot"]
STAGES: tuple[Stage, ...] = ("link-up", "link-cut", "reboot")

MOST_MV = 253_000  # phase to neutral, EN 50160: so many W are needed for 6 A at any voltage


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found without a car. None, or empty: the charger did not say.

    `composite`: what it said of its own limit when it was asked, in plain words; never a proof.
    """

    probed_ms: int
    features: tuple[str, ...] = ()
    units: tuple[Literal["A", "W"], ...] = ()
    max_level: int | None = None
    max_periods: int | None = None
    max_profiles: int | None = None
    connectors: int | None = None
    switches_phases: bool | None = None
    measurands: tuple[str, ...] = ()
    sample_s: int | None = None
    default_profile: Trial = "not tried"
    station_profile: Trial = "not tried"
    decimals: Trial = "not tried"
    composite: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Whether something was shown by measured current, when, and by what."""

    verdict: Verdict = "unknown"
    at_ms: int = 0
    evidence: str = ""


UNKNOWN = Finding()


class Proofs(msgspec.Struct, frozen=True, kw_only=True):
    """What a model with this firmware has shown. `follow_ms`: the slowest that it followed a smaller limit.

    `divides`: of a limit in W each phase gets its part. `needs_transaction`: it follows in a running session
    only what names its transaction.
    """

    pauses: Finding = UNKNOWN
    wakes: Finding = UNKNOWN
    follows: Finding = UNKNOWN
    divides: Finding = UNKNOWN
    link_up: Finding = UNKNOWN
    link_cut: Finding = UNKNOWN
    reboot: Finding = UNKNOWN
    follow_ms: int | None = None
    needs_transaction: bool = False

    @property
    def falls_back(self) -> bool:
        """Whether its dead man is proven: with the link up and cut, and no reboot has shown otherwise."""
        is_seen = self.link_up.verdict == self.link_cut.verdict == "proven"
        return is_seen and self.reboot.verdict != "disproved"


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long the charger took to answer limits, of the last so many."""

    count: int
    min_ms: int
    median_ms: int
    max_ms: int


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model before it was met. It gives forms and times, and is never a proof.

    `models`: patterns of what it tells when it boots, with * and ?. `refresh_s`: no limit more often than
    this, to spare its memory; advice, for the dead man's time is the site's.
    """

    name: str
    vendors: tuple[str, ...]
    models: tuple[str, ...]
    confidence: Literal["high", "medium"]
    sources: tuple[str, ...]
    unit: Literal["A", "W"] | None = None
    is_whole: bool = False
    needs_transaction: bool = False
    follow_s: int | None = None
    refresh_s: int | None = None
    notes: tuple[str, ...] = ()


class TestState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a self-test of the dead man is, in a sentence. `is_over`: nothing more will happen."""

    __test__ = False  # not one of ours

    stage: Stage
    sentence: str
    since_ms: int
    is_over: bool = False


class Passport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one charger, and what of it is used: `unit`, `step_ma` and the times.

    `clock_offset_ms`: its clock minus ours, None when no sample has told yet. `is_on_time`: its dead man
    earns credit as far as its clock is concerned; `is_credited`: by the site's guarantee.
    """

    charger: str
    vendor: str
    model: str
    firmware: str
    said: Said | None
    proofs: Proofs
    shipped: Shipped | None
    latency: Latency | None
    clock_offset_ms: int | None
    unit: str
    step_ma: int
    min_ma: int
    follow_ms: int
    deadline_ms: int
    is_on_time: bool
    is_credited: bool
    guarantee: str
    test: TestState | None = None


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a charger wants its limits. `unit` as the core names it.

    `needs_transaction`: a limit in a running session names it. `clock_offset_ms`: by how much the times in a
    limit are shifted, so that a clock beyond the back-date sees it begun.
    """

    unit: str = AMPERES
    step_ma: int = 1_000
    needs_transaction: bool = False
    clock_offset_ms: int = 0


def least_ma(unit: str, step_ma: int) -> int:
    """The smallest setpoint at which a car gets its 6 A at any voltage, in terms of the limit's unit.

    Of a power that is on each phase that the car uses; how many those are the core finds out.
    """
    if unit == AMPERES:
        return VEHICLE_MINIMUM_MA
    ma = -(-VEHICLE_MINIMUM_MA * MOST_MV // LEAST_MV)
    return -(-ma // step_ma) * step_ma


def unit_of(said: Said | None, shipped: Shipped | None, proofs: Proofs, phases: int) -> str:
    """What the charger makes of a limit: what it says goes before what is shipped."""
    spoken = said.units if said is not None else ()
    wants_watts = spoken == ("W",) or (not spoken and shipped is not None and shipped.unit == "W")
    if not wants_watts:
        return AMPERES
    return WATTS if phases == 1 or proofs.divides.verdict == "proven" else TOTAL_WATTS
