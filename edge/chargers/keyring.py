"""Which password a charger must show: the site file's, or the one it was given over OCPP since."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
from msgspec import structs

from edge.settings import hashing
from edge.site.commands import Done, NoAnswer, Outcome
from edge.site.durable import Store

log = logging.getLogger(__name__)

CREDENTIALS = "credential"
_MOST_WAITING = 256  # with one password each, so many chargers may come back at once


class BusyError(Exception):
    """More passwords wait to be checked than can be checked in time."""


class Given(msgspec.Struct, kw_only=True):
    """What a charger was given over OCPP, hashed; kept under the charger's name.

    `former` (or, if it `was_open`, no password at all) is valid until `current` was shown. `basis` is the
    hash of the site file's secret of that time: when somebody sets another one, that is the newer word, and
    this is void.
    """

    current: str
    former: tuple[str, ...]
    basis: str | None
    was_open: bool = False


class Keyring:
    """The passwords of all chargers. Checking one never blocks the event loop."""

    def __init__(self, own: Mapping[str, str], *, shared: str | None, store: Store | None) -> None:
        """`own` by charger and `shared` are secrets of the site file, plain or hashed."""
        self._own = own
        self._shared = shared
        self._store = store
        self._given: dict[str, Given] = {}
        self._mark = secrets.token_bytes(32)
        self._seen: dict[str, bytes] = {}  # by hash line, the mark of the password that fits it
        self._checking = asyncio.Lock()
        self._waiting = 0

    async def resume(self) -> None:
        """Take up what was given over OCPP, unless the installer has set another secret since."""
        if self._store is None:
            return
        for charger, body in (await self._store.documents(CREDENTIALS)).items():
            given = msgspec.json.decode(body, type=Given)
            if await self._is_basis(given.basis, self._own.get(charger, self._shared)):
                self._given[charger] = given
            else:
                log.info("%s: the secret of the site file is newer than what it was given", charger)

    def is_open(self, charger: str | None) -> bool:
        """Whether no password is asked of this charger (None: of a stranger)."""
        given = self._given.get(charger or "")
        return given.was_open if given is not None else not self._lines(charger)

    async def fits(self, charger: str | None, password: bytes) -> bool:
        """Whether this is a charger's password (None: a stranger's). Raises BusyError."""
        given = self._given.get(charger or "")
        for line in self._lines(charger):
            if await self._matches(password, line):
                if given is not None and line == given.current and (given.former or given.was_open):
                    await self._keep(charger or "", structs.replace(given, former=(), was_open=False))
                return True
        return False

    @contextlib.asynccontextmanager
    async def changing(self, charger: str, password: bytes) -> AsyncIterator[Callable[[Outcome], object]]:
        """While a charger is told its new password. Both are valid until the new one was shown.

        The new one is stored before the charger hears of it: nothing can lock it out. The caller tells what
        came of it; when the charger did not take it, everything is as before.
        """
        before = self._given.get(charger) or await self._as_in_the_file(charger)
        now = Given(
            current=await asyncio.to_thread(hashing.hashed, password),
            former=tuple(line for line in (before.current, *before.former) if line),
            basis=before.basis,
            was_open=before.was_open,
        )
        await self._keep(charger, now)
        outcomes: list[Outcome] = []
        yield outcomes.append
        if outcomes and not _may_have_happened(outcomes[0]):
            await self._keep(charger, before)

    # -- inside ------------------------------------------------------------------------------------------

    def _lines(self, charger: str | None) -> tuple[str, ...]:
        given = self._given.get(charger or "")
        if given is not None:
            return tuple(line for line in (given.current, *given.former) if line)
        secret = self._own.get(charger or "", self._shared)
        return () if secret is None else (secret,)

    async def _matches(self, password: bytes, line: str) -> bool:
        if not hashing.is_hashed(line):
            return hmac.compare_digest(hashing.canonical(password), hashing.canonical(line.encode()))
        mark = hmac.digest(self._mark, hashing.canonical(password), hashlib.sha256)
        if hmac.compare_digest(self._seen.get(line, b""), mark):
            return True
        if self._waiting >= _MOST_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with self._checking:  # one at a time: the cores and the memory have other work
                if hmac.compare_digest(self._seen.get(line, b""), mark):
                    return True
                is_right = await asyncio.to_thread(hashing.matches, password, line)
        finally:
            self._waiting -= 1
        if is_right:
            self._seen[line] = mark
        return is_right

    async def _keep(self, charger: str, given: Given) -> None:
        if self._store is not None:
            await self._store.put_document(CREDENTIALS, charger, msgspec.json.encode(given))
        self._given[charger] = given

    async def _as_in_the_file(self, charger: str) -> Given:
        """What the site file says, hashed: no password lies in the journal."""
        secret = self._own.get(charger, self._shared)
        if secret is not None and not hashing.is_hashed(secret):
            secret = await asyncio.to_thread(hashing.hashed, secret.encode())
        return Given(current=secret or "", former=(), basis=secret, was_open=secret is None)

    async def _is_basis(self, basis: str | None, secret: str | None) -> bool:
        if basis is None or secret is None or hashing.is_hashed(secret):
            return basis == secret
        return await asyncio.to_thread(hashing.matches, secret.encode(), basis)


def _may_have_happened(outcome: Outcome) -> bool:
    return isinstance(outcome, Done | NoAnswer)
