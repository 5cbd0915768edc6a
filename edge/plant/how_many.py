"""How many chargers a connection carries: the same lot with more and more of them, until it is too many."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.core.evse import Evse
from edge.core.lot import Lot
from edge.core.proof import Load, prove
from edge.plant.arrivals import Scenario, arrivals
from edge.plant.controllers import OURS, controller
from edge.plant.days import Day, buildings
from edge.plant.outcome import Outcome

LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
ENOUGH_SHARE = 0.9
ENOUGH_TENTH = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One number of chargers. `is_proven`: their fallbacks fit when this box dies."""

    chargers: int
    outcome: Outcome
    is_proven: bool

    @property
    def is_enough(self) -> bool:
        """Whether the lot delivers nine tenths of all wishes, and nine cars of ten get 70 % of theirs."""
        return self.outcome.share >= ENOUGH_SHARE and self.outcome.tenth_percentile >= ENOUGH_TENTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: this lot with other numbers of its chargers, on these days, up to so `most`."""

    lot: Lot
    scenario: Scenario
    days: int
    seed: int
    most: int
    progress: Callable[[int, int, int], None] = lambda _chargers, _done, _all: None
    """Told the number of chargers that is being tried, and how far that is."""

    def trials(self) -> Iterator[Trial]:
        """Up the ladder until it is too many, then halving the gap."""
        good, bad = 0, self.most + 1
        for chargers in LADDER:
            if chargers > self.most:
                break
            trial = self._tried(chargers)
            yield trial
            if not trial.is_enough:
                bad = chargers
                break
            good = chargers
        while bad <= self.most and bad - good > max(1, good // 16):
            trial = self._tried((good + bad) // 2)
            yield trial
            if trial.is_enough:
                good = trial.chargers
            else:
                bad = trial.chargers

    def _tried(self, chargers: int) -> Trial:
        lot = with_chargers(self.lot, chargers)
        day = Day(
            lot=lot,
            arrivals=arrivals(self.scenario, lot, days=self.days, seed=self.seed),
            buildings=buildings(lot, self.scenario, days=self.days, seed=self.seed),
            controller=controller(OURS, lot),
            seed=self.seed,
        )
        outcome = day.run(lambda done, total: self.progress(chargers, done, total))
        return Trial(chargers=chargers, outcome=outcome, is_proven=_is_proven(lot))


def with_chargers(lot: Lot, count: int) -> Lot:
    """The same circuits with so many EVSEs, each as one of the lot's own, in turn."""
    evses = []
    for number in range(count):
        like = lot.evses[number % len(lot.evses)]
        named = {field: getattr(like, field) for field in Evse.FIELDS}
        evses.append(Evse(**{**named, "id": f"{number + 1:03}"}))
    return Lot(
        lot.tree,
        evses,
        stale_after_ms=lot.stale_after_ms,
        dead_man_ms=lot.dead_man_ms,
        hold_up_ms=lot.hold_up_ms,
        min_on_ms=lot.min_on_ms,
        min_off_ms=lot.min_off_ms,
        tolerance_ma=lot.tolerance_ma,
        voltage_mv=lot.voltage_mv,
    )


def most_proven(lot: Lot, most: int) -> int:
    """How many such chargers, up to `most`, may keep their fallback when this box dies."""
    return max((count for count in range(1, most + 1) if _is_proven(with_chargers(lot, count))), default=0)


def _is_proven(lot: Lot) -> bool:
    loads = [
        Load(
            evse.id,
            circuit=evse.circuit,
            wiring=evse.wiring,
            fallback_ma=evse.credit_ma if evse.has_dead_man else evse.max_ma,
            max_ma=evse.max_ma,
        )
        for evse in lot.evses
    ]
    return all(total.spare_ma >= 0 for total in prove(lot.tree, loads, "declared"))
