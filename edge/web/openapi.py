"""The OpenAPI 3.1 document of the routes that are served, out of the types that they use."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from edge.site.operations import SPOKEN_OF, Operation, operations
from edge.web.description import COMMANDS, ROUTES, Told
from edge.web.reading import answer, version

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
PROBLEM = {"$ref": REFERENCE.format(name="Problem")}
INTRODUCTION = (
    "Reading is open to the network that the box hangs on. What changes something is taken only from this "
    "machine: over the Unix socket or a loopback address. Card numbers are in full over the socket only. "
    "Units are at the end of names: ma is mA per phase, wh is Wh, ms is ms since 1970, UTC, or a span."
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong in plain words, and (`try`) what to do about it."""

    error: str
    remedy: str = msgspec.field(default="", name="try")


class OpenApi:
    """Answers the document of an application, made when it is first asked for."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._document: Json = {}

    def routes(self) -> list[web.RouteDef]:
        """Where it is."""
        return [web.get("/api/openapi.json", self._openapi)]

    async def _openapi(self, _: web.Request) -> web.Response:
        if not self._document:
            self._document = document(routes_of(self._app))
        return answer(self._document)


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    """Method and path of everything that is served."""
    return sorted(
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    )


def document(routes: Iterable[tuple[str, str]]) -> Json:
    """The document of these routes; one that nobody described is told as such."""
    told = {route: ROUTES.get(route, Told(summary="Not described", answers={200: Any})) for route in routes}
    types = [kind for each in told.values() for kind in _types(each)]
    commands = {operation.command: operation for operation in operations().values()}
    schemas, components = msgspec.json.schema_components([*types, Problem, *commands], ref_template=REFERENCE)
    for operation in commands.values():
        _narrow(components[operation.command.__name__], operation)
    components[COMMANDS] = _any_command(commands.values())
    schema_of = dict(zip(map(_key, types), schemas, strict=False))
    paths: dict[str, Json] = {}
    for (method, path), each in told.items():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ampyard", "version": version(), "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _types(told: Told) -> list[Any]:
    kinds = [kind for kind in told.answers.values() if kind is not None]
    return kinds if told.body in {None, COMMANDS} else [*kinds, told.body]


def _key(kind: Any) -> str:  # noqa: ANN401  a type
    return repr(kind)


def _narrow(schema: Json, operation: Operation) -> None:
    """A command as a body: its charger stands in the path, and only what it takes is taken."""
    names = {argument.name for argument in operation.arguments} | {"kind"}
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name in names}
    schema["required"] = [name for name in schema["required"] if name != SPOKEN_OF]
    schema["description"] = f"{operation.summary}."
    schema["additionalProperties"] = False


def _any_command(commands: Iterable[Operation]) -> Json:
    places = {each.kind: REFERENCE.format(name=each.command.__name__) for each in commands}
    return {
        "oneOf": [{"$ref": place} for place in places.values()],
        "discriminator": {"propertyName": "kind", "mapping": places},
    }


def _operation(method: str, path: str, told: Told, schema_of: dict[str, Json]) -> Json:
    found: Json = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{path}").strip("_"),
        "summary": told.summary,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _in(path)
            ),
            *(
                {"name": each.name, "in": "query", "description": each.words, "schema": each.schema}
                for each in told.query
            ),
        ],
        "responses": {
            **{str(status): _answer(told, status, kind, schema_of) for status, kind in told.answers.items()},
            **{str(status): _problem(_phrase(status)) for status in sorted(set(told.problems))},
            "default": _problem("Whatever else went wrong"),
        },
    }
    if told.body is not None:
        place = {"$ref": REFERENCE.format(name=COMMANDS)}
        schema = place if told.body == COMMANDS else schema_of[_key(told.body)]
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _in(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def _answer(told: Told, status: int, kind: Any, schema_of: dict[str, Json]) -> Json:  # noqa: ANN401  a type
    found: Json = {"description": _phrase(status)}
    if status != HTTPStatus.NOT_MODIFIED:
        found["content"] = {told.media: {"schema": schema_of[_key(kind)]} if kind is not None else {}}
    return found


def _problem(words: str) -> Json:
    return {"description": words, "content": {"application/json": {"schema": PROBLEM}}}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
