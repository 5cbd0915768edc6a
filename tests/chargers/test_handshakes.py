"""A thousand handshakes that are wrong in one way or several: none becomes a connection."""

import asyncio
import base64
import random
from collections import Counter

from edge.settings.hashing import hashed
from edge.site.events import LinkChanged
from tests.chargers.stations import charger, lot

COUNT = 1_000
AT_ONCE = 20
GOOD = {
    "method": "GET",
    "path": "/CP-1",
    "version": "HTTP/1.1",
    "Host": "box",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "ocpp1.6",
    "Authorization": "Basic " + base64.b64encode(b"CP-1:right").decode(),
}


def basic(text):
    return "Basic " + base64.b64encode(text).decode()


WRONG = {
    "method": ["POST", "HEAD", "PUT", "get", "G\0T", "", "OPTIONS", "X" * 9_000],
    "path": ["/", "", "/%FF", "/%00", "/..", "CP-1", "/" + "x" * 300, "/a b", "/CP-2", "/cp-1", "/%2e", "*"],
    "version": ["HTTP/0.9", "HTTP/1.", "HTTP/2.0", "SIP/2.0", "", "HTTP/1.1 x"],
    "Connection": ["close", "", "Upgrad", None],
    "Upgrade": ["h2c", "", "websockets", None],
    "Sec-WebSocket-Version": ["0", "7", "99", "thirteen", "", None],
    "Sec-WebSocket-Key": ["", "short", "?" * 24, "A" * 3_000, None],
    "Authorization": [
        *(None, "", "Basic", "Basic ?", "Bearer x", basic(b"CP-1"), basic(b"CP-1:"), basic(b":right")),
        *(basic(b"CP-1:wrong"), basic(b"CP-2:right"), basic(b"CP-1:righ"), basic(b"CP-1:right\0")),
        *(basic(b"\xff\xfe:right"), basic(b"CP-1:" + b"x" * 6_000), "Digest username=CP-1", "basic"),
    ],
}


def request(dice, number):
    """A station's good one, made wrong at one to three places; now and then plain noise, or cut short."""
    kind = dice.random()
    if kind < 0.05:
        return dice.randbytes(dice.randrange(1, 2_000))
    fields = dict(GOOD, Authorization=basic(f"CP-{number}:right".encode()))
    for name in dice.sample(sorted(WRONG), dice.choice((1, 1, 2, 3))):
        fields[name] = dice.choice(WRONG[name])
    lines = [f"{fields.pop('method')} {fields.pop('path')} {fields.pop('version')}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")
    raw = raw.replace(b"CP-1", f"CP-{number}".encode())
    return raw[: dice.randrange(1, len(raw) - 3)] if kind > 0.95 else raw


async def knock(port, raw, number):
    """The first line of the answer. Each has a station and an address of its own: no limit refuses it."""
    source = f"127.{1 + number // 250}.0.{1 + number % 250}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(raw)
        if not raw.endswith(b"\r\n\r\n"):
            writer.write_eof()
        async with asyncio.timeout(20):
            return (await reader.readline()).decode(errors="replace").strip()
    except ConnectionError:
        return ""
    finally:
        writer.close()


async def test_a_thousand_bad_handshakes_are_no_upgrade(caplog):
    dice = random.Random(4)
    places = asyncio.Semaphore(AT_ONCE)
    answers = Counter()

    async def one(number):
        async with places:
            answers[await knock(port, request(dice, number), number)] += 1

    chargers = [charger(f"bay-{number}", f"CP-{number}") for number in range(COUNT)]
    async with lot(*chargers, password=hashed(b"right")) as site:
        port = int(site.url.rpartition(":")[2].partition("/")[0])
        async with asyncio.TaskGroup() as group:
            for number in range(COUNT):
                group.create_task(one(number))
        assert site.doors.of(LinkChanged) == []
        assert "Traceback" not in caplog.text
        assert answers.total() == COUNT
        assert not [line for line in answers if " 101" in line], answers
        assert {"400", "401", "404", "426"} <= {line.split()[1] for line in answers if line}, answers
        async with site.station(password="right") as station:
            assert station.boot["status"] == "Accepted"


async def test_a_good_one_is_the_measure_of_the_bad_ones():
    fields = dict(GOOD)
    head = f"{fields.pop('method')} {fields.pop('path')} {fields.pop('version')}\r\n"
    raw = head + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    async with lot(password=hashed(b"right")) as site:
        port = int(site.url.rpartition(":")[2].partition("/")[0])
        assert (await knock(port, raw.encode(), 1)).startswith("HTTP/1.1 101")
