"""What is known of every charger and EVSE: the events, folded into the latest state."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from edge.core.evse import AMPERES, DEADLINE_MS, FOLLOW_MS, EvseImage
from edge.site.energy import EnergyRegister
from edge.site.events import (
    AnyEvent,
    ChargerBooted,
    EvseState,
    EvseStatusChanged,
    LinkChanged,
    Sampled,
)
from edge.site.passport import Form
from edge.site.ports import ChargerView

SAMPLE_LAG_MS = 2_000  # a sample may be this much older than its arrival
EMPTY_MS = 5_000  # a bay that has told so long ago that it is free: every meter has seen its car go
EMPTY_AT_LAST_MS = 30_000

PLAIN = Form()

PLUGGED: frozenset[EvseState] = frozenset(
    {"occupied", "charging", "suspended-car", "suspended-evse", "finishing"}
)
CANNOT_CHARGE: frozenset[EvseState] = frozenset(
    {"available", "finishing", "unavailable", "faulted", "reserved"}
)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a session. `departs_ms` by the wall clock, `departs_mono_ms` by the monotonic one."""

    transaction_id: int
    departs_ms: int | None = None
    departs_mono_ms: int | None = None
    energy_wh: int | None = None
    priority: int | None = None


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a passport lets the next step assume of an EVSE; the names are those of `EvseImage`."""

    pause_proven: bool = False
    unit: str = AMPERES
    step_ma: int | None = None
    min_ma: int | None = None
    follow_ms: int = FOLLOW_MS
    deadline_ms: int = DEADLINE_MS
    is_credited: bool = True
    is_on_time: bool = True
    is_tested: bool = False


class ObservedEvse:
    """One EVSE: its state as told, its last sample, and the transaction that runs there."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.status: EvseStatusChanged | None = None
        self.sample: Sampled | None = None
        self.terminals_ma: tuple[int, ...] | None = None
        self.sampled_ms = 0
        self._free_ms = 0  # since when it calls itself free
        self.transaction_id: int | None = None
        self.own_id = ""
        self.token = ""
        self.meter_start_wh = 0
        self._register = EnergyRegister()
        self.arrived_ms = 0
        self.started_at_ms: int | None = None
        self.sleeps = False
        self.need: Need | None = None
        self.token_priority: tuple[int, str] | None = None

    @property
    def priority(self) -> tuple[int, str] | None:
        """What goes before the bay's own priority, and whose it is: the session's, else its token's."""
        if self.need is not None and self.need.priority is not None:
            return self.need.priority, "this session's"
        return self.token_priority

    @property
    def energy_wh(self) -> int | None:
        """What its energy register says, as far as it is believed."""
        return self._register.wh

    @property
    def state(self) -> EvseState | None:
        """As the station told it last."""
        return None if self.status is None else self.status.state

    @property
    def has_car(self) -> bool:
        """Whether a plug is in, as far as anybody said."""
        return self.transaction_id is not None or self.state in PLUGGED

    @property
    def wants(self) -> bool:
        """Whether a driver may charge here now: a transaction runs, and the station agrees."""
        return self.transaction_id is not None and self.state not in CANNOT_CHARGE

    def measured(self, now_ms: int, oldest_ms: int) -> tuple[tuple[int, ...] | None, int]:
        """What flowed on each of its terminals, mA, and when that was so.

        `oldest_ms`: the time of the oldest sample of those that charge. Readings of the meters are held
        against all samples since then: until it is newer, what the car drew must be taken off.

        Most stations send no sample once a car has left: the last one would be believed for minutes. Who says
        that no plug is in has nothing flow; were it otherwise, the meters above would count it as the
        building's.
        """
        if self.state == "available" and self.transaction_id is None:
            age_ms = now_ms - self._free_ms
            is_seen = age_ms >= EMPTY_MS and oldest_ms > self._free_ms
            if is_seen or age_ms >= EMPTY_AT_LAST_MS:
                self._note_empty(self._free_ms)
        return self.terminals_ma, self.sampled_ms

    def note_status(self, event: EvseStatusChanged) -> None:
        """What the station says of it. When another car comes, the last one's sample says nothing more."""
        was_free, is_free = self.state == "available", event.state == "available"
        if is_free and not was_free:
            self._free_ms = event.seen_ms
        elif was_free and not is_free:
            self._note_empty(self._free_ms)
        self.status = event

    def _note_empty(self, at_ms: int) -> None:
        """No plug was in then."""
        if self.terminals_ma is not None and self.sampled_ms < at_ms:
            self.terminals_ma = (0,) * len(self.terminals_ma)
            self.sampled_ms = at_ms

    @property
    def served_wh(self) -> int:
        """Energy of the running session."""
        if self.energy_wh is None or self.transaction_id is None:
            return 0
        return max(0, self.energy_wh - self.meter_start_wh)

    def begin(
        self,
        transaction_id: int,
        token: str,
        meter_wh: int,
        at_ms: int,
        seen_ms: int,
        *,
        sleeps: bool = False,
        token_priority: tuple[int, str] | None = None,
        own_id: str = "",
    ) -> None:
        """A transaction runs here from now on. `sleeps`: its car is known not to wake from a pause."""
        self.own_id = own_id
        self.need = None
        self.token_priority = token_priority
        self.transaction_id = transaction_id
        self.token = token
        self.meter_start_wh = meter_wh
        self._register.restart(meter_wh)
        self.started_at_ms = at_ms
        self.sleeps = sleeps
        self.arrived_ms = seen_ms

    def note_energy(self, told_wh: int) -> None:
        """A sample of its energy register."""
        self._register.note(told_wh)

    def end(self) -> None:
        """No transaction runs here any more."""
        self.transaction_id = None
        self.own_id = ""
        self.token = ""
        self.started_at_ms = None
        self.sleeps = False
        self.need = None
        self.token_priority = None


