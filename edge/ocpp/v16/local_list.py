"""OCPP 1.6 messages of the Local Auth List Management profile (ed. 2 sections 3.5.2, 5.10 and 5.15)."""

from typing import Literal

from edge.ocpp.v16.types import IdTagInfo, Integer, Message, Text20


class AuthorizationData(Message, frozen=True, kw_only=True):
    """A row of the list; in a differential update a row without `id_tag_info` is taken out (section 7.2)."""

    id_tag: Text20
    id_tag_info: IdTagInfo | None = None


class SendLocalList(Message, frozen=True, kw_only=True):
    """Replace the list, or change these rows of it; it has this version then."""

    list_version: Integer
    update_type: Literal["Differential", "Full"]
    local_authorization_list: tuple[AuthorizationData, ...] | None = None


class SendLocalListResponse(Message, frozen=True, kw_only=True):
    """VersionMismatch: a differential update of another list than the one that is there."""

    status: Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


class GetLocalListVersion(Message, frozen=True, kw_only=True):
    """Which list is there?"""


class GetLocalListVersionResponse(Message, frozen=True, kw_only=True):
    """0: an empty list; -1: it has none at all (section 5.10)."""

    list_version: Integer
