"""The rows that wait for each CSMS: in order per charger, repeated with the same id, parked when hopeless."""

import asyncio
from collections import Counter

import aiosqlite
import msgspec
from msgspec.structs import replace

from edge.journal.archive import rows_of
from edge.journal.moments import moved
from edge.journal.writer import Writer
from edge.site.durable import Backlog, Delivery
from edge.site.events import AnyEvent, EvseStatusChanged, Sampled, TransactionEnded

NEXT = """
    SELECT delivery.seq, delivery.message_id, delivery.attempts, event.body, cloud_transaction.cloud_id,
           EXISTS (SELECT 1
                     FROM delivery AS other JOIN event AS its ON its.seq = other.seq
                    WHERE other.csms = delivery.csms AND other.charger = delivery.charger
                      AND other.state = 'parked' AND its.transaction_id = event.transaction_id),
           event.transaction_id, cloud_transaction.next_seq, delivery.is_offline,
           delivery.is_as_told, stretch.wall_ms, stretch.ended_ms, stretch.correction_ms
      FROM delivery
      JOIN event ON event.seq = delivery.seq
      LEFT JOIN cloud_transaction ON cloud_transaction.csms = delivery.csms
                                 AND cloud_transaction.transaction_id = event.transaction_id
      LEFT JOIN clock_stretch AS stretch
             ON stretch.first_seq = (SELECT max(first_seq) FROM clock_stretch WHERE first_seq <= event.seq)
     WHERE delivery.csms = ? AND delivery.state = 'waiting' AND delivery.charger = ? AND delivery.seq > ?
     ORDER BY delivery.seq
     LIMIT 1
"""
COUNT = """
    SELECT csms, state, charger, count(*) FROM delivery
     WHERE state = 'waiting' OR state = 'parked'
     GROUP BY csms, state, charger
"""
CONFIRM_SAMPLE = "DELETE FROM delivery WHERE csms = ? AND seq = ?"  # a table that stays small wears no card
CONFIRM = "UPDATE delivery SET state = 'confirmed', error = NULL WHERE csms = ? AND seq = ?"
RETRY = "UPDATE delivery SET attempts = attempts + 1, error = ? WHERE csms = ? AND seq = ?"
PARK = "UPDATE delivery SET state = 'parked', attempts = attempts + 1, error = ? WHERE csms = ? AND seq = ?"
NAME_TRANSACTION = """
    INSERT INTO cloud_transaction (csms, transaction_id, cloud_id)
    SELECT ?, event.transaction_id, ? FROM event WHERE event.seq = ? AND event.transaction_id IS NOT NULL
    ON CONFLICT (csms, transaction_id) DO UPDATE SET cloud_id = excluded.cloud_id
"""
REQUEUE = "UPDATE delivery SET state = 'waiting', attempts = 0 WHERE csms = ? AND state = 'parked'"
COUNT_TOLD = "UPDATE cloud_transaction SET next_seq = ? WHERE csms = ? AND transaction_id = ?"
OLDEST = """
    SELECT charger.value, event.at_ms
      FROM json_each(?2) AS charger
      JOIN event ON event.seq = (SELECT min(seq) FROM delivery
                                  WHERE csms = ?1 AND state = 'waiting' AND delivery.charger = charger.value)
"""


