"""The password with which a station shows itself to a CSMS: the site file's, until that CSMS gives another.

A new one counts from the next connection on and outlives a restart. One that is refused takes turns with the
site file's, so that a change that went wrong half-way costs a knock and no visit to the lot.
"""

import logging

from edge.site.durable import Store

log = logging.getLogger(__name__)

PASSWORDS = "uplink-password"
PLACE = "SecurityCtrlr.BasicAuthPassword"  # what 1.6 calls AuthorizationKey


class Credentials:
    """Of one station towards one CSMS. `password` is the one to show now."""

    def __init__(self, key: str, of_file: str | None, store: Store | None) -> None:
        """`key`: which station and CSMS; `of_file`: the site file's; `store` None: nothing is kept."""
        self._key = key
        self._store = store
        self._of_file = None if of_file is None else of_file.encode()
        self._given: bytes | None = None
        self._shows_given = False
        self.is_new = False

    @property
    def password(self) -> bytes | None:
        """To be shown at the next connection."""
        return self._given if self._shows_given else self._of_file

    async def prepare(self) -> None:
        """Take up what was given before the restart."""
        if self._store is not None:
            self._given = await self._store.document(PASSWORDS, self._key)
            self._shows_given = self._given is not None

    async def give(self, password: bytes) -> None:
        """The CSMS has given a new one. Raises JournalFullError, JournalBrokenError."""
        if self._store is not None:
            await self._store.put_document(PASSWORDS, self._key, password)
        self._given, self._shows_given, self.is_new = password, True, True
        log.info("uplink %s: a new password is used from now on", self._key)

    def refused(self) -> None:
        """The one that was shown is not believed: the other one's turn, where there are two."""
        if self._given is not None:
            self._shows_given = not self._shows_given

    def worked(self) -> None:
        """The one that was shown is right."""
        self.is_new = False
