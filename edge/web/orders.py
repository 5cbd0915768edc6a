"""The part of the API that changes something: a limit, and what a session needs.

Taken from this machine only, see `guard`: there is no login yet, and whoever is on the parking lot's
network must not be able to stop its cars.
"""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.site.arguments import MOST_KWH, MOST_STAY_S
from edge.site.events import NeedsStated, NotAnswered
from edge.site.ports import Clock, Limit, SiteDoors
from edge.site.tokens import MOST_PRIORITY
from edge.web import guard
from edge.web.bodies import read
from edge.web.problems import ProblemError
from edge.web.reading import answer

MOST_A = 6_300
MOST_S = 86_400

NAME = 'a name of its own, like "afternoon": up to 40 letters, digits, spaces, dots or hyphens'
KIND = '"circuit" (everything on it), "chargers" (ours on it, together) or "evse" (one bay)'
TARGET = "the name of a circuit or of a bay"
LIMIT = f"amperes per phase from 0 to {MOST_A}, or null to withdraw the limit"
SECONDS = f"for how long: whole seconds from 1 to {MOST_S}"
ENERGY = f"the energy of the whole session, from 0 to {MOST_KWH} kWh, or null"
STAY = f"how long the car stays, whole seconds from 0 to {MOST_STAY_S}, or null"
PRIORITY = f"whole, from 0 to {MOST_PRIORITY}, high first, or null for that of the card or the bay"


class LimitOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a limit. `limit_a` null withdraws it."""

    name: Annotated[str, Meta(pattern=r"^[\w .-]{1,40}$", description=NAME)]
    kind: Annotated[Literal["circuit", "chargers", "evse"], Meta(description=KIND)]
    target: Annotated[str, Meta(description=TARGET)]
    limit_a: Annotated[float, Meta(ge=0, le=MOST_A, description=LIMIT)] | None
    seconds: Annotated[int, Meta(ge=1, le=MOST_S, description=SECONDS)] | None = None


class NeedOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the driver of the running session needs; null or left out: open."""

    energy_kwh: Annotated[float, Meta(ge=0, le=MOST_KWH, description=ENERGY)] | None = None
    leaves_in_s: Annotated[int, Meta(ge=0, le=MOST_STAY_S, description=STAY)] | None = None
    priority: Annotated[int, Meta(ge=0, le=MOST_PRIORITY, description=PRIORITY)] | None = None


class Orders:
    """Takes orders and carries them to the site."""

    def __init__(self, doors: SiteDoors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Where each order is given."""
        return [
            web.post("/api/limit", self._limit),
            web.post("/api/needs/{id:.+}", self._need),
        ]

    async def _limit(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        order = _read_limit(await request.read())
        try:
            self._doors.limit(self._as_limit(order))
        except ValueError as wrong:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"target: {wrong}", TARGET) from None
        return answer(order)

    def _as_limit(self, order: LimitOrder) -> Limit:
        is_set = order.limit_a is not None and order.seconds is not None
        return Limit(
            name=f"page: {order.name}",  # never the name of a limit that another source has set
            source="page",
            kind=order.kind,
            target=order.target,
            limit_ma=None if order.limit_a is None else int(order.limit_a * 1000),
            expires_ms=self._clock.mono_ms() + (order.seconds or 0) * 1000 if is_set else None,
        )

    async def _need(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["id"]
        evse = next((each for each in self._doors.status().evses if each.id == name), None)
        if evse is None:
            known = ", ".join(sorted(each.id for each in self._doors.status().evses))
            raise ProblemError(HTTPStatus.NOT_FOUND, f"no bay is called {name}", f"there are {known}")
        order = read(await request.read(), NeedOrder)
        now_ms = self._clock.now_ms()
        told = await self._doors.report(
            NeedsStated(
                charger=evse.charger,
                evse=evse.evse,
                at_ms=now_ms,
                seen_ms=self._clock.mono_ms(),
                is_synchronised=self._clock.is_synchronised(),
                departs_ms=None if order.leaves_in_s is None else now_ms + order.leaves_in_s * 1000,
                energy_wh=None if order.energy_kwh is None else round(order.energy_kwh * 1000),
                priority=order.priority,
            )
        )
        if isinstance(told, NotAnswered):
            raise ProblemError(HTTPStatus.CONFLICT, told.sentence)
        return answer(order)


def _read_limit(body: bytes) -> LimitOrder:
    order = read(body, LimitOrder)
    if order.limit_a is not None and order.seconds is None:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "seconds: a limit needs an end", f"seconds: {SECONDS}"
        )
    return order
