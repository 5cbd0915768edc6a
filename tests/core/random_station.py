"""One charger of a random history: what it believes, what its car draws, what the judge knows of it."""

from dataclasses import dataclass, field

from edge.core.evse import TOTAL_WATTS, Evse, terminals_of


@dataclass(slots=True, kw_only=True)
class Station:
    """What one charger believes, and what the judge's own book says that it may believe.

    `told`: [number, limit, when] of every offer that it may be obeying; number 0: what was before.
    """

    evse: Evse
    clock_error_ms: int
    limit_ma: int | None = None  # none: it gives everything
    falls_at_ms: int = 0
    told: list[tuple[int, int, int]] = field(default_factory=list)
    is_linked: bool = False
    boots: int = 0
    losses: int = 0
    mode: str = "obeys"
    waiting: list[tuple[int, int, bool]] = field(default_factory=list)  # number, when sent, has it arrived
    wants: bool = False
    car: tuple[int, ...] = (0, 1, 2)
    car_max_ma: int = 32_000
    arrived_ms: int = 0
    sample: tuple[int, ...] | None = None
    sampled_ms: int = 0
    pause_proven: bool = True
    leaves_in_ms: int | None = None
    wanted_wh: int | None = None
    sleeps: bool = False
    served_wh: int = 0
    is_lying: bool = False
    has_lied: bool = False  # in this session: nobody can know its phases
    is_ignoring: bool = False  # it confirms and draws what its car takes
    passport: dict[str, object] = field(default_factory=dict)
    is_tested: bool = False
    told_total: bool = False  # its last limit was a power
    believed: list[tuple[int, int]] = field(
        default_factory=list
    )  # when, and the most that it may have obeyed

    @property
    def is_total(self) -> bool:
        return self.passport["unit"] == TOTAL_WATTS

    @property
    def full(self) -> int:
        return terminals_of(self.evse) if self.is_total else 1

    @property
    def is_credited(self) -> bool:
        return bool(self.passport["is_credited"] and self.passport["is_on_time"])

    @property
    def step_ma(self) -> int:
        return self.evse.step_ma if self.passport["step_ma"] is None else int(str(self.passport["step_ma"]))

    def allowed_ma(self, now_ms: int) -> int:
        """On each phase that its car uses."""
        if self.limit_ma is None:
            return self.evse.max_ma
        if self.evse.has_dead_man and now_ms >= self.falls_at_ms:
            return self.evse.fallback_ma if self.passport["is_credited"] else self.evse.max_ma
        told_ma = self.limit_ma // len(self.car) if self.told_total else self.limit_ma
        return min(told_ma, self.evse.max_ma)

    def draws_ma(self, now_ms: int) -> int:
        allowed_ma = self.evse.max_ma if self.is_ignoring else self.allowed_ma(now_ms)
        return min(allowed_ma, self.car_max_ma) if self.wants and allowed_ma >= 6_000 else 0

    def terminals(self, now_ms: int) -> tuple[int, ...]:
        count = 3 if self.evse.wiring is None else len(self.evse.wiring)
        return tuple(self.draws_ma(now_ms) if terminal in self.car else 0 for terminal in range(count))
