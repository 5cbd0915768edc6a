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
from edge.site.events import AnyEvent, Sampled, TransactionEnded

NEXT = """
    SELECT delivery.seq, delivery.message_id, delivery.attempts, event.body, cloud_transaction.cloud_id,
           EXISTS (SELECT 1
                     FROM delivery AS other JOIN event AS its ON its.seq = other.seq
                    WHERE other.csms = delivery.csms AND other.charger = delivery.charger
                      AND other.state = 'parked' AND its.transaction_id = event.transaction_id),
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
    SELECT csms, state, count(*) FROM delivery
     WHERE state = 'waiting' OR state = 'parked'
     GROUP BY csms, state
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
OLDEST = """
    SELECT min(event.at_ms)
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
        self, writer: Writer, reader: aiosqlite.Connection, routes: dict[str, tuple[str, ...]]
    ) -> None:
        """`routes`: for each charger the CSMSs that must be told of it."""
        self._writer = writer
        self._reader = reader
        self._routes = routes
        self._news: dict[tuple[str, str], asyncio.Event] = {}
        self._told: dict[tuple[str, str], int] = {}  # the last seq that was confirmed, be it written or not
        self._counts: Counter[tuple[str, str]] = Counter()  # by CSMS and state

    @property
    def csmss(self) -> tuple[str, ...]:
        """Every CSMS that is told of some charger, and those for which something waits from before."""
        routed = {csms for csmss in self._routes.values() for csms in csmss}
        return tuple(sorted(routed | {csms for (csms, _), count in self._counts.items() if count > 0}))

    async def prepare(self) -> None:
        """Count what waits, once: whoever asks later costs nothing."""
        rows = await rows_of(self._reader, COUNT)
        self._counts = Counter({(csms, state): count for csms, state, count in rows})

    def announce(self, charger: str) -> None:
        """A row for this charger was written."""
        for csms in self._routes.get(charger, ()):
            self._counts[csms, "waiting"] += 1
        for (_, waiting_for), event in self._news.items():
            if waiting_for == charger:
                event.set()

    async def next(self, csms: str, charger: str) -> Delivery | None:
        """The oldest row of this charger that waits; what lacks its parked start is parked on the way."""
        while True:
            told = self._told.get((csms, charger), 0)
            rows = await rows_of(self._reader, NEXT, (csms, charger, told))
            if not rows:
                return None
            seq, message_id, attempts, body, cloud_id, is_dependant, is_as_told, *stretch = rows[0]
            event = msgspec.json.decode(body, type=AnyEvent)
            delivery = Delivery(
                csms=csms,
                charger=charger,
                seq=int(seq),
                message_id=str(message_id),
                event=event if is_as_told else _as_known(event, *stretch),
                attempts=int(attempts),
                cloud_transaction_id=None if cloud_id is None else str(cloud_id),
            )
            if not is_dependant or cloud_id is not None:  # a lost sample costs neither the others nor the end
                return delivery
            await self.park(delivery, error="its transaction is parked")

    async def confirm(self, delivery: Delivery, *, cloud_transaction_id: str | None = None) -> None:
        """The CSMS answered it; a started transaction's foreign id is kept in the same commit."""
        statements: list[tuple[str, tuple[object, ...]]] = [(CONFIRM, (delivery.csms, delivery.seq))]
        if cloud_transaction_id is not None:
            statements.append((NAME_TRANSACTION, (delivery.csms, cloud_transaction_id, delivery.seq)))
        if isinstance(delivery.event, Sampled):
            self._writer.keep([(CONFIRM_SAMPLE, (delivery.csms, delivery.seq))], rides=True)
        else:
            await self._writer.write(statements, is_urgent=True)
        self._told[delivery.csms, delivery.charger] = delivery.seq
        self._counts[delivery.csms, "waiting"] -= 1

    async def retry(self, delivery: Delivery, *, error: str) -> None:
        """The CSMS answered with an error: count the attempt, keep the row at its place."""
        await self._writer.write([(RETRY, (error, delivery.csms, delivery.seq))])

    async def park(self, delivery: Delivery, *, error: str) -> None:
        """Set the row aside; the rest of its transaction follows it when its turn comes."""
        await self._writer.write([(PARK, (error, delivery.csms, delivery.seq))], is_urgent=True)
        self._counts[delivery.csms, "waiting"] -= 1
        self._counts[delivery.csms, "parked"] += 1

    async def requeue(self, csms: str) -> int:
        """Let everything that was set aside wait again, in its old order; how many rows those are."""
        parked = self._counts[csms, "parked"]
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
        """How much waits."""
        waiting, parked = self._counts[csms, "waiting"], self._counts[csms, "parked"]
        oldest_ms = None
        if waiting > 0:
            chargers = [charger for charger, csmss in self._routes.items() if csms in csmss]
            values = (csms, msgspec.json.encode(chargers).decode())
            rows = await rows_of(self._reader, OLDEST, values)
            oldest_ms = rows[0][0] if rows else None
        return Backlog(waiting=max(0, waiting), parked=max(0, parked), oldest_ms=oldest_ms)

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
