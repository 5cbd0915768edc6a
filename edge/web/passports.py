"""The part of the API about passports: to read one, to probe a charger anew, to test its dead man."""

from http import HTTPStatus
from typing import NoReturn

import msgspec
from aiohttp import web

from edge.site.commands import Done, NoAnswer, Outcome, Refused, Started, Unreachable
from edge.site.passport import STAGES, Passport, Stage
from edge.site.passport_words import brief, rows
from edge.site.ports import SiteDoors
from edge.web import guard
from edge.web.problems import ProblemError
from edge.web.reading import answer

_MEANINGS: dict[type[Outcome], tuple[HTTPStatus, str]] = {
    Refused: (HTTPStatus.CONFLICT, "refused"),
    Unreachable: (HTTPStatus.SERVICE_UNAVAILABLE, "the charger is not connected"),
    NoAnswer: (HTTPStatus.GATEWAY_TIMEOUT, "the charger did not answer all of it"),
}


class TestOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the dead man shall be tested; left out: all."""

    __test__ = False  # not one of ours

    stages: tuple[Stage, ...] = STAGES


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A passport, and the same in plain words: rows of what it is about and what is known."""

    passport: Passport
    brief: str
    rows: list[tuple[str, str]]


class Passports:
    """Answers and takes orders; orders from this machine only, see `guard`."""

    def __init__(self, doors: SiteDoors) -> None:
        self._doors = doors

    def routes(self) -> list[web.RouteDef]:
        """Where each question is asked, and each order given."""
        path = "/api/chargers/{name}/passport"
        return [
            web.get(path, self._show),
            web.post(f"{path}/probe", self._probe),
            web.post(f"{path}/self-test", self._begin),
            web.post(f"{path}/self-test/abort", self._abort),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            passport = self._doors.passports().passport(name)
        except KeyError:
            self._unknown(name)
        return answer(Shown(passport=passport, brief=brief(passport), rows=rows(passport)))

    async def _probe(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["name"]
        try:
            outcome = await self._doors.passports().probe(name)
        except KeyError:
            self._unknown(name)
        return self._answered(outcome)

    async def _begin(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["name"]
        try:
            order = msgspec.json.decode(await request.read() or b"{}", type=TestOrder)
        except msgspec.DecodeError as wrong:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong), f'{{"stages": [...]}}, of {", ".join(STAGES)}'
            ) from None
        try:
            outcome = self._doors.passports().begin_test(name, order.stages or STAGES)
        except KeyError:
            self._unknown(name)
        return self._answered(outcome)

    async def _abort(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["name"]
        try:
            outcome = await self._doors.passports().abort_test(name)
        except KeyError:
            self._unknown(name)
        return self._answered(outcome)

    def _unknown(self, name: str) -> NoReturn:
        known = sorted({evse.charger for evse in self._doors.status().evses})
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"no charger is called {name}",
            f"there are {', '.join(known) or 'none yet'}",
        ) from None

    def _answered(self, outcome: Outcome) -> web.Response:
        if isinstance(outcome, Done | Started):
            return answer(outcome)
        status, meaning = _MEANINGS[type(outcome)]
        raise ProblemError(status, getattr(outcome, "sentence", "") or meaning)
