"""An MQTT connection on the event loop: paho's client, its socket watched by asyncio.

While the broker is away nothing is queued: whoever publishes state publishes it again when told that the
broker is back.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
RECONNECT_FIRST_S = 1.0
RECONNECT_CAP_S = 30.0
MAX_QUEUED = 1_000


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and who we are there. The will is said by the broker when we are gone."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    client_id: str
    will_topic: str
    will: bytes


Received = Callable[[str, bytes, bool], None]
"""Topic, payload, and whether it was retained."""


class MqttLink:
    """`run` until cancelled. `publish` is harmless while the broker is away."""

    def __init__(
        self,
        broker: Broker,
        *,
        subscriptions: tuple[str, ...],
        on_connected: Callable[[], None],
        on_received: Received,
    ) -> None:
        self.is_connected = False
        self._broker = broker
        self._subscriptions = subscriptions
        self._on_connected = on_connected
        self._on_received = on_received
        self._gone = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=broker.client_id)
        self._client.max_queued_messages_set(MAX_QUEUED)
        self._client.will_set(broker.will_topic, broker.will, qos=1, retain=True)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set()

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send it if the broker is there."""
        if self.is_connected:
            self._client.publish(topic, payload, qos=0, retain=retain)

    async def run(self) -> None:
        """Connect, serve, connect again: doubling with jitter, reset on success."""
        loop = asyncio.get_running_loop()
        self._wire(loop)
        wait_s = RECONNECT_FIRST_S
        told = False
        try:
            while True:
                self._gone.clear()
                why = await self._connect(loop)
                if why is None:
                    await self._serve()
                    why = "the connection ended"
                    if self._was_connected:
                        wait_s, told = RECONNECT_FIRST_S, False
                if not told:
                    log.warning("broker %s:%d: %s", self._broker.host, self._broker.port, why)
                    told = True
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads, hides nothing
                wait_s = min(wait_s * 2, RECONNECT_CAP_S)
        finally:
            self._leave()

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> str | None:
        """The TCP and TLS part, off the loop; the reason when it fails."""
        self._was_connected = False
        try:
            await loop.run_in_executor(
                None, self._client.connect, self._broker.host, self._broker.port, KEEPALIVE_S
            )
        except (OSError, ValueError) as error:
            return str(error)
        return None

    async def _serve(self) -> None:
        while not self._gone.is_set():
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            try:
                async with asyncio.timeout(1.0):
                    await self._gone.wait()
            except TimeoutError:
                continue
        self.is_connected = False

    def _wire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have paho tell when its socket wants attention; connecting happens in another thread."""
        client = self._client

        def opened(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.call_soon_threadsafe(lambda: loop.add_reader(its, client.loop_read))

        def closed(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.remove_reader(its)
            self._gone.set()

        def wants_write(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.call_soon_threadsafe(lambda: loop.add_writer(its, client.loop_write))

        def wrote(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.call_soon_threadsafe(lambda: loop.remove_writer(its))

        client.on_socket_open = opened
        client.on_socket_close = closed
        client.on_socket_register_write = wants_write
        client.on_socket_unregister_write = wrote
        client.on_connect = self._connected
        client.on_disconnect = lambda *_: self._gone.set()
        client.on_message = lambda _, __, message: self._on_received(
            message.topic, bytes(message.payload), message.retain
        )

    def _connected(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:  # noqa: ANN401  paho's
        if code.is_failure:
            log.warning("broker %s refuses us: %s", self._broker.host, code)
            self._gone.set()
            return
        log.info("broker %s:%d: connected", self._broker.host, self._broker.port)
        self.is_connected = self._was_connected = True
        for topic in self._subscriptions:
            self._client.subscribe(topic, qos=1)
        self._on_connected()

    def _leave(self) -> None:
        """Say goodbye in order: the will is then ours to publish."""
        if self.is_connected:
            self._client.publish(self._broker.will_topic, self._broker.will, qos=0, retain=True)
            self._client.loop_write()
        self.is_connected = False
        self._client.disconnect()
        self._client.loop_write()
