"""When a message of a charger came, and what that says about the times in it."""

import msgspec

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms

_OFFLINE_TOLERANCE_MS = 5_000  # two clocks are never the same
_LONGEST_WAY_MS = 60_000  # with a sample a minute still younger than what samples are forgotten after


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """When a message came, and from whom. `linked_ms`: since when this link stands, wall clock."""

    charger: str
    now_ms: int
    mono_ms: int
    is_synchronised: bool
    linked_ms: int

    def was_offline(self, at_ms: int) -> bool:
        """Whether what happened then happened before this link stood."""
        return at_ms < self.linked_ms - _OFFLINE_TOLERANCE_MS

    def age_ms(self, at_ms: int) -> int:
        """How old what was measured then is by the charger's clock; a minute at most, for clocks err."""
        return min(max(0, self.now_ms - at_ms), _LONGEST_WAY_MS)

    def stamp(self, text: str | None) -> int:
        """The time that the charger gives, else ours: a broken date must not cost a status or a sample."""
        if text is None:
            return self.now_ms
        try:
            return epoch_ms(text)
        except Fault:
            return self.now_ms
