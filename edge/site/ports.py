"""The doors of the site: what it asks of the world outside, each as small as its one purpose.

Drivers implement these; the site never learns of sockets, files or devices. Everything here is
awaited from tasks of its own: the control cycle never waits for a peer. What a disk does: `durable`.
"""

from collections.abc import AsyncIterator, Coroutine
from typing import Any, Literal, Protocol

import msgspec

from edge.site.commands import AnyCommand, Origin, Outcome
from edge.site.events import Answer, AnyEvent, ChargerBooted, EvseStatusChanged, TokenAnswer
from edge.site.grid_command import GridCommand
from edge.site.passport import Form, Passport, Stage
from edge.site.status import Explanation, Status, UplinkStatus
from edge.site.uptime import Uptime


class Clock(Protocol):
    """The two times of a box: one that may jump, one that cannot."""

    def now_ms(self) -> int:
        """Wall clock, ms since 1970, UTC."""

    def mono_ms(self) -> int:
        """Monotonic clock in ms; intervals are measured with this one only."""

    def is_synchronised(self) -> bool:
        """Whether the wall clock is known to be right."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One poll of a circuit's meter, on the grid's phases; positive towards consumption.

    `current_ma` None: the meter answered, but not with three usable phase currents.
    `taken_ms` is the monotonic time at which the request left (the older, safer end).
    `unchanged_since_ms`: since when the raw registers have been bit-identical.
    `magnitude_ma`: the currents without direction, which `phase_power_w` and `voltage_mv` tell.
    """

    circuit: str
    taken_ms: int
    unchanged_since_ms: int
    current_ma: tuple[int, int, int] | None
    voltage_mv: tuple[int, int, int] | None = None
    power_w: int | None = None
    energy_wh: int | None = None
    magnitude_ma: tuple[int, int, int] | None = None
    phase_power_w: tuple[int, int, int] | None = None
    neutral_ma: int | None = None


class SourceReading(msgspec.Struct, frozen=True, kw_only=True):
    """One poll of the meter of the sun or of a battery. `power_w` None: it answered, but not usably.

    Positive is what it gives to the site. `stale_ms`: how old it may grow.
    """

    name: Literal["solar", "battery"]
    taken_ms: int
    power_w: int | None
    energy_wh: int | None
    stale_ms: int


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """An upper bound from outside, by name; the smallest of all wins and is the reason.

    `target` is a circuit (`kind="circuit"`: everything on it; `"chargers"`: our chargers on it together)
    or an EVSE as `bay-1/1` (`kind="evse"`). `limit_ma` per phase; None withdraws the limit of this name.
    `expires_ms` is monotonic; None lasts until withdrawn. `steps`: what counts instead from a monotonic ms
    on, in order. `is_operator`: the grid operator's command, of which evidence is kept; `is_fault`: nobody
    gave it, its contact cannot be read.
    """

    name: str
    source: Literal["csms", "mqtt", "page", "contact", "file"]
    kind: Literal["circuit", "chargers", "evse"]
    target: str
    limit_ma: int | None
    expires_ms: int | None
    is_operator: bool = False
    steps: tuple[tuple[int, int], ...] = ()
    is_fault: bool = False


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The charger accepted the offer. `sent_ms`: when it left, from which its own fall-back counts."""

    sent_ms: int


class OfferRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The charger said no: it keeps what it had."""

    sentence: str


class OfferLost(msgspec.Struct, frozen=True, kw_only=True):
    """No answer in time, or no link: it may have the old or the new value."""

    was_sent: bool


OfferOutcome = Confirmed | OfferRefused | OfferLost


class Charger(Protocol):
    """One charger, whatever it speaks."""

    def offer(
        self, evse: int, limit_ma: int, *, valid_ms: int, deadline_ms: int
    ) -> Coroutine[Any, Any, OfferOutcome]:
        """Set the working limit per phase; by itself the charger falls back `valid_ms` after it was sent.

        What can leave at once leaves before this returns; what comes back must be awaited.

        `deadline_ms` is how long to wait for the answer, from now. Never raises for the peer's faults.
        """

    async def perform(self, command: AnyCommand, *, deadline_ms: int) -> Outcome:
        """Carry out a command; waits at most `deadline_ms` from now. Never raises for the peer's faults."""

    async def probe(self) -> bool:
        """Find out what it can without a car and report it; whether that came about."""

    async def stay_away(self, for_ms: int) -> None:
        """Lose the link, and refuse a new one for so long; 0 lets it come back. Returns when it is lost."""


