"""The lot and its bays as devices of Home Assistant, by its MQTT device discovery.

Each device is one retained message on `homeassistant/device/<id>/config`: the device, who tells of it
(`origin`), and its components by name, as https://www.home-assistant.io/integrations/mqtt/ describes them.
"""

import re

import msgspec

from edge.site.status import CircuitStatus, EvseStatus, Status

PREFIX = "homeassistant"
BIRTH = f"{PREFIX}/status"
SECONDS = 3_600  # for which a limit set there counts
Component = dict[str, object]

_LIMIT = (
    '{"id": "ha-{{ (now().timestamp() * 1000) | int }}", "at_ms": {{ (now().timestamp() * 1000) | int }}, '
    '"name": "home-assistant", "limit_a": {{ value }}, "seconds": %d, "target": %s}'
)
_STOP = (
    '{"id": "ha-{{ (now().timestamp() * 1000) | int }}", "at_ms": {{ (now().timestamp() * 1000) | int }}, '
    '"bay": %s}'
)


def discovery(status: Status, topic: str, *, takes_limits: bool, takes_commands: bool) -> dict[str, bytes]:
    """The messages by their whole topics."""
    lot = _Device(topic, status.site, ident(topic), None)
    told = {lot.topic: lot.message(_lot(status, takes_limits=takes_limits))}
    for evse in status.evses:
        device = _Device(topic, f"{status.site} {evse.id}", ident(topic, evse.id), lot.ident)
        components = _bay(evse, takes_limits=takes_limits, takes_commands=takes_commands)
        told[device.topic] = device.message(components)
    return told


def ident(*parts: str) -> str:
    """A name that may stand in topics and ids: letters, digits, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", "_".join(("ampyard", *parts)))


class _Device:
    def __init__(self, base: str, name: str, ident: str, via: str | None) -> None:
        self.ident = ident
        self.topic = f"{PREFIX}/device/{ident}/config"
        self._base = base
        self._device: Component = {"identifiers": [ident], "name": name, "manufacturer": "Ampyard"}
        if via is not None:
            self._device["via_device"] = via

    def message(self, components: dict[str, Component]) -> bytes:
        for name, component in components.items():
            component["unique_id"] = f"{self.ident}_{name}"
            for key in ("state_topic", "command_topic"):
                if key in component:
                    component[key] = f"{self._base}/{component[key]}"
        return msgspec.json.encode(
            {
                "device": self._device,
                "origin": {"name": "ampyard"},
                "availability_topic": f"{self._base}/online",
                "payload_available": "true",
                "payload_not_available": "false",
                "components": components,
            }
        )


def _lot(status: Status, *, takes_limits: bool) -> dict[str, Component]:
    components: dict[str, Component] = {
        "sentence": _text("Sentence", "site", "{{ value_json.sentence[:255] }}"),
        "problem": _yes("Problem", "site", "value_json.severity != 'fine'", "problem"),
        "chargers_away": _text(
            "Chargers away", "health", "{{ (value_json.chargers_away | join(', '))[:255] or 'none' }}"
        ),
    }
    for circuit in status.circuits:
        if not circuit.supplies:
            components |= _circuit(circuit)
    for uplink in status.uplinks:
        components[ident("uplink", uplink.csms)] = _yes(
            f"Uplink {uplink.csms}", f"uplinks/{uplink.csms}", "value_json.state == 'up'", "connectivity"
        )
    if takes_limits:
        root = next(circuit for circuit in status.circuits if circuit.parent is None)
        components["limit"] = _limit("Limit of all chargers", root.name, root.rating_ma)
    return components


def _circuit(circuit: CircuitStatus) -> dict[str, Component]:
    components: dict[str, Component] = {}
    source, name = f"circuits/{circuit.name}", circuit.title or circuit.name
    for word, field in (("building", "background_a"), ("chargers", "chargers_a"), ("headroom", "headroom_a")):
        for phase in range(3):
            components[ident(circuit.name, word, f"L{phase + 1}")] = _amps(
                f"{name} {word} L{phase + 1}", source, f"{{{{ value_json.{field}[{phase}] }}}}"
            )
    if circuit.demand is not None:
        components[ident(circuit.name, "demand")] = {
            "platform": "sensor",
            "name": f"{name} demand",
            "state_topic": source,
            "value_template": "{{ value_json.demand.power_kw }}",
            "device_class": "power",
            "state_class": "measurement",
            "unit_of_measurement": "kW",
        }
    return components


def _bay(evse: EvseStatus, *, takes_limits: bool, takes_commands: bool) -> dict[str, Component]:
    source = f"evses/{evse.id}"
    components: dict[str, Component] = {
        "state": _text("State", source, "{{ value_json.state }}"),
        "sentence": _text("Sentence", source, "{{ value_json.sentence[:255] }}"),
        "link": _yes("Link", source, "value_json.link == 'up'", "connectivity"),
        "session": _yes("Session", f"sessions/{evse.id}", "value_json.is_running", "running"),
        "setpoint": _amps("Setpoint", source, "{{ value_json.setpoint_a }}"),
        "energy": {
            "platform": "sensor",
            "name": "Session energy",
            "state_topic": f"sessions/{evse.id}",
            "value_template": "{{ value_json.energy_kwh }}",
            "device_class": "energy",
            "state_class": "total_increasing",
            "unit_of_measurement": "kWh",
        },
    }
    for phase in range(3):
        template = f"{{{{ value_json.measured_a[{phase}] if value_json.measured_a else none }}}}"
        components[f"current_l{phase + 1}"] = _amps(f"Current L{phase + 1}", source, template)
    if takes_limits:
        components["limit"] = _limit("Limit", evse.id, evse.max_ma)
    if takes_commands:
        components["stop"] = {
            "platform": "button",
            "name": "Stop",
            "command_topic": "stop/set",
            "command_template": _STOP % _quoted(evse.id),
        }
    return components


def _text(name: str, source: str, template: str) -> Component:
    return {"platform": "sensor", "name": name, "state_topic": source, "value_template": template}


def _amps(name: str, source: str, template: str) -> Component:
    return _text(name, source, template) | {
        "device_class": "current",
        "state_class": "measurement",
        "unit_of_measurement": "A",
    }


def _yes(name: str, source: str, condition: str, device_class: str) -> Component:
    return {
        "platform": "binary_sensor",
        "name": name,
        "state_topic": source,
        "value_template": f"{{{{ 'ON' if {condition} else 'OFF' }}}}",
        "device_class": device_class,
    }


def _limit(name: str, target: str, most_ma: int) -> Component:
    return {
        "platform": "number",
        "name": name,
        "command_topic": "limit/set",
        "command_template": _LIMIT % (SECONDS, _quoted(target)),
        "device_class": "current",
        "unit_of_measurement": "A",
        "min": 0,
        "max": most_ma // 1000,
        "step": 1,
        "mode": "box",
    }


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
