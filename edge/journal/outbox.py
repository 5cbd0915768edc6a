"""The rows that wait for each CSMS: in order per charger, repeated with the same id, parked when hopeless."""

import asyncio

import aiosqlite
import msgspec

from edge.journal.writer import Writer
from edge.site.events import AnyEvent
from edge.site.ports import Backlog, Delivery

NEXT = """
    SELECT delivery.seq, delivery.message_id, delivery.attempts, event.body, event.transaction_id,
           cloud_transaction.cloud_id,
           EXISTS (SELECT 1
                     FROM delivery AS other JOIN event AS its ON its.seq = other.seq
                    WHERE other.csms = delivery.csms AND other.charger = delivery.charger
                      AND other.state = 'parked' AND its.transaction_id = event.transaction_id)
      FROM delivery
      JOIN event ON event.seq = delivery.seq
      LEFT JOIN cloud_transaction ON cloud_transaction.csms = delivery.csms
                                 AND cloud_transaction.transaction_id = event.transaction_id
     WHERE delivery.csms = ? AND delivery.charger = ? AND delivery.state = 'waiting'
     ORDER BY delivery.seq
     LIMIT 1
"""
CONFIRM = "UPDATE delivery SET state = 'confirmed', error = NULL WHERE csms = ? AND seq = ?"
RETRY = "UPDATE delivery SET attempts = attempts + 1, error = ? WHERE csms = ? AND seq = ?"
PARK = "UPDATE delivery SET state = 'parked', attempts = attempts + 1, error = ? WHERE csms = ? AND seq = ?"
NAME_TRANSACTION = """
    INSERT INTO cloud_transaction (csms, transaction_id, cloud_id)
    SELECT ?, event.transaction_id, ? FROM event WHERE event.seq = ? AND event.transaction_id IS NOT NULL
    ON CONFLICT (csms, transaction_id) DO UPDATE SET cloud_id = excluded.cloud_id
"""
BACKLOG = """
    SELECT count(*) FILTER (WHERE delivery.state = 'waiting'),
           count(*) FILTER (WHERE delivery.state = 'parked'),
           min(event.at_ms) FILTER (WHERE delivery.state = 'waiting')
      FROM delivery JOIN event ON event.seq = delivery.seq
     WHERE delivery.csms = ? AND delivery.state <> 'confirmed'
"""


class SqliteOutbox:
    """Reads through a connection of its own, writes through the one writer."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._news: dict[tuple[str, str], asyncio.Event] = {}

    def announce(self, charger: str) -> None:
        """A row for this charger was written."""
        for (_, waiting_for), event in self._news.items():
            if waiting_for == charger:
                event.set()

    async def next(self, csms: str, charger: str) -> Delivery | None:
        """The oldest row of this charger that waits; what lacks its parked start is parked on the way."""
        while True:
            async with self._reader.execute(NEXT, (csms, charger)) as cursor:
                row = await cursor.fetchone()
            if row is None:
                return None
            seq, message_id, attempts, body, _, cloud_id, is_dependant = row
            delivery = Delivery(
                csms=csms,
                charger=charger,
                seq=int(seq),
                message_id=str(message_id),
                event=msgspec.json.decode(body, type=AnyEvent),
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
        await self._writer.write(statements)

    async def retry(self, delivery: Delivery, *, error: str) -> None:
        """The CSMS answered with an error: count the attempt, keep the row at its place."""
        await self._writer.write([(RETRY, (error, delivery.csms, delivery.seq))])

    async def park(self, delivery: Delivery, *, error: str) -> None:
        """Set the row aside; the rest of its transaction follows it when its turn comes."""
        await self._writer.write([(PARK, (error, delivery.csms, delivery.seq))])

    async def backlog(self, csms: str) -> Backlog:
        """How much waits."""
        async with self._reader.execute(BACKLOG, (csms,)) as cursor:
            row = await cursor.fetchone()
        waiting, parked, oldest_ms = row or (0, 0, None)
        return Backlog(waiting=waiting, parked=parked, oldest_ms=oldest_ms)

    async def cloud_transaction(self, csms: str, transaction_id: int) -> str | None:
        """What that CSMS calls our transaction."""
        sql = "SELECT cloud_id FROM cloud_transaction WHERE csms = ? AND transaction_id = ?"
        async with self._reader.execute(sql, (csms, transaction_id)) as cursor:
            row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def local_transaction(self, csms: str, charger: str, cloud_transaction_id: str) -> int | None:
        """Our id of what that CSMS calls a transaction."""
        sql = """
            SELECT session.transaction_id
              FROM cloud_transaction JOIN session USING (transaction_id)
             WHERE csms = ? AND charger = ? AND cloud_id = ?
             ORDER BY session.transaction_id DESC
             LIMIT 1
        """
        async with self._reader.execute(sql, (csms, charger, cloud_transaction_id)) as cursor:
            row = await cursor.fetchone()
        return None if row is None else int(row[0])

    async def wait(self, csms: str, charger: str) -> None:
        """Return when a row was written for this charger since the last call."""
        event = self._news.setdefault((csms, charger), asyncio.Event())
        await event.wait()
        event.clear()
