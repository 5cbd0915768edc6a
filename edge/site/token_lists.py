"""Keeps every charger's own list of tokens like the site's, so that cards work while this box is away.

A charger that can ask always asks: LocalPreAuthorize stays off, so no card blocked a moment ago slips
through. A list is sent when it has changed, and again where a charger has lost it; flash wears, so nothing is
sent twice. What a charger cannot keep it is not asked to again before its next boot.
"""

import asyncio
import hashlib
import logging
from typing import Literal

import msgspec

from edge.site.commands import (
    Done,
    ListedToken,
    Origin,
    ReadListVersion,
    Refused,
    SendTokens,
    WriteSettings,
)
from edge.site.desk import Desk
from edge.site.durable import JournalBrokenError, JournalFullError, Store
from edge.site.ports import Clock, SiteDoors
from edge.site.tokens import Token

log = logging.getLogger(__name__)

LISTS = "token-list"  # by charger and station: the fingerprint of the list that it has
LOOK_S = 60.0
FEW_CHARACTERS = 20  # CiString20Type: more OCPP 1.6 cannot say
HERE = Origin(kind="site", name="list of tokens")
KEYS = {
    "LocalAuthListCtrlr.Enabled": "true",
    "AuthCtrlr.LocalAuthorizeOffline": "true",
    "AuthCtrlr.LocalPreAuthorize": "false",
}


class TokenLists:
    """`run` until cancelled."""

    def __init__(
        self, doors: SiteDoors, desk: Desk, store: Store, clock: Clock, stations: dict[str, str]
    ) -> None:
        """`stations`: what each charger of the site calls itself."""
        self._doors = doors
        self._desk = desk
        self._store = store
        self._clock = clock
        self._stations = stations
        self._kept: dict[str, str] = {}
        self._looked: dict[str, int] = {}  # the boot of each charger after which its list was looked at
        self._refused: dict[str, str] = {}

    async def run(self) -> None:
        """Look every minute."""
        self._kept = {key: body.decode() for key, body in (await self._store.documents(LISTS)).items()}
        while True:
            await asyncio.sleep(LOOK_S)
            rows = self._rows()
            digest = hashlib.sha256(msgspec.json.encode(rows)).hexdigest()
            async with asyncio.TaskGroup() as group:
                for name in self._stations:
                    group.create_task(self._keep(name, rows, digest))

    async def _keep(self, name: str, rows: tuple[ListedToken, ...], digest: str) -> None:
        """Have one charger know the list, if it is here and does not yet."""
        view = self._doors.charger(name)
        if not view.is_linked or view.boot is None:
            return
        key = f"{name} {self._stations[name]}"
        if self._looked.get(name) != view.boot.seen_ms:
            self._looked[name] = view.boot.seen_ms
            self._refused.pop(name, None)
            await self._check(name, key)
        is_known = self._kept.get(key) == digest or (not rows and key not in self._kept)
        if is_known or self._refused.get(name) == digest:
            return
        try:
            await self._send(name, key, rows, digest)
        except (JournalFullError, JournalBrokenError) as error:
            log.warning("which list of tokens %s has is not kept: %s", name, error)

    async def _check(self, name: str, key: str) -> None:
        """Whether it still has a list: a reset to factory settings forgets it."""
        if key in self._kept:
            outcome = await self._doors.submit(ReadListVersion(charger=name), HERE)
            if isinstance(outcome, Done) and not outcome.list_version:
                del self._kept[key]

    async def _send(self, name: str, key: str, rows: tuple[ListedToken, ...], digest: str) -> None:
        await self._doors.submit(WriteSettings(charger=name, settings=KEYS), HERE)
        few = tuple(row for row in rows if len(row.token) <= FEW_CHARACTERS)
        outcome = await self._doors.submit(SendTokens(charger=name, tokens=rows), HERE)
        if isinstance(outcome, Refused) and len(few) < len(rows):  # its protocol cannot say the others
            rows = few
            outcome = await self._doors.submit(SendTokens(charger=name, tokens=rows), HERE)
        if isinstance(outcome, Done):
            self._kept[key] = digest
            await self._store.put_document(LISTS, key, digest.encode())
            log.info("%s knows %d tokens of its own", name, len(rows))
        else:
            self._refused[name] = digest
            log.info("%s takes no list of tokens: %s", name, type(outcome).__name__)

    def _rows(self) -> tuple[ListedToken, ...]:
        """What a charger is told of each token that is known here."""
        now_ms = self._clock.now_ms()
        return tuple(
            ListedToken(
                token=row.token.token,
                status=_status(row.token, now_ms),
                group=row.token.group,
                expires_ms=row.token.valid_until_ms,
            )
            for row in self._desk.tokens()
            if not row.token.is_master  # it would begin, offline
        )


def _status(token: Token, now_ms: int) -> Literal["accepted", "blocked", "expired"]:
    if token.blocked:
        return "blocked"
    is_over = token.valid_until_ms is not None and token.valid_until_ms <= now_ms
    return "expired" if is_over else "accepted"
