"""The test of one charger's dead man, with a car that draws more than the fallback.

Its upper profile is not renewed, and what it measures must fall to the fallback within T + clock error +
the time to follow: with the link up; with the link cut and refused; over a reboot. Whatever happens, even
when the test is aborted, its limits are renewed at once afterwards; while it lasts the book counts the
rating, and less is sent when others need it, which ends the test.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
from msgspec.structs import replace

from edge.core.lot import CLOCK_ERROR_MS, TOLERANCE_MA
from edge.site.commands import Done, Reset, Trigger
from edge.site.events import Sampled
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.passport import Finding, Stage
from edge.site.passports import Passports
from edge.site.ports import Charger, Clock

MORE_MA = 1_000  # so much above the fallback a car must draw
SECOND_MS = 1_000  # schedules count whole ones
POLL_S = 2.0
READY_S = 90.0  # a current may have to be held before it rises
SETTLE_S = 6.0  # what a station has kept comes within this, once it is back
BACK_S = 300.0
SAMPLE_S = 10  # between two samples, where it does not say
PERFORM_MS = 10_000

Tell = Callable[[Stage, str], None]


class NotProvable(Exception):  # noqa: N818  an outcome: neither proven nor disproved
    """The test could not show anything, and why."""


class _Disproved(Exception):  # noqa: N818  an outcome
    """It was seen not to fall back."""


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One sample: when it was measured, on our monotonic clock, and how much."""

    at_ms: int
    ma: int


