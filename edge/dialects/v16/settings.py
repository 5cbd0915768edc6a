"""Configuration keys of OCPP 1.6 (ed. 2 section 9) and what they are called elsewhere: component.variable.

The names are those of OCPP 2.0.1. What has no counterpart there stays `ocpp16:<key>`.
"""

_FOREIGN = "ocpp16:"

_NAMES = {
    "AllowOfflineTxForUnknownId": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr.Enabled",
    "AuthorizeRemoteTxRequests": "AuthCtrlr.AuthorizeRemoteStart",
    "ClockAlignedDataInterval": "AlignedDataCtrlr.Interval",
    "ConnectionTimeOut": "TxCtrlr.EVConnectionTimeOut",
    "HeartbeatInterval": "OCPPCommCtrlr.HeartbeatInterval",
    "LocalAuthorizeOffline": "AuthCtrlr.LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr.LocalPreAuthorize",
    "MaxEnergyOnInvalidId": "TxCtrlr.MaxEnergyOnInvalidId",
    "MeterValuesAlignedData": "AlignedDataCtrlr.Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValueSampleInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "ResetRetries": "OCPPCommCtrlr.ResetRetries",
    "StopTransactionOnEVSideDisconnect": "TxCtrlr.StopTxOnEVSideDisconnect",
    "StopTransactionOnInvalidId": "TxCtrlr.StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr.TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr.TxEndedMeasurands",
    "TransactionMessageAttempts": "OCPPCommCtrlr.MessageAttempts",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr.MessageAttemptInterval",
    "UnlockConnectorOnEVSideDisconnect": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "WebSocketPingInterval": "OCPPCommCtrlr.WebSocketPingInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr.Enabled",
    "SendLocalListMaxLength": "LocalAuthListCtrlr.ItemsPerMessage",
    "ReserveConnectorZeroSupported": "ReservationCtrlr.NonEvseSpecific",
    "ChargeProfileMaxStackLevel": "SmartChargingCtrlr.ProfileStackLevel",
    "ChargingScheduleAllowedChargingRateUnit": "SmartChargingCtrlr.RateUnit",
    "ChargingScheduleMaxPeriods": "SmartChargingCtrlr.PeriodsPerSchedule",
    "ConnectorSwitch3to1PhaseSupported": "SmartChargingCtrlr.Phases3to1",
    "MaxChargingProfilesInstalled": "SmartChargingCtrlr.Entries",
    # the security whitepaper, edition 2
    "AdditionalRootCertificateCheck": "SecurityCtrlr.AdditionalRootCertificateCheck",
    "AuthorizationKey": "SecurityCtrlr.BasicAuthPassword",
    "CpoName": "SecurityCtrlr.OrganizationName",
    "SecurityProfile": "SecurityCtrlr.SecurityProfile",
}
_BY_KEY = {key.casefold(): name for key, name in _NAMES.items()}  # keys are CiStrings: case does not count
_KEYS = {name: key for key, name in _NAMES.items()}


def name_of(key: str) -> str:
    """The site's name of a key."""
    return _BY_KEY.get(key.casefold(), _FOREIGN + key)


def key_of(name: str) -> str | None:
    """The key that a setting of the site's is here; None: OCPP 1.6 has none.

    A key with a name of its own is not reached by another: what is protected is protected by name.
    """
    if not name.startswith(_FOREIGN):
        return _KEYS.get(name)
    key = name.removeprefix(_FOREIGN)
    return None if key.strip().casefold() in _BY_KEY else key


def hint_for(name: str) -> str:
    """What to write instead of a name that is none here."""
    key = name.removeprefix(_FOREIGN).strip()
    named = _BY_KEY.get(key.casefold())
    if named is not None:
        return f"{key} is called {named}"
    return "" if "." in name else f"a key of the charger's own is written {_FOREIGN}{key}"
