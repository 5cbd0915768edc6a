"""Frames of any kind: the controller lives, answers every CALL, and keeps nobody else waiting."""

import asyncio
import json

import aiohttp
import pytest

from edge.dialects.arrival import Arrival
from edge.dialects.charger import SUBPROTOCOLS, dialect_of
from edge.links.ocppj_server import serve
from edge.site.events import Acknowledged, BootAnswer, CertificateAnswer, StartAnswer, TokenAnswer
from tests.faults.fuzz import LATEST_BEAT_MS, VERSIONS, fuzz, handshake
from tests.faults.hostile import ANSWERED, CATALOGUE, ENDS_THE_CONNECTION, IGNORED, NAMELESS

FRAMES = 6_000
FATES = {ANSWERED: ["x-1"], NAMELESS: ["-1"], IGNORED: []}
ARRIVAL = Arrival(charger="x", now_ms=1_700_000_000_000, mono_ms=0, is_synchronised=True, linked_ms=0)
ACCEPTED = TokenAnswer(status="accepted")
ANSWERS = {
    "BootNotification": BootAnswer(status="accepted", interval_s=60, now_ms=0),
    "Authorize": ACCEPTED,
    "StartTransaction": StartAnswer(transaction_id=1, token=ACCEPTED),
    "SignCertificate": CertificateAnswer(is_accepted=False),
}


async def everybody(_knock):
    return None


@pytest.fixture(params=SUBPROTOCOLS)
def spoken(request):
    return request.param


@pytest.fixture
async def door(spoken):
    """A server that understands what it hears; what it could not handle would be in the log."""
    dialect = dialect_of(spoken)

    async def understand(action, raw):
        """As the driver does it, with a site that agrees to everything."""
        dialect.events_of(action, raw, ARRIVAL)
        return dialect.answer_to(action, ANSWERS.get(action, Acknowledged()), now_ms=0)

    async def own(connection):
        await connection.run(understand)

    async with serve("127.0.0.1", 0, subprotocols=(spoken,), admit=everybody, on_connection=own) as port:
        yield f"ws://127.0.0.1:{port}"


@pytest.mark.parametrize("hostile", CATALOGUE, ids=[each.name for each in CATALOGUE])
async def test_each_hostile_frame_has_its_fate_and_the_connection_lives_on(door, spoken, hostile, caplog):
    async with (
        asyncio.timeout(10),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{door}/x", protocols=(spoken,)) as socket,
    ):
        frame = hostile.frame("x-1")
        await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        await socket.send_str('[2,"after","Heartbeat",{}]')
        answered = []
        while (got := json.loads((await socket.receive()).data)[1]) != "after":
            answered.append(got)
    assert answered == FATES[hostile.fate]
    assert "could not be handled" not in caplog.text


@pytest.mark.parametrize("name", ENDS_THE_CONNECTION)
async def test_what_breaks_the_websocket_ends_it_and_nothing_else(door, spoken, name):
    async with asyncio.timeout(10):
        reader, writer = await handshake(door, "x", spoken)
        writer.write(ENDS_THE_CONNECTION[name]())
        while await _read(reader):
            pass
        writer.close()
        again, writer = await handshake(door, "x", spoken)
        assert not again.at_eof()
        writer.close()


async def _read(reader):
    try:
        return await reader.read(65_536)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("version", VERSIONS)
async def test_frames_of_any_kind_cost_the_controller_nothing(tmp_path, version):
    tally = await fuzz(tmp_path, frames=FRAMES, seed=2, connections=4, version=version)
    assert tally.is_clean, "\n".join(tally.lines())
    assert tally.frames == FRAMES
    assert tally.asked.total() > 0
    violation = "FormationViolation" if version == "1.6" else "FormatViolation"
    assert set(tally.answers) > {"a result", violation, "NotImplemented"}


async def test_a_controller_that_stumbles_is_caught(tmp_path):
    tally = await fuzz(tmp_path, frames=600, seed=2, connections=2, sabotage="stumble")
    assert any("could not be handled" in each for each in tally.crashes)


async def test_a_reader_that_blocks_is_caught(tmp_path):
    tally = await fuzz(tmp_path, frames=600, seed=2, connections=2, sabotage="stall")
    assert max(tally.beats_ms) > LATEST_BEAT_MS
    assert not tally.is_clean


async def test_a_call_that_is_dropped_is_caught(tmp_path):
    tally = await fuzz(tmp_path, frames=200, seed=2, connections=1, patience_s=0.5, sabotage="drop")
    assert any("LogStatusNotification" in each for each in tally.unanswered)
