"""The doors of the site: what it asks of the world outside, each as small as its one purpose.

Drivers implement these; the site never learns of sockets, files or devices. Everything here is
awaited from tasks of its own: the control cycle never waits for a peer or a disk.
"""

from collections.abc import AsyncIterator, Coroutine
from typing import Any, Literal, Protocol

import msgspec

from edge.site.commands import AnyCommand, Origin, Outcome
from edge.site.events import Answer, AnyEvent, ChargerBooted, EvseStatusChanged, Sampled, TokenAnswer
from edge.site.passport import Form, Passport, Stage
from edge.site.status import Explanation, Status, UplinkStatus


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
    `expires_ms` is monotonic; None lasts until withdrawn.
    """

    name: str
    source: Literal["csms", "mqtt", "page", "contact"]
    kind: Literal["circuit", "chargers", "evse"]
    target: str
    limit_ma: int | None
    expires_ms: int | None


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


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as it is kept: what bills, reports and the page read.

    `is_accepted` False: the station began, and was told that this token may not charge. `energy_wh`: what is
    proven, never negative; None while it runs. `flags`: what is odd about it (`edge.core.transaction`).
    `told_id`: what the charger called it where that was not our id. `start_is_sure`, `end_is_sure`: this box
    knew its time then. `told_started_ms`, `told_ended_ms`: what was believed before the clock was set right.
    """

    transaction_id: int
    charger: str
    evse: int
    token: str
    started_ms: int
    meter_start_wh: int
    ended_ms: int | None = None
    meter_stop_wh: int | None = None
    reason: str | None = None
    last_meter_wh: int | None = None
    is_accepted: bool = True
    energy_wh: int | None = None
    flags: tuple[str, ...] = ()
    told_id: int | None = None
    start_is_sure: bool = True
    end_is_sure: bool = True
    told_started_ms: int | None = None
    told_ended_ms: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is committed at once: an event, what it makes of a session, and who must be told.

    `session` None: the event concerns none. `deliver`: a row for every CSMS of this charger is written too.
    `dedup`: what a repetition of the same message has in common with it; unique per charger.
    `transaction_id`: whose story it belongs to, where neither the event nor a session says so.
    """

    event: AnyEvent
    session: Session | None = None
    deliver: bool = True
    dedup: str | None = None
    transaction_id: int | None = None


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart finds: transactions still open, and the highest transaction id ever given."""

    open_sessions: tuple[Session, ...]
    last_transaction_id: int


