"""What a step remembers for the next one; a checkpoint of it continues in another process, bit for bit."""

from edge.core.background import History
from edge.core.learning import Habit
from edge.core.ledger import Book
from edge.core.lot import Lot
from edge.core.pacing import Pace


class Memory:
    """The books, paces and habits of a lot, its meters' recent past; `number` is the last offer's."""

    __slots__ = ("books", "habits", "histories", "lot", "number", "paces")

    def __init__(self, lot: Lot, *, now_ms: int) -> None:
        """Everything is unknown: every EVSE is booked at its maximum from now on."""
        self.lot = lot
        self.number = 0
        self.books = {evse.id: Book(evse=evse.id, since_ms=now_ms) for evse in lot.evses}
        self.paces = {evse.id: Pace(evse=evse.id) for evse in lot.evses}
        self.habits = {evse.id: Habit(evse=evse.id) for evse in lot.evses}
        metered = [name for name in lot.tree.names if lot.tree.circuits[name].is_metered]
        self.histories = {name: History(circuit=name) for name in metered}

    def checkpoint(self) -> list[object]:
        """Everything as plain lists."""
        return [
            self.number,
            [self.books[evse.id].plain() for evse in self.lot.evses],
            [self.paces[evse.id].plain() for evse in self.lot.evses],
            [self.habits[evse.id].plain() for evse in self.lot.evses],
            [self.histories[name].plain() for name in sorted(self.histories)],
        ]

    @classmethod
    def restore(cls, lot: Lot, checkpoint: list[object]) -> "Memory":
        """The memory that `checkpoint` describes, for the same lot."""
        number, books, paces, habits, histories = checkpoint
        memory = cls(lot, now_ms=0)
        memory.number = int(str(number))
        for plain in _lists(books):
            book = Book.from_plain(plain)
            if isinstance(book, Book):
                memory.books[book.evse] = book
        for plain in _lists(paces):
            pace = Pace.from_plain(plain)
            if isinstance(pace, Pace):
                memory.paces[pace.evse] = pace
        for plain in _lists(habits):
            habit = Habit.from_plain(plain)
            if isinstance(habit, Habit):
                memory.habits[habit.evse] = habit
        for plain in _lists(histories):
            history = History.from_plain(plain)
            if isinstance(history, History):
                memory.histories[history.circuit] = history
        return memory


def _lists(value: object) -> list[list[object]]:
    if not isinstance(value, list):
        raise TypeError("a checkpoint is made of lists")
    return value
