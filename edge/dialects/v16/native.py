"""Which calls of OCPP 1.6 an expert may send as they are; what the site must know of has a command."""

import msgspec

from edge.core.errors import PeerError
from edge.ocpp.v16.codec import decode_request, encode
from edge.ocpp.v16.types import Message
from edge.site.commands import NativeCall, NotSupported, Refused

VERSION = "1.6"
_FREE = {  # they change nothing; the raw answer is what an expert wants of them
    "ExtendedTriggerMessage",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "TriggerMessage",
}
_INSTEAD = {
    "CancelReservation": "cancel-reservation",
    "CertificateSigned": "deliver-certificate",
    "ChangeAvailability": "set-availability",
    "ChangeConfiguration": "write-settings",
    "ClearCache": "clear-token-cache",
    "DataTransfer": "send-vendor-message",
    "DeleteCertificate": "remove-certificate",
    "GetDiagnostics": "collect-log",
    "GetLog": "collect-log",
    "InstallCertificate": "install-certificate",
    "RemoteStartTransaction": "start-charging",
    "RemoteStopTransaction": "stop-charging",
    "ReserveNow": "reserve",
    "Reset": "reset",
    "SendLocalList": "send-tokens",
    "SignedUpdateFirmware": "update-firmware",
    "UnlockConnector": "unlock",
    "UpdateFirmware": "update-firmware",
}


def request_of(command: NativeCall) -> Message | Refused | NotSupported:
    """The request to send, or why none is sent."""
    if command.version != VERSION:
        return NotSupported(sentence=f"the charger speaks OCPP {VERSION}, not {command.version}")
    instead = _INSTEAD.get(command.action)
    if instead is not None:
        return Refused(sentence=f"{command.action}: the command {instead} does it")
    if command.action not in _FREE:
        return Refused(sentence=f"{command.action[:50]} is not for experts: the site does it, or nobody")
    try:
        return decode_request(command.action, msgspec.json.encode(command.payload))
    except (PeerError, TypeError, ValueError) as fault:
        return Refused(sentence=f"{command.action} does not fit its schema: {fault}"[:255])


def answer_of(response: Message) -> str:
    """What the charger answered, as JSON."""
    return encode(response).decode()
