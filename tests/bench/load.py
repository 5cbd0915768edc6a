"""Stations that ask as fast as they are answered, in a process of their own: `python -m tests.bench.load`.

Frames are made beforehand and answers only counted, so that the server is what is measured. Each station
has one CALL under way at a time, as OCPP-J demands.
"""

import asyncio
import selectors
import struct
import time
from urllib.parse import urlsplit

from tests.bench.fleet import CONNECT_AT_ONCE, MASK, TEXT, Station, connect
from tests.bench.frames import calls
from tests.bench.orders import keep_to_core, obey

QUIET_S = 2.0  # a server of ours asks each new station some things


class Load:
    """Stations, connected and booted; what the bench asks of them."""

    def __init__(self):
        self.stations = []

    async def connect(self, url, count):
        """So many more stations; answers when what the server asks of them has been answered."""
        address, known = urlsplit(url), len(self.stations)
        new = [Station(f"cp-{number:03d}", address) for number in range(known + 1, known + count + 1)]
        for first in range(0, count, CONNECT_AT_ONCE):
            await asyncio.gather(*[connect(station) for station in new[first : first + CONNECT_AT_ONCE]])
        self.stations += new
        await asyncio.sleep(QUIET_S)
        return {}

    async def burst(self, message, count):
        """Each station sends so many; answers how long it took until the last was answered, ns."""
        loop = asyncio.get_running_loop()
        for station in self.stations:
            loop.remove_reader(station.socket)
        frames = [framed(text) for text in calls(message, count)]
        began_ns = time.perf_counter_ns()
        answered = exchange([station.socket for station in self.stations], frames)
        took_ns = time.perf_counter_ns() - began_ns
        for station in self.stations:
            loop.add_reader(station.socket, station.readable)
        return {"answered": answered, "took_ns": took_ns}


def framed(text):
    """A masked text frame."""
    payload = text.encode()
    size = len(payload)
    head = bytes((128 | TEXT, 128 | size)) if size < 126 else struct.pack("!BBH", 128 | TEXT, 128 | 126, size)
    return head + MASK + payload


def exchange(sockets, frames):
    """Send every frame over each socket, the next when the last was answered; how many were."""
    answered = 0
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            waiting = iter(frames)
            selector.register(each, selectors.EVENT_READ, waiting)
            each.send(next(waiting))
        while selector.get_map():
            ready = selector.select(timeout=10)
            if not ready:
                raise TimeoutError(f"nothing answered for 10 s, after {answered}")
            for key, _ in ready:
                data = key.fileobj.recv(65_536)
                if not data.startswith(b"\x81") or b"[3" not in data[:6]:
                    raise ValueError(f"this is no answer: {data[:200]!r}")
                answered += 1
                following = next(key.data, None)
                if following is None:
                    selector.unregister(key.fileobj)
                else:
                    key.fileobj.send(following)
    return answered


async def main():
    keep_to_core(1)
    await obey(Load())


if __name__ == "__main__":
    asyncio.run(main())
