"""One OCPP-J connection over real sockets: both ends are ours here, or one end is a bare WebSocket."""

import asyncio
import contextlib
import json
import socket
import time
from urllib.parse import urlsplit

import aiohttp
import pytest

from edge.links import ocppj_server
from edge.links.ocppj_client import ConnectRefused, connect
from edge.links.ocppj_server import Refusal, serve
from edge.ocpp.rpc import CallRefused, CallTimedOut, Fault, LinkLost

SUBPROTOCOLS = ("ocpp1.6",)


async def everybody(_knock):
    return None


async def echo(action, payload):
    return json.dumps({"action": action, "payload": json.loads(bytes(payload))}).encode()


@contextlib.asynccontextmanager
async def server(handler=echo, *, admit=everybody, owner=None, **options):
    """A server whose every connection is run with the handler; yields its URL and the connections."""
    connections = asyncio.Queue()

    async def own(connection):
        connections.put_nowait(connection)
        await connection.run(handler)

    async with serve(
        "127.0.0.1", 0, subprotocols=SUBPROTOCOLS, admit=admit, on_connection=owner or own, **options
    ) as port:
        yield f"ws://127.0.0.1:{port}/ocpp", connections


@contextlib.asynccontextmanager
async def client(url, handler=echo, **options):
    end = connect(url, identity="cp1", subprotocols=SUBPROTOCOLS, **options)
    async with end as connection, asyncio.TaskGroup() as group:
        running = group.create_task(connection.run(handler))
        yield connection
        running.cancel()


@contextlib.asynccontextmanager
async def bare(url, identity="cp1", **options):
    """A WebSocket that obeys no rules."""
    async with aiohttp.ClientSession() as session:
        options.setdefault("protocols", SUBPROTOCOLS)
        async with session.ws_connect(f"{url}/{identity}", **options) as websocket:
            yield websocket


async def said(websocket):
    async with asyncio.timeout(3):
        return json.loads((await websocket.receive()).data)


async def test_both_ends_ask_and_answer():
    async with server() as (url, connections), client(url) as station:
        answer = await station.call("Heartbeat", b'{"a":1}', timeout_s=3)
        assert json.loads(bytes(answer)) == {"action": "Heartbeat", "payload": {"a": 1}}
        ours = await connections.get()
        assert (ours.identity, ours.subprotocol, ours.address) == ("cp1", "ocpp1.6", "127.0.0.1")
        assert json.loads(bytes(await ours.call("Reset", b"{}", timeout_s=3)))["action"] == "Reset"


async def test_a_call_has_left_before_anything_is_awaited():
    seen = []
    async with (
        server(observer=lambda way, text: seen.append((way, json.loads(text)[2]))) as (url, connections),
        client(url),
    ):
        ours = await connections.get()
        first = ours.begin("Reset", b"{}", timeout_s=3)
        second = ours.begin("Heartbeat", b"{}", timeout_s=3)
        assert seen == [("out", "Reset")]  # one CALL at a time: the other has its turn when that is answered
        assert json.loads(bytes(await first))["action"] == "Reset"
        assert json.loads(bytes(await second))["action"] == "Heartbeat"


async def test_what_is_begun_on_a_lost_link_says_so_to_who_awaits_it():
    async with server() as (url, connections):
        async with client(url):
            ours = await connections.get()
        waiting = ours.begin("Reset", b"{}", timeout_s=3)
        with pytest.raises(LinkLost):
            await waiting


async def test_a_handler_may_call_back_over_the_same_connection():
    async def curious(action, payload):
        connection = await connections.get()
        return bytes(await connection.call("GetConfiguration", b"{}", timeout_s=3))

    async with server(curious) as (url, connections), client(url) as station:
        answer = json.loads(bytes(await station.call("BootNotification", b"{}", timeout_s=3)))
        assert answer["action"] == "GetConfiguration"


async def test_messages_are_handled_in_order():
    seen = []

    async def slow(action, payload):
        seen.append(action)
        await asyncio.sleep(0)
        seen.append(action)
        return b"{}"

    async with server(slow) as (url, _), bare(url) as station:
        await station.send_str('[2,"1","StartTransaction",{}]')
        await station.send_str('[2,"2","StopTransaction",{}]')
        assert [(await said(station))[1], (await said(station))[1]] == ["1", "2"]
    assert seen == ["StartTransaction", "StartTransaction", "StopTransaction", "StopTransaction"]


