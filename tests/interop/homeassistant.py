"""Home Assistant's own schemas judge what the lot discovers: `make homeassistant`.

It runs in an environment of its own, for Home Assistant brings two hundred packages. Its 2024.3 is the last
for this Python and knows no device messages yet: the whole message is judged by its schemas of device, origin
and availability, put together as DEVICE_DISCOVERY_SCHEMA of later versions (components/mqtt/schemas.py), and
each component by its platform's discovery schema, with what the message shares out among them.
"""

import importlib
import json
import sys

from edge.building import homeassistant
from tests.building.lots import bay, status

SHARED = ("device", "origin", "availability_topic", "payload_available", "payload_not_available")


def envelope():
    """The schema of a whole device message."""
    vol = importlib.import_module("voluptuous")
    mixins = importlib.import_module("homeassistant.components.mqtt.mixins")
    component = vol.Schema({vol.Required("platform"): str}, extra=vol.ALLOW_EXTRA)
    return mixins.MQTT_AVAILABILITY_SCHEMA.extend(
        {
            vol.Required("device"): mixins.MQTT_ENTITY_DEVICE_INFO_SCHEMA,
            vol.Required("origin"): mixins.MQTT_ORIGIN_INFO_SCHEMA,
            vol.Required("components"): {str: component},
        }
    )


def main() -> int:
    """How many components were judged; 1 where one is refused."""
    now = status(bay("bay-1"), bay("row/2", measured_ma=None))
    told = homeassistant.discovery(now, "ampyard/riverside", takes_limits=True, takes_commands=True)
    judged = refused = 0
    whole = envelope()
    for topic, payload in told.items():
        message = json.loads(payload)
        try:
            whole(message)
        except Exception as error:  # noqa: BLE001  of a library that is only there where this runs
            refused += 1
            print(f"{topic}: {error}")
        for name, component in message["components"].items():
            platform = component.pop("platform")
            module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
            judged += 1
            try:
                module.DISCOVERY_SCHEMA(component | {key: message[key] for key in SHARED})
            except module.vol.Invalid as error:
                refused += 1
                print(f"{topic} {name}: {error}")
    print(f"{judged} components of {len(told)} devices, {refused} refused")
    return 1 if refused or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
