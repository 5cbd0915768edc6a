"""Monotonic milliseconds on a board whose ticks wrap every few days."""

import time


class Clock:
    """Must be asked at least once in three days, which every loop here does many times a second."""

    def __init__(self) -> None:
        self._ticks = time.ticks_ms()
        self._since_ms = 0

    def now_ms(self) -> int:
        """Since this clock was made."""
        ticks = time.ticks_ms()
        self._since_ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._since_ms
