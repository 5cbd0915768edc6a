"""The two clocks of a Linux box."""

import time
from pathlib import Path

TIMESYNC = Path("/run/systemd/timesync/synchronized")  # made by systemd-timesyncd at its first success


class SystemClock:
    """Wall clock in ms since 1970, and one that never jumps."""

    def now_ms(self) -> int:
        """Wall clock, UTC."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Monotonic; goes on through suspension."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def is_synchronised(self) -> bool:
        """Whether this box knows that its time is right."""
        return TIMESYNC.exists()
