"""One charger that speaks OCPP: what it tells becomes events, limits and commands become calls."""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from functools import partial
from typing import Any

import msgspec

from edge.chargers.keyring import Keyring
from edge.chargers.ocpp_setup import go_through, set_up
from edge.core.errors import PeerError
from edge.dialects.arrival import Arrival
from edge.dialects.charger import SET_PROFILE, ChargerDialect, Errand, Found, dialect_of
from edge.dialects.forms import Forms
from edge.links.ocppj import Connection
from edge.ocpp.rpc import CallRefused, CallTimedOut, LinkLost
from edge.settings.model import ChargerSettings
from edge.site.commands import AnyCommand, ChangeCredential, NoAnswer, Outcome, Unreachable
from edge.site.events import (
    Acknowledged,
    Answer,
    AnyEvent,
    BootAnswer,
    LinkChanged,
    NotAnswered,
    PassportLearned,
    Sampled,
    StillRuns,
)
from edge.site.ports import ChargerView, Clock, Confirmed, OfferLost, OfferOutcome, OfferRefused, SiteDoors

log = logging.getLogger(__name__)

BOOT_WAIT_S = 3.0  # a station that connects without booting in this time has reconnected
CALL_S = 10.0  # the longest that a command may keep a limit waiting
CLOCK_OFF_MS = 10_000


