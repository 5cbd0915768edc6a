"""The reference of keys agrees with the settings that are made of it."""

import dataclasses

import pytest

from edge.settings import keys, model
from edge.settings.tables import default_of

PAIRS = [
    (keys.METER, model.MeterSettings),
    (keys.LINE, model.LineSettings),
    (keys.DEMAND, model.DemandSettings),
    (keys.CIRCUIT, model.CircuitSettings),
    (keys.CHARGER, model.ChargerSettings),
    (keys.OCPP, model.OcppSettings),
    (keys.WEB, model.WebSettings),
    (keys.TOKENS, model.TokenSettings),
    (keys.UPLINK, model.UplinkSettings),
    (keys.MQTT, model.MqttSettings),
    (keys.CONTROL, model.ControlSettings),
    (keys.JOURNAL, model.JournalSettings),
]


@pytest.mark.parametrize(("section", "settings"), PAIRS, ids=lambda item: getattr(item, "header", ""))
def test_every_field_comes_from_a_key(section, settings):
    fields = {field.name for field in dataclasses.fields(settings)} - {
        "name",
        "meter",
        "demand",
        "line_number",
        "device",
        "modbus",
        "gpio",
    }
    assert fields <= {key.field for key in section.keys}


@pytest.mark.parametrize("section", [section for section, _ in PAIRS] + [keys.SITE, keys.GRID])
def test_every_default_is_allowed(section):
    for key in section.keys:
        default_of(key)
