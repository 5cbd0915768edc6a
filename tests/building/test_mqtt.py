"""The lot on a real Mosquitto: state retained, last will, limits with an end, answers in words."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.building.mqtt import MqttBuilding
from edge.links.clock import SystemClock
from edge.settings.model import MqttSettings
from edge.site.ports import Limit
from edge.site.status import CircuitStatus, Status

pytestmark = pytest.mark.mosquitto

STATUS = Status(
    site="Riverside",
    at_ms=1,
    cycle=1,
    is_proven=True,
    severity="fine",
    sentence="All well.",
    circuits=(
        CircuitStatus(
            name="grid",
            parent=None,
            rating_ma=100_000,
            limit_ma=(100_000,) * 3,
            background_ma=(41_049, 0, 0),
            background_is_measured=True,
            chargers_ma=(0, 0, 0),
            booked_ma=(6_600, 0, 0),
            headroom_ma=(52_351, 100_000, 100_000),
            meter=None,
        ),
    ),
    evses=(),
    uplinks=(),
)


class Lot:
    """The doors that MQTT uses, kept as small as they can be."""

    def __init__(self) -> None:
        self.limits: list[Limit] = []

    def status(self) -> Status:
        return STATUS

    async def watch(self) -> AsyncIterator[Status]:
        while True:
            yield STATUS
            await asyncio.sleep(0.05)

    def limit(self, limit: Limit) -> None:
        if limit.target != "grid":
            raise ValueError(f"{limit.target!r} is none of grid")
        self.limits.append(limit)


class Listener:
    """A building's own client, in a thread of its own as such clients are."""

    def __init__(self, port: int) -> None:
        self.messages: dict[str, tuple[bytes, bool]] = {}
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._note
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("lot/#", qos=1)
        self.client.loop_start()

    def _note(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.messages[message.topic] = (message.payload, message.retain)

    async def expect(self, topic: str, value: bytes | None = None) -> bytes:
        for _ in range(200):
            found = self.messages.get(topic)
            if found is not None and (value is None or found[0] == value):
                return found[0]
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing on {topic}: {self.messages}")

    async def ask(self, payload: bytes, *, retain: bool = False) -> dict[str, object]:
        self.messages.pop("lot/limit/answer", None)
        self.client.publish("lot/limit/set", payload, qos=1, retain=retain)
        return json.loads(await self.expect("lot/limit/answer"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "Debian's package mosquitto is needed: apt-get install mosquitto"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen(
        [program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            break
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)


@contextlib.asynccontextmanager
async def lot_on(port: int, *, limits: bool = True) -> AsyncIterator[tuple[Lot, Listener]]:
    lot = Lot()
    settings = MqttSettings(
        host="127.0.0.1", port=port, tls=False, user=None, password=None, topic="lot", limits=limits
    )
    building = MqttBuilding(settings, lot, SystemClock(), password=None)
    listener = Listener(port)
    task = asyncio.create_task(building.run())
    try:
        await listener.expect("lot/online", b"true")
        yield lot, listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        listener.client.loop_stop()
        listener.client.disconnect()


async def test_state_is_retained_with_units_in_its_names(broker: int) -> None:
    async with lot_on(broker) as (_, listener):
        circuit = json.loads(await listener.expect("lot/circuits/grid"))
        assert circuit["background_a"] == [41.0, 0.0, 0.0]
        late = Listener(broker)
        assert json.loads(await late.expect("lot/site"))["sentence"] == "All well."
        assert late.messages["lot/site"][1], "retained"
        late.client.loop_stop()
        late.client.disconnect()


async def test_when_we_leave_the_lot_is_offline(broker: int) -> None:
    async with lot_on(broker):
        pass
    late = Listener(broker)
    assert await late.expect("lot/online", b"false")
    late.client.loop_stop()
    late.client.disconnect()


async def test_a_limit_with_an_end_is_obeyed_and_answered(broker: int) -> None:
    async with lot_on(broker) as (lot, listener):
        answer = await listener.ask(b'{"id": "42", "limit_a": 40.5, "seconds": 600}')
        assert answer["accepted"] is True
        assert answer["id"] == "42"
        assert lot.limits[0].limit_ma == 40_500
        assert lot.limits[0].kind == "chargers"
        assert lot.limits[0].expires_ms is not None
        await listener.ask(b'{"limit_a": null}')
        assert lot.limits[1].limit_ma is None
        assert lot.limits[1].name == lot.limits[0].name


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b'{"limit_a": 40}', "a limit must end"),
        (b'{"limit_a": 40, "seconds": 99999999}', "a limit must end"),
        (b'{"limit_a": -1, "seconds": 60}', "allowed are 0 to"),
        (b'{"limit_a": NaN, "seconds": 60}', "malformed"),
        (b'{"limit_a": 1e99, "seconds": 60}', "allowed are 0 to"),
        (b'{"limit_a": "40", "seconds": 60}', "Expected"),
        (b'{"limit_a": 40, "seconds": 60, "target": "gird"}', "none of grid"),
        (b'{"limit_a": 40, "seconds": 60, "of": "cars"}', "chargers and circuit"),
        (b'{"limit_a": 40, "second": 60}', "second"),
        (b"\xff\xfe", "malformed"),
        (b"", "truncated"),
        (b"[" * 5_000, "longer than"),
    ],
)
async def test_what_is_not_a_limit_is_answered_with_what_is_wrong(
    broker: int, payload: bytes, words: str
) -> None:
    async with lot_on(broker) as (lot, listener):
        answer = await listener.ask(payload)
        assert answer["accepted"] is False
        assert words in str(answer["error"])
        assert lot.limits == []


async def test_a_retained_limit_is_not_obeyed(broker: int) -> None:
    before = Listener(broker)
    before.client.publish("lot/limit/set", b'{"limit_a": 10, "seconds": 60}', qos=1, retain=True)
    await before.expect("lot/limit/set")
    before.client.loop_stop()
    before.client.disconnect()
    async with lot_on(broker) as (lot, listener):
        answer = json.loads(await listener.expect("lot/limit/answer"))
        assert "retain" in str(answer["error"])
        assert lot.limits == []


async def test_a_site_that_takes_no_limits_says_so(broker: int) -> None:
    async with lot_on(broker, limits=False) as (lot, listener):
        answer = await listener.ask(b'{"limit_a": 10, "seconds": 60}')
        assert "limits = true" in str(answer["error"])
        assert lot.limits == []
