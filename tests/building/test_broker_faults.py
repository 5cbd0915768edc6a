"""Brokers that are no brokers: garbage, silence, a closed door. The lot goes on, and nothing piles up."""

import asyncio
import contextlib
import socket
import threading
from dataclasses import replace

import pytest

from edge.building.publisher import Publisher
from tests.building.brokers import SETTINGS, Lot, running
from tests.building.lots import bay, status

ACCEPTED = bytes([0x20, 2, 0, 0])  # CONNACK


class Garbler:
    """Accepts one after the other, says what is no MQTT, and hangs up."""

    def __init__(self, garbage: bytes) -> None:
        self.twice = threading.Event()
        self._garbage = garbage
        self._count = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError), self._listener:
            while True:
                peer, _ = self._listener.accept()
                with contextlib.suppress(OSError), peer:
                    self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        self._count += 1
        if self._count == 2:
            self.twice.set()
        peer.settimeout(0.3)
        peer.recv(100)
        peer.sendall(self._garbage)
        while peer.recv(1_000):
            pass

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 2_000,
        b"\x00" * 2_000,
        ACCEPTED + b"\x32\x05\x00\xff\x00" + b"\x00" * 40,
        ACCEPTED + b"\x30\x04\xff\xff\xff\xff",
        ACCEPTED + b"\x30\x03\x00\x05lot",
        ACCEPTED + b"\x30\xff\xff\xff\xff\xff",
    ],
    ids=["http", "ones", "zeroes", "topic", "length", "short", "endless"],
)
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_what_is_no_mqtt_ends_the_connection_and_nothing_else(garbage: bytes, version: str) -> None:
    garbler = Garbler(garbage)
    lot = Lot(status(bay("bay-1")))
    async with running(lot, replace(SETTINGS, port=garbler.port, version=version)):
        assert await asyncio.to_thread(garbler.twice.wait, 10)
    garbler.close()
    assert lot.limits == []


class Stuck:
    """A broker that takes no more."""

    def __init__(self) -> None:
        self.is_connected = True
        self.is_full = False
        self.sent: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        assert retain
        self.sent.append((topic, payload))


def test_a_broker_that_does_not_read_gets_the_latest_when_it_does() -> None:
    stuck = Stuck()
    publisher = Publisher(stuck, "lot", period_ms=60_000)
    publisher.publish({"site": b"1"}, 0)
    stuck.is_full = True
    for number in range(2, 1_000):
        publisher.publish({"site": str(number).encode()}, number * 10)
    assert stuck.sent == [("lot/site", b"1")]
    stuck.is_full = False
    publisher.publish({"site": b"1000"}, 10_000)
    assert stuck.sent[1:] == [("lot/site", b"1000")]


def test_all_is_told_again_after_a_period_and_only_changes_before() -> None:
    stuck = Stuck()
    publisher = Publisher(stuck, "lot", period_ms=1_000)
    for now_ms in (0, 500, 999, 1_000, 1_500, 2_000):
        publisher.publish({"site": b"1", "health": b"2"}, now_ms)
    assert len(stuck.sent) == 6
