"""The part of the API that changes something: a limit, and commands to a charger.

Taken from this machine only, see `guard`: there is no login yet, and whoever is on the parking lot's
network must not be able to stop its cars.
"""

from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from aiohttp import web

from edge.site.commands import (
    Done,
    NoAnswer,
    NotSupported,
    Origin,
    Outcome,
    Refused,
    Reset,
    SetAvailability,
    StartCharging,
    StopCharging,
    Unlock,
    Unreachable,
)
from edge.site.events import NeedsStated, NotAnswered
from edge.site.ports import Clock, Limit, SiteDoors
from edge.site.tokens import MOST_PRIORITY
from edge.web import guard
from edge.web.problems import ProblemError
from edge.web.reading import answer

MOST_A = 6_300
MOST_S = 86_400
MOST_KWH = 500
MOST_STAY_S = 14 * 86_400

TakenCommand = StartCharging | StopCharging | Reset | Unlock | SetAvailability
COMMANDS = "start-charging, stop-charging, reset, unlock, set-availability"


class LimitOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a limit. `limit_a` null withdraws it."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[\w .-]{1,40}$")]
    kind: Literal["circuit", "chargers", "evse"]
    target: str
    limit_a: Annotated[float, msgspec.Meta(ge=0, le=MOST_A)] | None
    seconds: Annotated[int, msgspec.Meta(ge=1, le=MOST_S)] | None = None


class NeedOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the driver of the running session needs; null or left out: open."""

    energy_kwh: Annotated[float, msgspec.Meta(ge=0, le=MOST_KWH)] | None = None
    leaves_in_s: Annotated[int, msgspec.Meta(ge=0, le=MOST_STAY_S)] | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=MOST_PRIORITY)] | None = None


FIELDS = {
    "energy_kwh": f"the energy of the whole session, from 0 to {MOST_KWH} kWh, or null",
    "leaves_in_s": f"how long the car stays, whole seconds from 0 to {MOST_STAY_S}, or null",
    "priority": f"whole, from 0 to {MOST_PRIORITY}, high first, or null for that of the card or the bay",
    "name": 'a name of its own, like "afternoon": up to 40 letters, digits, spaces, dots or hyphens',
    "kind": '"circuit" (everything on it), "chargers" (ours on it, together) or "evse" (one bay)',
    "target": "the name of a circuit or of a bay",
    "limit_a": f"amperes per phase from 0 to {MOST_A}, or null to withdraw the limit",
    "seconds": f"for how long: whole seconds from 1 to {MOST_S}",
}

Order = TypeVar("Order", LimitOrder, NeedOrder)

# What each outcome that is no success means to the one who asked
_FAILURES: dict[type[Outcome], tuple[HTTPStatus, str]] = {
    Refused: (HTTPStatus.CONFLICT, "refused"),
    NotSupported: (HTTPStatus.UNPROCESSABLE_ENTITY, "this charger cannot do that"),
    Unreachable: (HTTPStatus.SERVICE_UNAVAILABLE, "the charger is not connected; nothing was sent"),
    NoAnswer: (
        HTTPStatus.GATEWAY_TIMEOUT,
        "sent, and not answered in time: it may or may not have happened",
    ),
}


class Orders:
    """Takes orders and carries them to the site."""

    def __init__(self, doors: SiteDoors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Where each order is given."""
        return [
            web.post("/api/limit", self._limit),
            web.post("/api/chargers/{name}/commands", self._command),
            web.post("/api/needs/{id:.+}", self._need),
        ]

    async def _limit(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        order = _read_limit(await request.read())
        try:
            self._doors.limit(self._as_limit(order))
        except ValueError as wrong:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"target: {wrong}", FIELDS["target"]
            ) from None
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
        order = _read(await request.read(), NeedOrder)
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

    async def _command(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["name"]
        try:
            self._doors.charger(name)
        except KeyError:
            known = sorted({evse.charger for evse in self._doors.status().evses})
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"no charger is called {name}", f"there are {', '.join(known)}"
            ) from None
        command = _read_command(await request.read(), name)
        origin = Origin(kind="command" if guard.is_unix(request) else "page")
        outcome = await self._doors.submit(command, origin)
        if isinstance(outcome, Done):
            return answer(outcome)
        status, meaning = _FAILURES[type(outcome)]
        raise ProblemError(status, getattr(outcome, "sentence", "") or meaning)


def _read(body: bytes, kind: type[Order]) -> Order:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        raise _explained(wrong, kind) from None
    except msgspec.DecodeError as wrong:
        raise _not_json(wrong) from None


def _read_limit(body: bytes) -> LimitOrder:
    order = _read(body, LimitOrder)
    if order.limit_a is not None and order.seconds is None:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "seconds: a limit needs an end", f"seconds: {FIELDS['seconds']}"
        )
    return order


def _read_command(body: bytes, charger: str) -> TakenCommand:
    try:
        fields: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        command: TakenCommand = msgspec.convert({**fields, "charger": charger}, type=TakenCommand)
    except msgspec.ValidationError as wrong:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, _plain(wrong), f'{{"kind": ...}}, one of {COMMANDS}'
        ) from None
    except msgspec.DecodeError as wrong:
        raise _not_json(wrong) from None
    unknown = set(fields) - set(type(command).__struct_fields__) - {"kind"}
    if unknown:
        known = ", ".join(name for name in type(command).__struct_fields__ if name != "charger")
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{', '.join(sorted(unknown))}: not known here",
            f"{fields['kind']} takes {known}",
        )
    return command


def _explained(wrong: msgspec.ValidationError, kind: type[msgspec.Struct]) -> ProblemError:
    """The message names the field; what would be right is said in our words."""
    text = _plain(wrong)
    names = kind.__struct_fields__
    field = next((name for name in names if f"{name}:" in text or f"`{name}`" in text), None)
    remedy = f"{field}: {FIELDS[field]}" if field else f"the fields are {', '.join(names)}"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, text, remedy)


def _plain(wrong: msgspec.ValidationError) -> str:
    """`limit_a: expected float, got str` out of msgspec's `Expected ... - at `$.limit_a``."""
    text, _, path = str(wrong).partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{field}: {text[0].lower()}{text[1:]}" if field else text


def _not_json(wrong: msgspec.DecodeError) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send one JSON object")
