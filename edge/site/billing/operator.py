"""Who runs the lot and where it is, as bills of roaming drivers must say it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.core.errors import ConfigError

Text = Annotated[str, Meta(min_length=1, max_length=255)]
Degrees = Annotated[str, Meta(pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}$")]


class OperatorError(ConfigError):
    """What is told of the operator cannot stand in a record; the sentence names the field."""


class Location(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the lot is (mod_cdrs, CdrLocation). `country`: three letters; coordinates in degrees."""

    id: Annotated[str, Meta(min_length=1, max_length=36)]
    address: Annotated[str, Meta(min_length=1, max_length=45)]
    city: Annotated[str, Meta(min_length=1, max_length=45)]
    country: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    latitude: Degrees
    longitude: Degrees
    name: Text | None = None
    postal_code: Annotated[str, Meta(max_length=10)] | None = None


class Operator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The charge point operator (CPO). `currency`: of what is billed without a tariff, which is nothing."""

    country_code: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    party_id: Annotated[str, Meta(pattern="^[A-Z0-9]{3}$")]
    name: Text
    location: Location
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    connector_standard: Literal["IEC_62196_T2", "IEC_62196_T1", "DOMESTIC_F", "GBT_AC"] = "IEC_62196_T2"
    connector_format: Literal["SOCKET", "CABLE"] = "SOCKET"


NOBODY = Operator(
    country_code="ZZ",
    party_id="ZZZ",
    name="not told",
    location=Location(
        id="lot", address="not told", city="not told", country="ZZZ", latitude="0.00000", longitude="0.00000"
    ),
)
"""Stands in records as long as nobody has told who the operator is; ZZ is no country (ISO 3166-1)."""


def read_operator(text: bytes | str) -> Operator:
    """The operator that a JSON text describes. Raises OperatorError."""
    try:
        return msgspec.json.decode(text, type=Operator)
    except msgspec.DecodeError as wrong:
        raise OperatorError(f"the operator cannot be read: {wrong}") from None
