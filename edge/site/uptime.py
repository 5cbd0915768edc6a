"""What was seen of a charger: whether it could be used."""

import msgspec


class Uptime(msgspec.Struct, kw_only=True):
    """What was seen of a charger. `able_ms`: linked, in service and without a fault, of `watched_ms`."""

    watched_ms: int = 0
    able_ms: int = 0
    faults: int = 0
    losses: int = 0

    def add(self, other: "Uptime") -> None:
        """Another day of it."""
        self.watched_ms += other.watched_ms
        self.able_ms += other.able_ms
        self.faults += other.faults
        self.losses += other.losses

    @property
    def permille(self) -> int | None:
        """Of the time that was watched; None: none was."""
        return self.able_ms * 1000 // self.watched_ms if self.watched_ms else None
