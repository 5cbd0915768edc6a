"""The commands and the true state of a simulated lot over HTTP, in JSON, for scripts and the demo."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import web

from edge.core.errors import PeerError
from edge.ocpp.v16.types import ChargePointErrorCode
from edge.plant.lot import GRID
from edge.simulator.description import ChargerPlan
from edge.simulator.registers import Fault
from edge.simulator.snapshot import snapshot
from edge.simulator.world import LinkState, PowerState, World

_MAX_BODY = 64 * 1024
NEW = "AL-471"
MOST_NEW = 4


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a POST."""


class Plug(Command, frozen=True, kw_only=True):
    """POST /plug: a car drives in; with a token its driver shows a card at once."""

    bay: str
    car: str = "three-phase"
    wanted_wh: int | None = None
    token: str | None = None


class Unplug(Command, frozen=True, kw_only=True):
    """POST /unplug: the car drives away."""

    bay: str


class Token(Command, frozen=True, kw_only=True):
    """POST /token: a card is shown."""

    bay: str
    token: str


class Appear(Command, frozen=True, kw_only=True):
    """POST /appear: somebody mounts a charger that the controller does not know; answers its name."""

    circuit: str | None = None
    connectors: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1


class Demand(Command, frozen=True, kw_only=True):
    """POST /demand: the driver wants another amount of energy."""

    bay: str
    wanted_wh: int


class Building(Command, frozen=True, kw_only=True):
    """POST /building: its load, on one phase or on all."""

    amps: Annotated[float, msgspec.Meta(ge=0, le=6_300)]
    phase: int | None = None
    circuit: str = GRID


class MeterFault(Command, frozen=True, kw_only=True):
    """POST /fault/meter: what is wrong with it from now on."""

    kind: Fault
    circuit: str = GRID
    slow_ms: int = 3_000


class ChargerFault(Command, frozen=True, kw_only=True):
    """POST /fault/charger: an error that a connector reports, NoError to recover."""

    bay: str
    error: ChargePointErrorCode


class Oddity(Command, frozen=True, kw_only=True):
    """POST /oddity: a charger behaves otherwise than it should."""

    charger: str
    name: str
    value: bool | int = True


class Link(Command, frozen=True, kw_only=True):
    """POST /link: the line of a charger, of `cloud` or of `meter:<circuit>`."""

    name: str
    state: LinkState


class Power(Command, frozen=True, kw_only=True):
    """POST /power: a charger's supply."""

    charger: str
    state: PowerState = "cycle"


class Cloud(Command, frozen=True, kw_only=True):
    """POST /cloud: kills the CSMS or starts it again, and changes its mood; what is absent stays."""

    state: Literal["kill", "start"] | None = None
    registration: Literal["Accepted", "Pending", "Rejected"] | None = None
    slow_ms: int | None = None
    loses_answers: int | None = None


class Remote(Command, frozen=True, kw_only=True):
    """POST /remote: the CSMS asks a station to start (a token), to stop (a transaction), or to reset."""

    station: str
    action: Literal["start", "stop", "reset"]
    token: str = ""
    connector: int | None = None
    transaction_id: int = 0


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a command answers."""

    result: str = "done"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not done."""

    error: str


