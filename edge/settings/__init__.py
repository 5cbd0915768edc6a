"""The site file: TOML -> frozen settings, or all its faults at once."""

from edge.settings.fault import Caution, Fault, SiteFileError
from edge.settings.model import (
    ChargerSettings,
    CircuitSettings,
    ControlSettings,
    EvseSettings,
    LineSettings,
    MeterSettings,
    MqttSettings,
    OcppSettings,
    Secret,
    Site,
    TokenSettings,
    UplinkSettings,
    WebSettings,
)
from edge.settings.proving import prove_site
from edge.settings.secret import look_up
from edge.settings.site import Verdict, load, read

__all__ = [
    "Caution",
    "ChargerSettings",
    "CircuitSettings",
    "ControlSettings",
    "EvseSettings",
    "Fault",
    "LineSettings",
    "MeterSettings",
    "MqttSettings",
    "OcppSettings",
    "Secret",
    "Site",
    "SiteFileError",
    "TokenSettings",
    "UplinkSettings",
    "Verdict",
    "WebSettings",
    "load",
    "look_up",
    "prove_site",
    "read",
]
