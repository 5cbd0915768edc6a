"""The document of the API: every route is in it, nothing else, and what it says is what the server does."""

import json

import aiohttp
import jsonschema
import pytest

from edge.site.operations import operations
from edge.web.description import ROUTES
from tests.web.adopting_lot import adopting
from tests.web.conftest import served
from tests.web.test_commands import SAMPLES, WRONG

METHODS = ("GET", "POST", "PUT", "DELETE")


async def told(box):
    answer = await box.get("/api/openapi.json")
    assert answer.status == 200
    return await answer.json()


def resolver(document):
    """A validator of one of its schemas, references included."""

    def check(schema, value):
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(value)

    return check


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


async def test_every_route_is_described_and_every_description_is_served(tmp_path):
    places = adopting(tmp_path, None, restart=lambda: None)
    async with aiohttp.ClientSession(), served(rehearsal_url="http://127.0.0.1:9", adopting=places) as box:
        paths = (await told(box))["paths"]
    documented = {(method.upper(), path) for path, item in paths.items() for method in item}
    assert documented == set(ROUTES)
    assert not [
        each for item in paths.values() for each in item.values() if each["summary"] == "Not described"
    ]


async def test_a_route_that_is_not_served_is_not_described(box):
    assert "/rehearsal/{tail}" not in (await told(box))["paths"]


async def test_the_document_is_whole(box):
    document = await told(box)
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in set(references(document)):
        assert reference.rpartition("/")[2] in document["components"]["schemas"]
    each = [(path, way, item) for path, ways in document["paths"].items() for way, item in ways.items()]
    assert len({item["operationId"] for _, _, item in each}) == len(each)
    for path, way, item in each:
        assert way.upper() in METHODS
        named = {parameter["name"] for parameter in item["parameters"] if parameter["in"] == "path"}
        assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        assert all(answer["description"] for answer in item["responses"].values())
        assert item["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].endswith(
            "/Problem"
        )


async def test_every_command_fits_its_schema_and_what_the_api_refuses_does_not(box):
    document = await told(box)
    check = resolver(document)
    body = document["paths"]["/api/chargers/{name}/commands"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert set(document["components"]["schemas"]["AnyCommand"]["discriminator"]["mapping"]) == set(
        operations()
    )
    for kind, arguments in SAMPLES.items():
        check(schema, {"kind": kind, **arguments})
    for wrong, _, _ in WRONG:
        with pytest.raises(jsonschema.ValidationError):
            check(schema, wrong)


SOCKET_ONLY = {  # card numbers in full
    "/api/cdrs",
    "/api/roaming",
    "/api/journal/events",
    "/api/journal/parked",
    "/api/journal/backup",
}


async def test_what_is_answered_fits_what_is_described(box):
    document = await told(box)
    check = resolver(document)
    for path, ways in document["paths"].items():
        if "{" in path or "get" not in ways or path in {"/", "/metrics", "/api/events", *SOCKET_ONLY}:
            continue
        content = ways["get"]["responses"]["200"]["content"]["application/json"]
        check(content["schema"], await (await box.get(path)).json())
    for path, name in (
        ("/api/evses/{id}", "bay-1"),
        ("/api/chargers/{name}", "bay-1"),
        ("/api/transactions/{id}", 99),
    ):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        check(content["schema"], await (await box.get(path.partition("{")[0] + str(name))).json())


async def test_a_problem_is_as_described(box):
    document = await told(box)
    answer = await box.get("/api/transactions?limit=0")
    resolver(document)(document["components"]["schemas"]["Problem"], json.loads(await answer.text()))
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == {"error", "try"}
