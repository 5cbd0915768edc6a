"""The machine's clock, as the drivers want it."""

import time


class MachineClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def is_synchronised(self) -> bool:
        return True
