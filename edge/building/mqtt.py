"""The lot on MQTT: its state retained under one topic, and limits from the building, each with an end.

    <topic>/online           true or false (last will)
    <topic>/site             name, severity, sentence
    <topic>/circuits/<name>  per phase in A: limit, background, chargers, booked, headroom; the meter's state
    <topic>/evses/<id>       state, sentence, setpoint_a, measured_a, session_kwh, transaction
    <topic>/uplinks/<name>   state, waiting, parked
    <topic>/limit/set     <- {"id": "42", "limit_a": 40, "seconds": 600, "target": "grid", "of": "chargers"}
    <topic>/limit/answer  -> {"id": "42", "accepted": true, "until_ms": ...}
                          or {"id": "42", "accepted": false, "error": "..."}

A limit without an end is refused, and so is a retained one: whoever reconnects would get it again.
`limit_a` null takes the limit of that target back. State goes out when it changed, at most once a second.
"""

import asyncio
import logging

import msgspec

from edge.links.mqtt import Broker, MqttLink
from edge.settings.model import MqttSettings
from edge.site.ports import Clock, Limit, SiteDoors
from edge.site.status import CircuitStatus, DemandStatus, EvseStatus, Status

log = logging.getLogger(__name__)

PERIOD_S = 1.0
LONGEST_S = 86_400
MAX_PAYLOAD = 4_096


class LimitCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the building sends. `of`: our chargers on that circuit together, or everything on it."""

    id: str = ""
    limit_a: float | None
    seconds: int | None = None
    target: str = "grid"
    of: str = "chargers"


class MqttBuilding:
    """Publishes the site and takes its limits; `run` until cancelled."""

    def __init__(
        self, settings: MqttSettings, doors: SiteDoors, clock: Clock, *, password: str | None
    ) -> None:
        self._doors = doors
        self._clock = clock
        self._topic = settings.topic
        self._allows_limits = settings.limits
        self._sent: dict[str, bytes] = {}
        self._link = MqttLink(
            Broker(
                host=settings.host,
                port=settings.port,
                tls=settings.tls,
                user=settings.user,
                password=password,
                client_id=f"ampyard-{settings.topic.replace('/', '-')}",
                will_topic=f"{settings.topic}/online",
                will=b"false",
            ),
            subscriptions=(f"{settings.topic}/limit/set",),
            on_connected=self._connected,
            on_received=self._received,
        )

    async def run(self) -> None:
        """The link, and the state over it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run())
            async for status in self._doors.watch():
                self._publish(status)
                await asyncio.sleep(PERIOD_S)

    def _connected(self) -> None:
        """The broker may be a new one: say everything again."""
        self._sent.clear()
        self._link.publish(f"{self._topic}/online", b"true", retain=True)
        self._publish(self._doors.status())

    def _publish(self, status: Status) -> None:
        if not self._link.is_connected:
            return
        for name, payload in messages(status).items():
            if self._sent.get(name) != payload:
                self._sent[name] = payload
                self._link.publish(f"{self._topic}/{name}", payload, retain=True)

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001  paho's word
        if retained:
            self._answer("", "a retained limit is not obeyed: send it without the retain flag")
            return
        command_id = ""
        try:
            if len(payload) > MAX_PAYLOAD:
                raise ValueError(f"longer than {MAX_PAYLOAD} bytes")  # noqa: TRY301  one way out for all
            command = msgspec.json.decode(payload, type=LimitCommand)
            command_id = command.id
            self._obey(command)
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("%s: %s", topic, error)
            self._answer(command_id, str(error))

    def _obey(self, command: LimitCommand) -> None:
        """Raises ValueError with what is wrong."""
        if not self._allows_limits:
            raise ValueError("this site takes no limits over MQTT: [mqtt] limits = true allows it")
        if command.of not in ("chargers", "circuit"):
            raise ValueError(f"of is {command.of!r}, allowed are chargers and circuit")
        expires_ms = None
        limit_ma = None
        if command.limit_a is not None:
            if not 0 <= command.limit_a <= 10_000:  # a NaN fails this too
                raise ValueError(f"limit_a is {command.limit_a}, allowed are 0 to 10000")
            if command.seconds is None or not 1 <= command.seconds <= LONGEST_S:
                raise ValueError(
                    f"seconds is {command.seconds}, allowed are 1 to {LONGEST_S}: a limit must end"
                )
            limit_ma = int(command.limit_a * 1000)
            expires_ms = self._clock.mono_ms() + command.seconds * 1000
        self._doors.limit(
            Limit(
                name=f"building/{command.target}/{command.of}",
                source="mqtt",
                kind="circuit" if command.of == "circuit" else "chargers",
                target=command.target,
                limit_ma=limit_ma,
                expires_ms=expires_ms,
            )
        )
        until_ms = None if command.seconds is None else self._clock.now_ms() + command.seconds * 1000
        self._answer(command.id, None, until_ms=until_ms)

    def _answer(self, command_id: str, error: str | None, *, until_ms: int | None = None) -> None:
        answer: dict[str, object] = {"id": command_id, "accepted": error is None}
        if error is not None:
            answer["error"] = error
        if until_ms is not None:
            answer["until_ms"] = until_ms
        self._link.publish(f"{self._topic}/limit/answer", msgspec.json.encode(answer), retain=False)


