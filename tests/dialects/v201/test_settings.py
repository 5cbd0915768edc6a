"""Settings by name are variables of the device model, in portions of what a charger can take."""

import pytest

from edge.dialects.charger import dialect_of
from edge.dialects.v201.settings import name_of, place_of
from edge.site.commands import NotSupported, WriteSettings
from edge.site.protected import protected_keys


@pytest.mark.parametrize(
    "name",
    [
        "TxCtrlr.EVConnectionTimeOut",
        "EVSE@1.Power",
        "Connector@1.2.AvailabilityState",
        "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
        "ConnectedEV[left]@2.Voltage[L1]",
        "OCPPCommCtrlr.MessageAttempts",
    ],
)
def test_a_name_and_its_place_are_the_same_both_ways(name):
    assert name_of(*place_of(name)) == name


def test_what_1_6_has_only_one_of_is_meant_by_its_plain_name():
    _, variable = place_of("OCPPCommCtrlr.MessageAttempts")
    assert variable.instance == "TransactionEvent"


@pytest.mark.parametrize("name", ["Power", "ocpp16:Colour", "A.b.c", "", "A[.b", "EVSE@x.Power"])
def test_what_is_no_name_of_a_variable(name):
    assert place_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "SmartChargingCtrlr.Enabled",
        "smartchargingCTRLR.Enabled",
        "SmartChargingCtrlr@1.Enabled",
        "SmartChargingCtrlr[x]@1.2.Enabled[y]",
        "sampleddatactrlr.TXupdatedINTERVAL",
        "SampledDataCtrlr.TxUpdatedInterval[x]",
    ],
)
def test_case_instance_and_evse_do_not_reach_what_the_site_owns(name):
    assert protected_keys([name, "TxCtrlr.EVConnectionTimeOut"]) == [name]


def test_a_name_that_is_none_asks_the_charger_nothing():
    command = WriteSettings(charger="bay-1", settings={"ocpp16:Colour": "red"})
    errand = dialect_of("ocpp2.0.1").carry_out(command, now_ms=0, own_ids={})
    with pytest.raises(StopIteration) as end:
        next(errand)
    assert isinstance(end.value.value, NotSupported)
