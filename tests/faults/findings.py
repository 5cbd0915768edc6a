"""What a run of the lot under test has shown, and everything in it that must not be."""

from dataclasses import dataclass, field

from edge.simulator.books import Audit
from tests.faults.judge import Excess


@dataclass(kw_only=True)
class Findings:
    """What a run has shown. `late_ma_ms` is the referee's own word; `unexcused` the judge's."""

    excess_ma_ms: int
    late_ma_ms: int
    longest_ms: int
    bound_ms: int
    unexcused: list[Excess]
    transactions: int
    audit: Audit
    irregularities: list[str]
    undrained: str
    exit_code: int | None
    tracebacks: int
    lives: int
    took_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def unexcused_ma_ms(self) -> int:
        return sum(excess.unexcused_ma_ms for excess in self.unexcused)

    @property
    def is_clean(self) -> bool:
        return not self.faults()

    def faults(self) -> list[str]:
        """Everything that must not be, one sentence each."""
        found = []
        if self.unexcused_ma_ms:
            worst = max(self.unexcused, key=lambda excess: excess.above_ma - excess.excused_ma)
            found.append(f"{self.unexcused_ma_ms / 1e6:.3f} A.s above a limit without excuse, worst {worst}")
        for name in ("lost", "unfinished", "doubled", "altered", "invented"):
            if transactions := getattr(self.audit, name):
                found += [f"{len(transactions)} transactions {name}: {transactions[0]}"]
        found += [f"the CSMS finds odd: {each}" for each in self.irregularities]
        if self.undrained:
            found.append(f"not drained: {self.undrained}")
        if self.exit_code is None:
            found.append("the controller did not stop within 5 s")
        elif self.exit_code != 0:
            found.append(f"the controller ended with {self.exit_code}")
        if self.tracebacks:
            found.append(f"{self.tracebacks} tracebacks in the controller's log")
        return found

    def line(self) -> str:
        return (
            f"{self.excess_ma_ms / 1e6:8.3f} A.s above limits, {self.late_ma_ms / 1e6:.3f} late, "
            f"{self.unexcused_ma_ms / 1e6:.3f} unexcused, longest {self.longest_ms} ms, "
            f"{self.bound_ms // 1_000} s nearly full; "
            f"{self.transactions} transactions, {len(self.audit.lost)} lost, "
            f"{len(self.audit.doubled)} doubled; {self.lives} lives of the controller"
        )
