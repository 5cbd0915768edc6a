"""How transactions end: told by their charger, told under an id that nobody knows, or not told at all.

Pure: what becomes of a session. `transactions` keeps what is open and commits what is decided here.
"""

from msgspec.structs import replace

from edge.core import transaction
from edge.core.energy_book import EnergyBook
from edge.site.durable import Entry, Session
from edge.site.events import EvseStatusChanged, Sampled, TransactionEnded
from edge.site.tokens import key_of

SAMPLE_MS = 60_000  # one is kept in each: balancing needs more than the books do


class OpenTransaction:
    """A session that runs, what it has charged, and what was kept of it last."""

    __slots__ = ("book", "kept_minute", "kept_state", "session", "stale_since_ms")

    def __init__(self, session: Session, most_w: int) -> None:
        """`most_w`: what its socket can deliver."""
        self.session = session
        self.book = EnergyBook(session.meter_start_wh, session.started_ms, most_w)
        self.kept_minute: int | None = None
        self.kept_state: str | None = None
        self.stale_since_ms: int | None = None

    def redate(self, session: Session) -> int:
        """Take over its mended start; by how much that was moved."""
        moved_ms = session.started_ms - self.session.started_ms
        self.session = replace(
            self.session,
            started_ms=session.started_ms,
            told_started_ms=session.told_started_ms,
            start_is_sure=session.start_is_sure,
        )
        self.book.last_ms += moved_ms
        return moved_ms

    def note(self, sample: Sampled) -> None:
        """Count its energy."""
        if sample.energy_wh is not None:
            self.book.note(sample.energy_wh, sample.at_ms)

    def keeps(self, sample: Sampled) -> bool:
        """Whether this sample goes into the journal: the first of each minute, and what marks a moment.

        Of each minute by the clock, so that those of all chargers come together and share a commit.
        """
        minute = sample.at_ms // SAMPLE_MS
        is_due = minute != self.kept_minute
        self.kept_minute = minute
        return is_due or sample.context != "periodic"

    def keeps_state(self, event: EvseStatusChanged) -> bool:
        """Whether this is another state than the last: suspensions are billed, and explained."""
        is_news = event.state != self.kept_state
        self.kept_state = event.state
        return is_news


def match(open_ones: list[OpenTransaction], event: TransactionEnded) -> OpenTransaction | None:
    """The transaction of this charger that an end without a known id means."""
    candidates = [
        transaction.OpenOne(
            one.session.transaction_id, key_of(one.session.token), one.session.started_ms, one.book.last_wh
        )
        for one in open_ones
    ]
    token = None if event.token is None else key_of(event.token)
    found = transaction.match_stop(candidates, token, event.meter_wh, event.at_ms)
    return next((one for one in open_ones if one.session.transaction_id == found), None)


def told_key(event: TransactionEnded) -> str:
    """What a repetition of an end under an unknown id has in common with the first."""
    told_id = event.own_id or str(event.transaction_id)
    return transaction.lost_stop_key(told_id, event.at_ms, event.meter_wh, event.token)


def ended(one: OpenTransaction, event: TransactionEnded, *flags: str) -> Entry:
    """The end that a charger told. With flags: under another id, which stands in the session then."""
    session = one.session
    for sample in sorted(event.samples, key=lambda each: each.at_ms):
        one.note(sample)
    one.book.close(event.meter_wh, event.at_ms)
    is_matched = transaction.MATCHED in flags
    ended_ms, told_ended_ms = _end_of(session, event.at_ms)
    return Entry(
        event=replace(event, evse=session.evse, transaction_id=session.transaction_id),
        session=replace(
            session,
            ended_ms=ended_ms,
            told_ended_ms=told_ended_ms,
            meter_stop_wh=event.meter_wh,
            reason=event.reason,
            last_meter_wh=event.meter_wh,
            energy_wh=one.book.energy_wh,
            flags=(*session.flags, *flags, *one.book.flags()),
            told_id=event.transaction_id if is_matched else session.told_id,
            end_is_sure=event.is_synchronised,
        ),
        dedup=told_key(event) if is_matched else transaction.stop_key(session.transaction_id),
    )


def _end_of(session: Session, at_ms: int) -> tuple[int, int | None]:
    """When it ended, and what was told instead: by the clock that its start was mended of."""
    if session.told_started_ms is not None and session.told_started_ms <= at_ms < session.started_ms:
        return at_ms + session.started_ms - session.told_started_ms, at_ms
    return at_ms, None


def closed(one: OpenTransaction, flag: str, *, seen_ms: int, is_synchronised: bool) -> Entry:
    """The end that no charger told, at the last that is known of it: nothing is invented."""
    session = one.session
    last_ms, last_wh = max(one.book.last_ms, session.started_ms), one.book.last_wh
    event = TransactionEnded(
        charger=session.charger,
        evse=session.evse,
        at_ms=last_ms,
        seen_ms=seen_ms,
        is_synchronised=is_synchronised,
        transaction_id=session.transaction_id,
        meter_wh=last_wh,
        reason="other",
    )
    return Entry(
        event=event,
        session=replace(
            session,
            ended_ms=last_ms,
            meter_stop_wh=last_wh,
            reason="other",
            last_meter_wh=last_wh,
            energy_wh=one.book.energy_wh,
            flags=(*session.flags, flag, *one.book.flags()),
            end_is_sure=is_synchronised,
        ),
        dedup=transaction.stop_key(session.transaction_id),
    )


def may_be_amended(session: Session) -> bool:
    """Whether we ended it ourselves, so that its charger's own end, should it come, knows better."""
    return transaction.AMENDED not in session.flags and any(
        flag in session.flags for flag in (transaction.NO_STOP, transaction.REPLACED)
    )


def amended(one: OpenTransaction, event: TransactionEnded) -> Entry:
    """The charger's own end, after ours. The clouds have had an end; no second one is told to them."""
    entry = ended(one, event)
    flags = dict.fromkeys((*one.session.flags, transaction.AMENDED, *one.book.flags()))
    return Entry(
        event=entry.event,
        session=None if entry.session is None else replace(entry.session, flags=tuple(flags)),
        deliver=False,
        dedup=transaction.amend_key(one.session.transaction_id),
    )


def orphan(event: TransactionEnded, transaction_id: int) -> Entry:
    """An end without a beginning: a session of its own, with a name and without energy.

    What its register stood at and what the charger called it are kept; how much it was nobody can say.
    """
    return Entry(
        event=event,
        session=Session(
            transaction_id=transaction_id,
            charger=event.charger,
            evse=event.evse,
            token=event.token or "",
            started_ms=event.at_ms,
            meter_start_wh=event.meter_wh,
            ended_ms=event.at_ms,
            meter_stop_wh=event.meter_wh,
            reason=event.reason,
            last_meter_wh=event.meter_wh,
            energy_wh=0,
            flags=(transaction.NO_START,),
            told_id=event.transaction_id,
            start_is_sure=False,
            end_is_sure=event.is_synchronised,
        ),
        deliver=False,
        dedup=told_key(event),
    )
