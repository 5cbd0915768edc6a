"""Tokens of other providers, with the semantics of OCPI 2.2.1 (mod_tokens, Token object)."""

import csv
import io
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.core.errors import ConfigError

Whitelist = Literal["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]
TokenType = Literal["AD_HOC_USER", "APP_USER", "OTHER", "RFID"]
Verdict = Literal["accepted", "blocked", "ask-or-accept", "ask-or-refuse"]
"""What to do with a token: `ask` its provider; where he cannot be asked, accept or refuse it."""


class RoamingError(ConfigError):
    """A list of tokens that cannot be read; the sentence says which row and field."""


class RoamingToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token, whose it is, and whether it may charge without asking."""

    country_code: Annotated[str, Meta(pattern="^[A-Za-z]{2}$")]
    party_id: Annotated[str, Meta(pattern="^[A-Za-z0-9]{3}$")]
    uid: Annotated[str, Meta(min_length=1, max_length=36)]
    type: TokenType
    contract_id: Annotated[str, Meta(min_length=1, max_length=36)]
    issuer: Annotated[str, Meta(min_length=1, max_length=64)]
    valid: bool
    whitelist: Whitelist
    last_updated: datetime
    visual_number: str | None = None
    group_id: Annotated[str, Meta(max_length=36)] | None = None

    @property
    def verdict(self) -> Verdict:
        """What its provider wants to be done with it.

        Where he must be asked, `valid` does not matter: its state may have changed since (WhitelistType).
        """
        if self.whitelist == "NEVER":
            return "ask-or-refuse"
        if self.whitelist == "ALLOWED_OFFLINE":
            return "ask-or-accept" if self.valid else "ask-or-refuse"
        return "accepted" if self.valid else "blocked"


def read_tokens(text: str, *, file: str) -> list[RoamingToken]:
    """The tokens of an OCPI JSON list, or of a CSV whose columns are called like OCPI's fields.

    Raises RoamingError.
    """
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("[", "{"):
        return _from_json(stripped, file)
    return _from_csv(stripped, file)


def _from_json(text: str, file: str) -> list[RoamingToken]:
    """A list of tokens, one token, or the answer of an OCPI server with the list in `data`."""
    try:
        if text.startswith("["):
            return msgspec.json.decode(text, type=list[RoamingToken])
        whole = msgspec.json.decode(text)
        if isinstance(whole, dict) and isinstance(whole.get("data"), list):
            return msgspec.convert(whole["data"], type=list[RoamingToken])
        return [msgspec.convert(whole, type=RoamingToken)]
    except msgspec.DecodeError as wrong:
        raise RoamingError(f"{file}: no tokens of OCPI 2.2.1: {wrong}") from None


def _from_csv(text: str, file: str) -> list[RoamingToken]:
    tokens = []
    rows = csv.DictReader(io.StringIO(text))
    for row in rows:
        given = {
            name.strip(): value.strip() for name, value in row.items() if name and value and value.strip()
        }
        try:
            tokens.append(msgspec.convert(given, type=RoamingToken, strict=False))
        except msgspec.ValidationError as wrong:
            raise RoamingError(f"{file}:{rows.line_num} {wrong}") from None
    return tokens
