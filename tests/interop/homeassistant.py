"""Home Assistant's own schemas judge what the lot discovers: `make homeassistant`.

It runs in an environment of its own, for Home Assistant brings two hundred packages. Its 2024.3 is the last
for this Python and knows no device messages yet: each component is judged by its platform's discovery schema,
with the device, origin and availability that the device's message gives it, as later versions share them out.
"""

import importlib
import json
import sys

from edge.building import homeassistant
from tests.building.lots import bay, status

SHARED = ("device", "origin", "availability_topic", "payload_available", "payload_not_available")


def main() -> int:
    """How many components were judged; 1 where one is refused."""
    now = status(bay("bay-1"), bay("row/2", measured_ma=None))
    told = homeassistant.discovery(now, "ampyard/riverside", takes_limits=True, takes_commands=True)
    judged = refused = 0
    for topic, payload in told.items():
        message = json.loads(payload)
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
