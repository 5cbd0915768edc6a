"""Mosquitto as the building runs it, and a building's own client."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.building.mqtt import MqttBuilding, Papers
from edge.links.clock import SystemClock
from edge.settings.model import MqttSettings
from edge.site.commands import AnyCommand, Done, Origin, Outcome
from edge.site.ports import Limit
from edge.site.status import Status


class SureClock(SystemClock):
    """This machine's clock, believed to be right."""

    def is_synchronised(self) -> bool:
        return True


class Lot:
    """The doors that MQTT uses, kept as small as they can be."""

    def __init__(self, now: Status) -> None:
        self.limits: list[Limit] = []
        self.commands: list[AnyCommand] = []
        self.now = now

    def status(self) -> Status:
        return self.now

    async def watch(self) -> AsyncIterator[Status]:
        while True:
            yield self.now
            await asyncio.sleep(0.05)

    def limit(self, limit: Limit) -> None:
        if limit.target not in ("grid", "bay-1"):
            raise ValueError(f"{limit.target!r} is none of bay-1, grid")
        self.limits.append(limit)

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        self.commands.append(command)
        return Done()


class Listener:
    """A building's own client, in a thread of its own as such clients are."""

    def __init__(self, port: int, topics: str = "#", *, version: str = "3.1.1") -> None:
        self.messages: dict[str, tuple[bytes, bool]] = {}
        self.correlations: dict[str, bytes] = {}
        self._count = 0
        protocol = MQTTProtocolVersion.MQTTv5 if version == "5" else MQTTProtocolVersion.MQTTv311
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        self.client.on_message = self._note
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(topics, qos=1)
        self.client.loop_start()

    def _note(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.messages[message.topic] = (message.payload, message.retain)
        self.correlations[message.topic] = getattr(message.properties, "CorrelationData", b"")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    async def expect(self, topic: str, value: bytes | None = None, *, for_s: float = 10) -> bytes:
        for _ in range(int(for_s * 50)):
            found = self.messages.get(topic)
            if found is not None and (value is None or found[0] == value):
                return found[0]
            await asyncio.sleep(0.02)
        raise AssertionError(f"nothing on {topic}: {sorted(self.messages)}")

    async def ask(
        self, kind: str = "limit", *, retain: bool = False, raw: bytes | None = None, **order: object
    ) -> dict[str, object]:
        """Send a command as a decent building does, and hear its answer."""
        self._count += 1
        payload = {"id": f"order-{self._count}", "at_ms": int(time.time() * 1000)} | order
        self.messages.pop(f"lot/{kind}/answer", None)
        body = json.dumps(payload).encode() if raw is None else raw
        self.client.publish(f"lot/{kind}/set", body, qos=1, retain=retain)
        return json.loads(await self.expect(f"lot/{kind}/answer"))

    async def ask_aside(self, topic: str, correlation: bytes, **order: object) -> dict[str, object]:
        """The same in version 5's way, with a topic for the answer."""
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = topic
        properties.CorrelationData = correlation
        body = json.dumps({"id": "aside", "at_ms": int(time.time() * 1000)} | order).encode()
        self.client.publish("lot/limit/set", body, qos=1, properties=properties)
        return json.loads(await self.expect(topic))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def mosquitto(folder: Path, *, port: int | None = None, more: str = "") -> Iterator[int]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "Debian's package mosquitto is needed: apt-get install mosquitto"
    port = port or free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n{more}")
    process = subprocess.Popen(
        [program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


SETTINGS = MqttSettings(
    host="127.0.0.1", port=0, tls=False, user=None, password=None, topic="lot", limits=True
)


@contextlib.asynccontextmanager
async def running(
    lot: Lot, settings: MqttSettings, papers: Papers | None = None
) -> AsyncIterator[MqttBuilding]:
    building = MqttBuilding(
        settings, lot, SureClock(), password=None, voltage_mv=230_000, papers=papers or Papers()
    )
    task = asyncio.create_task(building.run())
    try:
        yield building
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
