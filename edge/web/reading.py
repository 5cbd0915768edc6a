"""The part of the API that only reads: the status, one EVSE with its reasons, sessions, the last hour."""

from http import HTTPStatus
from importlib import metadata

import msgspec
from aiohttp import web

from edge.site.durable import Archive, Session
from edge.site.passport_words import brief
from edge.site.ports import Clock, SiteDoors
from edge.site.status import Explanation
from edge.site.tokens import shortened
from edge.web import guard
from edge.web.bodies import asked_number
from edge.web.history import History, Point
from edge.web.problems import ProblemError

MOST_SESSIONS = 500


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the page must know before it begins. `timezone` None: the reader's own."""

    version: str
    timezone: str | None
    rehearsal: bool
    may_command: bool


class OneEvse(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE with the rows of `explain`. `age_ms`: how old the decision is.

    `passport`: a few words on what its charger has shown that it can do.
    """

    site: str
    at_ms: int
    age_ms: int
    timezone: str | None
    evse: Explanation
    passport: str = ""


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session as shown; whoever reads the page learns no token that works."""

    transaction_id: int
    charger: str
    evse: int
    token: str
    started_ms: int
    ended_ms: int | None
    energy_wh: int | None
    reason: str | None


class Reading:
    """Answers the questions."""

    def __init__(
        self,
        doors: SiteDoors,
        archive: Archive,
        history: History,
        *,
        clock: Clock,
        timezone: str | None,
        has_rehearsal: bool,
    ) -> None:
        self._doors = doors
        self._archive = archive
        self._history = history
        self._clock = clock
        self._timezone = timezone
        self._has_rehearsal = has_rehearsal

    def routes(self) -> list[web.RouteDef]:
        """Where each question is asked."""
        return [
            web.get("/api/about", self._about),
            web.get("/api/status", self._status),
            web.get("/api/uplinks", self._uplinks),
            web.get("/api/evses/{id:.+}", self._evse),
            web.get("/api/sessions", self._sessions),
            web.get("/api/history", self._last_hour),
        ]

    async def _about(self, request: web.Request) -> web.Response:
        return answer(
            About(
                version=version(),
                timezone=self._timezone,
                rehearsal=self._has_rehearsal,
                may_command=guard.is_from_here(request),
            )
        )

    async def _status(self, _: web.Request) -> web.Response:
        return answer(self._doors.status())

    async def _uplinks(self, _: web.Request) -> web.Response:
        return answer(self._doors.uplinks())

    async def _evse(self, request: web.Request) -> web.Response:
        status = self._doors.status()
        name = request.match_info["id"]
        try:
            evse = self._doors.explain(name)
        except KeyError:
            known = ", ".join(evse.id for evse in status.evses) or "none yet"
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"no bay is called {name}", f"there are {known}"
            ) from None
        return answer(
            OneEvse(
                site=status.site,
                at_ms=status.at_ms,
                age_ms=max(0, self._clock.now_ms() - status.at_ms),
                timezone=self._timezone,
                evse=evse,
                passport=brief(self._doors.passports().passport(evse.charger)),
            )
        )

    async def _sessions(self, request: web.Request) -> web.Response:
        limit = asked_number(request, "limit", low=1, high=MOST_SESSIONS)
        return answer(
            [_row(session) for session in await self._archive.sessions(50 if limit is None else limit)]
        )

    async def _last_hour(self, _: web.Request) -> web.Response:
        points: list[Point] = self._history.points()
        return answer(points)


def answer(value: object, status: int = HTTPStatus.OK) -> web.Response:
    """Any struct as a JSON response."""
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json", charset="utf-8"
    )


def _row(session: Session) -> SessionRow:
    return SessionRow(
        transaction_id=session.transaction_id,
        charger=session.charger,
        evse=session.evse,
        token=shortened(session.token),
        started_ms=session.started_ms,
        ended_ms=session.ended_ms,
        energy_wh=_energy_wh(session),
        reason=session.reason,
    )


def _energy_wh(session: Session) -> int | None:
    if session.energy_wh is not None:
        return session.energy_wh
    latest_wh = session.last_meter_wh if session.meter_stop_wh is None else session.meter_stop_wh
    return None if latest_wh is None else max(0, latest_wh - session.meter_start_wh)


def version() -> str:
    """Of the program."""
    try:
        return metadata.version("ampyard")
    except metadata.PackageNotFoundError:
        return "from source"
