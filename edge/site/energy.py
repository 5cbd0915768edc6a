"""What an energy register says, believed only as far as registers can go."""

LEAP_WH = 1_000_000  # more than any car holds: no two samples of one transaction are so far apart


class EnergyRegister:
    """The register of one EVSE. A meter's slip is passed over; what it repeats is a new register."""

    __slots__ = ("_doubted_wh", "wh")

    def __init__(self) -> None:
        self.wh: int | None = None
        self._doubted_wh: int | None = None

    def restart(self, wh: int) -> None:
        """A transaction begins at this count."""
        self.wh = wh
        self._doubted_wh = None

    def note(self, told_wh: int) -> None:
        """A sample. Below the last one, or a leap above it, it counts only when the next one agrees."""
        if _may_follow(self.wh, told_wh) or (
            self._doubted_wh is not None and _may_follow(self._doubted_wh, told_wh)
        ):
            self.restart(told_wh)
        else:
            self._doubted_wh = told_wh


def _may_follow(before_wh: int | None, told_wh: int) -> bool:
    return before_wh is None or before_wh <= told_wh <= before_wh + LEAP_WH
