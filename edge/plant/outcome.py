"""What a simulated day came to: session by session, and for the lot."""

from dataclasses import dataclass, field

from edge.plant.arrivals import HOUR_MS, Visit
from edge.plant.wiring import Triple


@dataclass(slots=True, kw_only=True)
class Session:
    """One visit as it went. `wanting_ms`: how long the car was there and not yet full.

    `changes` and `pauses` count while the car is not full; its first offer is no change.
    """

    visit: Visit
    delivered_wh: int = 0
    wanting_ms: int = 0
    changes: int = 0
    pauses: int = 0

    @property
    def wished_wh(self) -> int:
        """What its driver wanted."""
        return self.visit.car.wanted_wh

    @property
    def fulfilment(self) -> float:
        """The part of the wish that was met, 0 to 1."""
        return self.delivered_wh / self.wished_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A current above a rating that no rise of the building within the reaction time explains."""

    at_ms: int
    circuit: str
    phase: int
    above_ma: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The main line at one moment: what the building draws, and everything together."""

    at_ms: int
    building_ma: Triple
    total_ma: Triple


@dataclass(slots=True, kw_only=True)
class Outcome:
    """A whole simulation under one strategy.

    `overload_mas`: current above any rating times its time, in mA x s, with what a building's rise made
    before it could be answered.
    """

    strategy: str
    turned_away: int
    sessions: list[Session] = field(default_factory=list)
    peaks_ma: dict[str, Triple] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    overload_mas: int = 0
    moments: list[Moment] = field(default_factory=list)

    @property
    def wished_wh(self) -> int:
        """All wishes together."""
        return sum(session.wished_wh for session in self.sessions)

    @property
    def delivered_wh(self) -> int:
        """All that was charged."""
        return sum(session.delivered_wh for session in self.sessions)

    @property
    def share(self) -> float:
        """The part of all wishes that was met; 1 when nobody wished."""
        return self.delivered_wh / self.wished_wh if self.sessions else 1.0

    @property
    def tenth_percentile(self) -> float:
        """Nine sessions of ten were fulfilled better than this."""
        ranked = sorted(session.fulfilment for session in self.sessions)
        return ranked[len(ranked) // 10] if ranked else 1.0

    @property
    def worst(self) -> float:
        """The fulfilment of the session that went worst."""
        return min((session.fulfilment for session in self.sessions), default=1.0)

    @property
    def changes_per_hour(self) -> float:
        """Changes of a setpoint for each hour in which a car was not yet full."""
        hours = sum(session.wanting_ms for session in self.sessions) / HOUR_MS
        return sum(session.changes for session in self.sessions) / hours if hours else 0.0

    @property
    def pauses_per_session(self) -> float:
        """How often the mean session was sent to 0 A."""
        return sum(session.pauses for session in self.sessions) / len(self.sessions) if self.sessions else 0.0

    @property
    def peak_ma(self) -> int:
        """The highest current on any phase of the main line."""
        return max(self.peaks_ma["grid"]) if self.peaks_ma else 0
