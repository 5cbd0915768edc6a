"""What the arguments of commands may be, and the words for it: one place for API, command line and OpenAPI.

The ranges bind whoever writes JSON to us; a CSMS is bound by its own protocol, and a charger's dialect
refuses what its protocol cannot say.
"""

from typing import Annotated

from msgspec import Meta

LAST_MS = 4_102_444_800_000  # 2100: a later moment is a mistake of units
MOST_DAY_S = 86_400
MOST_KWH = 500  # of a session
MOST_STAY_S = 14 * 86_400
LEAST_ID, MOST_ID = -(2**31), 2**31 - 1  # numbers of a CSMS may be any that OCPP can carry
PRINTABLE = r"^[\x20-\x7e]+$"

Evse = Annotated[
    int,
    Meta(
        ge=0,
        le=255,
        description="which socket, counted from 1 to 255; 0, or left out: the charger as a whole",
    ),
]
TokenId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=36,
        pattern=PRINTABLE,
        description="a card's number, 1 to 36 characters",
    ),
]
Group = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=36,
        pattern=PRINTABLE,
        description="the group of the card, 1 to 36 characters, or null for none",
    ),
]
TransactionId = Annotated[
    int,
    Meta(
        ge=1,
        le=MOST_ID,
        description="the transaction's number, as GET /api/transactions?running=true shows it",
    ),
]
ReservationId = Annotated[
    int,
    Meta(ge=LEAST_ID, le=MOST_ID, description="the reservation's number, as GET /api/reservations shows it"),
]
NewReservationId = Annotated[
    int,
    Meta(
        ge=LEAST_ID,
        le=MOST_ID,
        description="the number of the reservation that it replaces; 0, or left out: a new one",
    ),
]
RequestId = Annotated[
    int,
    Meta(
        ge=0,
        le=MOST_ID,
        description="a number by which to follow the work; 0, or left out: the box gives one",
    ),
]
Until = Annotated[int, Meta(ge=0, le=LAST_MS, description="until when: ms since 1970, UTC, in the future")]
Since = Annotated[
    int, Meta(ge=0, le=LAST_MS, description="from when on: ms since 1970, UTC, or null for the beginning")
]
NotAfter = Annotated[
    int, Meta(ge=0, le=LAST_MS, description="until when: ms since 1970, UTC, or null for now")
]
When = Annotated[
    int, Meta(ge=0, le=LAST_MS, description="when to fetch it: ms since 1970, UTC; 0, or left out: now")
]
InstallWhen = Annotated[
    int,
    Meta(
        ge=0,
        le=LAST_MS,
        description="when to install it: ms since 1970, UTC, or null for at once; signed firmware only",
    ),
]
Seconds = Annotated[int, Meta(ge=1, le=MOST_DAY_S, description="how far to look ahead: 1 to 86400 s")]
Retries = Annotated[int, Meta(ge=0, le=100, description="how often to try again, 0 to 100")]
RetryInterval = Annotated[
    int, Meta(ge=0, le=MOST_DAY_S, description="how long to wait between tries, 0 to 86400 s")
]
Location = Annotated[
    str,
    Meta(
        max_length=512,
        pattern=r"^(https?|ftps?|sftp)://[\x21-\x7e]+$",
        description="a URL that the charger reaches: http, https, ftp, ftps or sftp, at most 512 characters",
    ),
]
Pem = Annotated[
    str,
    Meta(min_length=1, max_length=10_000, description="a certificate as PEM text, at most 10000 characters"),
]
OptionalPem = Annotated[
    str,
    Meta(
        max_length=10_000,
        description="the certificate that signed the firmware, as PEM text of at most 10000 characters",
    ),
]
Signature = Annotated[
    str,
    Meta(
        max_length=800,
        pattern=r"^[A-Za-z0-9+/=]*$",
        description="the firmware's signature in base64, at most 800 characters",
    ),
]
SettingKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description='a setting by name: "TxCtrlr.EVConnectionTimeOut", or "ocpp16:KEY" for a charger\'s own',
    ),
]
SettingKeys = Annotated[
    tuple[SettingKey, ...],
    Meta(max_length=200, description="a list of settings by name; empty, or left out: all of them"),
]
SettingValues = Annotated[
    dict[SettingKey, Annotated[str, Meta(max_length=2_500, description="the value as text")]],
    Meta(
        min_length=1,
        max_length=100,
        description='settings by name with their values as text: {"TxCtrlr.EVConnectionTimeOut": "90"}',
    ),
]
ListVersion = Annotated[
    int,
    Meta(
        ge=0,
        le=MOST_ID,
        description="the version that the list gets; 0, or left out: the next after the one that is there",
    ),
]
AtOnce = Annotated[int, Meta(ge=1, le=10_000, description="how many rows go in one message, 1 to 10000")]
Hash = Annotated[
    str, Meta(pattern=r"^[0-9A-Fa-f]{1,128}$", description="a hash in up to 128 hexadecimal digits")
]
Serial = Annotated[
    str, Meta(pattern=r"^[0-9A-Fa-f]{1,40}$", description="a serial number in up to 40 hexadecimal digits")
]
Password = Annotated[
    bytes,
    Meta(min_length=16, max_length=20, description="a password of 16 to 20 bytes, in base64 in JSON"),
]
Vendor = Annotated[
    str,
    Meta(min_length=1, max_length=255, description="the vendor's name for itself, 1 to 255 characters"),
]
MessageId = Annotated[
    str, Meta(max_length=50, description="the vendor's name of the message, up to 50 characters, or null")
]
MessageData = Annotated[
    str, Meta(max_length=65_536, description="the content as text, up to 65536 characters, or null")
]
Version = Annotated[
    str, Meta(pattern=r"^[0-9.]{1,10}$", description='the version of OCPP: "1.6", "2.0.1" or "2.1"')
]
Action = Annotated[
    str, Meta(pattern=r"^[A-Za-z]{1,50}$", description='the action as OCPP writes it: "GetConfiguration"')
]
