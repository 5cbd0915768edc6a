"""The lot on MQTT: its state retained below one topic, and commands from the building, each answered.

Every topic, command and word is in deploy/mqtt.md. `<topic>/<command>/set` takes JSON with an `id` and the
time at which it was sent; the answer comes on `<topic>/<command>/answer`, in version 5 where the sender wants
it. A retained command is refused: whoever reconnects would get it again. So is one of the past.
"""

import asyncio
import logging
from pathlib import Path

import msgspec

from edge.building import evcc, homeassistant
from edge.building.freshness import Freshness
from edge.building.orders import KINDS, MOST_PAYLOAD, LimitOrder, Order, Orders
from edge.building.publisher import Publisher
from edge.building.topics import messages
from edge.links.mqtt import Broker, Message, MqttLink
from edge.settings.model import MqttSettings
from edge.site.ports import Clock, SiteDoors
from edge.site.status import Status

log = logging.getLogger(__name__)

PERIOD_S = 1.0
MOST_WAITING = 20  # commands to chargers that wait for their answers
GARBAGE_EVERY_MS = 60_000  # how often it is told of


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates as files; None: none is asked for."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class MqttBuilding:
    """Publishes the site and takes its commands; `run` until cancelled."""

    def __init__(
        self,
        settings: MqttSettings,
        doors: SiteDoors,
        clock: Clock,
        *,
        password: str | None,
        voltage_mv: int,
        papers: Papers = Papers(),  # noqa: B008  it is frozen
    ) -> None:
        """`voltage_mv`: where powers are told and nothing measures it."""
        self._settings = settings
        self._doors = doors
        self._clock = clock
        self._voltage_mv = voltage_mv
        self._topic = settings.topic
        self._orders = Orders(doors, clock, takes_limits=settings.limits, takes_commands=settings.commands)
        self._fresh = Freshness(clock.now_ms())
        self._group: asyncio.TaskGroup | None = None
        self._waiting = 0
        self._garbage_told_ms: int | None = None
        self._is_discovered = False
        births = (homeassistant.BIRTH,) if settings.home_assistant else ()
        self._link = MqttLink(
            _broker(settings, password, papers),
            subscriptions=(*(f"{self._topic}/{kind}/set" for kind in KINDS), *births),
            on_connected=self._connected,
            on_received=self._received,
        )
        self._lot = Publisher(self._link, self._topic, period_ms=settings.period_ms)
        self._evcc = Publisher(self._link, settings.evcc_topic or "", period_ms=settings.period_ms)

    async def run(self) -> None:
        """The link, and the state over it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._link.run())
            async for status in self._doors.watch():
                self._publish(status)
                await asyncio.sleep(PERIOD_S)

    def _connected(self) -> None:
        """The broker may be a new one: say everything again."""
        self._lot.forget()
        self._evcc.forget()
        self._is_discovered = False
        self._link.publish(f"{self._topic}/online", b"true", retain=True)
        self._publish(self._doors.status())

    def _publish(self, status: Status) -> None:
        """Nothing before the first cycle: what is not decided yet would take back what was told before."""
        if not status.circuits:
            return
        now_ms = self._clock.mono_ms()
        if self._settings.home_assistant and self._link.is_connected and not self._is_discovered:
            self._discover(status)
        self._lot.publish(messages(status), now_ms)
        if self._settings.evcc_topic is not None:
            self._evcc.publish(evcc.messages(status, self._voltage_mv), now_ms)

    def _discover(self, status: Status) -> None:
        told = homeassistant.discovery(
            status,
            self._topic,
            takes_limits=self._settings.limits,
            takes_commands=self._settings.commands,
        )
        for topic, payload in told.items():
            self._link.publish(topic, payload, retain=True)
        self._is_discovered = True

    # -- commands ----------------------------------------------------------------------------------------

    def _received(self, message: Message) -> None:
        if message.topic == homeassistant.BIRTH:
            self._is_discovered = self._is_discovered and message.payload != b"online"
            return
        kind = message.topic.removeprefix(f"{self._topic}/").removesuffix("/set")
        if kind not in KINDS:
            return
        if not self._fresh.may_come(self._clock.mono_ms()):
            self._garbage("too many commands at once: some are not looked at")
            return
        try:
            order = _read(kind, message)
            if (before := self._fresh.answered(f"{kind}/{order.id}")) is not None:
                self._send(kind, before, message)
                return
            self._fresh.check(order.at_ms, self._clock.now_ms(), is_sure=self._clock.is_synchronised())
            if isinstance(order, LimitOrder):
                self._answer(kind, order.id, self._orders.limit(order), message)
            else:
                self._carry_out_later(kind, order, message)
        except (msgspec.MsgspecError, ValueError) as error:
            self._refuse(kind, message, error)

    def _carry_out_later(self, kind: str, order: Order, message: Message) -> None:
        """A charger has to answer first. The same command again, meanwhile, is not carried out again."""
        if self._group is None or self._waiting >= MOST_WAITING:
            raise ValueError("too many commands wait for their chargers")
        self._waiting += 1
        self._fresh.note(f"{kind}/{order.id}", _said(order.id, {"accepted": False, "error": "under way"}))
        self._group.create_task(self._carry_out(kind, order, message))

    async def _carry_out(self, kind: str, order: Order, message: Message) -> None:
        try:
            told = await self._orders.carry_out(order)
        except ValueError as error:
            self._fresh.note(f"{kind}/{order.id}", self._wrong(kind, order.id, error, message))
        else:
            self._answer(kind, order.id, told, message)
        finally:
            self._waiting -= 1

    def _answer(self, kind: str, order_id: str, told: dict[str, object], message: Message) -> None:
        answer = _said(order_id, {"accepted": True} | told)
        self._fresh.note(f"{kind}/{order_id}", answer)
        self._send(kind, answer, message)

    def _refuse(self, kind: str, message: Message, error: Exception) -> None:
        self._garbage(f"{message.topic}: {error}")
        self._wrong(kind, _id_of(message.payload), error, message)

    def _wrong(self, kind: str, order_id: str, error: Exception, message: Message) -> bytes:
        answer = _said(order_id, {"accepted": False, "error": str(error)})
        self._send(kind, answer, message)
        return answer

    def _send(self, kind: str, answer: bytes, message: Message) -> None:
        """Where the sender wants it; never where the lot tells its own state."""
        wanted = message.answer_to
        is_ours = wanted.startswith((f"{self._topic}/", f"{homeassistant.PREFIX}/"))
        topic = wanted if wanted and not is_ours else f"{self._topic}/{kind}/answer"
        self._link.publish(topic, answer, retain=False, correlation=message.correlation)

    def _garbage(self, what: str) -> None:
        now_ms = self._clock.mono_ms()
        if self._garbage_told_ms is None or now_ms - self._garbage_told_ms >= GARBAGE_EVERY_MS:
            self._garbage_told_ms = now_ms
            log.warning("%s", what[:300])


def _broker(settings: MqttSettings, password: str | None, papers: Papers) -> Broker:
    return Broker(
        host=settings.host,
        port=settings.port,
        tls=settings.tls,
        user=settings.user,
        password=password,
        client_id=f"ampyard-{settings.topic.replace('/', '-')}",
        will_topic=f"{settings.topic}/online",
        will=b"false",
        version=settings.version,
        ca=papers.ca,
        certificate=papers.certificate,
        key=papers.key,
    )


def _read(kind: str, message: Message) -> Order:
    """Raises ValueError with what is wrong."""
    if message.is_retained:
        raise ValueError("a retained command is not obeyed: send it without the retain flag")
    if len(message.payload) > MOST_PAYLOAD:
        raise ValueError(f"longer than {MOST_PAYLOAD} bytes")
    return msgspec.json.decode(message.payload, type=KINDS[kind])


def _said(order_id: str, told: dict[str, object]) -> bytes:
    return msgspec.json.encode({"id": order_id} | told)


class _Id(msgspec.Struct):
    """What can be told of a command that is wrong otherwise."""

    id: str = ""


def _id_of(payload: bytes) -> str:
    try:
        return msgspec.json.decode(payload[:MOST_PAYLOAD], type=_Id).id[:64]
    except (msgspec.MsgspecError, ValueError):
        return ""