class OcppCharger:
    """A charger of the site file, over whichever connection is its own now: a `site.ports.Charger`."""

    def __init__(
        self, settings: ChargerSettings, site: SiteDoors, clock: Clock, keyring: Keyring | None = None
    ) -> None:
        """`keyring` learns the password that a charger is given."""
        self.settings = settings
        self._keyring = keyring
        self._site = site
        self._clock = clock
        self._speech: _Speech | None = None
        self._away_until_ms = 0
        self._is_probing = asyncio.Lock()
        self._link: _Link | None = None
        self._turn = asyncio.Lock()
        self._next: Connection | None = None

    async def own(self, connection: Connection) -> None:
        """Live with a connection until it ends. One at a time: a second waits until the first is dead.

        It inherits nothing: what the first was asked has failed by then. A third takes the second's place.
        """
        superseded, self._next = self._next, connection
        if superseded is not None:
            await superseded.close(reason="a newer connection of this station waits")
        if self._turn.locked():
            log.info("%s connected again from %s: waits", self.settings.name, connection.address)
        async with self._turn:
            if self._next is connection:
                self._next = None
                await self._live(connection)

    def offer(
        self, evse: int, limit_ma: int, *, valid_ms: int, deadline_ms: int
    ) -> Coroutine[Any, Any, OfferOutcome]:
        """Renew the upper profile. `sent_ms` is when it was dated, which is what the charger counts from."""
        link = self._link
        if link is not None and link.ready.is_set():
            return self._renew(link, evse, limit_ma, valid_ms, deadline_ms)
        return self._renew_when_ready(link, evse, limit_ma, valid_ms, deadline_ms)

    async def _renew_when_ready(
        self, link: "_Link | None", evse: int, limit_ma: int, valid_ms: int, deadline_ms: int
    ) -> OfferOutcome:
        if link is None:
            return OfferLost(was_sent=False)
        ends_ms = self._clock.mono_ms() + deadline_ms
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                await link.ready.wait()
        except TimeoutError:
            return OfferLost(was_sent=False)
        left_ms = max(0, ends_ms - self._clock.mono_ms())
        return await self._renew(link, evse, limit_ma, valid_ms, left_ms)

    def _renew(
        self, link: "_Link", evse: int, limit_ma: int, valid_ms: int, deadline_ms: int
    ) -> Coroutine[Any, Any, OfferOutcome]:
        """The CALL leaves now, unless another waits for its answer; what becomes of it is awaited."""
        sent_ms = self._clock.mono_ms()
        view = self._site.charger(self.settings.name)
        link.forms.take(view.form)
        payload = link.forms.render(
            evse,
            limit_ma,
            now_ms=self._clock.now_ms(),
            hold_s=valid_ms // 1000,
            transaction=_name_of(view, evse),
        )
        call = link.connection.begin(SET_PROFILE, payload, timeout_s=deadline_ms / 1000)
        return self._outcome(link.dialect, call, sent_ms)

    @staticmethod
    async def _outcome(dialect: ChargerDialect, call: Awaitable[msgspec.Raw], sent_ms: int) -> OfferOutcome:
        try:
            raw = await call
            refusal = dialect.refusal_of(bytes(raw))
        except (CallTimedOut, LinkLost) as fault:
            return OfferLost(was_sent=fault.was_sent)
        except CallRefused as fault:
            return OfferRefused(sentence=f"the charger answers {fault}")
        except PeerError:
            return OfferLost(was_sent=True)
        return Confirmed(sent_ms=sent_ms) if refusal is None else OfferRefused(sentence=refusal)

    async def perform(self, command: AnyCommand, *, deadline_ms: int) -> Outcome:
        """Go through a command's procedure over the link that is there now, as far as it comes."""
        link = self._link
        if link is None:
            return Unreachable()
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                if isinstance(command, ChangeCredential) and self._keyring is not None:
                    return await self._change_credential(link, command, self._keyring)
                return await self._go_through(link, command)
        except (CallTimedOut, LinkLost) as fault:
            return NoAnswer() if fault.was_sent else Unreachable()
        except (TimeoutError, PeerError) as fault:
            log.info(
                "%s: %s: %s", self.settings.name, type(command).__name__, fault or "not answered in time"
            )
            return NoAnswer()

    async def _change_credential(self, link: "_Link", command: ChangeCredential, keyring: Keyring) -> Outcome:
        """The new password is valid before the charger hears of it, the old one until it shows the new."""
        async with keyring.changing(self.settings.name, command.password) as came_of_it:
            outcome = await self._go_through(link, command)
            came_of_it(outcome)
        return outcome

    async def _go_through(self, link: "_Link", command: AnyCommand) -> Outcome:
        own_ids = self._site.charger(self.settings.name).own_ids
        errand = link.dialect.carry_out(command, now_ms=self._clock.now_ms(), own_ids=own_ids)
        return await _run_errand(link, errand)

    # -- its passport ------------------------------------------------------------------------------------

    async def probe(self) -> bool:
        """Find out what it can without a car and report it; whether that came about."""
        link = self._link
        if link is None or not link.ready.is_set():
            return False
        try:
            async with self._is_probing:
                return await self._probe(link)
        except (CallTimedOut, LinkLost, PeerError) as fault:
            log.info("%s: its probe broke off: %s", self.settings.name, fault)
            return False

    async def _probe(self, link: "_Link") -> bool:
        errand = link.dialect.probe(
            max_ma=self.settings.rating_ma or sum(evse.max_ma for evse in self.settings.evses),
            unit=link.forms.unit,
            has_default=link.forms.was_guarded,
            is_idle=not self._site.charger(self.settings.name).transactions,
            now_ms=self._clock.now_ms(),
        )
        said = await _run_errand(link, errand)
        await self._site.report(
            PassportLearned(
                charger=self.settings.name,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                said=said,
            )
        )
        return True

    @property
    def away_s(self) -> int:
        """For how many seconds it must not connect; 0: it may."""
        return max(0, -(-(self._away_until_ms - self._clock.mono_ms()) // 1000))

    async def stay_away(self, for_ms: int) -> None:
        """Lose the link, and refuse a new one for so long; 0 lets it come back now."""
        self._away_until_ms = self._clock.mono_ms() + for_ms if for_ms else 0
        link = self._link
        if for_ms and link is not None:
            await link.connection.close(reason="its dead man is tested")
            await link.is_over.wait()

    # -- a connection's life -----------------------------------------------------------------------------

    async def _live(self, connection: Connection) -> None:
        speech = self._speech
        if speech is None or speech.subprotocol != connection.subprotocol:
            speech = self._speech = _Speech(connection.subprotocol, self.settings)
        link = self._link = _Link(connection, speech, linked_ms=self._clock.now_ms())
        self._recall(link.dialect)
        await self._tell_link(connection, is_up=True)
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_set_up(link))
                await connection.run(partial(self._heard, link))
                keeper.cancel()
        finally:
            self._link = None
            await self._tell_link(connection, is_up=False)
            link.is_over.set()

    def _recall(self, dialect: ChargerDialect) -> None:
        """Tell it what runs, which a charger need not say again."""
        view = self._site.charger(self.settings.name)
        evses = {number: evse for evse, number in view.transactions.items()}
        dialect.recall({own_id: evses[number] for number, own_id in view.own_ids.items()})

    async def _tell_link(self, connection: Connection, *, is_up: bool) -> None:
        await self._site.report(
            LinkChanged(
                charger=self.settings.name,
                at_ms=self._clock.now_ms(),
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                is_up=is_up,
                address=connection.address,
            )
        )

    async def _keep_set_up(self, link: "_Link") -> None:
        """After a boot, and after a reconnect without one, first the dead man, then limits, then the rest."""
        try:
            async with asyncio.timeout(BOOT_WAIT_S):
                await link.booted.wait()
        except TimeoutError:
            log.debug("%s reconnected without a boot", self.settings.name)
        while True:
            has_booted = link.booted.is_set()
            link.booted.clear()
            view = self._site.charger(self.settings.name)
            link.forms.take(view.form)
            await set_up(
                link.connection,
                self.settings,
                link.dialect,
                now_ms=self._clock.now_ms(),
                has_booted=has_booted,
                is_known=view.boot is not None,
                forms=link.forms,
                on_guarded=link.ready.set,
            )
            await self._look_after(link)
            if self._site.charger(self.settings.name).needs_probe:
                await self.probe()
            await link.booted.wait()

    async def _look_after(self, link: "_Link") -> None:
        """Ask about each transaction that was running here, whether it still does."""
        for number, own_id in self._site.charger(self.settings.name).own_ids.items():
            try:
                does = await go_through(link.connection, link.dialect.does_run(own_id))
            except LinkLost:
                return
            await self._site.report(
                StillRuns(
                    charger=self.settings.name,
                    at_ms=self._clock.now_ms(),
                    seen_ms=self._clock.mono_ms(),
                    is_synchronised=self._clock.is_synchronised(),
                    transaction_id=number,
                    own_id=own_id,
                    does=does,
                )
            )

    async def _heard(self, link: "_Link", action: str, raw: msgspec.Raw) -> bytes:
        arrival = Arrival(
            charger=self.settings.name,
            now_ms=self._clock.now_ms(),
            mono_ms=self._clock.mono_ms(),
            is_synchronised=self._clock.is_synchronised(),
            linked_ms=link.linked_ms + min(0, link.forms.clock_offset_ms),
        )
        answer: Answer = Acknowledged()
        for event in link.dialect.events_of(action, raw, arrival):
            said = await self._site.report(event)
            self._check_clock(link, event, arrival)
            if isinstance(said, NotAnswered):
                answer = said
                break
            if not isinstance(said, Acknowledged) or said.total_cost is not None:
                answer = said
        link.was_told()
        if isinstance(answer, BootAnswer) and answer.status == "accepted":
            link.ready.clear()
            link.booted.set()
        return link.dialect.answer_to(action, answer, now_ms=arrival.now_ms)

    def _check_clock(self, link: "_Link", event: AnyEvent, arrival: Arrival) -> None:
        """Say once that a charger's clock is off: it decides when the dead man strikes."""
        offset_ms = event.at_ms - arrival.now_ms
        if isinstance(event, Sampled) and not event.offline and not link.is_clock_off:
            link.is_clock_off = abs(offset_ms) > CLOCK_OFF_MS
            if link.is_clock_off:
                log.warning("%s: its clock is off by %d s", self.settings.name, offset_ms // 1000)


class _Speech:
    """How the charger spoke when it connected last: another version has another dialect, and forms."""

    def __init__(self, subprotocol: str, settings: ChargerSettings) -> None:
        self.subprotocol = subprotocol
        self.dialect = dialect_of(subprotocol)
        self.forms = Forms(settings, self.dialect.offers)


class _Link:
    """What belongs to one connection and dies with it. `ready`: the dead man stands, limits may follow."""

    def __init__(self, connection: Connection, speech: "_Speech", *, linked_ms: int) -> None:
        self.connection = connection
        self.dialect = speech.dialect
        self.forms = speech.forms
        self.linked_ms = linked_ms
        self.booted = asyncio.Event()
        self.ready = asyncio.Event()
        self.is_clock_off = False
        self.is_over = asyncio.Event()
        self._heard: asyncio.Event | None = None

    async def hear(self) -> None:
        """Return when the charger has told something more."""
        self._heard = self._heard or asyncio.Event()
        await self._heard.wait()

    def was_told(self) -> None:
        """The charger has told something: whoever waits goes on."""
        if self._heard is not None:
            self._heard.set()
            self._heard = None


def _name_of(view: ChargerView, evse: int) -> int | str | None:
    """What the charger calls the transaction that runs there."""
    number = view.transactions.get(evse)
    return None if number is None else view.own_ids.get(number, number)


async def _run_errand(link: _Link, errand: Errand[Found]) -> Found:
    """Ask one after the other, and answer what was found. Raises what the link does, but for a CALLERROR."""
    try:
        action, payload = next(errand)
        while True:
            if not action:
                await link.hear()
                action, payload = errand.send(b"")
                continue
            try:
                raw = await link.connection.call(action, payload, timeout_s=CALL_S)
            except CallRefused as refusal:
                action, payload = errand.throw(refusal)
            else:
                action, payload = errand.send(bytes(raw))
    except StopIteration as end:
        found: Found = end.value
        return found
