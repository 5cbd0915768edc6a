"""Settings of a charger that the site owns: whoever else wrote them could undo a limit or blind us.

Keys are component and variable of OCPP 2.0.1, as the dialects translate them; what a dialect does not
know is `ocpp16:<key>` and compared by that name.
"""

from collections.abc import Iterable

OWNED_COMPONENTS = ("SmartChargingCtrlr", "SecurityCtrlr")
OWNED_KEYS = frozenset(
    {
        "OCPPCommCtrlr.NetworkConfigurationPriority",
        "OCPPCommCtrlr.HeartbeatInterval",
        "OCPPCommCtrlr.WebSocketPingInterval",
        "SampledDataCtrlr.TxUpdatedInterval",
        "SampledDataCtrlr.TxUpdatedMeasurands",
        "AuthCtrlr.OfflineTxForUnknownIdEnabled",
        "TxCtrlr.StopTxOnInvalidId",
    }
)


def protected_keys(keys: Iterable[str]) -> list[str]:
    """Those of `keys` that only the site may write."""
    return sorted(key for key in keys if key.split(".")[0] in OWNED_COMPONENTS or key in OWNED_KEYS)
