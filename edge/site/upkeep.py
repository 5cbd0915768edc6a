"""What people ask of the journal while it is in use, and the door through which they do."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from edge.site.events import AnyEvent


class CsmsBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """What a CSMS must still be told."""

    csms: str
    waiting: int
    parked: int
    oldest_ms: int | None


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """How the journal is now. `size`, `room` in bytes; `dropped`: samples that were not kept."""

    file: str
    size: int
    room: int
    level: Literal["fine", "tight", "scarce", "full"]
    schema: int
    events: int
    sessions: int
    running: int
    records: int
    dropped: int
    waiting: tuple[CsmsBacklog, ...]
    findings: tuple[str, ...]


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; None: any. `before`: only older ones than this number."""

    limit: int
    charger: str | None = None
    kind: str | None = None
    transaction_id: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    before: int | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was stored. `deliveries`: each CSMS and how far it is told."""

    seq: int
    kind: str
    stored_ms: int
    transaction_id: int | None
    deliveries: str
    event: AnyEvent


class ParkedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a CSMS refused again and again, or that hangs on one."""

    csms: str
    seq: int
    charger: str
    kind: str
    transaction_id: int | None
    attempts: int
    error: str


class Upkeep(Protocol):
    """The journal, for people."""

    async def state(self) -> JournalState:
        """How it is now."""

    async def search(self, search: Search) -> list[Found]:
        """What fits, newest first."""

    async def parked(self) -> list[ParkedRow]:
        """What was set aside, the first thousand."""

    async def retry(self, csms: str) -> int:
        """Let what was set aside for a CSMS wait again; how many rows.

        Raises KeyError on one that is not known, and the journal's errors.
        """

    async def verify(self) -> list[str]:
        """What is wrong with it; nothing: it is sound."""

    def backup(self) -> AbstractAsyncContextManager[Path]:
        """A whole copy of one moment, gone when the context is left. Raises the journal's errors."""

    async def restore(self, pieces: AsyncIterator[bytes], *, is_forced: bool) -> int:
        """Take a copy in and start anew with it; how many sessions it has. Raises NotRestorableError."""
