"""What must outlive a power cut, and the doors through which the site has it kept and finds it again.

The journal implements these. Everything here is awaited from tasks of its own: the control cycle never waits
for a disk.
"""

from typing import Literal, Protocol

import msgspec

from edge.site.events import AnyEvent, Sampled


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as it is kept: what bills, reports and the page read.

    `is_accepted` False: the station began, and was told that this token may not charge. `energy_wh`: what is
    proven, never negative; None while it runs. `flags`: what is odd about it (`edge.core.transaction`).
    `told_id`: what the charger called it where that was not our id. `start_is_sure`, `end_is_sure`: this box
    knew its time then. `told_started_ms`, `told_ended_ms`: what was believed before the clock was set right.
    `token_group`: to which group the card belonged when it began, "" to none; None: that was not kept.
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
    token_group: str | None = None


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
    """What a restart finds: transactions still open, and the highest transaction id ever given.

    `own_ids`: by our ids, what chargers call those of them that they name themselves.
    """

    open_sessions: tuple[Session, ...]
    last_transaction_id: int
    own_ids: dict[int, str] = {}


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
    transaction_id: int | None = None
    """Ours."""
    seq_no: int = 0
    """How much of the transaction that CSMS has been told, where it counts."""
    is_offline: bool = False
    """That CSMS could not be told when it happened."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What still waits for one CSMS."""

    waiting: int
    parked: int
    oldest_ms: int | None


class Outbox(Protocol):
    """The rows that wait for a CSMS, in order per charger."""

    async def next(self, csms: str, charger: str) -> Delivery | None:
        """The oldest row of this charger that is neither confirmed nor parked; None when drained."""

    async def confirm(
        self, delivery: Delivery, *, cloud_transaction_id: str | None = None, is_numbered: bool = False
    ) -> None:
        """The CSMS answered it; a started transaction's foreign id is kept with the confirmation.

        `is_numbered`: it bore the transaction's next number.
        """

    async def retry(self, delivery: Delivery, *, error: str) -> None:
        """The CSMS answered with an error: count the attempt, keep the row at its place."""

    async def park(self, delivery: Delivery, *, error: str) -> None:
        """Set the row and everything of the same transaction aside: visible, retriable, never deleted."""

    async def backlog(self, csms: str) -> Backlog:
        """How much waits, over all chargers."""

    async def backlogs(self, csms: str) -> dict[str, Backlog]:
        """How much waits, by charger; only those of which anything does."""

    def linked(self, csms: str, charger: str, *, is_up: bool) -> None:
        """Whether that CSMS hears of this charger at once now."""

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

    async def unconfirmed(self) -> list[Unconfirmed]:
        """Starts and ends of transactions that wait for a CSMS, or were set aside."""

    async def story(self, transaction_id: int) -> list[Told]:
        """Everything that was kept of it, in the order in which it came: start, samples, states, end."""


class Books(Protocol):
    """What the billing office reads and seals. A record is made once and never changed."""

    async def ended(self) -> None:
        """Return when a session has ended since the last call."""

    async def unsealed(self, first: int, limit: int) -> list[Session]:
        """Sessions without a record, from this number on; those that run are among them."""

    async def story(self, transaction_id: int) -> list[Told]:
        """Everything that was kept of a session."""

    async def seal(self, transaction_id: int, *, account: bytes, cdr: bytes, sealed_ms: int) -> None:
        """Keep what was made of a session, unless it has a record.

        Raises JournalFullError, JournalBrokenError.
        """

    async def account(self, transaction_id: int) -> bytes | None:
        """What was sealed of a session; None: nothing yet."""

    async def cdr(self, transaction_id: int) -> bytes | None:
        """Its record; None: it has none yet."""

    async def accounts(
        self, since_ms: int, until_ms: int, *, most: int
    ) -> list[tuple[Session, bytes | None]]:
        """The accepted sessions that ended in this time, by their numbers, and what was sealed of them.

        Raises TooManyError.
        """

    async def cdrs(self, since_ms: int, until_ms: int) -> list[bytes]:
        """The records of the sessions that ended in this time, by their numbers."""

    async def unconfirmed(self) -> list[Unconfirmed]:
        """Starts and ends of transactions that wait for a CSMS, or were set aside."""


class TooManyError(Exception):
    """More sessions than anybody should ask for at once; how many there are."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} sessions")
        self.count = count


class JournalFullError(Exception):
    """No room for another session: new ones must be refused, visibly."""


class JournalBrokenError(Exception):
    """The journal cannot store at all."""


class NotRestorableError(Exception):
    """A copy that cannot take the journal's place; the sentence says why."""
