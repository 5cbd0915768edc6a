"""Whether chargers follow their limits, from the currents that they measure in normal operation.

A smaller limit that binds shows it: the car drew more, and draws no more after a while. How long that took is
known as well as samples are frequent: it is at least as long as the last sample that still showed too much.
"""

from typing import Protocol

import msgspec
from msgspec.structs import replace

from edge.core.evse import FOLLOW_MS, LEAST_MV, TOTAL_WATTS
from edge.core.lot import TOLERANCE_MA
from edge.core.quantities import PHASES
from edge.site.observed import ObservedEvse
from edge.site.passport import MOST_MV, Finding, Form, Proofs

BINDS_MA = 1_000  # it drew so much more than its new limit that the limit is what lowers it
DRAWS_MA = 2_000
GIVES_UP_MS = 60_000
NEAR_MA = 300
APART_MA = 6_000


class Teller(Protocol):
    """Where what was found goes."""

    def proofs(self, charger: str) -> Proofs:
        """What its model has shown."""

    def prove(self, charger: str, proofs: Proofs) -> None:
        """What it has shown from now on."""

    def form(self, charger: str) -> Form:
        """How its limits are written."""

    def finding(self, verdict: str, evidence: str) -> Finding:
        """Found now."""


class _Change(msgspec.Struct):
    """A limit that was confirmed; `above_ms`: how long after it was sent it was still exceeded."""

    limit_ma: int
    before_ma: int
    sent_ms: int
    above_ms: int = 0


class Following:
    """Watches every EVSE's last limit."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._limits: dict[str, int] = {}
        self._drawn: dict[str, int] = {}
        self._changes: dict[str, _Change] = {}
        self._paused: set[str] = set()
        # The limit of which a one-phase car first got a third, and that third
        self._thirds: dict[str, tuple[int, int]] = {}

    def told(self, evse: str, limit_ma: int, sent_ms: int) -> None:
        """A limit was confirmed; a refresh changes nothing."""
        last_ma = self._limits.get(evse)
        self._limits[evse] = limit_ma
        if last_ma == limit_ma:
            return
        drawn_ma = self._drawn.get(evse, 0)
        if limit_ma == 0 and drawn_ma > DRAWS_MA:
            self._paused.add(evse)
        if last_ma is not None and 0 < limit_ma < last_ma and drawn_ma > limit_ma + BINDS_MA:
            self._changes[evse] = _Change(limit_ma=limit_ma, before_ma=drawn_ma, sent_ms=sent_ms)
        else:
            self._changes.pop(evse, None)

    def sampled(self, charger: str, evse: ObservedEvse) -> None:
        """A new sample of an EVSE."""
        if evse.terminals_ma is None:
            return
        is_total = self._teller.form(charger).unit == TOTAL_WATTS
        drawn_ma = sum(evse.terminals_ma) if is_total else max(evse.terminals_ma)
        self._drawn[evse.name] = drawn_ma
        if evse.transaction_id is None:
            self._changes.pop(evse.name, None)
            self._paused.discard(evse.name)
            self._thirds.pop(evse.name, None)
            return
        if evse.name in self._paused and self._limits.get(evse.name) and drawn_ma > DRAWS_MA:
            self._paused.discard(evse.name)
            self._note_waking(charger, evse.name)
        if is_total:
            self._note_parts(charger, evse)
        change = self._changes.get(evse.name)
        if change is not None:
            self._note_change(charger, evse, change, drawn_ma)

    def _note_change(self, charger: str, evse: ObservedEvse, change: _Change, drawn_ma: int) -> None:
        after_ms = evse.sampled_ms - change.sent_ms
        if after_ms <= 0:
            return
        if drawn_ma > change.limit_ma + TOLERANCE_MA:
            change.above_ms = after_ms
            if after_ms > GIVES_UP_MS:
                del self._changes[evse.name]
            return
        del self._changes[evse.name]
        if drawn_ma <= DRAWS_MA:
            return  # the car stopped: that may have been its own doing
        proofs = self._teller.proofs(charger)
        slowest_ms = proofs.follow_ms
        if change.above_ms > FOLLOW_MS:
            slowest_ms = max(slowest_ms or 0, after_ms)
        elif proofs.follows.verdict == "proven" and proofs.follow_ms is not None:
            return  # nothing new: the document is not written again
        elif slowest_ms is None:
            slowest_ms = after_ms
        evidence = (
            f"{evse.name}: {change.before_ma / 1000:.1f} -> {drawn_ma / 1000:.1f} A after "
            f"{change.limit_ma / 1000:g} A, within {after_ms / 1000:.0f} s, in a running session"
        )
        found = self._teller.finding("proven", evidence)
        self._teller.prove(charger, replace(proofs, follows=found, follow_ms=slowest_ms))

    def _note_waking(self, charger: str, evse: str) -> None:
        proofs = self._teller.proofs(charger)
        if proofs.wakes.verdict != "proven":
            found = self._teller.finding("proven", f"{evse}: current flowed again after a pause")
            self._teller.prove(charger, replace(proofs, wakes=found))

    def _note_parts(self, charger: str, evse: ObservedEvse) -> None:
        """A one-phase car that gets a third of a power, and could have had all of it, shows that it divides.

        One such current may be all that the car takes; two that differ as their limits do are the charger's.
        """
        limit_ma, drawn = self._limits.get(evse.name, 0), sorted(evse.terminals_ma or (), reverse=True)
        if len(drawn) != len(PHASES) or drawn[0] <= DRAWS_MA or drawn[1] > BINDS_MA:
            return
        most_ma = limit_ma // len(PHASES)
        if not most_ma * LEAST_MV // MOST_MV - NEAR_MA <= drawn[0] <= most_ma + NEAR_MA:
            return
        first_ma, first_drawn_ma = self._thirds.setdefault(evse.name, (limit_ma, drawn[0]))
        apart_ma, moved_ma = limit_ma - first_ma, drawn[0] - first_drawn_ma
        if apart_ma < 0:
            apart_ma, moved_ma = -apart_ma, -moved_ma
        proofs = self._teller.proofs(charger)
        has_followed = moved_ma >= apart_ma // len(PHASES) * LEAST_MV // MOST_MV - NEAR_MA
        if apart_ma >= APART_MA and has_followed and proofs.divides.verdict != "proven":
            evidence = f"{evse.name}: one phase had a third of the power, {drawn[0] / 1000:.1f} A at last"
            found = self._teller.finding("proven", evidence)
            self._teller.prove(charger, replace(proofs, divides=found))
