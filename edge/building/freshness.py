"""Which commands are obeyed: each once, soon after it was sent, and no more than somebody could mean."""

from collections import OrderedDict

OLDEST_MS = 60_000
AHEAD_MS = 60_000  # a sender's clock may be so far ahead
MOST_IDS = 1_000
AT_ONCE = 50
EVERY_MS = 200  # after those at once, five a second


class StaleError(ValueError):
    """The command is one of the past, or of a wrong clock."""


class Freshness:
    """Remembers what was answered, so that a command that comes twice is carried out once."""

    def __init__(self, began_ms: int) -> None:
        """`began_ms`: wall clock of the start: what was sent before it may have been answered already."""
        self._began_ms = began_ms
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._left = AT_ONCE
        self._since_ms: int | None = None

    def may_come(self, mono_ms: int) -> bool:
        """Whether one more is looked at now; a flood is not."""
        if self._since_ms is None:
            self._since_ms = mono_ms
        earned = (mono_ms - self._since_ms) // EVERY_MS
        self._since_ms += earned * EVERY_MS
        self._left = min(AT_ONCE, self._left + earned)
        if self._left == 0:
            return False
        self._left -= 1
        return True

    def check(self, at_ms: int, now_ms: int, *, is_sure: bool) -> None:
        """Raises StaleError. `is_sure`: our own clock is right; else only the id tells a repetition."""
        if not is_sure:
            return
        if at_ms < now_ms - OLDEST_MS:
            raise StaleError(
                f"at_ms is {(now_ms - at_ms) // 1000} s ago: not obeyed after {OLDEST_MS // 1000} s"
            )
        if at_ms < self._began_ms <= now_ms:
            raise StaleError("at_ms is before this box's start: what was answered then is not known any more")
        if at_ms > now_ms + AHEAD_MS:
            raise StaleError(f"at_ms is {(at_ms - now_ms) // 1000} s ahead of this box's clock")

    def answered(self, command_id: str) -> bytes | None:
        """What was answered to that id before; None: it is new."""
        return self._answers.get(command_id)

    def note(self, command_id: str, answer: bytes) -> None:
        """It is answered so, now and when it comes again."""
        self._answers[command_id] = answer
        while len(self._answers) > MOST_IDS:
            self._answers.popitem(last=False)
