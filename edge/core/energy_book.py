"""What a transaction has charged, from readings that may fall, leap, repeat or come late. Pure rules."""

FELL = "register-fell"  # its meter went back: counted is what rose before and after
JUMPED = "register-jumped"  # its meter leapt further than the socket can deliver: the leap is not counted

LEAP_SLACK_WH = 2_000  # registers that count whole kWh, clocks that differ by a minute
NO_CLOCK_WH = 100_000  # where time says nothing: more than any car takes at once


class EnergyBook:
    """What was charged, reading by reading: it never falls, and counts nothing that cannot have been."""

    __slots__ = ("_doubted", "_most_w", "energy_wh", "fell", "jumped", "last_ms", "last_wh")

    def __init__(self, meter_wh: int, at_ms: int, most_w: int) -> None:
        """From this reading on. `most_w`: what the socket can deliver."""
        self.energy_wh = 0
        self.last_wh = meter_wh
        self.last_ms = at_ms
        self.fell = False
        self.jumped = False
        self._most_w = most_w
        self._doubted: tuple[int, int] | None = None

    def note(self, wh: int, at_ms: int) -> None:
        """A sample. A late one is passed over; one that cannot be counts when the next agrees.

        A clock that was set back makes later samples look late; their register has risen.
        """
        if at_ms < self.last_ms and wh <= self.last_wh:
            return
        if self._may_follow(self.last_wh, self.last_ms, wh, at_ms):
            self._take(wh, at_ms, wh - self.last_wh)
        elif self._doubted is not None and self._may_follow(self._doubted[0], self._doubted[1], wh, at_ms):
            self._doubt_was_right()
            self._take(wh, at_ms, wh - self.last_wh)
        else:
            self._doubted = (wh, at_ms)

    def close(self, wh: int, at_ms: int) -> None:
        """The last reading, whatever its time. Nobody will agree with it, so it counts as it is."""
        if not self._may_follow(self.last_wh, self.last_ms, wh, at_ms):
            before = self._doubted
            if before is not None and self._may_follow(before[0], before[1], wh, at_ms):
                self._doubt_was_right()
            else:
                self._mark(wh)
                self.last_wh = wh
        self._take(wh, at_ms, wh - self.last_wh)

    def flags(self) -> "list[str]":
        """The words for what was odd."""
        return ([FELL] if self.fell else []) + ([JUMPED] if self.jumped else [])

    def _take(self, wh: int, at_ms: int, rise_wh: int) -> None:
        self.energy_wh += rise_wh
        self.last_wh = wh
        self.last_ms = at_ms
        self._doubted = None

    def _doubt_was_right(self) -> None:
        """The register goes on from another count: what lies between was not charged, or nobody knows."""
        if self._doubted is not None:
            self._mark(self._doubted[0])
            self.last_wh, self.last_ms = self._doubted

    def _mark(self, wh: int) -> None:
        if wh < self.last_wh:
            self.fell = True
        else:
            self.jumped = True

    def _may_follow(self, before_wh: int, before_ms: int, wh: int, at_ms: int) -> bool:
        passed_ms = at_ms - before_ms
        possible_wh = NO_CLOCK_WH
        if passed_ms > 0:
            possible_wh = self._most_w * passed_ms // 3_600_000 * 5 // 4 + LEAP_SLACK_WH
        return 0 <= wh - before_wh <= possible_wh
