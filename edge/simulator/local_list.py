"""A simulated charger's own list of tokens (OCPP 1.6 ed. 2 sections 3.5.2, 5.10 and 5.15)."""

from typing import Literal

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v16.local_list import AuthorizationData, SendLocalList
from edge.ocpp.v16.types import AuthorizationStatus, IdTagInfo

UpdateStatus = Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


class LocalList:
    """Who may charge here when nobody can be asked; it survives reboots."""

    __slots__ = ("_at_once", "_most", "_rows", "version")

    def __init__(self, *, most: int, at_once: int) -> None:
        self.version = 0
        self._rows: dict[str, IdTagInfo] = {}
        self._most = most
        self._at_once = at_once

    def __len__(self) -> int:
        return len(self._rows)

    def update(self, request: SendLocalList) -> UpdateStatus:
        """Replace the list, or change rows of it; whole or not at all."""
        rows = request.local_authorization_list or ()
        is_full = request.update_type == "Full"
        if not is_full and request.list_version <= self.version:
            return "VersionMismatch"
        if len(rows) > self._at_once or (is_full and any(row.id_tag_info is None for row in rows)):
            return "Failed"
        changed = {} if is_full else dict(self._rows)
        for row in rows:
            _apply(row, changed)
        if len(changed) > self._most:
            return "Failed"
        self._rows = changed
        self.version = request.list_version
        return "Accepted"

    def status(self, token: str, now_ms: int) -> AuthorizationStatus | None:
        """What the list says of a token; None: it is not on it."""
        row = self._rows.get(token.casefold())
        if row is None:
            return None
        if row.status == "Accepted" and row.expiry_date is not None and _is_over(row.expiry_date, now_ms):
            return "Expired"
        return row.status

    def group(self, token: str) -> str | None:
        """The group of a token on the list."""
        row = self._rows.get(token.casefold())
        return None if row is None else row.parent_id_tag


def _apply(row: AuthorizationData, rows: dict[str, IdTagInfo]) -> None:
    token = row.id_tag.casefold()
    if row.id_tag_info is None:
        rows.pop(token, None)
    else:
        rows[token] = row.id_tag_info


def _is_over(expiry_date: str, now_ms: int) -> bool:
    try:
        return epoch_ms(expiry_date) <= now_ms
    except Fault:
        return True
