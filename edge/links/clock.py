"""The two clocks of a Linux box."""

import time
from pathlib import Path

TIMESYNC = Path("/run/systemd/timesync/synchronized")  # made by systemd-timesyncd at its first success


LOOK_EVERY_MS = 1_000  # the file does not come and go; asking for it at every message would show


class SystemClock:
    """Wall clock in ms since 1970, and one that never jumps."""

    def __init__(self) -> None:
        self._is_synchronised = False
        self._looked_ms: int | None = None

    def now_ms(self) -> int:
        """Wall clock, UTC."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Monotonic; goes on through suspension."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def is_synchronised(self) -> bool:
        """Whether this box knows that its time is right; as of a second ago."""
        now_ms = self.mono_ms()
        if self._looked_ms is None or now_ms - self._looked_ms >= LOOK_EVERY_MS:
            self._looked_ms, self._is_synchronised = now_ms, TIMESYNC.exists()
        return self._is_synchronised
