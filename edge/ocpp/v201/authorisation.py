"""Functional blocks C and D: tokens, the cache and the local list."""

from typing import Literal

from edge.ocpp.v201.types import IdToken, IdTokenInfo, Message, StatusInfo


class Authorize(Message, frozen=True, kw_only=True):
    """May this token charge?"""

    id_token: IdToken
    certificate: str | None = None


class AuthorizeResponse(Message, frozen=True, kw_only=True):
    """What is thought of it."""

    id_token_info: IdTokenInfo
    certificate_status: str | None = None


class ClearCache(Message, frozen=True, kw_only=True):
    """Forget what was said of tokens."""


class ClearCacheResponse(Message, frozen=True, kw_only=True):
    """Whether it has."""

    status: str
    status_info: StatusInfo | None = None


class AuthorizationData(Message, frozen=True, kw_only=True):
    """A row of the list; in a differential update a row without an opinion is taken out."""

    id_token: IdToken
    id_token_info: IdTokenInfo | None = None


class SendLocalList(Message, frozen=True, kw_only=True):
    """Replace the list, or change these rows of it; it has this version then."""

    version_number: int
    update_type: Literal["Differential", "Full"]
    local_authorization_list: tuple[AuthorizationData, ...] | None = None


class SendLocalListResponse(Message, frozen=True, kw_only=True):
    """VersionMismatch: a differential update of another list than the one that is there."""

    status: str
    status_info: StatusInfo | None = None


class GetLocalListVersion(Message, frozen=True, kw_only=True):
    """Which list is there?"""


class GetLocalListVersionResponse(Message, frozen=True, kw_only=True):
    """0: none."""

    version_number: int