class SqliteOutbox:
    """Reads through a connection of its own, writes through the one writer.

    The confirmation of a sample rides with the next commit: after a power cut a few may be told twice, with
    the same message id. Those of starts and ends are on the disk at once.
    """

    def __init__(
        self,
        writer: Writer,
        reader: aiosqlite.Connection,
        routes: dict[str, tuple[str, ...]],
        states_to: frozenset[str] = frozenset(),
    ) -> None:
        """`routes`: for each charger the CSMSs that must be told of it.

        `states_to`: those for which a state is a part of a transaction's story, as OCPP 2.x has it.
        """
        self._states_to = states_to
        self._writer = writer
        self._reader = reader
        self._routes = routes
        self._news: dict[tuple[str, str], asyncio.Event] = {}
        self._told: dict[tuple[str, str], int] = {}  # the last seq that was confirmed, be it written or not
        self._counts: Counter[tuple[str, str, str]] = Counter()  # by CSMS, state and charger
        self._next_seq: dict[tuple[str, int], int] = {}  # of what runs, be it written or not
        self._links: set[tuple[str, str]] = set()

    @property
    def csmss(self) -> tuple[str, ...]:
        """Every CSMS that is told of some charger, and those for which something waits from before."""
        routed = {csms for csmss in self._routes.values() for csms in csmss}
        return tuple(sorted(routed | {csms for (csms, *_), count in self._counts.items() if count > 0}))

    async def prepare(self) -> None:
        """Count what waits, once: whoever asks later costs nothing."""
        rows = await rows_of(self._reader, COUNT)
        self._counts = Counter({(csms, state, charger): count for csms, state, charger, count in rows})

    def hearers(self, event: AnyEvent) -> tuple[str, ...]:
        """The CSMSs that must be told of it."""
        csmss = self._routes.get(event.charger, ())
        if isinstance(event, EvseStatusChanged):
            return tuple(csms for csms in csmss if csms in self._states_to)
        return csmss

    def announce(self, event: AnyEvent) -> None:
        """Rows of this event were written."""
        charger = event.charger
        for csms in self.hearers(event):
            self._counts[csms, "waiting", charger] += 1
        for (_, waiting_for), news in self._news.items():
            if waiting_for == charger:
                news.set()

    async def next(self, csms: str, charger: str) -> Delivery | None:
        """The oldest row of this charger that waits; what lacks its parked start is parked on the way."""
        while True:
            told = self._told.get((csms, charger), 0)
            rows = await rows_of(self._reader, NEXT, (csms, charger, told))
            if not rows:
                return None
            seq, message_id, attempts, body, cloud_id, is_dependant = rows[0][:6]
            number, next_seq, is_offline, is_as_told, *stretch = rows[0][6:]
            event = msgspec.json.decode(body, type=AnyEvent)
            delivery = Delivery(
                csms=csms,
                charger=charger,
                seq=int(seq),
                message_id=str(message_id),
                event=event if is_as_told else _as_known(event, *stretch),
                attempts=int(attempts),
                cloud_transaction_id=None if cloud_id is None else str(cloud_id),
                transaction_id=number,
                seq_no=self._next_seq.get((csms, number), next_seq or 0),
                is_offline=bool(is_offline),
            )
            if not is_dependant or cloud_id is not None:  # a lost sample costs neither the others nor the end
                return delivery
            await self.park(delivery, error="its transaction is parked")

    async def confirm(
        self, delivery: Delivery, *, cloud_transaction_id: str | None = None, is_numbered: bool = False
    ) -> None:
        """The CSMS answered it; a started transaction's foreign id is kept in the same commit."""
        is_light = isinstance(delivery.event, Sampled | EvseStatusChanged)
        confirm = CONFIRM_SAMPLE if is_light else CONFIRM
        statements: list[tuple[str, tuple[object, ...]]] = [(confirm, (delivery.csms, delivery.seq))]
        if cloud_transaction_id is not None:
            statements.append((NAME_TRANSACTION, (delivery.csms, cloud_transaction_id, delivery.seq)))
        if is_numbered and delivery.transaction_id is not None:
            place = (delivery.csms, delivery.transaction_id)
            self._next_seq[place] = delivery.seq_no + 1
            statements.append((COUNT_TOLD, (delivery.seq_no + 1, *place)))
            if isinstance(delivery.event, TransactionEnded):
                del self._next_seq[place]
        if is_light:
            self._writer.keep(statements, rides=True)
        else:
            await self._writer.write(statements, is_urgent=True)
        self._told[delivery.csms, delivery.charger] = delivery.seq
        self._counts[delivery.csms, "waiting", delivery.charger] -= 1

    async def retry(self, delivery: Delivery, *, error: str) -> None:
        """The CSMS answered with an error: count the attempt, keep the row at its place."""
        await self._writer.write([(RETRY, (error, delivery.csms, delivery.seq))])

    async def park(self, delivery: Delivery, *, error: str) -> None:
        """Set the row aside; the rest of its transaction follows it when its turn comes."""
        await self._writer.write([(PARK, (error, delivery.csms, delivery.seq))], is_urgent=True)
        self._counts[delivery.csms, "waiting", delivery.charger] -= 1
        self._counts[delivery.csms, "parked", delivery.charger] += 1

    async def requeue(self, csms: str) -> int:
        """Let everything that was set aside wait again, in its old order; how many rows those are."""
        parked = (await self.backlog(csms)).parked
        await self._writer.write([(REQUEUE, (csms,))])
        for key in self._told:
            if key[0] == csms:
                self._told[key] = 0
        await self.prepare()
        for (waiting_at, _), event in self._news.items():
            if waiting_at == csms:
                event.set()
        return parked

    async def backlog(self, csms: str) -> Backlog:
        """How much waits, over all chargers."""
        each = (await self.backlogs(csms)).values()
        return Backlog(
            waiting=sum(one.waiting for one in each),
            parked=sum(one.parked for one in each),
            oldest_ms=min((one.oldest_ms for one in each if one.oldest_ms is not None), default=None),
        )

    async def backlogs(self, csms: str) -> dict[str, Backlog]:
        """How much waits, by charger; only those of which anything does."""
        counts = {key: count for key, count in self._counts.items() if key[0] == csms and count > 0}
        waiting = [charger for _, state, charger in counts if state == "waiting"]
        values = (csms, msgspec.json.encode(waiting).decode())
        oldest = dict(await rows_of(self._reader, OLDEST, values)) if waiting else {}
        return {
            charger: Backlog(
                waiting=counts.get((csms, "waiting", charger), 0),
                parked=counts.get((csms, "parked", charger), 0),
                oldest_ms=oldest.get(charger),
            )
            for charger in sorted({charger for *_, charger in counts})
        }

    def linked(self, csms: str, charger: str, *, is_up: bool) -> None:
        """Whether that CSMS hears of this charger at once now."""
        (self._links.add if is_up else self._links.discard)((csms, charger))

    def is_linked(self, csms: str, charger: str) -> bool:
        """Whether it does."""
        return (csms, charger) in self._links

    async def cloud_transaction(self, csms: str, transaction_id: int) -> str | None:
        """What that CSMS calls our transaction."""
        sql = "SELECT cloud_id FROM cloud_transaction WHERE csms = ? AND transaction_id = ?"
        rows = await rows_of(self._reader, sql, (csms, transaction_id))
        return str(rows[0][0]) if rows else None

    async def local_transaction(self, csms: str, charger: str, cloud_transaction_id: str) -> int | None:
        """Our id of what that CSMS calls a transaction."""
        sql = """
            SELECT session.transaction_id
              FROM cloud_transaction JOIN session USING (transaction_id)
             WHERE csms = ? AND charger = ? AND cloud_id = ?
             ORDER BY session.transaction_id DESC
             LIMIT 1
        """
        rows = await rows_of(self._reader, sql, (csms, charger, cloud_transaction_id))
        return int(rows[0][0]) if rows else None

    async def wait(self, csms: str, charger: str) -> None:
        """Return when a row was written for this charger since the last call."""
        event = self._news.setdefault((csms, charger), asyncio.Event())
        await event.wait()
        event.clear()


def _as_known(event: AnyEvent, *stretch: int | None) -> AnyEvent:
    """With the time that is known of it today."""
    wall_ms, ended_ms, correction_ms = stretch
    if not correction_ms:
        return event
    at_ms = moved(event.at_ms, wall_ms, ended_ms, correction_ms)
    if isinstance(event, TransactionEnded):
        samples = tuple(
            replace(each, at_ms=moved(each.at_ms, wall_ms, ended_ms, correction_ms)) for each in event.samples
        )
        return replace(event, at_ms=at_ms, samples=samples)
    return replace(event, at_ms=at_ms)
