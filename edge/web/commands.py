"""Every command to a charger, its outcome in words; the chargers there are, and how long work goes on."""

from http import HTTPStatus

import msgspec
from aiohttp import web

from edge.site.commands import (
    AnyCommand,
    Done,
    NoAnswer,
    NotSupported,
    Origin,
    Outcome,
    Refused,
    Started,
    Unlock,
    Unreachable,
)
from edge.site.desk import Desk
from edge.site.ports import SiteDoors
from edge.site.status import EvseStatus
from edge.web import guard
from edge.web.bodies import large, read_command
from edge.web.problems import ProblemError
from edge.web.reading import answer

# What each outcome that is no success means to the one who asked: status, what it was, and what to try
_FAILURES: dict[type[Outcome], tuple[HTTPStatus, str, str]] = {
    Refused: (HTTPStatus.CONFLICT, "refused", ""),
    NotSupported: (HTTPStatus.UNPROCESSABLE_ENTITY, "this charger cannot do that", ""),
    Unreachable: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the charger is not connected; nothing was sent",
        "see whether it has power and network; GET /api/chargers shows its link",
    ),
    NoAnswer: (
        HTTPStatus.GATEWAY_TIMEOUT,
        "sent, and not answered in time: it may or may not have happened",
        "look at the charger before you say it again",
    ),
}


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE of a charger as the page names it, and what it does."""

    evse: int
    id: str
    state: str
    sentence: str
    transaction_id: int | None


class ChargerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A charger of the site file. What it told of itself at its last boot is null until it booted once."""

    name: str
    link: str
    vendor: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    protocol: str | None
    evses: tuple[Socket, ...]


class Commands:
    """Takes commands and carries them to the site's door."""

    def __init__(self, doors: SiteDoors, desk: Desk) -> None:
        self._doors = doors
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Where they are given, and followed."""
        return [
            web.post("/api/chargers/{name}/commands", self._command),
            web.get("/api/chargers", self._chargers),
            web.get("/api/chargers/{name}", self._charger),
            web.get("/api/jobs", self._jobs),
        ]

    async def _command(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        name = request.match_info["name"]
        known(self._doors, name)
        command = read_command(await large(request), name)
        return await submitted(self._doors, self._with_socket(command), request)

    async def _chargers(self, _: web.Request) -> web.Response:
        return answer([self._row(name) for name in names(self._doors)])

    async def _charger(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        known(self._doors, name)
        return answer(self._row(name))

    async def _jobs(self, _: web.Request) -> web.Response:
        return answer(self._desk.jobs())

    def _row(self, name: str) -> ChargerRow:
        evses = _evses(self._doors, name)
        boot = self._doors.charger(name).boot
        return ChargerRow(
            name=name,
            link=evses[0].link if evses else "never",
            vendor=boot.vendor if boot else None,
            model=boot.model if boot else None,
            firmware=boot.firmware if boot else None,
            serial=boot.serial if boot else None,
            protocol=boot.protocol if boot else None,
            evses=tuple(_socket(evse) for evse in evses),
        )

    def _with_socket(self, command: AnyCommand) -> AnyCommand:
        """A plug sits in one socket: the only one there is, else the one that was named."""
        if not isinstance(command, Unlock) or command.evse:
            return command
        evses = [evse.evse for evse in _evses(self._doors, command.charger)]
        if len(evses) == 1:
            return msgspec.structs.replace(command, evse=evses[0])
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"evse: {command.charger} has {len(evses)} sockets",
            f"say which: {', '.join(map(str, evses))}",
        )


def names(doors: SiteDoors) -> list[str]:
    """The chargers of the site file."""
    return sorted({evse.charger for evse in doors.status().evses})


def known(doors: SiteDoors, name: str) -> None:
    """Raise ProblemError unless the site file has a charger of this name."""
    try:
        doors.charger(name)
    except KeyError:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"no charger is called {name}", f"there are {', '.join(names(doors))}"
        ) from None


async def submitted(doors: SiteDoors, command: AnyCommand, request: web.Request) -> web.Response:
    """Have it carried out; answer what it came to. Raises ProblemError where that is no success."""
    origin = Origin(kind="command" if guard.is_unix(request) else "page")
    outcome = await doors.submit(command, origin)
    if isinstance(outcome, Done):
        return answer(outcome)
    if isinstance(outcome, Started):
        return answer(outcome, HTTPStatus.ACCEPTED)
    status, meaning, remedy = _FAILURES[type(outcome)]
    raise ProblemError(status, getattr(outcome, "sentence", "") or meaning, remedy)


def _evses(doors: SiteDoors, charger: str) -> list[EvseStatus]:
    return sorted(
        (evse for evse in doors.status().evses if evse.charger == charger), key=lambda each: each.evse
    )


def _socket(evse: EvseStatus) -> Socket:
    return Socket(
        evse=evse.evse,
        id=evse.id,
        state=evse.word,
        sentence=evse.sentence,
        transaction_id=evse.transaction_id,
    )