class SelfTest:
    """One run at one EVSE."""

    def __init__(
        self,
        charger: ObservedCharger,
        evse: ObservedEvse,
        driver: Charger,
        passports: Passports,
        clock: Clock,
        *,
        fallback_ma: int,
        dead_man_ms: int,
        tell: Tell,
    ) -> None:
        self.charger = charger
        self.evse = evse
        self._driver = driver
        self._passports = passports
        self._clock = clock
        self._fallback_ma = fallback_ma
        self._dead_man_ms = dead_man_ms
        self._tell = tell
        self._offset_ms = passports.clock_offset_ms(charger.name)  # before late samples may blur it
        self._samples: list[_Seen] = []
        self._news = asyncio.Event()

    async def run(self, stages: tuple[Stage, ...]) -> None:
        """Every stage, one after the other; what each shows is kept at once."""
        for stage in stages:
            try:
                found = await self._stage(stage)
            except _Disproved as how:
                found = self._passports.finding("disproved", str(how))
            except NotProvable as why:
                found = self._passports.finding("unknown", f"not provable here: {why}")
            proofs = self._passports.proofs(self.charger.name)
            name = stage.replace("-", "_")
            if found.verdict != "unknown" or getattr(proofs, name).verdict == "unknown":
                self._passports.prove(self.charger.name, replace(proofs, **{name: found}))
            self._tell(stage, f"{found.verdict}: {found.evidence}")

    def sampled(self, event: Sampled) -> None:
        """A sample of this EVSE has come, of now or of the time when it was away."""
        if event.current_ma is None:
            return
        age_ms = max(0, self._clock.now_ms() + (self._offset_ms or 0) - event.at_ms)
        self._samples.append(_Seen(at_ms=event.seen_ms - age_ms, ma=max(event.current_ma)))
        self._news.set()

    async def _stage(self, stage: Stage) -> Finding:
        self._tell(stage, "waits for a car that draws more than the fallback, and for its limit")
        await self._ready()
        with self._held_back():
            await asyncio.sleep(
                self._passports.slowest_answer_s(self.charger.name)
            )  # what is under way counts
            if stage == "link-up":
                return await self._with_the_link_up()
            if stage == "link-cut":
                return await self._with_the_link_cut()
            return await self._over_a_reboot()

    # -- the stages --------------------------------------------------------------------------------------

    async def _with_the_link_up(self) -> Finding:
        fallen = await self._fallen()
        after_s = (fallen.at_ms - self._told_ms) / 1000
        self._passports.hold_back(self.evse.name, is_tested=False)
        self._tell("link-up", f"fell to {fallen.ma / 1000:.1f} A; is renewed, and must rise again")
        try:
            await self._ready()
        except NotProvable:
            raise NotProvable("it fell, but rose no more: that may have been the car") from None
        return self._passports.finding(
            "proven", f"fell to {fallen.ma / 1000:.1f} A {after_s:.0f} s after its last limit, link up"
        )

    async def _fallen(self) -> _Seen:
        """The sample that shows the fallback, in time. Raises _Disproved."""
        limit_ma = self._limit_ma
        while True:
            self._tell("link-up", f"waits for its dead man, {self._left_s()} s at most")
            await self._ask()
            self._check(limit_ma)
            last = self._samples[-1] if self._samples else None
            now_ms = self._clock.mono_ms()
            if last is not None and last.ma <= self._most_ma:
                if last.at_ms < self._earliest_ms:
                    raise NotProvable("the car took less before its time was up")
                return last
            if last is not None and last.at_ms > self._latest_ms:
                raise _Disproved(f"still drew {last.ma / 1000:.1f} A when its dead man was due, link up")
            if now_ms > self._latest_ms + READY_S * 1000:
                raise NotProvable("no samples came")

    async def _with_the_link_cut(self) -> Finding:
        limit_ma, boots, transaction = self._limit_ma, self.charger.boots, self.evse.transaction_id
        latest_ms = self._latest_ms
        async with self._away("link-cut", latest_ms + self._sample_ms - self._clock.mono_ms()):
            back_ms = await self._back("link-cut")
            await self._trigger()
            await self._settle(back_ms, boots)
        self._check(limit_ma)
        if self.evse.transaction_id != transaction:
            raise NotProvable("the session ended meanwhile")
        kept = [each for each in self._samples if latest_ms < each.at_ms < back_ms - SECOND_MS]
        if kept:
            return self._judged(kept, "by what it measured while its link was cut")
        if self.charger.boots != boots:
            raise NotProvable("it booted when it came back, and nothing shows what it drew before")
        live = [each for each in self._samples if each.at_ms >= back_ms - SECOND_MS]
        if not live:
            raise NotProvable("no samples while the link was cut, and none before its limit was due again")
        return self._judged(live[:1], "by its first sample after the cut, before any limit was renewed")

    async def _over_a_reboot(self) -> Finding:
        limit_ma = self._limit_ma
        outcome = await self._driver.perform(
            Reset(charger=self.charger.name, hard=True), deadline_ms=PERFORM_MS
        )
        if not isinstance(outcome, Done):
            raise NotProvable("it does not restart when it is asked to")
        reset_ms, boots = self._clock.mono_ms(), self.charger.boots
        latest_ms = self._latest_ms
        async with self._away("reboot", latest_ms + self._sample_ms - reset_ms):
            back_ms = await self._back("reboot")
            await self._settle(back_ms, boots)
            await asyncio.sleep(SETTLE_S)  # what it kept comes after its boot
        kept = [each for each in self._samples if reset_ms + SECOND_MS < each.at_ms < back_ms - SECOND_MS]
        free = [each for each in kept if each.ma > limit_ma + TOLERANCE_MA]
        if free:
            raise _Disproved(
                f"drew {free[0].ma / 1000:.1f} A after a reboot, above its limit and its fallback"
            )
        late = [each for each in kept if each.at_ms > latest_ms]
        if not late:
            raise NotProvable("no samples while the link was refused")
        if max(each.ma for each in late) == 0:
            raise NotProvable("the reboot ended the charging")
        return self._judged(late, "by what it measured after a reboot without us")

    # -- what they have in common ------------------------------------------------------------------------

    def _judged(self, samples: list[_Seen], how: str) -> Finding:
        worst = max(samples, key=lambda each: each.ma)
        if worst.ma > self._most_ma:
            raise _Disproved(f"drew {worst.ma / 1000:.1f} A after its dead man was due, {how}")
        return self._passports.finding("proven", f"drew {worst.ma / 1000:.1f} A, {how}")

    async def _ready(self) -> None:
        """The car draws clearly more than the fallback, by a limit that allows it."""
        least_ma = self._fallback_ma + MORE_MA
        try:
            async with asyncio.timeout(READY_S):
                while True:
                    self._samples.clear()
                    await self._ask()
                    is_drawing = bool(self._samples) and self._samples[-1].ma > least_ma
                    if is_drawing and self._limit_ma > least_ma:
                        return
        except TimeoutError:
            raise NotProvable(f"needs a car drawing more than {self._fallback_ma / 1000:g} A") from None

    async def _ask(self) -> None:
        """Ask for a sample, and wait for it for a while."""
        self._news.clear()
        await self._trigger()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._news.wait()
                await asyncio.sleep(POLL_S / 4)

    async def _trigger(self) -> None:
        await self._driver.perform(
            Trigger(charger=self.charger.name, evse=self.evse.number, what="meter-values"),
            deadline_ms=PERFORM_MS,
        )

    def _check(self, limit_ma: int) -> None:
        """Whether the test still says something."""
        if self.evse.transaction_id is None:
            raise NotProvable("the session ended")
        if self._limit_ma < limit_ma:
            raise NotProvable("others needed its current meanwhile")

    @contextlib.contextmanager
    def _held_back(self) -> Iterator[None]:
        """Nothing is renewed; afterwards it is, at once, however this ends."""
        self._passports.hold_back(self.evse.name, is_tested=True)
        try:
            yield
        finally:
            self._passports.hold_back(self.evse.name, is_tested=False)

    @contextlib.asynccontextmanager
    async def _away(self, stage: Stage, for_ms: int) -> AsyncIterator[None]:
        """Without a link for so long; whoever ends this early lets it come back."""
        self._samples.clear()
        self._tell(stage, f"its link is cut for {-(-for_ms // 1000)} s")
        await self._driver.stay_away(max(for_ms, SECOND_MS))
        try:
            yield
        finally:
            await self._driver.stay_away(0)

    async def _back(self, stage: Stage) -> int:
        """When it is back, on our monotonic clock."""
        try:
            async with asyncio.timeout(self._dead_man_ms / 1000 + BACK_S):
                while not self.charger.is_linked:
                    await self.charger.changed(self.charger.version)
        except TimeoutError:
            raise NotProvable("it did not come back") from None
        self._tell(stage, "it is back; what did it do meanwhile?")
        return self._clock.mono_ms()

    async def _settle(self, back_ms: int, boots: int) -> None:
        """Its first sample since it is back, or its boot; what it kept has come by then, or comes soon."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while self.charger.boots == boots:
                    if any(each.at_ms >= back_ms - SECOND_MS for each in self._samples):
                        return
                    self._news.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.2):
                            await self._news.wait()

    @property
    def _limit_ma(self) -> int:
        return self._passports.told(self.evse.name)[0]

    @property
    def _told_ms(self) -> int:
        return self._passports.told(self.evse.name)[1]

    @property
    def _sample_ms(self) -> int:
        """How long it must be away for longer, to have measured once when its dead man had fired."""
        said = self._passports.passport(self.charger.name).said
        return 1000 * ((said.sample_s if said is not None else None) or SAMPLE_S) + 2 * SECOND_MS

    @property
    def _most_ma(self) -> int:
        """What it may measure at its fallback."""
        return self._fallback_ma + TOLERANCE_MA

    @property
    def _error_ms(self) -> int:
        """By how much its clock may err: as measured, where it was."""
        known_ms = CLOCK_ERROR_MS if self._offset_ms is None else abs(self._offset_ms) + SECOND_MS
        return min(known_ms, CLOCK_ERROR_MS) + SECOND_MS

    @property
    def _earliest_ms(self) -> int:
        return self._told_ms + self._dead_man_ms - self._error_ms

    @property
    def _latest_ms(self) -> int:
        follow_ms = self._passports.passport(self.charger.name).follow_ms
        return self._told_ms + self._dead_man_ms + self._error_ms + follow_ms

    def _left_s(self) -> int:
        return max(0, -(-(self._latest_ms - self._clock.mono_ms()) // 1000))
