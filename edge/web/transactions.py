"""Transactions and reservations: read by whoever may see the page, stopped and made from this machine.

Nothing here corrects a transaction: what bills is what the charger said.
"""

from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.site import arguments as may
from edge.site.commands import CancelReservation, Reserve, StopCharging
from edge.site.desk import Desk
from edge.site.durable import Archive, Session, Told
from edge.site.events import EvseStatusChanged, Sampled, TransactionEnded
from edge.site.ports import SiteDoors
from edge.site.tokens import shortened
from edge.web import guard
from edge.web.bodies import asked_number, asked_word, read
from edge.web.commands import known, submitted
from edge.web.problems import ProblemError
from edge.web.reading import MOST_SESSIONS, answer


class TransactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction. `ended_ms` null: it runs; `energy_wh` is then what is known of it by now.

    `is_accepted` false: the charger began it, and was told that this token may not charge. `flags`: what is
    odd about it; `told_id`: what the charger called it where that was not its id. `start_is_sure`,
    `end_is_sure`: the box knew its time; `told_started_ms`, `told_ended_ms`: what it believed before its
    clock was set right.
    """

    transaction_id: int
    charger: str
    evse: int
    token: str
    is_accepted: bool
    started_ms: int
    meter_start_wh: int
    ended_ms: int | None
    meter_stop_wh: int | None
    energy_wh: int | None
    reason: str | None
    flags: tuple[str, ...] = ()
    told_id: int | None = None
    start_is_sure: bool = True
    end_is_sure: bool = True
    told_started_ms: int | None = None
    told_ended_ms: int | None = None


class StoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a transaction. `at_ms`: as far as is known today; `told_ms`: as it was told then.

    `stored_ms`: when it was written, by the clock of then; `is_sure`: the box knew its time, or learnt it.
    """

    at_ms: int
    told_ms: int
    stored_ms: int
    is_sure: bool
    kind: str
    state: str | None = None
    meter_wh: int | None = None
    power_w: int | None = None
    reason: str | None = None


class ReservationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation that holds; `evse` 0: any of the charger."""

    charger: str
    evse: int
    reservation_id: int
    token: str
    group: str | None
    until_ms: int


class ReservationOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be kept for whom. `evse` 0, or left out: any socket of the charger."""

    charger: Annotated[str, Meta(description="the charger's name in the site file")]
    evse: may.Evse = 0
    token: may.TokenId
    until_ms: may.Until
    group: may.Group | None = None


class Transactions:
    """Answers and orders."""

    def __init__(self, doors: SiteDoors, archive: Archive, desk: Desk) -> None:
        self._doors = doors
        self._archive = archive
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked for and changed."""
        return [
            web.get("/api/transactions", self._transactions),
            web.get("/api/transactions/{id}", self._transaction),
            web.get("/api/transactions/{id}/story", self._story),
            web.post("/api/transactions/{id}/stop", self._stop),
            web.get("/api/reservations", self._reservations),
            web.post("/api/reservations", self._reserve),
            web.delete("/api/reservations/{charger}/{id}", self._cancel),
        ]

    async def _transactions(self, request: web.Request) -> web.Response:
        limit = asked_number(request, "limit", low=1, high=MOST_SESSIONS)
        running = asked_word(request, "running", ("true", "false"))
        sessions = await self._archive.sessions(
            50 if limit is None else limit,
            is_running=None if running is None else running == "true",
            charger=request.query.get("charger"),
            since_ms=asked_number(request, "since_ms", low=0, high=may.LAST_MS),
        )
        return answer([self._row(session, request) for session in sessions])

    async def _transaction(self, request: web.Request) -> web.Response:
        return answer(self._row(await self._session(request), request))

    async def _story(self, request: web.Request) -> web.Response:
        session = await self._session(request)
        return answer([_moment(told) for told in await self._archive.story(session.transaction_id)])

    async def _stop(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        session = await self._session(request)
        if session.ended_ms is not None:
            raise ProblemError(HTTPStatus.CONFLICT, f"transaction {session.transaction_id} has ended already")
        known(self._doors, session.charger)
        command = StopCharging(
            charger=session.charger, evse=session.evse, transaction_id=session.transaction_id
        )
        return await submitted(self._doors, command, request)

    async def _reservations(self, request: web.Request) -> web.Response:
        return answer([_held(each, request) for each in self._desk.reservations()])

    async def _reserve(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        order = read(await request.read(), ReservationOrder)
        known(self._doors, order.charger)
        command = Reserve(
            charger=order.charger,
            evse=order.evse,
            token=order.token,
            until_ms=order.until_ms,
            group=order.group,
        )
        return await submitted(self._doors, command, request)

    async def _cancel(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        charger, number = request.match_info["charger"], request.match_info["id"]
        known(self._doors, charger)
        held = {
            str(each.reservation_id): each for each in self._desk.reservations() if each.charger == charger
        }
        if number not in held:
            there = f"there are {', '.join(held)}" if held else "there is none"
            raise ProblemError(HTTPStatus.NOT_FOUND, f"{charger} has no reservation {number[:20]}", there)
        command = CancelReservation(charger=charger, reservation_id=held[number].reservation_id)
        return await submitted(self._doors, command, request)

    async def _session(self, request: web.Request) -> Session:
        text = request.match_info["id"]
        is_number = text.isascii() and text.isdigit() and len(text) <= 10
        session = await self._archive.session(int(text)) if is_number else None
        if session is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                f"there is no transaction {text[:20]}",
                "GET /api/transactions lists them",
            )
        return session

    def _row(self, session: Session, request: web.Request) -> TransactionRow:
        return TransactionRow(
            transaction_id=session.transaction_id,
            charger=session.charger,
            evse=session.evse,
            token=_shown(session.token, request),
            is_accepted=session.is_accepted,
            started_ms=session.started_ms,
            meter_start_wh=session.meter_start_wh,
            ended_ms=session.ended_ms,
            meter_stop_wh=session.meter_stop_wh,
            energy_wh=self._energy_wh(session),
            reason=session.reason,
            flags=session.flags,
            told_id=session.told_id,
            start_is_sure=session.start_is_sure,
            end_is_sure=session.end_is_sure,
            told_started_ms=session.told_started_ms,
            told_ended_ms=session.told_ended_ms,
        )

    def _energy_wh(self, session: Session) -> int | None:
        if session.energy_wh is not None:
            return session.energy_wh
        if session.meter_stop_wh is not None:
            return max(0, session.meter_stop_wh - session.meter_start_wh)
        here = [e for e in self._doors.status().evses if e.transaction_id == session.transaction_id]
        return here[0].session_wh if here else None


def _moment(told: Told) -> StoryRow:
    event = told.event
    return StoryRow(
        at_ms=told.at_ms,
        told_ms=event.at_ms,
        stored_ms=told.stored_ms,
        is_sure=told.is_sure,
        kind=str(event.__struct_config__.tag),
        state=event.state if isinstance(event, EvseStatusChanged) else None,
        meter_wh=getattr(event, "meter_wh", getattr(event, "energy_wh", None)),
        power_w=event.power_w if isinstance(event, Sampled) else None,
        reason=event.reason if isinstance(event, TransactionEnded) else None,
    )


def _held(held: Reserve, request: web.Request) -> ReservationRow:
    return ReservationRow(
        charger=held.charger,
        evse=held.evse,
        reservation_id=held.reservation_id,
        token=_shown(held.token, request),
        group=held.group,
        until_ms=held.until_ms,
    )


def _shown(token: str, request: web.Request) -> str:
    """In clear only over this machine's socket."""
    return token if guard.is_unix(request) else shortened(token)