class Authority(Protocol):
    """Online authorisation, through the uplink of whoever commands here."""

    def is_reachable(self) -> bool:
        """Whether there is any link to it now."""

    async def authorise(self, charger: str, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """Whether this token may charge at this charger; None: nobody said so in time. Never raises."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in which the wall clock ran evenly, from the moment at which it began.

    `is_sure`: the box knew its time. `wall_ms` and `mono_ms` are the two clocks at that moment.
    """

    wall_ms: int
    mono_ms: int
    is_sure: bool


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """What a clock that was set right has mended: earlier stretches of this boot, and sessions in them."""

    stretches: int
    sessions: tuple[Session, ...]


class Journal(Protocol):
    """Durable memory. What it has answered survives kill -9 and power loss."""

    async def append(self, entry: Entry) -> int:
        """Commit the entry and answer its sequence number. Raises JournalFullError, JournalBrokenError.

        A start is refused while there is still room for the ends of what runs.
        """

    def keep(self, entry: Entry) -> None:
        """Commit the entry soon, together with others; for what no answer promises. Never blocks."""

    async def find_session(self, charger: str, dedup: str) -> Session | None:
        """The session that an earlier entry with this `dedup` of this charger made."""

    async def session(self, transaction_id: int) -> Session | None:
        """A session by our own transaction id."""

    async def resume(self) -> Resumed:
        """What was open when the process before us ended."""

    async def samples(self, transaction_id: int) -> list[Sampled]:
        """What was kept of a transaction's samples, in the order in which they came."""

    async def energy_since(self, token: str, since_ms: int) -> int:
        """What was charged with this token in the sessions that began since then, Wh."""

    async def begin_stretch(self, stretch: Stretch) -> Mended:
        """The wall clock was set, or is sure now, or no more. Mends what an unsure one of this boot dated.

        Raises JournalFullError, JournalBrokenError.
        """


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a transaction's story. `at_ms`: as far as is known today; the event has what was told.

    `stored_ms`: when it was written, by the clock of then. `is_sure`: this box knew its time then, or was
    told it later.
    """

    seq: int
    at_ms: int
    stored_ms: int
    is_sure: bool
    event: AnyEvent


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event that one CSMS must still be told. `message_id` stays the same when repeated."""

    csms: str
    charger: str
    seq: int
    message_id: str
    event: AnyEvent
    attempts: int
    cloud_transaction_id: str | None
    """What that CSMS calls the event's transaction, once it has answered its start."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What still waits for one CSMS, over all chargers."""

    waiting: int
    parked: int
    oldest_ms: int | None


class Outbox(Protocol):
    """The rows that wait for a CSMS, in order per charger."""

    async def next(self, csms: str, charger: str) -> Delivery | None:
        """The oldest row of this charger that is neither confirmed nor parked; None when drained."""

    async def confirm(self, delivery: Delivery, *, cloud_transaction_id: str | None = None) -> None:
        """The CSMS answered it; a started transaction's foreign id is kept with the confirmation."""

    async def retry(self, delivery: Delivery, *, error: str) -> None:
        """The CSMS answered with an error: count the attempt, keep the row at its place."""

    async def park(self, delivery: Delivery, *, error: str) -> None:
        """Set the row and everything of the same transaction aside: visible, retriable, never deleted."""

    async def backlog(self, csms: str) -> Backlog:
        """How much waits."""

    async def cloud_transaction(self, csms: str, transaction_id: int) -> str | None:
        """What that CSMS calls our transaction."""

    async def local_transaction(self, csms: str, charger: str, cloud_transaction_id: str) -> int | None:
        """Our id of what that CSMS calls a transaction."""

    async def wait(self, csms: str, charger: str) -> None:
        """Return when a new row may be there for this charger."""


class Store(Protocol):
    """Documents by kind and key: what must be known after a restart and is no event."""

    async def put_document(self, kind: str, key: str, body: bytes) -> None:
        """Keep it, in the place of an older one."""

    async def delete_document(self, kind: str, key: str) -> None:
        """Keep it no longer; it may be gone already."""

    async def document(self, kind: str, key: str) -> bytes | None:
        """One of them; None: there is none."""

    async def documents(self, kind: str) -> dict[str, bytes]:
        """All of a kind, by key."""


class Unconfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A start or an end that a CSMS has not confirmed."""

    csms: str
    transaction_id: int
    state: Literal["waiting", "parked"]


class Archive(Protocol):
    """What the page and reports read."""

    async def sessions(
        self,
        limit: int,
        *,
        is_running: bool | None = None,
        charger: str | None = None,
        since_ms: int | None = None,
    ) -> list[Session]:
        """The latest sessions, newest first; those that fit what is not None."""

    async def session(self, transaction_id: int) -> Session | None:
        """One of them."""

    async def ended_between(self, since_ms: int, until_ms: int) -> list[Session]:
        """The accepted sessions that ended from `since_ms` on and before `until_ms`, by their numbers."""

    async def unconfirmed(self) -> list[Unconfirmed]:
        """Starts and ends of transactions that wait for a CSMS, or were set aside."""

    async def story(self, transaction_id: int) -> list[Told]:
        """Everything that was kept of it, in the order in which it came: start, samples, states, end."""


class Recorder(Protocol):
    """Keeps recorded steps for explain-and-replay. Never blocks, counts what it had to drop."""

    def record(self, *, digest: str, checkpoint: bytes | None, image: bytes, decision: bytes) -> None:
        """Keep one step."""


class ChargerView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one charger now. `version` grows with every change of the rest.

    `boot`: its last boot as it told it; `statuses`: the latest state of the charger and of each EVSE.
    `transactions`: of each EVSE where one runs. `form`: how it wants its limits; `needs_probe`: nobody has
    asked yet what it can.
    """

    version: int
    is_linked: bool
    boot: ChargerBooted | None
    statuses: tuple[EvseStatusChanged, ...]
    transactions: dict[int, int] = {}
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

    def trouble(self, circuit: str, sentence: str) -> None:
        """Why a circuit's meter is no good; an empty sentence: it is again."""

    def limit(self, limit: Limit) -> None:
        """A bound from outside is set, changed or withdrawn. Raises ValueError on an unknown target."""

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        """Carry a command out: authority, protected settings and audit come first."""

    def notice(self, uplink: UplinkStatus) -> None:
        """An uplink tells how it fares, for the page."""

    def alert(self, about: str, word: str, sentence: str) -> None:
        """Something about a charger, or this box, that somebody must know; shown for a day."""

    def watch(self) -> AsyncIterator[Status]:
        """The latest status, again whenever it changed; a slow reader misses the ones between."""

    def status(self) -> Status:
        """The latest status, now."""

    def explain(self, evse: str) -> Explanation:
        """Why this EVSE is offered what it is offered. Raises KeyError on a name that is not here."""

    def passports(self) -> PassportDoors:
        """What is known of chargers, and how to learn more."""


class JournalFullError(Exception):
    """No room for another session: new ones must be refused, visibly."""


class JournalBrokenError(Exception):
    """The journal cannot store at all."""
