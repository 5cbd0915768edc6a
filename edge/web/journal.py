"""The journal for people: its state, a search in it, what is parked, whether it is sound; copies of it.

Cards stand in it in full, so all but its state leaves over this machine's socket only. One reader at a time.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.site import arguments as may
from edge.site.durable import JournalBrokenError, JournalFullError, NotRestorableError
from edge.site.upkeep import Search, Upkeep
from edge.web import guard
from edge.web.bodies import asked_number, asked_word, read
from edge.web.problems import ProblemError
from edge.web.reading import answer

MOST_FOUND = 500
MOST_SEQ = (1 << 63) - 1
MOST_ID = 2_147_483_647
PIECE = 1 << 18


class RetryOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose parked rows shall wait again."""

    csms: Annotated[str, Meta(max_length=100, description="an uplink's name in the site file")]


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows wait again."""

    csms: str
    rows: int


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong; nothing: it is sound."""

    faults: tuple[str, ...]


class Restoring(msgspec.Struct, frozen=True, kw_only=True):
    """A copy was taken in; the controller starts anew with it."""

    sessions: int


class JournalDesk:
    """Answers and orders."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._is_busy = False

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked for and changed."""
        return [
            web.get("/api/journal", self._state),
            web.get("/api/journal/events", self._search),
            web.get("/api/journal/parked", self._parked),
            web.post("/api/journal/retry", self._retry),
            web.post("/api/journal/verify", self._verify),
            web.get("/api/journal/backup", self._backup),
            web.post("/api/journal/restore", self._restore),
        ]

    async def _state(self, _: web.Request) -> web.Response:
        with self._turn():
            return answer(await self._upkeep.state())

    async def _search(self, request: web.Request) -> web.Response:
        guard.require_socket(request)
        limit = asked_number(request, "limit", low=1, high=MOST_FOUND)
        search = Search(
            limit=50 if limit is None else limit,
            charger=request.query.get("charger"),
            kind=request.query.get("kind"),
            transaction_id=asked_number(request, "transaction", low=1, high=MOST_ID),
            since_ms=asked_number(request, "since_ms", low=0, high=may.LAST_MS),
            until_ms=asked_number(request, "until_ms", low=0, high=may.LAST_MS),
            before=asked_number(request, "before", low=1, high=MOST_SEQ),
        )
        with self._turn():
            return answer(await self._upkeep.search(search))

    async def _parked(self, request: web.Request) -> web.Response:
        guard.require_socket(request)
        with self._turn():
            return answer(await self._upkeep.parked())

    async def _retry(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        order = read(await request.read(), RetryOrder)
        try:
            rows = await self._upkeep.retry(order.csms)
        except KeyError:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"no uplink is called {order.csms[:50]}") from None
        except (JournalFullError, JournalBrokenError) as wrong:
            raise ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, f"cannot be stored: {wrong}") from None
        return answer(Retried(csms=order.csms, rows=rows))

    async def _verify(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        with self._turn():
            return answer(Verified(faults=tuple(await self._upkeep.verify())))

    async def _backup(self, request: web.Request) -> web.StreamResponse:
        """The whole file as of one moment."""
        guard.require_socket(request)
        with self._turn():
            try:
                async with self._upkeep.backup() as copy:
                    response = web.StreamResponse()
                    response.content_type = guard.A_FILE
                    response.content_length = copy.stat().st_size
                    await response.prepare(request)
                    with copy.open("rb") as file, contextlib.suppress(ConnectionError):
                        while piece := await asyncio.to_thread(file.read, PIECE):
                            await response.write(piece)
                    await response.write_eof()
                    return response
            except JournalFullError as wrong:
                raise ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, str(wrong)) from None

    async def _restore(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        guard.require_socket(request)
        is_forced = asked_word(request, "force", ("true", "false")) == "true"
        with self._turn():
            try:
                sessions = await self._upkeep.restore(
                    request.content.iter_chunked(PIECE), is_forced=is_forced
                )
            except NotRestorableError as wrong:
                raise ProblemError(HTTPStatus.CONFLICT, f"not restored: {wrong}") from None
        return answer(Restoring(sessions=sessions))

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if self._is_busy:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "the journal is being read already", "ask again in a moment"
            )
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
