"""A grid operator's command as it is kept, told and exported."""

import msgspec

from edge.site.status import Phase3


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn at one moment; None: not measured. `unmeasured`: sessions without a fresh sample."""

    at_ms: int
    grid_w: int | None
    grid_ma: Phase3 | None
    chargers_w: int
    unmeasured: int


class GridCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command. `limit_ma` per phase, None: it was taken back.

    `is_sure`: the box knew its time. `is_fault`: nobody commanded, the contact could not be read.
    """

    at_ms: int
    is_sure: bool
    name: str
    kind: str
    target: str
    limit_ma: int | None
    before: Drawn
    after: Drawn | None = None
    is_fault: bool = False
