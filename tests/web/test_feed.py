"""Server-sent events: the first status at once, then the latest; readers that hang hinder nobody."""

import asyncio
import json
import socket
import time

import pytest

from edge.web import feed
from tests.web.conftest import served


async def frames(response):
    """The statuses of a stream, as they come, however long."""
    kept = b""
    async for chunk in response.content.iter_any():
        *whole, kept = (kept + chunk).split(b"\n\n")
        for event in whole:
            _, data, body = event.partition(b"data: ")
            if data:
                yield json.loads(body)


async def next_of(stream):
    async with asyncio.timeout(5):
        return await anext(stream)


async def test_a_stream_begins_with_the_status_and_follows_its_changes(box):
    async with box.get("/api/events") as response:
        assert response.content_type == "text/event-stream"
        stream = frames(response)
        assert (await next_of(stream))["sentence"].startswith("All well.")
        box.lot.publish(sentence="No new charges: the journal is full.", severity="act")
        assert (await next_of(stream))["severity"] == "act"


async def test_of_many_changes_a_reader_gets_the_last(box):
    async with box.get("/api/events") as response:
        stream = frames(response)
        await next_of(stream)
        for number in range(50):
            box.lot.publish(sentence=f"{number}")
            await asyncio.sleep(0)
        seen = [await next_of(stream)]
        while seen[-1]["sentence"] != "49":
            seen.append(await next_of(stream))
        assert len(seen) <= 3


async def test_the_rows_of_explain_are_left_to_those_who_ask(box):
    async with box.get("/api/events") as response:
        status = await next_of(frames(response))
        assert not any("limits" in evse or "before" in evse for evse in status["evses"])


async def test_a_quiet_line_is_kept_alive(box, monkeypatch):
    monkeypatch.setattr(feed, "KEEP_ALIVE_S", 0.05)
    async with box.get("/api/events") as response, asyncio.timeout(5):
        async for line in response.content:
            if line.startswith(b":"):
                break


async def test_a_page_too_many_is_refused_and_a_closed_one_makes_room(box, monkeypatch):
    monkeypatch.setattr(feed, "MOST_STREAMS", 1)
    async with box.get("/api/events") as first:
        await next_of(frames(first))
        refused = await box.get("/api/events")
        assert refused.status == 503
        assert "close one" in (await refused.json())["try"]
    async with asyncio.timeout(10):
        while True:
            box.lot.publish()
            async with box.get("/api/events") as again:
                if again.status == 200:
                    break
            await asyncio.sleep(0.1)  # the server notices a reader's end when it writes


def one_that_never_reads(url):
    """A connection that asks for the events and then leaves them lying."""
    host, port = url.removeprefix("http://").split(":")
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect((host, int(port)))
    stuck.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return stuck


async def test_a_reader_that_never_reads_keeps_no_other_waiting(box):
    with one_that_never_reads(box.url):
        async with box.get("/api/events") as response:
            stream = frames(response)
            await next_of(stream)
            box.lot.publish(alerts=("x" * 60_000,) * 40)
            assert len((await next_of(stream))["alerts"]) == 40
            box.lot.publish(sentence="after", alerts=())
            assert (await next_of(stream))["sentence"] == "after"


async def test_a_reader_that_hangs_for_long_is_dropped(box, monkeypatch):
    monkeypatch.setattr(feed, "STUCK_S", 0.1)
    with one_that_never_reads(box.url) as stuck:
        box.lot.publish(alerts=("x" * 60_000,) * 40)
        await asyncio.sleep(1)  # it hangs, that is the case
        stuck.setblocking(False)
        reading = asyncio.get_running_loop().sock_recv
        received = 0
        async with asyncio.timeout(5):
            while chunk := await reading(stuck, 65_536):
                received += len(chunk)
        assert received < 40 * 60_000


@pytest.mark.parametrize("burden", [1, 80])
async def test_the_server_closes_within_a_second_whoever_still_reads(burden):
    async with served() as box:
        with one_that_never_reads(box.url):
            async with box.get("/api/events") as response:
                stream = frames(response)
                await next_of(stream)
                box.lot.publish(alerts=("x" * 60_000,) * burden)
                await next_of(stream)
                started = time.monotonic()
                await box.stop()
                assert time.monotonic() - started < 1
