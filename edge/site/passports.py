"""The passports of the site's chargers: what is learnt of them, kept over restarts, and made use of.

What a charger says is kept per charger; what it proved belongs to its model and firmware, and counts for
every charger of that model. All of it is passive: nobody gets less so that something may be learnt.
"""

import logging
import statistics
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from edge.core.evse import AMPERES, DEADLINE_MS, FOLLOW_MS, MOST_DEADLINE_MS, MOST_FOLLOW_MS
from edge.core.lot import CLOCK_ERROR_MS
from edge.settings.model import EvseSettings
from edge.site.blueprint import Blueprint
from edge.site.events import PassportLearned, Sampled
from edge.site.following import Following
from edge.site.observed import ObservedCharger, Traits
from edge.site.passport import (
    Finding,
    Form,
    Latency,
    Passport,
    Proofs,
    Said,
    Shipped,
    TestState,
    least_ma,
    unit_of,
)
from edge.site.ports import Clock

log = logging.getLogger(__name__)

PASSPORTS = "passport"  # of a charger, by its name: what it said and how fast and on time it is
PROOFS = "proof"  # of a model, as vendor/model/firmware
PAUSES = "pauses"  # how proven pauses were kept before there were passports
LATENCIES = 50
OFFSETS = 12  # samples; the one that was under way for the shortest time tells the clock's offset
KEEP_EVERY_MS = 900_000  # times change with every message, and a card must not wear by that
NOT_TOLD = frozenset({"begin", "end", "interruption-begin", "interruption-end", "other"})

Remember = Callable[[str, str, bytes], None]
Struct = TypeVar("Struct", bound=msgspec.Struct)
FindShipped = Callable[[str, str], Shipped | None]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a charger; another `model` (vendor/model/firmware) makes it void."""

    model: str
    said: Said | None = None
    latency: Latency | None = None
    clock_offset_ms: int | None = None


class _Times:
    """What one charger's messages show: how fast it answers, and its clock."""

    def __init__(self) -> None:
        self.latencies: deque[int] = deque(maxlen=LATENCIES)
        self.offsets: deque[int] = deque(maxlen=OFFSETS)
        self.kept_ms: int | None = None


