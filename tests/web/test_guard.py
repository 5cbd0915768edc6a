"""Who may ask what: foreign pages, foreign names, other media types, other machines."""

import re

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from edge.web import guard
from edge.web.description import ROUTES
from edge.web.problems import ProblemError
from tests.web.adopting_lot import waiting

LIMIT = {"name": "x", "kind": "evse", "target": "bay-1", "limit_a": 6, "seconds": 60}


@pytest.mark.parametrize("path", ["/", "/api/status", "/static/page.css", "/nothing", "/api/evses/none"])
async def test_every_answer_tells_the_browser_to_trust_nothing_from_outside(box, path):
    headers = (await box.get(path)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


async def test_an_answer_of_the_api_is_never_kept_and_a_file_only_while_it_is_the_same(box):
    assert (await box.get("/api/status")).headers["Cache-Control"] == "no-store"
    page = await box.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    again = await box.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_a_post_from_another_sites_page_is_refused(box, headers):
    answer = await box.post("/api/limit", json=LIMIT, headers=headers)
    assert answer.status == 403
    assert box.lot.limits == []


async def test_a_post_from_the_own_page_is_taken(box):
    answer = await box.post(
        "/api/limit", json=LIMIT, headers={"Origin": box.url, "Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_can_send_without_asking_is_refused(box, kind):
    answer = await box.post("/api/limit", data=b"{}", headers={"Content-Type": kind})
    assert answer.status == 415


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "a]b"])
async def test_a_name_that_a_stranger_may_own_shows_nothing(box, name):
    answer = await box.get("/api/status", headers={"Host": name})
    assert answer.status in {400, 421}


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]:8080", "192.168.1.5:8080", "ampyard", "ampyard.local"])
async def test_addresses_and_local_names_are_ours(box, name):
    assert (await box.get("/api/status", headers={"Host": name})).status == 200


async def test_a_body_without_end_is_not_read(box):
    answer = await box.post("/api/limit", data=b" " * 100_000, headers={"Content-Type": "application/json"})
    assert answer.status == 413


async def test_other_methods_are_answered_in_words(box):
    async with aiohttp.request("DELETE", box.url + "/api/status", json={}) as answer:
        assert answer.status == 405
        assert "GET" in (await answer.json())["error"]


class Peer:
    """A transport as far as a request asks it: whence it came."""

    def __init__(self, address):
        self._address = address

    def get_extra_info(self, name, default=None):
        return (self._address, 50_000) if name == "peername" else default


@pytest.mark.parametrize(
    ("address", "may"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.168.1.7", False)],
)
def test_orders_are_taken_from_this_machine_only(address, may):
    request = make_mocked_request("POST", "/api/limit", transport=Peer(address))
    if may:
        guard.require_from_here(request)
    else:
        with pytest.raises(ProblemError) as refused:
            guard.require_from_here(request)
        assert refused.value.status == 403


CHANGING = [route for route in ROUTES if route[0] != "GET" and not route[1].startswith("/rehearsal")]


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_whatever_changes_something_is_refused_to_other_machines(tmp_path, monkeypatch, method, path):
    monkeypatch.setattr(web.BaseRequest, "remote", "192.168.1.7")
    place = re.sub(r"{\w+}", "1", path)
    async with waiting(tmp_path) as box, box.client.request(method, box.url + place, json={}) as answer:
        assert answer.status == 403
        assert "only from the box itself" in (await answer.json())["error"]


async def test_a_card_cannot_be_guessed_from_another_machine(box, monkeypatch):
    monkeypatch.setattr(web.BaseRequest, "remote", "192.168.1.7")
    assert (await box.get("/api/tokens/04AABBCC")).status == 403
    assert (await box.get("/api/tokens/04AABBCD")).status == 403


async def test_a_removal_needs_no_body_and_is_refused_to_another_sites_page(box):
    async with box.client.delete(f"{box.url}/api/tokens/04FF") as answer:
        assert answer.status == 404
    async with box.client.delete(
        f"{box.url}/api/tokens/04FF", headers={"Origin": "https://elsewhere.example"}
    ) as answer:
        assert answer.status == 403


async def test_nothing_is_listed_or_read_outside_the_pages_own_files(box):
    for path in ("/static/", "/static/..%2f__init__.py", "/static/%2e%2e/server.py"):
        answer = await box.get(path)
        assert answer.status == 404
        assert isinstance(answer, aiohttp.ClientResponse)
        assert web.HTTPNotFound.status_code == answer.status
