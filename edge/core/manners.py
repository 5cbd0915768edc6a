"""How a Modbus device wants to be spoken to: what its catalogue entry says, and the bus heeds."""


class Manners:
    """Times in milliseconds; the defaults suit a device of which nothing special is known.

    `answer_ms`: the longest it thinks before it answers, the wire's own time not counted.
    `gap_ms`: rest between its answer and the next request to it; `write_gap_ms`: between two writes to it;
    `settle_ms`: rest behind a write. `repeats`: how often a request is said again when nothing comes back.
    `longest_read`: registers in one request. `write_function`: 6 or 16, for what a single register is told.
    """

    __slots__ = (
        "answer_ms",
        "gap_ms",
        "longest_read",
        "repeats",
        "settle_ms",
        "write_function",
        "write_gap_ms",
    )

    def __init__(
        self,
        *,
        answer_ms: int = 300,
        gap_ms: int = 0,
        write_gap_ms: int = 0,
        settle_ms: int = 0,
        repeats: int = 0,
        longest_read: int = 125,
        write_function: int = 16,
    ) -> None:
        self.answer_ms = answer_ms
        self.gap_ms = gap_ms
        self.write_gap_ms = write_gap_ms
        self.settle_ms = settle_ms
        self.repeats = repeats
        self.longest_read = longest_read
        self.write_function = write_function
