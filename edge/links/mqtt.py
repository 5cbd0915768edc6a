"""An MQTT connection on the event loop: paho's client, its socket watched by asyncio. 3.1.1 and 5.

While the broker is away nothing is queued: whoever publishes state publishes it again when told that the
broker is back. A broker that no longer reads is left alone until it does, or is found to be dead.
"""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
CONNECT_S = 3.0
GREETING_S = 4.0
RECONNECT_FIRST_S = 1.0
RECONNECT_CAP_S = 30.0
MAX_QUEUED = 1_000
MOST_BYTES = 65_536  # of a packet, which a broker of version 5 is told
LONGEST_TOPIC = 200
PACKETS_AT_ONCE = 50
_NO_MQTT = (ValueError, IndexError, TypeError, struct.error, MQTTException)


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and who we are there. The will is said by the broker when we are gone.

    `ca` None: the machine's own authorities; `certificate` and `key`: ours, where the broker wants one.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    client_id: str
    will_topic: str
    will: bytes
    version: Literal["3.1.1", "5"] = "3.1.1"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What came in. `answer_to` and `correlation` are only there in version 5, where the sender said so."""

    topic: str
    payload: bytes
    is_retained: bool = False
    answer_to: str = ""
    correlation: bytes = b""


class MqttLink:
    """`run` until cancelled. `publish` is harmless while the broker is away."""

    def __init__(
        self,
        broker: Broker,
        *,
        subscriptions: tuple[str, ...],
        on_connected: Callable[[], None],
        on_received: Callable[[Message], None],
    ) -> None:
        self.is_connected = False
        self._broker = broker
        self._subscriptions = subscriptions
        self._on_connected = on_connected
        self._on_received = on_received
        self._gone = asyncio.Event()
        self._was_connected = False
        self._is_five = broker.version == "5"
        self._has_tls = False
        self._watched: int | None = None
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_five else MQTTProtocolVersion.MQTTv311,
        )
        self._client.connect_timeout = CONNECT_S
        self._client.max_queued_messages_set(MAX_QUEUED)
        self._client.will_set(broker.will_topic, broker.will, qos=1, retain=True)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)

    @property
    def is_full(self) -> bool:
        """Whether what was published before has not left yet: the broker does not read."""
        return self._client.want_write()

    def publish(self, topic: str, payload: bytes, *, retain: bool, correlation: bytes = b"") -> None:
        """Send it if the broker is there."""
        if not self.is_connected:
            return
        properties = None
        if correlation and self._is_five:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
            properties.CorrelationData = correlation
        self._client.publish(topic, payload, qos=0, retain=retain, properties=properties)

    async def run(self) -> None:
        """Connect, serve, connect again: doubling with jitter, reset on success."""
        self._wire(asyncio.get_running_loop())
        wait_s = RECONNECT_FIRST_S
        told = False
        try:
            while True:
                why = await self._connect()
                if why is None:
                    await self._serve()
                    why = "the connection ended"
                    if self._was_connected:
                        wait_s, told = RECONNECT_FIRST_S, False
                self._drop()
                if not told:
                    log.warning("broker %s:%d: %s", self._broker.host, self._broker.port, why)
                    told = True
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  spreads, hides nothing
                wait_s = min(wait_s * 2, RECONNECT_CAP_S)
        finally:
            self._leave()
            self._unwire()

    async def _connect(self) -> str | None:
        """The TCP and TLS part, off the loop; the reason when it fails."""
        self._gone.clear()
        self._was_connected = False
        loop = asyncio.get_running_loop()
        try:
            self._prepare_tls()
            await loop.run_in_executor(None, self._open)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            return str(error)
        return None

    def _prepare_tls(self) -> None:
        """Raises OSError where a certificate cannot be read: it is looked for again with the next attempt."""
        broker = self._broker
        if not broker.tls or self._has_tls:
            return
        context = ssl.create_default_context(cafile=broker.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.certificate is not None:
            context.load_cert_chain(broker.certificate, broker.key, password=_no_password)
        self._client.tls_set_context(context)
        self._has_tls = True

    def _open(self) -> None:
        host, port = self._broker.host, self._broker.port
        if not self._is_five:
            self._client.connect(host, port, KEEPALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.MaximumPacketSize = MOST_BYTES
        self._client.connect(host, port, KEEPALIVE_S, clean_start=True, properties=properties)

    async def _serve(self) -> None:
        """Until the connection is gone; a broker that greets nobody, or says nothing to pings, is."""
        loop = asyncio.get_running_loop()
        greeting_s = loop.time() + GREETING_S
        while not self._gone.is_set():
            if not self.is_connected and loop.time() >= greeting_s:
                break
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            try:
                async with asyncio.timeout(1.0):
                    await self._gone.wait()
            except TimeoutError:
                continue
        self.is_connected = False

    def _wire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have paho tell when its socket wants attention; connecting happens in another thread.

        What is told of a socket that was dropped here already is not listened to.
        """
        client = self._client

        here = threading.get_ident()

        def if_open(its: "paho.SocketLike", do: Callable[[], object]) -> None:
            if its.fileno() >= 0:
                self._watched = its.fileno()
                do()

        def opened(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            if isinstance(its, socket.socket):  # an answer waits for no other
                its.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop.call_soon_threadsafe(if_open, its, lambda: loop.add_reader(its, self._read))

        def closed(_: paho.Client, __: object, ___: "paho.SocketLike") -> None:
            if threading.get_ident() == here:  # else connecting has failed: it says so itself
                self._unwatch(loop)
                self._gone.set()

        def wants_write(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.call_soon_threadsafe(if_open, its, lambda: loop.add_writer(its, client.loop_write))

        def wrote(_: paho.Client, __: object, its: "paho.SocketLike") -> None:
            loop.call_soon_threadsafe(if_open, its, lambda: loop.remove_writer(its))

        client.on_socket_open = opened
        client.on_socket_close = closed
        client.on_socket_register_write = wants_write
        client.on_socket_unregister_write = wrote
        client.on_connect = self._connected
        client.on_disconnect = lambda *_: self._gone.set()
        client.on_message = self._received

    def _unwire(self) -> None:
        """What paho does with its socket when it is forgotten concerns nobody: the loop may be closed."""
        client = self._client
        client.on_socket_open = client.on_socket_close = None
        client.on_socket_register_write = client.on_socket_unregister_write = None

    def _read(self) -> None:
        """What has come. What is no MQTT ends the connection, as the standard asks for."""
        try:
            for _ in range(PACKETS_AT_ONCE):
                self._client.loop_read()
                its = self._client.socket()
                if not isinstance(its, ssl.SSLSocket) or not its.pending():
                    return
        except _NO_MQTT as error:
            log.warning("broker %s: not MQTT: %s", self._broker.host, error)
            self._gone.set()
            return
        asyncio.get_running_loop().call_soon(self._read)  # TLS has read more than it has given

    def _received(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        told = message.properties
        self._on_received(
            Message(
                topic=message.topic,
                payload=bytes(message.payload),
                is_retained=message.retain,
                answer_to=_answer_topic(getattr(told, "ResponseTopic", "")),
                correlation=getattr(told, "CorrelationData", b""),
            )
        )

    def _connected(self, client: paho.Client, __: Any, ___: Any, code: Any, ____: Any) -> None:  # noqa: ANN401  paho's
        if code.is_failure:
            log.warning("broker %s refuses us: %s", self._broker.host, code)
            self._gone.set()
            return
        log.info("broker %s:%d: connected", self._broker.host, self._broker.port)
        self.is_connected = self._was_connected = True
        for topic in self._subscriptions:
            if self._is_five:  # a retained command keeps its flag, also when we are there to hear it first
                client.subscribe(topic, options=SubscribeOptions(qos=1, retainAsPublished=True))
            else:
                client.subscribe(topic, qos=1)
        self._on_connected()

    def _drop(self) -> None:
        """Have done with this connection, whatever is left of it."""
        self.is_connected = False
        self._unwatch(asyncio.get_running_loop())
        its = self._client.socket()
        if its is not None:
            its.close()

    def _unwatch(self, loop: asyncio.AbstractEventLoop) -> None:
        """By its number: the socket may be closed already, and its number given to another soon."""
        fd, self._watched = self._watched, None
        if fd is not None:
            with contextlib.suppress(OSError):
                loop.remove_reader(fd)
            with contextlib.suppress(OSError):
                loop.remove_writer(fd)

    def _leave(self) -> None:
        """Say goodbye in order: the will is then ours to publish."""
        if self.is_connected:
            self._client.publish(self._broker.will_topic, self._broker.will, qos=0, retain=True)
            self._client.loop_write()
            self._client.disconnect()
            self._client.loop_write()
        self._drop()


def _no_password() -> str:
    """An encrypted key is an error, and no question on a terminal that nobody sits at."""
    return ""


def _answer_topic(told: str) -> str:
    """Where the sender wants its answer; nowhere where that is no name of a topic."""
    is_name = told and len(told) <= LONGEST_TOPIC and not set(told) & set("+#\0") and told[0] != "$"
    return told if is_name else ""