@asynccontextmanager
async def serve(world: World, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The control of a world while the context lasts; it yields the bound port."""
    runner = web.AppRunner(application(world), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def application(world: World) -> web.Application:
    """GET /state, and a POST for every command, to be served alone or below another site."""
    control = Control(world)
    app = web.Application(client_max_size=_MAX_BODY)
    app.router.add_get("/state", control.state)
    for path, act in control.commands().items():
        app.router.add_post(path, act)
    return app


Act = Callable[[web.Request], Awaitable[web.Response]]
AnyCommand = TypeVar("AnyCommand", bound=Command)


class Control:
    """Translates requests into commands of the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def commands(self) -> dict[str, Act]:
        """Path -> what it does."""
        return {
            "/plug": _act(Plug, self._plug),
            "/unplug": _act(Unplug, self._unplug),
            "/token": _act(Token, self._token),
            "/appear": _act(Appear, self._appear),
            "/demand": _act(Demand, self._demand),
            "/building": _act(Building, self._building),
            "/fault/meter": _act(MeterFault, self._meter_fault),
            "/fault/charger": _act(ChargerFault, self._charger_fault),
            "/oddity": _act(Oddity, self._oddity),
            "/link": _act(Link, self._link),
            "/power": _act(Power, self._power),
            "/cloud": _act(Cloud, self._cloud),
            "/remote": _act(Remote, self._remote),
        }

    async def state(self, _request: web.Request) -> web.Response:
        """GET /state: everything that is true now."""
        return _json(snapshot(self._world))

    async def _plug(self, command: Plug) -> str:
        self._world.plug(command.bay, command.car, wanted_wh=command.wanted_wh)
        return "done" if command.token is None else await self._world.token(command.bay, command.token)

    async def _unplug(self, command: Unplug) -> None:
        self._world.unplug(command.bay)

    async def _token(self, command: Token) -> str:
        return await self._world.token(command.bay, command.token)

    async def _appear(self, command: Appear) -> str:
        number = sum(name.startswith(NEW) for name in self._world.chargers) + 1
        if number > MOST_NEW:
            raise ValueError(f"no wall is left for more than {MOST_NEW} new chargers")
        circuit = command.circuit or self._world.plan.circuits[-1].name
        plan = ChargerPlan(name=f"{NEW}{number}", circuit=circuit, connectors=command.connectors)
        await self._world.appear(plan)
        return f"{plan.name} was mounted on {circuit}"

    async def _demand(self, command: Demand) -> None:
        self._world.demand(command.bay, command.wanted_wh)

    async def _building(self, command: Building) -> None:
        load_ma = round(command.amps * 1_000)
        self._world.building(load_ma, phase=command.phase, circuit=command.circuit)

    async def _meter_fault(self, command: MeterFault) -> None:
        self._world.meter_fault(command.kind, circuit=command.circuit, slow_ms=command.slow_ms)

    async def _charger_fault(self, command: ChargerFault) -> None:
        self._world.charger_fault(command.bay, command.error)

    async def _oddity(self, command: Oddity) -> None:
        self._world.oddity(command.charger, command.name, command.value)

    async def _link(self, command: Link) -> None:
        self._world.link(command.name, command.state)

    async def _power(self, command: Power) -> None:
        await self._world.power(command.charger, command.state)

    async def _cloud(self, command: Cloud) -> None:
        cloud = self._world.cloud
        if command.state == "kill":
            await cloud.kill()
        elif command.state == "start":
            await cloud.start()
        for name in ("registration", "slow_ms", "loses_answers"):
            value = getattr(command, name)
            if value is not None:
                setattr(cloud.mood, name, value)

    async def _remote(self, command: Remote) -> str:
        cloud = self._world.cloud
        if command.action == "start":
            return await cloud.remote_start(command.station, command.token, connector=command.connector)
        if command.action == "stop":
            return await cloud.remote_stop(command.station, command.transaction_id)
        return await cloud.reset(command.station)


def _act(kind: type[AnyCommand], act: Callable[[AnyCommand], Awaitable[str | None]]) -> Act:
    """A handler that reads a body of this kind.

    400 when it is none, 404 for a name that nothing has, 502 when the station asked does not answer.
    """
    decoder = msgspec.json.Decoder(kind)

    async def handle(request: web.Request) -> web.Response:
        try:
            result = await act(decoder.decode(await request.read()))
        except LookupError as unknown:
            return _json(Refused(error=str(unknown)), status=404)
        except PeerError as silent:
            return _json(Refused(error=str(silent)), status=502)
        except (ValueError, msgspec.DecodeError) as wrong:
            return _json(Refused(error=str(wrong)), status=400)
        return _json(Done(result=result or "done"))

    return handle


def _json(body: msgspec.Struct, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", status=status)
