"""Settings of a charger that the site owns: whoever else wrote them could undo a limit or blind us.

Keys are component and variable of OCPP 2.0.1, as the dialects translate them; what a dialect does not
know is `ocpp16:<key>` and compared by that name. Case, instance and EVSE do not make another setting of it.
"""

import re
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
_WHERE = re.compile(r"\[[^\]]*\]|@[0-9.]*[0-9]")
_COMPONENTS = frozenset(name.casefold() for name in OWNED_COMPONENTS)
_KEYS = frozenset(key.casefold() for key in OWNED_KEYS)


def protected_keys(keys: Iterable[str]) -> list[str]:
    """Those of `keys` that only the site may write."""
    return sorted(key for key in keys if _is_owned(_WHERE.sub("", key).strip().casefold()))


def _is_owned(key: str) -> bool:
    return key.split(".", maxsplit=1)[0].strip() in _COMPONENTS or key in _KEYS
