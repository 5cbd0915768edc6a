"""What is to be known after a restart and is no event: written soon, by a task that nobody waits for."""

import asyncio
import logging
from collections.abc import Callable

from edge.site.durable import JournalBrokenError, JournalFullError, Store

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
Remember = Callable[[str, str, bytes | None], None]


class Documents:
    """A queue in front of the store: who has something remembered goes on at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiting: asyncio.Queue[tuple[str, str, bytes | None]] = asyncio.Queue(MOST_WAITING)

    def remember(self, kind: str, key: str, body: bytes | None) -> None:
        """Have a document written soon, or deleted (None); a full queue costs only memory after a restart."""
        try:
            self._waiting.put_nowait((kind, key, body))
        except asyncio.QueueFull:
            log.warning("too much to remember at once: %s of %s is not kept", kind, key)

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            kind, key, body = await self._waiting.get()
            try:
                if body is None:
                    await self.store.delete_document(kind, key)
                else:
                    await self.store.put_document(kind, key, body)
            except (JournalFullError, JournalBrokenError) as error:
                log.warning("%s of %s is not kept: %s", kind, key, error)
