"""Raw charging stations in a process of their own: `python -m tests.bench.fleet URL COUNT`.

They answer 50 ms after something arrived with bytes made beforehand. So they cost little while profiles are
being sent, both sides the same, and no answer to the first profile delays the last. When something arrived is
told by the kernel: two hundred stations in one Python process read more slowly than they are written to.
"""

import asyncio
import base64
import json
import os
import re
import socket
import struct
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.bench.orders import keep_to_core, obey

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
MASK = b"\0\0\0\0"  # a mask of zeroes is legal and costs nothing
HEAD = re.compile(rb'\[2,\s*"([^"]*)",\s*"([^"]*)"')
ACCEPTED = b'{"status":"Accepted"}'
ANSWERS = {
    b"GetConfiguration": b"{}",
    b"ClearChargingProfile": b'{"status":"Unknown"}',
    b"TriggerMessage": b'{"status":"NotImplemented"}',
}
CONNECT_AT_ONCE = 20
THOUGHT_S = 0.05
SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h; the socket module does not name it


class Station:
    """One station, one connector, one transaction."""

    def __init__(self, identity, address):
        self.identity = identity
        self.address = address
        self.arrivals = []  # (ns, bytes)
        self.buffer = b""
        self.is_open = False
        self.profiles = []  # (arrived ns, text)
        self.limit_a = None
        self.answers = {}
        self.opened = asyncio.get_running_loop().create_future()
        self.socket = socket.socket()

    async def connect(self):
        loop = asyncio.get_running_loop()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        await loop.sock_connect(self.socket, (self.address.hostname, self.address.port))
        loop.add_reader(self.socket, self.readable)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.send(
            f"GET {self.address.path}/{self.identity} HTTP/1.1\r\nHost: {self.address.netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
        )

    def readable(self):
        data, ancillary, *_ = self.socket.recvmsg(65_536, 64)
        if not data:
            self.close()
            return
        self.arrivals.append((arrived_ns(ancillary), data))
        if len(self.arrivals) == 1:
            asyncio.get_running_loop().call_later(THOUGHT_S, self.think)

    def close(self):
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()

    def think(self):
        arrivals, self.arrivals = self.arrivals, []
        for arrived_ns, data in arrivals:
            self.take(data, arrived_ns)

    def take(self, data, arrived_ns):
        self.buffer += data
        if not self.is_open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self.is_open, self.buffer = True, rest
            self.opened.set_result(None)
        while frame := self.next_frame():
            self.received(*frame, arrived_ns)

    def next_frame(self):
        data = self.buffer
        if len(data) < 2:
            return None
        start, size = 2, data[1] & 127
        if size == 126 and len(data) >= 4:
            start, size = 4, struct.unpack("!H", data[2:4])[0]
        if len(data) < start + size:
            return None
        self.buffer = data[start + size :]
        return data[0] & 15, data[start : start + size]

    def received(self, kind, payload, arrived_ns):
        if kind == TEXT and (found := HEAD.match(payload)):
            message_id, action = found.groups()
            if action == b"SetChargingProfile":
                self.profiles.append((arrived_ns, payload))
            self.write(TEXT, b'[3,"%b",%b]' % (message_id, ANSWERS.get(action, ACCEPTED)))
        elif kind == TEXT:
            _, message_id, answer = json.loads(payload)
            self.answers.pop(message_id).set_result(answer)
        elif kind == PING:
            self.write(PONG, payload)
        elif kind == CLOSE:
            self.close()

    def write(self, kind, payload):
        size = len(payload)
        head = bytes((128 | kind, 128 | size)) if size < 126 else struct.pack("!BBH", 128 | kind, 254, size)
        self.socket.send(head + MASK + payload)

    async def call(self, action, payload):
        message_id = f"{action}-{time.monotonic_ns()}"
        answer = self.answers[message_id] = asyncio.get_running_loop().create_future()
        self.write(TEXT, json.dumps([2, message_id, action, payload]).encode())
        return await answer

    async def begin(self):
        await self.opened
        boot = {"chargePointVendor": "Bench", "chargePointModel": "Raw"}
        await self.call("BootNotification", boot)
        state = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        await self.call("StatusNotification", state)
        start = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 0, "timestamp": now()}
        await self.call("StartTransaction", start)

    def offered_a(self):
        """What it was told last, above the fallback beneath."""
        for _, payload in reversed(self.profiles):
            profile = json.loads(payload)[3]["csChargingProfiles"]
            if profile["stackLevel"] > 0:
                return profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
        return self.limit_a


class Fleet:
    """All stations of one side, and what the bench asks of them."""

    def __init__(self, stations):
        self.stations = stations

    async def begin(self):
        for first in range(0, len(self.stations), CONNECT_AT_ONCE):
            group = self.stations[first : first + CONNECT_AT_ONCE]
            await asyncio.gather(*[connect(station) for station in group])
        return {}

    async def limits(self):
        """What they are offered, the lowest and the highest."""
        offered = [station.offered_a() or 0 for station in self.stations]
        return {"lowest": min(offered), "highest": max(offered)}

    async def arm(self):
        """What arrives from now on belongs to the next step."""
        for station in self.stations:
            station.limit_a = station.offered_a()
            station.profiles.clear()
        return {}

    async def lowered(self):
        """How many were told less than before, and when the first and the last of them learnt it."""
        arrivals = []
        for station in self.stations:
            for arrived_ns, payload in station.profiles:
                periods = json.loads(payload)[3]["csChargingProfiles"]["chargingSchedule"]
                if periods["chargingSchedulePeriod"][0]["limit"] < station.limit_a:
                    arrivals.append(arrived_ns)
                    break
        return {
            "count": len(arrivals),
            "first_ns": min(arrivals, default=0),
            "last_ns": max(arrivals, default=0),
        }


async def connect(station):
    await station.connect()
    await station.begin()


def arrived_ns(ancillary):
    """When the kernel took the bytes in, by the monotonic clock, however late we come to read them."""
    for level, kind, stamp in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, ns = struct.unpack("qq", stamp)
            return seconds * 1_000_000_000 + ns - (time.time_ns() - time.monotonic_ns())
    raise RuntimeError("this kernel does not stamp what arrives")


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def main(url, count):
    keep_to_core(1)
    address = urlsplit(url)
    stations = [Station(f"cp-{number:03d}", address) for number in range(1, count + 1)]
    await obey(Fleet(stations))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
