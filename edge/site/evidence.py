"""Evidence of a grid operator's commands: what was wanted when, and what was drawn before and afterwards."""

import logging

import msgspec

from edge.site.documents import Remember
from edge.site.grid_command import Drawn, GridCommand
from edge.site.ports import Clock, Limit
from edge.site.status import Status

log = logging.getLogger(__name__)

COMMANDS = "grid-command"  # by the moment at which it came
SETTLED_MS = 60_000  # then whatever had to fall has fallen
KEPT_MS = 3 * 366 * 24 * 3_600_000
MOST = 20_000


class Evidence:
    """The commands of a grid operator, kept for three years."""

    def __init__(self, clock: Clock, *, remember: Remember, voltage_mv: int) -> None:
        """`voltage_mv`: where no meter tells one."""
        self._clock = clock
        self._remember = remember
        self._voltage_mv = voltage_mv
        self._rows: dict[str, GridCommand] = {}
        self._open: dict[str, int] = {}  # key -> when to look again
        self._status: Status | None = None
        self._last: dict[str, int | None] = {}

    def resume(self, documents: dict[str, bytes]) -> None:
        """Take up what was kept, but for what is too old."""
        oldest_ms = self._clock.now_ms() - KEPT_MS if self._clock.is_synchronised() else 0
        for key in sorted(documents)[-MOST:]:
            command = msgspec.json.decode(documents[key], type=GridCommand)
            self._last[command.name] = command.limit_ma
            if command.at_ms < oldest_ms:
                self._remember(COMMANDS, key, None)
            else:
                self._rows[key] = command
                if command.after is None:  # the restart came between: what is drawn a minute after it is told
                    self._open[key] = self._clock.mono_ms() + SETTLED_MS

    def note(self, limit: Limit) -> None:
        """A command came. What says nothing new, as after a restart, is none."""
        if self._last.get(limit.name) == limit.limit_ma:
            return
        self._last[limit.name] = limit.limit_ma
        now_ms = self._clock.now_ms()
        key = f"{now_ms:015d} {limit.name}"
        self._rows[key] = GridCommand(
            at_ms=now_ms,
            is_sure=self._clock.is_synchronised(),
            name=limit.name,
            kind=limit.kind,
            target=limit.target,
            limit_ma=limit.limit_ma,
            before=self._drawn(),
            is_fault=limit.is_fault,
        )
        self._open[key] = self._clock.mono_ms() + SETTLED_MS
        self._keep(key)
        words = "free again" if limit.limit_ma is None else f"{limit.limit_ma / 1000:.1f} A per phase"
        who = "its contact cannot be read" if limit.is_fault else "the grid operator"
        log.warning("%s: %s: %s", limit.name, who, words)

    def follow(self, status: Status) -> None:
        """A cycle has passed: what is drawn now is what a command finds, and what the last one led to."""
        self._status = status
        now_ms = self._clock.mono_ms()
        for key in [key for key, due_ms in self._open.items() if now_ms >= due_ms]:
            del self._open[key]
            self._rows[key] = msgspec.structs.replace(self._rows[key], after=self._drawn())
            self._keep(key)

    def between(self, since_ms: int, until_ms: int) -> list[GridCommand]:
        """The commands from `since_ms` on and before `until_ms`, oldest first."""
        return [self._rows[key] for key in sorted(self._rows) if since_ms <= self._rows[key].at_ms < until_ms]

    def _keep(self, key: str) -> None:
        self._remember(COMMANDS, key, msgspec.json.encode(self._rows[key]))

    def _drawn(self) -> Drawn:
        status = self._status
        if status is None:
            return Drawn(at_ms=self._clock.now_ms(), grid_w=None, grid_ma=None, chargers_w=0, unmeasured=0)
        root = next(circuit for circuit in status.circuits if circuit.parent is None)
        meter = root.meter if root.meter is not None and root.meter.state == "fresh" else None
        voltage_mv = self._voltage_mv
        if meter is not None and meter.voltage_mv is not None:
            voltage_mv = sum(meter.voltage_mv) // 3
        return Drawn(
            at_ms=status.at_ms,
            grid_w=None if meter is None else meter.power_w,
            grid_ma=None if meter is None else meter.current_ma,
            chargers_w=sum(sum(evse.measured_ma or ()) for evse in status.evses) * voltage_mv // 1_000_000,
            unmeasured=sum(
                evse.transaction_id is not None and evse.measured_ma is None for evse in status.evses
            ),
        )
