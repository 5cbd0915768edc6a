"""What a step remembers for the next one; a checkpoint of it continues in another process, bit for bit."""

from edge.core.background import History
from edge.core.calm import Peaks
from edge.core.demand_window import Window
from edge.core.learning import Habit
from edge.core.ledger import Book
from edge.core.lot import Lot
from edge.core.pacing import Pace
from edge.core.protection import Heat, curve_of
from edge.core.switching import Switch


class Memory:
    """The books, paces and habits of a lot, its meters' recent past; `number` is the last offer's.

    `heats` of the circuits whose protection bears overload, `windows` of those with a demand target,
    `neutrals`: the recent past of neutral conductors, empty where none is measured. `switches` of the EVSEs
    that can change between one phase and three. `peaks` of the backgrounds that a meter tells.
    """

    __slots__ = (
        "books",
        "habits",
        "heats",
        "histories",
        "lot",
        "neutrals",
        "number",
        "paces",
        "peaks",
        "switches",
        "windows",
    )

    def __init__(self, lot: Lot, *, now_ms: int) -> None:
        """Everything is unknown: every EVSE is booked at its maximum from now on."""
        self.lot = lot
        self.number = 0
        self.books = {evse.id: Book(evse=evse.id, since_ms=now_ms) for evse in lot.evses}
        self.paces = {evse.id: Pace(evse=evse.id) for evse in lot.evses}
        self.habits = {evse.id: Habit(evse=evse.id) for evse in lot.evses}
        metered = [name for name in lot.tree.names if lot.tree.circuits[name].is_metered]
        self.histories = {name: History(circuit=name) for name in metered}
        circuits = [lot.tree.circuits[name] for name in lot.tree.names]
        self.heats = {
            each.name: Heat(circuit=each.name)
            for each in circuits
            if curve_of(each.protection, each.rating_ma) is not None
        }
        self.windows = {each.name: Window(circuit=each.name) for each in circuits if each.demand is not None}
        self.neutrals = {name: History(circuit=name) for name in metered}
        self.switches = {evse.id: Switch(evse=evse.id) for evse in lot.evses if evse.can_switch}
        self.peaks = {name: Peaks(circuit=name) for name in metered}

    def checkpoint(self) -> list[object]:
        """Everything as plain lists."""
        return [
            self.number,
            [self.books[evse.id].plain() for evse in self.lot.evses],
            [self.paces[evse.id].plain() for evse in self.lot.evses],
            [self.habits[evse.id].plain() for evse in self.lot.evses],
            [self.histories[name].plain() for name in sorted(self.histories)],
            [self.heats[name].plain() for name in sorted(self.heats)],
            [self.windows[name].plain() for name in sorted(self.windows)],
            [self.neutrals[name].plain() for name in sorted(self.neutrals)],
            [self.switches[name].plain() for name in sorted(self.switches)],
            [self.peaks[name].plain() for name in sorted(self.peaks)],
        ]

    @classmethod
    def restore(cls, lot: Lot, checkpoint: list[object]) -> "Memory":
        """The memory that `checkpoint` describes, for the same lot."""
        memory = cls(lot, now_ms=0)
        memory.number = int(str(checkpoint[0]))
        _fill(memory.books, Book, checkpoint[1])
        _fill(memory.paces, Pace, checkpoint[2])
        _fill(memory.habits, Habit, checkpoint[3])
        _fill(memory.histories, History, checkpoint[4])
        _fill(memory.heats, Heat, checkpoint[5])
        _fill(memory.windows, Window, checkpoint[6])
        _fill(memory.neutrals, History, checkpoint[7])
        _fill(memory.switches, Switch, checkpoint[8])
        _fill(memory.peaks, Peaks, checkpoint[9])
        return memory


def _fill(into: dict, kind: type, plains: object) -> None:  # type: ignore[type-arg]  # one for all kinds
    """Put every record of a kind where it belongs: its first field is the name that it is kept under."""
    if not isinstance(plains, list):
        raise TypeError("a checkpoint is made of lists")
    for plain in plains:
        record = kind.from_plain(plain)  # type: ignore[attr-defined]
        into[getattr(record, kind.FIELDS[0])] = record  # type: ignore[attr-defined]
