"""Home Assistant's device discovery: the message's own rules, and that its templates find what is told."""

import json
import re

import pytest

from edge.building import homeassistant
from edge.building.topics import messages
from tests.building.lots import bay, status

# home-assistant.io, MQTT integration: "Device discovery payload"; required keys of each platform used
REQUIRED = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "number": {"command_topic"},
    "button": {"command_topic"},
}
ALLOWED = {"platform", "name", "unique_id", "state_topic", "value_template", "device_class"}
MORE = {
    "sensor": {"state_class", "unit_of_measurement"},
    "binary_sensor": set(),
    "number": {"command_topic", "command_template", "unit_of_measurement", "min", "max", "step", "mode"},
    "button": {"command_topic", "command_template"},
}
NOW = status(bay("bay-1"), bay("row/2", measured_ma=None))
TOLD = homeassistant.discovery(NOW, "ampyard/riverside", takes_limits=True, takes_commands=True)


@pytest.mark.parametrize("topic", TOLD)
def test_a_device_is_whole_and_says_nothing_unknown(topic: str) -> None:
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", topic)
    device = json.loads(TOLD[topic])
    assert set(device) == {
        "device",
        "origin",
        "components",
        "availability_topic",
        "payload_available",
        "payload_not_available",
    }
    assert device["device"]["identifiers"]
    assert device["origin"]["name"]
    unique = [component["unique_id"] for component in device["components"].values()]
    assert len(set(unique)) == len(unique)
    for name, component in device["components"].items():
        platform = component["platform"]
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", name)
        assert REQUIRED[platform] <= set(component) <= ALLOWED | MORE[platform]


def test_every_topic_that_is_listened_to_is_told_and_has_the_field() -> None:
    told = {f"ampyard/riverside/{name}": json.loads(body) for name, body in messages(NOW).items()}
    for device in TOLD.values():
        for component in json.loads(device)["components"].values():
            if "state_topic" in component:
                fields = re.findall(r"value_json\.(\w+)", component["value_template"])
                assert fields
                assert set(fields) <= set(told[component["state_topic"]])


def test_who_takes_no_commands_offers_none() -> None:
    told = homeassistant.discovery(NOW, "lot", takes_limits=False, takes_commands=False)
    assert all(b"command_topic" not in body for body in told.values())


def test_two_lots_on_one_broker_are_two_devices() -> None:
    other = homeassistant.discovery(NOW, "ampyard/other", takes_limits=True, takes_commands=True)
    assert not set(other) & set(TOLD)