def messages(status: Status) -> dict[str, bytes]:
    """Everything that is published, by topic below the site's, without what changes with every cycle."""
    told: dict[str, dict[str, object]] = {
        "site": {"name": status.site, "severity": status.severity, "sentence": status.sentence}
    }
    for circuit in status.circuits:
        told[f"circuits/{circuit.name}"] = _circuit(circuit)
    for evse in status.evses:
        told[f"evses/{evse.id}"] = _evse(evse)
    for uplink in status.uplinks:
        told[f"uplinks/{uplink.csms}"] = {
            "state": uplink.state,
            "connected": uplink.connected,
            "chargers": uplink.chargers,
            "waiting": uplink.waiting,
            "parked": uplink.parked,
        }
    return {name: msgspec.json.encode(message) for name, message in told.items()}


def _circuit(circuit: CircuitStatus) -> dict[str, object]:
    return {
        "rating_a": _amps(circuit.rating_ma),
        "limit_a": _phases(circuit.limit_ma),
        "background_a": _phases(circuit.background_ma),
        "chargers_a": _phases(circuit.chargers_ma),
        "booked_a": _phases(circuit.booked_ma),
        "headroom_a": _phases(circuit.headroom_ma),
        "meter": "none" if circuit.meter is None else circuit.meter.state,
        "overload_borne": bool(circuit.overload),
        "demand": None if circuit.demand is None else _demand(circuit.demand),
    }


def _demand(demand: DemandStatus) -> dict[str, object]:
    return {
        "target_kw": demand.target_w / 1000,
        "goal_kw": demand.goal_w / 1000,
        "window_min": demand.window_ms // 60_000,
        "limit_kw": round(demand.limit_w / 1000, 1),
        "power_kw": round(demand.power_w / 1000, 1),
        "last_kw": None if demand.last_w is None else round(demand.last_w / 1000, 1),
        "peak_kw": round(demand.peak_w / 1000, 1) if demand.peak_w else None,
    }


def _evse(evse: EvseStatus) -> dict[str, object]:
    return {
        "state": evse.word,
        "severity": evse.severity,
        "sentence": evse.sentence,
        "link": evse.link,
        "setpoint_a": _amps(evse.setpoint_ma),
        "measured_a": None if evse.measured_ma is None else _phases(evse.measured_ma),
        "transaction": evse.transaction_id,
        "session_kwh": None if evse.session_wh is None else evse.session_wh / 1000,
    }


def _amps(ma: int) -> float:
    """A to one decimal: finer would be noise on the bus."""
    return round(ma / 1000, 1)


def _phases(ma: tuple[int, int, int]) -> list[float]:
    return [_amps(each) for each in ma]
