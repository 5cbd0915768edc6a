"""`ampyard uplink test`: each way to fail is told apart, in words that say what to do."""

import asyncio
import ssl

import pytest

from edge.links.ocppj_server import Refusal, serve
from edge.simulator.csms import Csms
from edge.site.events import ChargerBooted
from edge.uplink.trial import Route, tried
from edge.uplink.versions import version_of
from tests.interop.box import box, site_file
from tests.uplink.cloud_201 import Csms201

BOOT = ChargerBooted(charger="bay-1", at_ms=0, seen_ms=0, vendor="Ampyard", model="CP-1", protocol="a trial")


async def outcome(url, *, version="1.6", password=None, tls=None):
    """The steps that went well, and the last one."""
    route = Route(
        csms="city",
        url=url,
        identity="CP-1",
        password=password,
        version=version_of(version),
        boot=BOOT,
        tls=tls,
    )
    async with asyncio.timeout(20):
        steps = [step async for step in tried(route)]
    return [step.name for step in steps if step.is_well], steps[-1]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("registration", ["Accepted", "Pending", "Rejected"])
async def test_the_boot_s_answer_ends_the_way(version, registration):
    cloud = Csms(wall_ms=lambda: 0) if version == "1.6" else Csms201()
    cloud.mood.registration = registration
    await cloud.start()
    try:
        well, last = await outcome(cloud.url, version=version)
    finally:
        await cloud.kill()
    assert well[:4] == ["name", "port", "tls", "websocket"]
    assert last.name == "boot"
    assert last.is_well is (registration == "Accepted")
    if not last.is_well:
        assert registration.lower() in last.sentence
        assert last.remedy.startswith("in the cloud:")


async def test_a_name_that_nobody_knows():
    well, last = await outcome("ws://no-such-host.invalid/ocpp")
    assert (well, last.name) == ([], "name")
    assert "no-such-host.invalid is not found" in last.sentence


async def test_a_port_at_which_nobody_listens():
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    well, last = await outcome(f"ws://127.0.0.1:{port}")
    assert (well, last.name) == (["name"], "port")
    assert f"port {port}" in last.sentence


@pytest.mark.parametrize(
    ("status", "sentence", "remedy"),
    [
        (401, "it refuses the password", "sudo ampyard secret set city"),
        (403, "lets nobody in", "whether CP-1 is enabled"),
        (404, "does not know this identity", "add CP-1"),
    ],
)
async def test_a_cloud_that_refuses_says_why(status, sentence, remedy):
    async def refuse(_knock):
        return Refusal(status=status)

    async with serve(
        "127.0.0.1", 0, subprotocols=("ocpp1.6",), admit=refuse, on_connection=lambda _: None
    ) as port:
        well, last = await outcome(f"ws://127.0.0.1:{port}", password="wrong")
    assert (well, last.name) == (["name", "port", "tls"], "websocket")
    assert sentence in last.sentence
    assert remedy in last.remedy


async def test_a_cloud_of_another_version():
    cloud = Csms201()
    await cloud.start()
    try:
        _, last = await outcome(cloud.url, version="1.6")
    finally:
        await cloud.kill()
    assert last.name == "websocket"
    assert not last.is_well


async def test_no_tls_behind_wss():
    cloud = Csms201()
    await cloud.start()
    try:
        well, last = await outcome(cloud.url.replace("ws:", "wss:"), tls=ssl.create_default_context())
    finally:
        await cloud.kill()
    assert (well, last.name) == (["name", "port"], "tls")
    assert "ws:// instead" in last.remedy


async def test_papers_that_are_missing_cost_their_uplink_and_not_the_box(tmp_path):
    def site(around, *chargers, cloud):
        return site_file(around, *chargers, cloud=cloud) + 'ca = "secret:nowhere"\n'

    async with box(tmp_path, "bay-1", cloud="wss://127.0.0.1:9/ocpp", site=site) as lot:
        await lot.until(lambda status: status.uplinks != ())
        (told,) = lot.site.uplinks()
        assert told.state == "refused"
        assert "its ca, certificate or key cannot be used" in told.sentence
