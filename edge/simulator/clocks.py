"""The time on a charger's own clock, which may be wrong."""

from collections.abc import Callable

from edge.ocpp.timestamps import epoch_ms, rfc3339


class DeviceClock:
    """A device's wall clock: the true time plus an offset, set right by its peer unless it is stubborn."""

    __slots__ = ("_true_ms", "is_stubborn", "offset_ms")

    def __init__(self, true_ms: Callable[[], int], *, offset_ms: int = 0, is_stubborn: bool = False) -> None:
        self._true_ms = true_ms
        self.offset_ms = offset_ms
        self.is_stubborn = is_stubborn

    def now_ms(self) -> int:
        """Milliseconds since 1970 as this device believes."""
        return self._true_ms() + self.offset_ms

    def stamp(self) -> str:
        """Now, as an OCPP timestamp."""
        return rfc3339(self.now_ms())

    def synchronise(self, current_time: str) -> None:
        """Takes over the time of a BootNotification or Heartbeat answer. Raises Fault when it is none."""
        if not self.is_stubborn:
            self.offset_ms = epoch_ms(current_time) - self._true_ms()
