"""A simulated charger's configuration keys, read and changed as they allow (OCPP 1.6 ed. 2 section 9)."""

from dataclasses import dataclass
from string import hexdigits

from edge.ocpp.v16.types import ConfigurationStatus

_MEASURANDS = "Current.Import,Energy.Active.Import.Register,Power.Active.Import,Voltage"

_WRITABLE = {
    "AllowOfflineTxForUnknownId": "true",
    "AuthorizeRemoteTxRequests": "false",
    "ClockAlignedDataInterval": "0",
    "ConnectionTimeOut": "60",
    "ConnectorPhaseRotation": "NotApplicable",
    "CpoName": "",
    "HeartbeatInterval": "60",
    "LocalAuthListEnabled": "true",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "MeterValuesAlignedData": "",
    "MeterValuesSampledData": _MEASURANDS,
    "MeterValueSampleInterval": "10",
    "ResetRetries": "0",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "TransactionMessageAttempts": "3",
    "TransactionMessageRetryInterval": "10",
    "UnlockConnectorOnEVSideDisconnect": "true",
    "WebSocketPingInterval": "0",
}
_FIXED = {
    "AdditionalRootCertificateCheck": "false",
    "CertificateStoreMaxLength": "8",
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "24",
    "ConnectorSwitch3to1PhaseSupported": "false",
    "GetConfigurationMaxKeys": "99",
    "LocalAuthListMaxLength": "500",
    "MaxChargingProfilesInstalled": "20",
    "ReserveConnectorZeroSupported": "true",
    "SecurityProfile": "1",
    "SendLocalListMaxLength": "100",
    "SupportedFeatureProfiles": (
        "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation,SmartCharging"
    ),
    "SupportedFileTransferProtocols": "FTP,FTPS,HTTP,HTTPS",
}
_WRITE_ONLY = "AuthorizationKey"  # security whitepaper, section 7.2
_KEY_DIGITS = range(32, 41)  # 16 to 20 bytes in hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as GetConfiguration reports it."""

    name: str
    value: str
    is_readonly: bool


class Configuration:
    """What the charger is set to; it survives reboots."""

    __slots__ = ("_fixed", "_values", "password")

    def __init__(self, *, connectors: int, **preset: str) -> None:
        self._fixed = {**_FIXED, "NumberOfConnectors": str(connectors)}
        self._values = dict(_WRITABLE)
        self.password: bytes | None = None
        """What it was told to show to its CSMS from now on."""
        for name, value in preset.items():
            (self._fixed if name in self._fixed else self._values)[name] = value

    def __getitem__(self, name: str) -> str:
        """The present value; KeyError when there is no such key."""
        return self._fixed[name] if name in self._fixed else self._values[name]

    def number(self, name: str) -> int:
        """The present value of a key that counts something."""
        return int(self[name])

    def switch(self, name: str) -> bool:
        """The present value of a key that is true or false."""
        return self[name].lower() == "true"

    @property
    def units(self) -> tuple[str, ...]:
        """The units in which it takes limits (section 9.4.2): A, W, or both."""
        told = self.items("ChargingScheduleAllowedChargingRateUnit")
        return tuple(unit for unit, word in (("A", "Current"), ("W", "Power")) if word in told)

    def items(self, name: str) -> tuple[str, ...]:
        """The present value of a key that is a comma-separated list."""
        return tuple(item.strip() for item in self[name].split(",") if item.strip())

    def read(self, names: list[str] | None) -> tuple[list[Key], list[str]]:
        """The keys asked for (all when none are named) and the names that are unknown here."""
        known = {**self._values, **self._fixed}
        wanted = names or sorted(known)
        keys = [Key(name=n, value=known[n], is_readonly=n in self._fixed) for n in wanted if n in known]
        return keys, [name for name in wanted if name not in known]

    def change(self, name: str, value: str) -> ConfigurationStatus:
        """Sets a key; the answer is a ConfigurationStatus (section 7.22)."""
        if name == _WRITE_ONLY:
            return self._change_password(value)
        if name in self._fixed:
            return "Rejected"
        if name not in self._values:
            return "NotSupported"
        if not _fits(_WRITABLE.get(name, ""), value):
            return "Rejected"
        self._values[name] = value
        return "Accepted"

    def _change_password(self, value: str) -> ConfigurationStatus:
        if len(value) not in _KEY_DIGITS or len(value) % 2 or not set(value) <= set(hexdigits):
            return "Rejected"
        self.password = bytes.fromhex(value)
        return "Accepted"


def _fits(example: str, value: str) -> bool:
    """Whether a value is of the kind that the key's first value shows."""
    if example in {"true", "false"}:
        return value.lower() in {"true", "false"}
    return value.isdecimal() if example.isdecimal() else True
