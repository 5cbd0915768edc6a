import pytest

from edge.simulator.configuration import Configuration


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("HeartbeatInterval", "30", "Accepted"),
        ("HeartbeatInterval", "often", "Rejected"),
        ("LocalAuthorizeOffline", "False", "Accepted"),
        ("LocalAuthorizeOffline", "maybe", "Rejected"),
        ("MeterValuesSampledData", "Current.Import", "Accepted"),
        ("NumberOfConnectors", "9", "Rejected"),
        ("SupportedFeatureProfiles", "Core", "Rejected"),
        ("Colour", "red", "NotSupported"),
    ],
)
def test_a_key_takes_what_fits_it(name, value, status):
    configuration = Configuration(connectors=2)
    before = configuration.read([name])
    assert configuration.change(name, value) == status
    assert (configuration.read([name]) == before) is (status != "Accepted")


def test_reading_names_what_is_unknown_and_what_cannot_be_changed():
    keys, unknown = Configuration(connectors=2).read(["NumberOfConnectors", "Colour", "HeartbeatInterval"])
    assert [(key.name, key.value, key.is_readonly) for key in keys] == [
        ("NumberOfConnectors", "2", True),
        ("HeartbeatInterval", "60", False),
    ]
    assert unknown == ["Colour"]


def test_reading_without_names_gives_everything():
    keys, unknown = Configuration(connectors=1, HeartbeatInterval="5", ChargeProfileMaxStackLevel="1").read(
        None
    )
    values = {key.name: key.value for key in keys}
    assert values["HeartbeatInterval"] == "5"
    assert values["ChargeProfileMaxStackLevel"] == "1"
    assert not unknown


def test_values_are_read_as_what_they_are():
    configuration = Configuration(connectors=1)
    assert configuration.number("MeterValueSampleInterval") == 10
    assert configuration.switch("LocalAuthorizeOffline") is True
    assert configuration.items("MeterValuesSampledData")[0] == "Current.Import"
    assert configuration.items("StopTxnSampledData") == ()
    with pytest.raises(KeyError):
        configuration["Colour"]