def model_of(boot: ChargerBooted) -> str:
    """Vendor, model and firmware, by which proofs are kept."""
    return f"{boot.vendor}/{boot.model}/{boot.firmware or ''}"


class ObservedCharger:
    """One charger: link, boots, and its EVSEs by number."""

    def __init__(self, name: str, evses: dict[int, str]) -> None:
        self.name = name
        self.evses = {number: ObservedEvse(evse, number) for number, evse in evses.items()}
        self.boot: ChargerBooted | None = None
        self.status: EvseStatusChanged | None = None
        self.is_linked = False
        self.was_linked = False
        self.address = ""
        self.lost_ms: int | None = None
        self.boots = 0
        self.link_losses = 0
        self.version = 0
        self._view: ChargerView | None = None
        self._changed = asyncio.Event()

    @property
    def link(self) -> Literal["up", "down", "never"]:
        """For the page."""
        if self.is_linked:
            return "up"
        return "down" if self.was_linked else "never"

    @property
    def model(self) -> str:
        """Vendor, model and firmware: what a passport belongs to. Empty before the first boot."""
        return "" if self.boot is None else model_of(self.boot)

    def note(self, event: AnyEvent) -> None:
        """Fold an event in. Transactions are not noted here: they count from their commit on."""
        if isinstance(event, LinkChanged):
            self._note_link(event)
        elif isinstance(event, ChargerBooted):
            self.boot = event
            self.boots += 1
        elif isinstance(event, EvseStatusChanged):
            if event.evse in self.evses:
                self.evses[event.evse].note_status(event)
            else:
                self.status = event
        elif isinstance(event, Sampled):
            self._note_sample(event)
            return
        self.touch()

    def touch(self) -> None:
        """Something that others watch has changed."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, version: int) -> None:
        """Returns as soon as its view is newer."""
        while self.version <= version:
            await self._changed.wait()

    def view(self, form: Form = PLAIN, *, needs_probe: bool = False) -> ChargerView:
        """For uplinks, and for every limit that leaves: made anew when something has changed.

        `form` and `needs_probe` are what its passport says.
        """
        view = self._view
        if (
            view is not None
            and view.version == self.version
            and view.form is form
            and view.needs_probe == needs_probe
        ):
            return view
        statuses = [evse.status for evse in self.evses.values()]
        self._view = ChargerView(
            version=self.version,
            is_linked=self.is_linked,
            boot=self.boot,
            statuses=tuple(each for each in (self.status, *statuses) if each is not None),
            transactions={
                number: evse.transaction_id
                for number, evse in self.evses.items()
                if evse.transaction_id is not None
            },
            own_ids={
                evse.transaction_id: evse.own_id
                for evse in self.evses.values()
                if evse.transaction_id is not None and evse.own_id
            },
            form=form,
            needs_probe=needs_probe,
        )
        return self._view

    def images(self, traits_of: Callable[[str, str], Traits], now_ms: int, oldest_ms: int) -> list[EvseImage]:
        """What the next step may know of its EVSEs; `traits_of` answers for a charger and an EVSE of it.

        `oldest_ms` as of `oldest_sample_ms`.
        """
        return [
            self._image(evse, traits_of(self.name, evse.name), evse.measured(now_ms, oldest_ms))
            for evse in self.evses.values()
        ]

    def _image(
        self, evse: ObservedEvse, traits: Traits, measured: tuple[tuple[int, ...] | None, int]
    ) -> EvseImage:
        need, priority = evse.need, evse.priority
        terminals_ma, sampled_ms = measured
        return EvseImage(
            id=evse.name,
            is_linked=self.is_linked,
            boots=self.boots,
            link_losses=self.link_losses,
            has_car=evse.has_car,
            wants=evse.wants,
            terminals_ma=terminals_ma,
            sampled_ms=sampled_ms,
            arrived_ms=evse.arrived_ms,
            served_wh=evse.served_wh,
            pause_proven=traits.pause_proven,
            says_paused=evse.state == "suspended-evse",
            departs_ms=None if need is None else need.departs_mono_ms,
            wanted_wh=None if need is None else need.energy_wh,
            sleeps=evse.sleeps,
            priority=None if priority is None else priority[0],
            unit=traits.unit,
            step_ma=traits.step_ma,
            min_ma=traits.min_ma,
            follow_ms=traits.follow_ms,
            deadline_ms=traits.deadline_ms,
            is_credited=traits.is_credited,
            is_on_time=traits.is_on_time,
            is_tested=traits.is_tested,
        )

    def _note_link(self, event: LinkChanged) -> None:
        if self.is_linked and not event.is_up:
            self.link_losses += 1
            self.lost_ms = event.seen_ms
        if event.is_up:
            if self.is_linked:  # a second link took the place of one that died unseen
                self.link_losses += 1
            self.was_linked = True
            self.address = event.address
        self.is_linked = event.is_up

    def _note_sample(self, event: Sampled) -> None:
        evse = self.evses.get(event.evse)
        if evse is None or event.offline:  # what was measured while away says nothing about now
            return
        evse.sample = event
        if event.current_ma is not None and all(ma >= 0 for ma in event.current_ma):
            evse.terminals_ma = event.current_ma[:3]
            evse.sampled_ms = event.seen_ms - max(SAMPLE_LAG_MS, event.age_ms)
        if event.energy_wh is not None:
            evse.note_energy(event.energy_wh)


def oldest_sample_ms(chargers: Iterable[ObservedCharger], now_ms: int) -> int:
    """The time of the oldest sample of those that draw; now, where none does."""
    return min(
        (
            evse.sampled_ms
            for charger in chargers
            for evse in charger.evses.values()
            if evse.transaction_id is not None and evse.terminals_ma is not None and any(evse.terminals_ma)
        ),
        default=now_ms,
    )