async def test_a_fault_and_a_bug_cost_one_message_only(caplog):
    async def faulty(action, payload):
        if action == "Reset":
            raise Fault("NotSupported", "not here")
        if action == "Heartbeat":
            raise ZeroDivisionError
        return b"{}"

    async with server(faulty) as (url, _), client(url) as station:
        with pytest.raises(CallRefused) as refused:
            await station.call("Reset", b"{}", timeout_s=3)
        assert (refused.value.code, refused.value.description) == ("NotSupported", "not here")
        with pytest.raises(CallRefused) as refused:
            await station.call("Heartbeat", b"{}", timeout_s=3)
        assert refused.value.code == "InternalError"
        await station.call("Authorize", b"{}", timeout_s=3)
    assert "Heartbeat could not be handled" in caplog.text


@pytest.mark.parametrize(
    ("frame", "answered"),
    [
        ("hello", "-1"),
        ('[2,"9","Heartbeat"]', "9"),
        ('[2,"9","Heartbeat",[]]', "9"),
        ('[2,"9","MeterValues",{"v":NaN}]', "9"),
        (b"\x00\x01", "-1"),
    ],
)
async def test_a_malformed_frame_is_answered_and_the_connection_lives_on(frame, answered):
    async with server() as (url, _), bare(url) as station:
        await (station.send_str(frame) if isinstance(frame, str) else station.send_bytes(frame))
        kind, message_id, code, *_ = await said(station)
        assert (kind, message_id, code) == (4, answered, "FormationViolation")
        await station.send_str('[2,"10","Heartbeat",{}]')
        assert (await said(station))[:2] == [3, "10"]


STRAY = ['[3,"nobody asked",{}]', '[4,"-1","GenericError","",{}]', '[3,"x"]', "[7,1,2]"]


@pytest.mark.parametrize("frame", STRAY)
async def test_stray_answers_and_unknown_types_are_ignored(frame):
    async with server() as (url, _), bare(url) as station:
        await station.send_str(frame)
        await station.send_str('[2,"10","Heartbeat",{}]')
        assert (await said(station))[:2] == [3, "10"]