class Passports:
    """Learns, keeps and answers."""

    def __init__(
        self,
        blueprint: Blueprint,
        observed: dict[str, ObservedCharger],
        clock: Clock,
        remember: Remember,
        *,
        shipped: FindShipped = lambda _vendor, _model: None,
        proven_pauses: set[str] | None = None,
    ) -> None:
        self._blueprint = blueprint
        self._observed = observed
        self._clock = clock
        self._remember = remember
        self._shipped = shipped
        self._proofs: dict[str, Proofs] = {}
        self._kept: dict[str, Kept] = {}
        self._times = {name: _Times() for name in blueprint.chargers}
        self._following = Following(self)
        self.tests: dict[str, TestState] = {}
        self._told: dict[str, tuple[int, int]] = {}
        self._tested: set[str] = set()
        self._traits: dict[str, Traits] = {}  # worked out, until something new is known
        self._forms: dict[str, Form] = {}
        for model in proven_pauses or ():
            self._proofs[model] = Proofs(pauses=Finding(verdict="proven", evidence="known at the start"))

    def resume(self, passports: dict[str, bytes], proofs: dict[str, bytes], pauses: dict[str, bytes]) -> None:
        """Take up what was learnt before; what cannot be read is learnt anew."""
        for model in pauses:
            self._proofs.setdefault(
                model, Proofs(pauses=Finding(verdict="proven", evidence="seen by an earlier version"))
            )
        self._proofs.update(_decoded(proofs, Proofs))
        self._kept.update(_decoded(passports, Kept))

    # -- what is learnt ----------------------------------------------------------------------------------

    def learn(self, event: PassportLearned) -> None:
        """A probe has come back."""
        kept = replace(self._of(event.charger), said=event.said)
        self._keep(event.charger, kept)
        unit = self.form(event.charger).unit
        wants = "A" if unit == AMPERES else f"{unit}, counted at 207 V"
        log.info("%s passport: limits in %s, %s", event.charger, wants, event.said.composite)

    def booted(self, charger: str) -> None:
        """Its clock was set, or not; another firmware has proven nothing yet."""
        self._times[charger].offsets.clear()
        self._forget_traits(charger)
        before, now = self._kept.get(charger), self._observed[charger].model
        if before is not None and before.model != now:
            log.warning("%s was %s and is %s: what that proved is void here", charger, before.model, now)
            self._keep(charger, Kept(model=now))

    def answered(self, evse: str, limit_ma: int, sent_ms: int) -> None:
        """A limit was confirmed, now."""
        charger, _ = self._blueprint.places[evse]
        now_ms = self._clock.mono_ms()
        slowest_ms = self._slowest_ms(charger)
        self._times[charger].latencies.append(max(0, now_ms - sent_ms))
        if self._slowest_ms(charger) != slowest_ms:
            self._forget_traits(charger)
        self._told[evse] = (limit_ma, sent_ms)
        self._following.told(evse, limit_ma, sent_ms)
        self._keep_times(charger, now_ms)

    def refused(self, evse: str) -> None:
        """A limit was refused: where it named its transaction, the next one does not."""
        charger, _ = self._blueprint.places[evse]
        if self.proofs(charger).needs_transaction:
            self.prove(charger, replace(self.proofs(charger), needs_transaction=False))

    def sampled(self, event: Sampled) -> None:
        """A sample tells the clock, and whether a limit was followed."""
        times = self._times[event.charger]
        if event.context not in NOT_TOLD and (not event.offline or event.context == "trigger"):
            wall_ms = self._clock.now_ms() - (self._clock.mono_ms() - event.seen_ms)
            offset_ms = self.clock_offset_ms(event.charger)
            times.offsets.append(event.at_ms - wall_ms)
            if self.clock_offset_ms(event.charger) != offset_ms:
                self._forget_traits(event.charger)
        name = self._blueprint.evse_ids.get((event.charger, event.evse))
        if name is not None and not event.offline:
            self._following.sampled(event.charger, self._observed[event.charger].evses[event.evse])

    def paused(self, evse: str) -> None:
        """0 A was seen to stop a current."""
        charger, _ = self._blueprint.places[evse]
        proofs = self.proofs(charger)
        if proofs.pauses.verdict != "proven" and self._observed[charger].model:
            found = self.finding("proven", f"{evse} stopped its current at 0 A")
            self.prove(charger, replace(proofs, pauses=found))
            log.info("%s stopped its current at 0 A: pausing is proven for %s", evse, self.model(charger))

    def disobeys(self, evse: str, sentence: str) -> None:
        """It accepted a limit, had the time to follow, and draws more. Its transaction is named next time."""
        charger, _ = self._blueprint.places[evse]
        found = self.finding("disproved", f"{evse}: {sentence}")
        self.prove(charger, replace(self.proofs(charger), follows=found, needs_transaction=True))

    def prove(self, charger: str, proofs: Proofs) -> None:
        """What this charger's model has shown from now on."""
        model = self.model(charger)
        if not model or proofs == self._proofs.get(model):
            return
        self._proofs[model] = proofs
        self._traits.clear()
        self._forms.clear()
        self._remember(PROOFS, model, msgspec.json.encode(proofs))
        self._observed[charger].touch()

    def finding(self, verdict: str, evidence: str) -> Finding:
        """Found now."""
        return msgspec.convert(
            {"verdict": verdict, "at_ms": self._clock.now_ms(), "evidence": evidence}, type=Finding
        )

    # -- what is made of it ------------------------------------------------------------------------------

    def told(self, evse: str) -> tuple[int, int]:
        """The limit that an EVSE confirmed last, and when it was sent; 0 and 0 where none was."""
        return self._told.get(evse, (0, 0))

    def model(self, charger: str) -> str:
        """Vendor, model and firmware; empty before it has booted."""
        return self._observed[charger].model

    def proofs(self, charger: str) -> Proofs:
        """What its model has shown."""
        return self._proofs.get(self.model(charger), Proofs())

    def proven(self) -> set[str]:
        """The chargers whose dead man is proven."""
        return {name for name in self._observed if self.proofs(name).falls_back}

    def needs_probe(self, charger: str) -> bool:
        """Whether it was never asked what it can, with this firmware."""
        return bool(self.model(charger)) and self._of(charger).said is None

    def form(self, charger: str) -> Form:
        """How its limits are written."""
        form = self._forms.get(charger)
        if form is None:
            form = self._forms[charger] = self._formed(charger)
        return form

    def _formed(self, charger: str) -> Form:
        kept, proofs, shipped = self._of(charger), self.proofs(charger), self._known(charger)
        offset_ms = self.clock_offset_ms(charger) or 0
        unit = unit_of(kept.said, shipped, proofs, self._phases(charger))
        return Form(
            unit=unit,
            needs_transaction=proofs.needs_transaction or (shipped is not None and shipped.needs_transaction),
            clock_offset_ms=offset_ms if abs(offset_ms) > CLOCK_ERROR_MS else 0,
        )

    def traits(self, charger: str, evse: str) -> Traits:
        """What the next step may assume of an EVSE."""
        traits = self._traits.get(evse)
        if traits is None:
            traits = self._traits[evse] = self._worked_out(charger, evse)
        return traits

    def _worked_out(self, charger: str, evse: str) -> Traits:
        proofs, form = self.proofs(charger), self.form(charger)
        return Traits(
            pause_proven=proofs.pauses.verdict == "proven",
            unit=form.unit,
            step_ma=form.step_ma,
            min_ma=least_ma(form.unit, form.step_ma),
            follow_ms=self._follow_ms(charger),
            deadline_ms=self.deadline_ms(charger),
            is_credited=self.is_credited(charger),
            is_on_time=self.is_on_time(charger),
            is_tested=evse in self._tested,
        )

    def is_credited(self, charger: str) -> bool:
        """Whether the site's guarantee lets its fallback count when it is silent."""
        return self._blueprint.settings.guarantee != "proven" or self.proofs(charger).falls_back

    def is_on_time(self, charger: str) -> bool:
        """Whether its clock is within what the dead man's profile is dated back by."""
        return abs(self.clock_offset_ms(charger) or 0) <= CLOCK_ERROR_MS

    def clock_offset_ms(self, charger: str) -> int | None:
        """Its clock minus ours. What takes long to come looks old: the youngest of the last counts."""
        offsets = self._times[charger].offsets
        return max(offsets) if offsets else self._of(charger).clock_offset_ms

    def deadline_ms(self, charger: str) -> int:
        """How long its answers are waited for: twice the slowest."""
        slowest_ms = self._slowest_ms(charger)
        return min(max(DEADLINE_MS, 2 * slowest_ms), MOST_DEADLINE_MS)

    def slowest_answer_s(self, charger: str) -> float:
        """How long the answer to a limit that has left may take."""
        return min(max(250, 2 * self._slowest_ms(charger)), MOST_DEADLINE_MS) / 1000

    def passport(self, charger: str) -> Passport:
        """Everything about one charger. Raises KeyError."""
        boot, kept = self._observed[charger].boot, self._of(charger)
        form = self.form(charger)
        return Passport(
            charger=charger,
            vendor=boot.vendor if boot else "",
            model=boot.model if boot else "",
            firmware=(boot.firmware or "") if boot else "",
            said=kept.said,
            proofs=self.proofs(charger),
            shipped=self._known(charger),
            latency=self._latency(charger),
            clock_offset_ms=self.clock_offset_ms(charger),
            unit=form.unit,
            step_ma=form.step_ma,
            min_ma=least_ma(form.unit, form.step_ma),
            follow_ms=self._follow_ms(charger),
            deadline_ms=self.deadline_ms(charger),
            is_on_time=self.is_on_time(charger),
            is_credited=self.is_credited(charger),
            guarantee=self._blueprint.settings.guarantee,
            test=self.tests.get(charger),
        )

    def hold_back(self, evse: str, *, is_tested: bool) -> None:
        """Whether an EVSE's offers are held back from now on, to see what it does without them."""
        (self._tested.add if is_tested else self._tested.discard)(evse)
        self._traits.clear()

    # -- inside ------------------------------------------------------------------------------------------

    def _of(self, charger: str) -> Kept:
        kept, model = self._kept.get(charger), self.model(charger)
        return kept if kept is not None and kept.model == model else Kept(model=model)

    def _known(self, charger: str) -> Shipped | None:
        boot = self._observed[charger].boot
        return None if boot is None else self._shipped(boot.vendor, boot.model)

    def _phases(self, charger: str) -> int:
        return max(phases_of(socket) for socket in self._blueprint.chargers[charger].evses)

    def _socket(self, evse: str) -> EvseSettings:
        charger, number = self._blueprint.places[evse]
        return self._blueprint.chargers[charger].evses[number - 1]

    def _follow_ms(self, charger: str) -> int:
        shipped = self._known(charger)
        known_ms = (shipped.follow_s or 0) * 1_000 if shipped is not None else 0
        return min(max(FOLLOW_MS, known_ms, self.proofs(charger).follow_ms or 0), MOST_FOLLOW_MS)

    def _slowest_ms(self, charger: str) -> int:
        seen, kept = self._times[charger].latencies, self._of(charger).latency
        return max(seen) if seen else kept.max_ms if kept is not None else 0

    def _latency(self, charger: str) -> Latency | None:
        seen = self._times[charger].latencies
        if not seen:
            return self._of(charger).latency
        median_ms = round(statistics.median(seen))
        return Latency(count=len(seen), min_ms=min(seen), median_ms=median_ms, max_ms=max(seen))

    def _keep_times(self, charger: str, now_ms: int) -> None:
        times = self._times[charger]
        is_due = times.kept_ms is None or now_ms - times.kept_ms >= KEEP_EVERY_MS
        if is_due and len(times.offsets) >= OFFSETS and self.model(charger):
            times.kept_ms = now_ms
            self._keep(charger, self._of(charger))

    def _forget_traits(self, charger: str) -> None:
        self._forms.pop(charger, None)
        for number in self._blueprint.numbers(charger):
            self._traits.pop(self._blueprint.evse_ids[charger, number], None)

    def _keep(self, charger: str, kept: Kept) -> None:
        now = replace(kept, latency=self._latency(charger), clock_offset_ms=self.clock_offset_ms(charger))
        self._kept[charger] = now
        self._forget_traits(charger)
        self._remember(PASSPORTS, charger, msgspec.json.encode(now))
        self._observed[charger].touch()


def phases_of(socket: EvseSettings) -> int:
    """On how many phases a car may charge there."""
    return 3 if socket.wiring is None else len(socket.wiring)


def _decoded(documents: dict[str, bytes], kind: type[Struct]) -> dict[str, Struct]:
    """Those that can be read."""
    found: dict[str, Struct] = {}
    for key, body in documents.items():
        try:
            found[key] = msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            log.warning("what was kept of %s is learnt anew: %s", key, error)
    return found
