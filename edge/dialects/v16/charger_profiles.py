"""Limits for chargers in OCPP 1.6: the dead man's pair as calls, and what is asked of them to measure."""

from edge.dialects.v16.charger_probe import units_of
from edge.ocpp.profiles import AMPERES, Wire, beneath, profile_id
from edge.ocpp.v16.charging import OfferTemplate, set_charging_profile
from edge.ocpp.v16.codec import decode_response, encode
from edge.ocpp.v16.requests import ChangeConfiguration, ClearChargingProfile, GetConfiguration, TriggerMessage
from edge.ocpp.v16.responses import GetConfigurationResponse, SetChargingProfileResponse

SET_PROFILE = "SetChargingProfile"
CLEAR_PROFILE = "ClearChargingProfile"
CHANGE = "ChangeConfiguration"
READ = "GetConfiguration"
TRIGGER = "TriggerMessage"

UNITS = "ChargingScheduleAllowedChargingRateUnit"
INTERVAL = "MeterValueSampleInterval"
MEASURANDS = "MeterValuesSampledData"
CONNECTORS = "NumberOfConnectors"
FEATURES = "SupportedFeatureProfiles"
WISHES = (  # the first that a station takes; without a currents per phase it cannot be balanced well
    "Current.Import,Energy.Active.Import.Register,Power.Active.Import,Voltage",
    "Current.Import,Energy.Active.Import.Register,Power.Active.Import",
    "Current.Import,Energy.Active.Import.Register",
    "Current.Import",
)


def offers(
    connector: int, *, fallback_ma: int, wire: Wire = AMPERES, transaction_id: int | None = None
) -> OfferTemplate:
    """The upper profile of a connector, or of a transaction there, ready to be rendered for a limit."""
    return OfferTemplate(connector, fallback_ma=fallback_ma, wire=wire, transaction_id=transaction_id)


def fallback(connector: int, *, fallback_ma: int, wire: Wire = AMPERES) -> bytes:
    """The lower profile of a connector; connector 0 means all that have none of their own."""
    return encode(set_charging_profile(beneath(connector, fallback_ma=fallback_ma, wire=wire)))


def release() -> bytes:
    """Take away what `fallback` of connector 0 set while the station was a stranger."""
    return encode(ClearChargingProfile(id=profile_id(0, "TxDefaultProfile", 0)))


def refusal_of(raw: bytes) -> str | None:
    """Why a profile was not taken; None: it was. Raises Fault when the answer cannot be read."""
    if raw == b'{"status":"Accepted"}':
        return None
    answer = decode_response(SET_PROFILE, raw)
    if not isinstance(answer, SetChargingProfileResponse):
        raise TypeError(answer)
    return None if answer.status == "Accepted" else f"the charger answers {answer.status}"


def read_unit() -> bytes:
    """Ask in which unit it wants its limits."""
    return encode(GetConfiguration(key=(UNITS,)))


def wants_watts(raw: bytes) -> bool:
    """Whether it takes a power and no current. Raises Fault when the answer cannot be read."""
    return units_of(sampling_of(raw).get(UNITS, "")) == ("W",)


def read_sampling() -> bytes:
    """Ask what the station samples, and how often."""
    return encode(GetConfiguration(key=(INTERVAL, MEASURANDS)))


def sampling_of(raw: bytes) -> dict[str, str]:
    """The keys that it answered. Raises Fault when the answer cannot be read."""
    answer = decode_response(READ, raw)
    if not isinstance(answer, GetConfigurationResponse):
        raise TypeError(answer)
    return {row.key: row.value for row in answer.configuration_key or () if row.value is not None}


def read_traits() -> bytes:
    """Ask a station that nobody knows what it has, and what it can do."""
    return encode(GetConfiguration(key=(CONNECTORS, FEATURES)))


def change(key: str, value: str) -> bytes:
    """Set a configuration key."""
    return encode(ChangeConfiguration(key=key, value=value))


def was_changed(raw: bytes) -> bool:
    """Whether it took the value, now or after a restart. Raises Fault when the answer cannot be read."""
    answer = decode_response(CHANGE, raw)
    return getattr(answer, "status", "") in {"Accepted", "RebootRequired"}


def trigger_boot() -> bytes:
    """Ask who it is."""
    return encode(TriggerMessage(requested_message="BootNotification"))


def trigger_status() -> bytes:
    """Ask for the state of every connector."""
    return encode(TriggerMessage(requested_message="StatusNotification"))
