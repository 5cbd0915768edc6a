"""Whether guarantee = "proven" would still hold at the next start, by what chargers have proven until now.

Another firmware voids what a model has proven. The books count such a charger at its rating at once; but the
proof of the site is only asked for when it starts, and then it would be too late to tell anybody.
"""

from collections.abc import Callable

from edge.settings.proving import prove_site
from edge.site.blueprint import Blueprint
from edge.site.passports import Passports

ABOUT = "guarantee"


class Promise:
    """Asks again whenever another set of chargers is proven. `alert` is told once when it breaks."""

    def __init__(
        self, blueprint: Blueprint, passports: Passports, alert: Callable[[str, str, str], None]
    ) -> None:
        self._blueprint = blueprint
        self._passports = passports
        self._alert = alert
        self._proven: set[str] | None = None
        self._sentence = ""

    def broken(self) -> tuple[str, ...]:
        """What everybody must see for as long as it is so; empty while it holds."""
        if self._blueprint.settings.guarantee != "proven":
            return ()
        proven = self._passports.proven()
        if proven != self._proven:
            self._proven = proven
            before, self._sentence = self._sentence, self._judged(proven)
            if self._sentence and not before:
                self._alert(ABOUT, "guarantee-broken", self._sentence)
        return (f"{ABOUT}: {self._sentence}",) if self._sentence else ()

    def _judged(self, proven: set[str]) -> str:
        over = [each for each in prove_site(self._blueprint.settings, proven=proven) if each.spare_ma < 0]
        missing = sorted(set(self._blueprint.chargers) - proven)
        if not over or not missing:
            return ""
        worst = min(over, key=lambda each: each.spare_ma)
        carries_a = -(-(worst.rating_ma - worst.spare_ma) // 1_000)
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        return (
            f"{worst.circuit} would carry {carries_a} of {worst.rating_ma // 1_000} A without this box, "
            f"for no fallback of {names} is proven any more: this site would not start again. "
            f"Try ampyard passport {missing[0]} --self-test"
        )
