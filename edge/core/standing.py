"""Where an EVSE stands in this cycle: everything that is known or must be assumed of it, worked out once."""

from edge.core import learning, ledger, power_sharing, switching
from edge.core.evse import Evse, EvseImage, as_formed
from edge.core.learning import Habit, phases_of
from edge.core.ledger import Book
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.pacing import Pace
from edge.core.quantities import NOTHING, larger, minus, on_phases, plus


class Standing:
    """Currents per grid phase in mA.

    `phases`: those that the car can use, all of the EVSE's until they are learnt. `flowing_ma`: its last
    sample, None when too old. `held_ma`: the highest limit that it may be obeying. `booked_ma`: its worst
    case. `parts`: how a limit that is a power divides. `excess_ma`: by how much it disobeys. `idle_ma`: what
    counts for it at 0 A.
    """

    __slots__ = (
        "book",
        "booked_ma",
        "evse",
        "excess_ma",
        "flowing_ma",
        "habit",
        "held_ma",
        "idle_ma",
        "pace",
        "parts",
        "path",
        "phases",
        "seen",
        "switch",
    )

    def __init__(self, memory: Memory, evse: Evse, seen: EvseImage, now_ms: int) -> None:
        lot = memory.lot
        self.parts = power_sharing.parts_of(evse, seen, memory.habits[evse.id], now_ms)
        evse = as_formed(evse, seen, self.parts.spread)
        self.evse = evse
        self.seen = seen
        self.book: Book = memory.books[evse.id]
        self.pace: Pace = memory.paces[evse.id]
        self.habit: Habit = memory.habits[evse.id]
        self.path = lot.tree.path(evse.circuit)
        self.switch = memory.switches.get(evse.id)
        self.phases = switching.phases(self.switch, evse, phases_of(self.habit, evse))
        self.flowing_ma = ledger.measured(evse, seen, now_ms)
        may_ma = ledger.held_ma(lot, evse, seen, self.book, now_ms, self.parts)
        self.excess_ma = ledger.excess(lot, may_ma, self.phases, self.flowing_ma, seen, self.book, now_ms)
        self.held_ma = evse.max_ma if ledger.is_out_of_sight(seen, self.book, now_ms) else may_ma
        self.booked_ma = ledger.booked(lot, self.held_ma, self.phases, self.flowing_ma)
        self.idle_ma = ledger.idle_ma(lot, evse, seen)

    @property
    def priority(self) -> int:
        """Of the session, its token or the token's group where one has been said, else the EVSE's own."""
        return self.evse.priority if self.seen.priority is None else self.seen.priority

    def most_ma(self, caps: dict[str, tuple[int, str]]) -> int:
        """The most that it may have, whatever the pacing says: itself, its car, and `caps` from outside."""
        most_ma = self.evse.max_ma
        if self.evse.id in caps:
            most_ma = min(most_ma, caps[self.evse.id][0])
        return most_ma if self.habit.cap_ma is None else min(most_ma, self.habit.cap_ma)

    @property
    def is_uneven(self) -> bool:
        """Whether it may load one phase more than another; not where a linked station has no plug."""
        seen, flowing_ma = self.seen, self.flowing_ma
        flows = flowing_ma is not None and max(flowing_ma) > learning.STOPPED_MA
        if seen.is_linked and not seen.has_car and not seen.wants and not flows:
            return False
        if self.switch is not None and self.switch.connected != switching.THREE:
            return True
        return not learning.is_even(self.habit, seen, is_fresh=flowing_ma is not None)

    def book_also(self, lot: Lot, target_ma: int) -> tuple[int, int, int]:
        """How much more must be booked when it is offered `target_ma` as well."""
        more = larger(self.booked_ma, ledger.with_tolerance(lot, on_phases(target_ma, self.phases)))
        return NOTHING if more is self.booked_ma else minus(more, self.booked_ma)

    @property
    def confirmed_ma(self) -> int:
        """Its confirmed offer as a setpoint, 0 where there is none."""
        told_ma = self.book.confirmed_ma or 0
        return power_sharing.as_setpoint_ma(self.parts, self.evse, self.evse.step_ma, told_ma)

    def told_ma(self, setpoint_ma: int) -> int:
        """What an offer of this setpoint says."""
        return power_sharing.told_ma(self.parts, self.evse, setpoint_ma)

    def kept_ma(self) -> int:
        """What it may be told without booking more: at most what it may be obeying already."""
        evse = self.evse
        kept = min(self.pace.setpoint_ma, self.held_ma // evse.step_ma * evse.step_ma)
        return kept if kept >= evse.min_ma else 0


def standings(memory: Memory, seen: dict[str, EvseImage], now_ms: int) -> dict[str, Standing]:
    """Every EVSE of the lot, by its id."""
    return {evse.id: Standing(memory, evse, seen[evse.id], now_ms) for evse in memory.lot.evses}


def sums_of_books(lot: Lot, standing: dict[str, Standing]) -> dict[str, tuple[int, int, int]]:
    """What is booked on every circuit."""
    tree = lot.tree
    sums = dict.fromkeys(tree.names, NOTHING)
    for evse in lot.evses:
        sums[evse.circuit] = plus(sums[evse.circuit], standing[evse.id].booked_ma)
    for name in reversed(tree.names):  # children first
        for child in tree.children(name):
            sums[name] = plus(sums[name], sums[child])
    return sums
