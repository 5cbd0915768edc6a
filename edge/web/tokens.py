"""Tokens as data: which cards are known, from the site's list or stored here; changed at once."""

import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.site import arguments as may
from edge.site.desk import Desk
from edge.site.durable import JournalBrokenError, JournalFullError
from edge.site.tokens import MOST_PRIORITY, KnownToken, Token, shortened
from edge.web import guard
from edge.web.bodies import checked, read
from edge.web.problems import ProblemError
from edge.web.reading import answer

GROUP = "the group that the card belongs to, or null for none"
VALID = "until when it may charge: ms since 1970, UTC, or null for ever"
PRIORITY = f"0 to {MOST_PRIORITY}, high first, or null for that of its group or the bay"
BLOCKED = "true: known, and may not charge"
MASTER = "true: it ends any transaction of its group, and never begins one"
NOTE = "whose it is, up to 100 characters, for people"


class TokenOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token shall be; what is left out is not set."""

    group: Annotated[may.Group, Meta(description=GROUP)] | None = None
    priority: Annotated[int, Meta(ge=0, le=MOST_PRIORITY, description=PRIORITY)] | None = None
    valid_until_ms: Annotated[int, Meta(ge=0, le=may.LAST_MS, description=VALID)] | None = None
    blocked: Annotated[bool, Meta(description=BLOCKED)] = False
    master: Annotated[bool, Meta(description=MASTER)] = False
    note: Annotated[str, Meta(max_length=100, description=NOTE)] = ""


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is known. `source`: "stored" here, or "from the list" of the site file.

    `overrides_list`: it is stored and in the list as well; without the stored one the list's counts.
    """

    token: str
    group: str | None
    priority: int | None
    valid_until_ms: int | None
    blocked: bool
    master: bool
    note: str
    source: str
    overrides_list: bool


class TokenDesk:
    """Answers which there are, stores and removes them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked for and changed."""
        return [
            web.get("/api/tokens", self._tokens),
            web.get("/api/tokens/{id}", self._token),
            web.put("/api/tokens/{id}", self._put),
            web.delete("/api/tokens/{id}", self._remove),
        ]

    async def _tokens(self, request: web.Request) -> web.Response:
        """Every card; whoever asks over the network learns none that works."""
        return answer([row_of(token, request) for token in self._desk.tokens()])

    async def _token(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)  # else anybody could try which cards there are
        row = self._desk.token(request.match_info["id"])
        if row is None:
            raise _unknown(request)
        return answer(row_of(row, request))

    async def _put(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        token = checked("token", request.match_info["id"], may.TokenId)
        order = read(await request.read(), TokenOrder)
        if order.master and not order.group:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "a master card needs the group that it is of")
        is_new = self._desk.token(token) is None
        with _kept():
            row = await self._desk.put_token(
                Token(
                    token=token,
                    name=order.note,
                    group=order.group,
                    valid_until_ms=order.valid_until_ms,
                    priority=order.priority,
                    blocked=order.blocked,
                    is_master=order.master,
                )
            )
        return answer(row_of(row, request), HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    async def _remove(self, request: web.Request) -> web.Response:
        """What was stored goes; answered is what was stored. The list's own row cannot be removed here."""
        guard.require_from_here(request)
        row = self._desk.token(request.match_info["id"])
        if row is None:
            raise _unknown(request)
        if not row.is_stored:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "this token is from the list, and cannot be removed here",
                "block it, or take it out of the list's file and restart the service",
            )
        with _kept():
            await self._desk.remove_token(row.token.token)
        return answer(row_of(row, request))


def row_of(row: KnownToken, request: web.Request) -> TokenRow:
    """As it is shown: in clear, and with its owner, only over this machine's socket."""
    is_clear = guard.is_unix(request)
    token = row.token
    return TokenRow(
        token=token.token if is_clear else shortened(token.token),
        group=token.group,
        priority=token.priority,
        valid_until_ms=token.valid_until_ms,
        blocked=token.blocked,
        master=token.is_master,
        note=token.name if is_clear else "",
        source="stored" if row.is_stored else "from the list",
        overrides_list=row.is_stored and row.is_listed,
    )


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    try:
        yield
    except (JournalFullError, JournalBrokenError) as lost:
        raise ProblemError(
            HTTPStatus.INSUFFICIENT_STORAGE, f"nothing was changed, for it cannot be stored: {lost}"
        ) from None


def _unknown(request: web.Request) -> ProblemError:
    return ProblemError(
        HTTPStatus.NOT_FOUND,
        f"no token is called {request.match_info['id'][:50]}",
        "GET /api/tokens lists those that are known; PUT makes it known",
    )