class Authority(Protocol):
    """Online authorisation, through the uplink of whoever commands here."""

    def is_reachable(self) -> bool:
        """Whether there is any link to it now."""

    async def authorise(self, charger: str, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """Whether this token may charge at this charger; None: nobody said so in time. Never raises."""


class Recorder(Protocol):
    """Keeps recorded steps for explain-and-replay. Never blocks, counts what it had to drop."""

    def record(self, *, digest: str, checkpoint: bytes | None, image: bytes, decision: bytes) -> None:
        """Keep one step."""


class ChargerView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one charger now. `version` grows with every change of the rest.

    `boot`: its last boot as it told it; `statuses`: the latest state of the charger and of each EVSE.
    `transactions`: of each EVSE where one runs; `own_ids`: what the charger calls it, by our id of it, where
    that is not our id. `form`: how it wants its limits; `needs_probe`: nobody has
    asked yet what it can.
    """

    version: int
    is_linked: bool
    boot: ChargerBooted | None
    statuses: tuple[EvseStatusChanged, ...]
    transactions: dict[int, int] = {}
    own_ids: dict[int, str] = {}
    form: Form = Form()
    needs_probe: bool = False


class PassportDoors(Protocol):
    """What people ask of passports. Each raises KeyError on a charger that is not in the site file."""

    def passport(self, charger: str) -> Passport:
        """Everything that is known of one charger."""

    async def probe(self, charger: str) -> Outcome:
        """Ask it anew what it can."""

    def begin_test(self, charger: str, stages: tuple[Stage, ...]) -> Outcome:
        """Test its dead man, if that can be seen now; the passport tells how far it is."""

    async def abort_test(self, charger: str) -> Outcome:
        """End the test; the charger has its limits back when this answers."""


class SiteDoors(Protocol):
    """The functions of the site, as drivers see it."""

    def charger(self, name: str) -> ChargerView:
        """The latest of one charger. Raises KeyError on a name that is not in the site file."""

    async def changed(self, name: str, version: int) -> ChargerView:
        """The latest of one charger, as soon as it is newer than `version`."""

    async def report(self, event: AnyEvent) -> Answer:
        """Something happened at a charger. Answers after what must be stored is stored."""

    def read(self, reading: Reading) -> None:
        """A meter was polled. The latest value wins."""

    def source(self, reading: SourceReading) -> None:
        """The meter of the sun or of a battery was polled."""

    def pulse(self, circuit: str) -> None:
        """The utility's contact has begun a demand window on this circuit."""

    def trouble(self, circuit: str, sentence: str) -> None:
        """Why a circuit's meter is no good; an empty sentence: it is again."""

    def limit(self, limit: Limit) -> None:
        """A bound from outside is set, changed or withdrawn. Raises ValueError on an unknown target."""

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        """Carry a command out: authority, protected settings and audit come first."""

    def notice(self, uplink: UplinkStatus) -> None:
        """An uplink tells how it fares, for the page."""

    def uplinks(self) -> tuple[UplinkStatus, ...]:
        """All uplinks with all of their stations, by name."""

    def alert(self, about: str, word: str, sentence: str) -> None:
        """Something about a charger, or this box, that somebody must know; shown for a day."""

    def watch(self) -> AsyncIterator[Status]:
        """The latest status, again whenever it changed; a slow reader misses the ones between."""

    def status(self) -> Status:
        """The latest status, now."""

    def explain(self, evse: str) -> Explanation:
        """Why this EVSE is offered what it is offered. Raises KeyError on a name that is not here."""

    def evidence(self, since_ms: int, until_ms: int) -> list[GridCommand]:
        """The grid operator's commands from `since_ms` on and before `until_ms`, oldest first."""

    def uptimes(self, begin_ms: int, end_ms: int) -> dict[str, Uptime]:
        """How much of these days each charger could be used."""

    def passports(self) -> PassportDoors:
        """What is known of chargers, and how to learn more."""