async def test_a_flood_of_rubbish_ends_the_connection():
    async with server() as (url, connections), bare(url) as station:
        for _ in range(30):
            await station.send_str("rubbish")
        async with asyncio.timeout(3):
            while (await station.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert station.close_code == 1008
        assert (await connections.get()).lost == "it sent too much rubbish"


async def test_a_message_too_long_ends_the_connection():
    async with server() as (url, _), bare(url) as station:
        await station.send_str('[2,"1","DataTransfer",{"data":"%s"}]' % ("x" * 300_000))
        async with asyncio.timeout(3):
            await station.receive()
        assert station.close_code == 1009


async def test_a_call_without_an_answer_times_out_and_gives_way_to_the_next():
    async with server() as (url, connections), bare(url) as station:  # noqa: SIM117
        async with asyncio.TaskGroup() as group:
            ours = await connections.get()
            lost = group.create_task(timed_out(ours, 0.05))
            asked = await said(station)
            await lost
            second = group.create_task(ours.call("ClearCache", b"{}", timeout_s=3))
            assert (await said(station))[2] == "ClearCache"
            await station.send_str(json.dumps([3, asked[1], {"late": True}]))
            await station.send_str(json.dumps([3, ours_id(second, asked), {"status": "Accepted"}]))
            assert bytes(await second) == b'{"status": "Accepted"}'


async def timed_out(connection, timeout_s):
    with pytest.raises(CallTimedOut) as fault:
        await connection.call("Reset", b"{}", timeout_s=timeout_s)
    assert fault.value.was_sent


def ours_id(_call, previous):
    """Ids count up behind a prefix of the connection's own."""
    prefix, number = previous[1].split("-")
    return f"{prefix}-{int(number) + 1}"


async def test_only_one_call_of_ours_is_under_way():
    async with server() as (url, connections), bare(url) as station:
        ours = await connections.get()
        async with asyncio.TaskGroup() as group:
            group.create_task(ours.call("Reset", b"{}", timeout_s=3))
            cleared = group.create_task(ours.call("ClearCache", b"{}", timeout_s=3))
            first = await said(station)
            with pytest.raises(TimeoutError):
                await station.receive(timeout=0.05)
            await station.send_str(json.dumps([3, first[1], {}]))
            second = await said(station)
            assert (first[2], second[2]) == ("Reset", "ClearCache")
            await station.send_str(json.dumps([3, second[1], {"status": "Accepted"}]))
            assert bytes(await cleared) == b'{"status": "Accepted"}'


async def test_a_broken_answer_fails_the_call_at_once():
    async with server() as (url, connections), bare(url) as station:
        ours = await connections.get()
        async with asyncio.TaskGroup() as group:
            call = group.create_task(refused(ours))
            asked = await said(station)
            await station.send_str(json.dumps([3, asked[1], "what?"]))
            assert (await call).code == "FormationViolation"


async def refused(connection):
    with pytest.raises(CallRefused) as fault:
        await connection.call("Reset", b"{}", timeout_s=3)
    return fault.value


async def test_a_lost_link_fails_every_call_and_says_which_had_left():
    async with server() as (url, connections):
        async with bare(url) as station:
            ours = await connections.get()
            calls = [asyncio.create_task(ours.call("Reset", b"{}", timeout_s=3)) for _ in range(2)]
            await said(station)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [LinkLost, LinkLost]
        assert [outcome.was_sent for outcome in outcomes] == [True, False]
        with pytest.raises(LinkLost):
            await ours.call("Reset", b"{}", timeout_s=3)


async def test_the_handler_at_work_may_finish_when_the_link_is_lost():
    begun, finished = asyncio.Event(), asyncio.Event()

    async def storing(action, payload):
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()
        return b"{}"

    async with server(storing) as (url, _):
        async with bare(url) as station:
            await station.send_str('[2,"1","StopTransaction",{}]')
            await begun.wait()
        async with asyncio.timeout(3):
            await finished.wait()


async def test_more_than_can_be_handled_is_refused_while_our_own_calls_are_answered():
    free = asyncio.Event()

    async def stuck(action, payload):
        await free.wait()
        return b"{}"

    async with server(stuck) as (url, connections), bare(url) as station:
        for number in range(100):
            await station.send_str(json.dumps([2, str(number), "MeterValues", {}]))
        refusals = [await said(station) for _ in range(36)]
        assert {refusal[2] for refusal in refusals} == {"InternalError"}
        assert refusals[0][1] == "64"
        ours = await connections.get()
        async with asyncio.TaskGroup() as group:
            call = group.create_task(ours.call("Reset", b"{}", timeout_s=3))
            asked = await said(station)
            await station.send_str(json.dumps([3, asked[1], {}]))
            await call
        free.set()
        assert [(await said(station))[1] for _ in range(64)] == [str(number) for number in range(64)]


async def test_a_repeated_call_gets_one_answer():
    free = asyncio.Event()

    async def stuck(action, payload):
        await free.wait()
        return b"{}"

    async with server(stuck) as (url, _), bare(url) as station:
        await station.send_str('[2,"1","StartTransaction",{}]')
        await station.send_str('[2,"1","StartTransaction",{}]')
        await station.send_str('[2,"1","StopTransaction",{}]')
        assert (await said(station))[:3] == [4, "1", "GenericError"]
        free.set()
        await station.send_str('[2,"2","Heartbeat",{}]')
        assert [(await said(station))[:2], (await said(station))[:2]] == [[3, "1"], [3, "2"]]


async def test_frames_can_be_watched():
    seen = []
    async with server(observer=lambda way, text: seen.append((way, text))) as (url, _), bare(url) as station:
        await station.send_str('[2,"1","Heartbeat",{}]')
        await said(station)
    assert seen == [
        ("in", '[2,"1","Heartbeat",{}]'),
        ("out", '[3,"1",{"action": "Heartbeat", "payload": {}}]'),
    ]


async def test_a_silent_half_open_link_is_found(monkeypatch):
    monkeypatch.setattr(ocppj_server, "PING_S", 0.2)
    ends = asyncio.Queue()

    async def own(connection):
        ends.put_nowait(await connection.run(echo))

    async with server(owner=own) as (url, _), bare(url, autoping=False), asyncio.timeout(3):
        assert await ends.get() == "no pong: the link is dead"


# -- the door ------------------------------------------------------------------------------------------------


async def test_the_last_segment_of_any_path_names_the_station():
    async with server() as (url, connections):
        for path, identity in {
            "/RDAM%20123": "RDAM 123",
            "/a/b/c/CP-1?token=7": "CP-1",
            "/CP-2/": "CP-2",
            "/x/M%C3%BCnchen%2F1": "München/1",
        }.items():
            async with aiohttp.ClientSession() as session:
                target = aiohttp.client.URL(url.replace("/ocpp", "") + path, encoded=True)
                async with session.ws_connect(target, protocols=SUBPROTOCOLS):
                    assert (await connections.get()).identity == identity


@pytest.mark.parametrize("path", ["/", "/%FF", "/a%00b", "/" + "x" * 300])
async def test_a_path_that_names_no_station_is_not_found(path):
    async with server() as (url, _), aiohttp.ClientSession() as session:
        target = aiohttp.client.URL(url.replace("/ocpp", "") + path, encoded=True)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(target, protocols=SUBPROTOCOLS)
        assert refused.value.status == 404


async def test_the_door_keeper_sees_who_knocks_and_may_refuse():
    seen = []

    async def keeper(knock):
        seen.append((knock.identity, knock.address, knock.credentials))
        return None if knock.credentials == ("cp1", b"s:ecret\xff") else Refusal(status=401)

    async with server(admit=keeper) as (url, _):
        with pytest.raises(ConnectRefused) as refused:
            async with client(url, password="wrong"):
                pass
        assert refused.value.status == 401
        async with client(url, password=b"s:ecret\xff"):
            pass
    assert seen == [("cp1", "127.0.0.1", ("cp1", b"wrong")), ("cp1", "127.0.0.1", ("cp1", b"s:ecret\xff"))]


@pytest.mark.parametrize("header", ["", "Basic", "Basic ?", "Basic Y3Ax", "Bearer x", "Basic //8="])
def test_credentials_that_are_none(header):
    assert ocppj_server.credentials_of(header) is None


@pytest.mark.parametrize("protocols", [(), ("ocpp2.0.1",), ("soap", "ocpp1.5")])
async def test_without_a_common_subprotocol_the_handshake_completes_and_the_connection_closes(protocols):
    async with server() as (url, connections), bare(url, protocols=protocols) as station:
        assert station.protocol is None
        async with asyncio.timeout(3):
            message = await station.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert connections.empty()


async def test_of_several_subprotocols_the_one_we_speak_is_chosen():
    async with server() as (url, _), bare(url, protocols=("ocpp2.0.1", "ocpp1.6", "ocpp1.5")) as station:
        assert station.protocol == "ocpp1.6"


async def test_a_browser_is_told_what_is_spoken_here():
    async with server() as (url, _), aiohttp.ClientSession() as session:
        page = await session.get(url.replace("ws:", "http:") + "/cp1")
        assert page.status == 426


async def test_nobody_at_the_other_end():
    with pytest.raises(ConnectRefused) as refused:
        async with connect("ws://127.0.0.1:1/ocpp", identity="cp1", subprotocols=SUBPROTOCOLS):
            pass
    assert refused.value.status is None


async def test_everything_closes_in_about_a_second_whoever_does_not_answer():
    async def stuck(action, payload):
        await asyncio.Event().wait()

    async with contextlib.AsyncExitStack() as peers:
        async with server(stuck) as (url, connections):
            await peers.enter_async_context(client(url))
            deaf = await peers.enter_async_context(bare(url, autoping=False, autoclose=False))
            await deaf.send_str('[2,"1","Heartbeat",{}]')
            for _ in range(2):
                await connections.get()
            begun = time.monotonic()
        assert time.monotonic() - begun < 2.0


async def test_a_station_that_leaves_during_the_handshake_is_no_bug(caplog):
    async with server() as (url, _):
        address = urlsplit(url)
        upgrade = (
            "GET /ocpp/cp1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        for _ in range(5):
            with socket.create_connection((address.hostname, address.port)) as hasty:
                hasty.sendall(upgrade.encode())
            await asyncio.sleep(0.05)
        async with client(url) as station:
            await station.call("Heartbeat", b"{}", timeout_s=3)
    assert [record for record in caplog.records if record.exc_info] == []
