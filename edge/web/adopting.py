"""A place for new chargers: who waits for one, what giving it would come to, and giving it.

Taken from this machine only, see `guard`. Who adopts has the controller started anew: its file has changed.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal, ParamSpec, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.core.quantities import ROTATIONS
from edge.settings.adoption import Adoption, AdoptionError
from edge.settings.fault import SiteFileError, closing
from edge.settings.site_file import SiteFile
from edge.site.ports import SiteDoors
from edge.site.status import StrangerStatus
from edge.web import guard
from edge.web.bodies import read
from edge.web.problems import ProblemError
from edge.web.reading import answer

Given = ParamSpec("Given")
Result = TypeVar("Result")

RESTART_AFTER_S = 0.3  # the answer goes first

STATION = "a station that waits for a place"
NAME = "what the charger shall be called: letters, digits, - _ and ."
AMPERES = "whole amperes per phase, or a list with one for each socket"
PHASES = f"one of {', '.join(ROTATIONS)} or unknown, or a list that is dealt to the sockets"
SOCKETS = "how many sockets it has, 1 to 8"
AS = "true: it takes the place of the charger of that name, and nothing but its station changes"

Amperes = Annotated[int | tuple[int, ...], Meta(description=AMPERES)]
Text = Annotated[str, Meta(max_length=100)]


class AdoptOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an adoption. `only_prove`: what it would come to; nothing is written."""

    station: Annotated[str, Meta(max_length=100, description=STATION)]
    name: Annotated[str, Meta(max_length=100, description=NAME)]
    replaces: Annotated[bool, Meta(description=AS)] = False
    circuit: Text | None = None
    max_a: Amperes | None = None
    min_a: Amperes | None = None
    fallback_a: Amperes | None = None
    phase_rotation: Annotated[str | tuple[str, ...], Meta(description=PHASES)] | None = None
    evses: Annotated[int, Meta(ge=1, le=8, description=SOCKETS)] = 1
    rating_a: int | None = None
    only_prove: bool = False


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """What an adoption comes to, or has come to. `place` is where the file differs."""

    name: str
    proof: str
    place: str
    file: str
    is_done: bool


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits for a place, where places are, and the last adoption, while it can be taken back."""

    strangers: tuple[StrangerStatus, ...]
    circuits: tuple[str, ...]
    rotations: tuple[str, ...]
    last: str | None
    may_adopt: bool


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """Whose adoption was taken back."""

    name: str
    file: str
    state: Literal["undone"] = "undone"


class FaultsError(ProblemError):
    """The site file would have faults: each as `check` prints it."""

    def __init__(self, error: SiteFileError) -> None:
        end = closing(error.file, error.faults).replace("started", "changed")
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, end)
        self._faults = [fault.render(error.file) for fault in error.faults]

    def response(self) -> web.Response:
        """The answer, with the faults."""
        body = msgspec.json.encode({"error": self.error, "faults": self._faults})
        return web.Response(status=self.status, body=body, content_type="application/json", charset="utf-8")


class Adopting:
    """Takes adoptions, one at a time. `restart` is called when the controller shall start anew."""

    def __init__(
        self, file: SiteFile, doors: SiteDoors, circuits: tuple[str, ...], *, restart: Callable[[], None]
    ) -> None:
        self._file = file
        self._doors = doors
        self._circuits = circuits
        self._restart = restart
        self._turn = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Who waits, adopting, and taking the last adoption back."""
        return [
            web.get("/api/strangers", self._waiting),
            web.post("/api/adopt", self._adopt),
            web.post("/api/adopt/undo", self._undo),
        ]

    async def _waiting(self, request: web.Request) -> web.Response:
        return answer(
            Waiting(
                strangers=self._doors.status().strangers,
                circuits=self._circuits,
                rotations=("unknown", *ROTATIONS),
                last=await asyncio.to_thread(self._file.last),
                may_adopt=guard.is_from_here(request),
            )
        )

    async def _adopt(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        order = read(await request.read(), AdoptOrder)
        self._check(order)
        values = {name: getattr(order, name) for name in AdoptOrder.__struct_fields__}
        is_done = not values.pop("only_prove")
        adoption = Adoption(**values)
        async with self._turn:
            work = self._file.adopt if is_done else self._file.prove
            change = await _in_words(work, adoption)
        if is_done:
            self._restart_soon()
        return answer(
            Adopted(
                name=order.name, proof=change.proof, place=change.place, file=self._file.name, is_done=is_done
            )
        )

    async def _undo(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        async with self._turn:
            name = await _in_words(self._file.undo)
        self._restart_soon()
        return answer(Undone(name=name, file=self._file.name))

    def _check(self, order: AdoptOrder) -> None:
        """It waits for a place now, and whose place it takes is not there."""
        status = self._doors.status()
        if order.station not in {each.station for each in status.strangers}:
            known = ", ".join(each.station for each in status.strangers) or "nobody"
            sentence = f"station: no new charger is called {order.station}"
            raise ProblemError(HTTPStatus.NOT_FOUND, sentence, f"{known} waits for a place")
        if not order.replaces and order.max_a is None:
            sentence = "max_a: is missing, and never assumed"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, sentence, "what its breaker says")
        if order.replaces and any(e.charger == order.name and e.link == "up" for e in status.evses):
            sentence = f"{order.name} is connected: nothing has to take its place"
            raise ProblemError(HTTPStatus.CONFLICT, sentence, "a charger that is gone")

    def _restart_soon(self) -> None:
        asyncio.get_running_loop().call_later(RESTART_AFTER_S, self._restart)


async def _in_words(work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
    """Files are read and written beside the loop, and what is refused is a problem in words."""
    try:
        return await asyncio.to_thread(work, *given, **named)
    except SiteFileError as faults:
        raise FaultsError(faults) from None
    except AdoptionError as refused:
        raise ProblemError(HTTPStatus.CONFLICT, str(refused), refused.remedy) from None
