"""Who may charge: the site's list, the policy for strangers, and grants for one start."""

import csv
import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from edge.core.errors import ConfigError
from edge.site.events import TokenAnswer

MOST_PRIORITY = 9
PRIORITIES = frozenset(map(str, range(MOST_PRIORITY + 1)))
GRANT_MS = 180_000  # a remote start must have come back as a start of the station by then


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One card. `valid_until_ms` None: for ever. `priority` None: its group's, or the bay's.

    `name` is what the list calls it; a note for people. `quota_kwh`: a month's; None: its group's, or any.
    `is_master`: it ends any transaction of its group, and never begins one.
    """

    token: str
    name: str = ""
    group: str | None = None
    valid_until_ms: int | None = None
    priority: int | None = None
    blocked: bool = False
    quota_kwh: int | None = None
    is_master: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What the tokens of a group have in common. `offline`: who of them charges while the cloud is away."""

    priority: int = 0
    quota_kwh: int | None = None
    offline: Literal["known", "none"] | None = None


class KnownToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is known here, and whence: stored, or from the list of the site file.

    `is_listed`: the list has it (too); a stored one stands in its place.
    """

    token: Token
    is_stored: bool
    is_listed: bool


class Tokens:
    """Tokens compare without regard to case, as OCPP's CiString20Type does."""

    def __init__(
        self,
        accept: Literal["known", "all"],
        known: list[Token],
        groups: dict[str, Group] | None = None,
    ) -> None:
        self._accept = accept
        self._groups = groups or {}
        self._listed = {key_of(token.token): token for token in known}
        self._stored: dict[str, Token] = {}
        self._granted: dict[tuple[str, str], int] = {}

    def judge(self, charger: str, token: str, *, now_ms: int, mono_ms: int) -> TokenAnswer:
        """Whether this token may charge at this charger now."""
        row = self._known(token)
        if row is not None:
            expires_ms = row.valid_until_ms
            if row.blocked:
                return TokenAnswer(status="blocked", group=row.group, expires_ms=expires_ms)
            if expires_ms is not None and expires_ms <= now_ms:
                return TokenAnswer(status="expired", group=row.group, expires_ms=expires_ms)
            return TokenAnswer(status="accepted", group=row.group, expires_ms=expires_ms)
        if self._accept == "all" or self._granted.get((charger, key_of(token)), 0) > mono_ms:
            return TokenAnswer(status="accepted")
        return TokenAnswer(status="invalid")

    def priority_of(self, token: str) -> tuple[int, str] | None:
        """The priority that comes with this token, and whose it is; None: the bay's counts."""
        row = self._known(token)
        if row is None:
            return None
        if row.priority is not None:
            return row.priority, "this card's"
        if row.group in self._groups:
            return self._groups[row.group].priority, f"of group {row.group}"
        return None

    def group_of(self, token: str) -> str | None:
        """The group of a card that is known."""
        row = self._known(token)
        return None if row is None else row.group

    def is_master(self, token: str) -> bool:
        """Whether it is a card that only ends transactions."""
        row = self._known(token)
        return row is not None and row.is_master

    def quota_wh(self, token: str) -> int | None:
        """What it may charge in a month; None: as much as there is."""
        row = self._known(token)
        if row is None:
            return None
        group = self._groups.get(row.group or "")
        quota_kwh = row.quota_kwh if row.quota_kwh is not None or group is None else group.quota_kwh
        return None if quota_kwh is None else quota_kwh * 1000

    def offline_of(self, token: str) -> Literal["known", "none"] | None:
        """Its group's policy while the cloud is away; None: the site's."""
        row = self._known(token)
        group = None if row is None else self._groups.get(row.group or "")
        return None if group is None else group.offline

    def put(self, token: Token) -> KnownToken:
        """Know it from now on, in the place of one from the list."""
        self._stored[key_of(token.token)] = token
        return self._row(key_of(token.token))

    def drop(self, token: str) -> KnownToken | None:
        """Know what was put no longer; what the list says of it counts again."""
        self._stored.pop(key_of(token), None)
        return self.row(token)

    def row(self, token: str) -> KnownToken | None:
        """What is known of it."""
        return None if self._known(token) is None else self._row(key_of(token))

    def rows(self) -> tuple[KnownToken, ...]:
        """All that are known, in order."""
        return tuple(self._row(key) for key in sorted({*self._listed, *self._stored}))

    def _known(self, token: str) -> Token | None:
        key = key_of(token)
        return self._stored.get(key) or self._listed.get(key)

    def _row(self, key: str) -> KnownToken:
        return KnownToken(
            token=self._stored.get(key) or self._listed[key],
            is_stored=key in self._stored,
            is_listed=key in self._listed,
        )

    def grant_once(self, charger: str, token: str, *, mono_ms: int) -> None:
        """A start was commanded for this token: the station may ask whether it is allowed to."""
        self._granted[charger, key_of(token)] = mono_ms + GRANT_MS

    def withdraw(self, charger: str, token: str) -> None:
        """The grant, if there was one, has become a transaction, or the station did not want to start."""
        self._granted.pop((charger, key_of(token)), None)


def key_of(token: str) -> str:
    """What two writings of one token have in common."""
    return token.casefold()


def fingerprint(token: str) -> str:
    """What stands for a token where the token itself must not be kept."""
    return hashlib.sha256(key_of(token).encode()).hexdigest()


def read_tokens(text: str, *, file: str) -> list[Token]:
    """Tokens out of CSV: token, name, group, valid_until (ISO 8601), priority (0 to 9), master (yes).

    Raises ConfigError with the line.
    """
    tokens = []
    rows = csv.reader(line for line in text.splitlines())
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row] + [""] * 6
        if not cells[0] or cells[0].startswith("#") or (number == 1 and cells[0] == "token"):
            continue
        if len(cells[0]) > 36:
            raise ConfigError(f"{file}:{number} token is longer than 36 characters")
        until_ms = None
        if cells[3]:
            try:
                until = datetime.fromisoformat(cells[3])
            except ValueError:
                raise ConfigError(
                    f"{file}:{number} valid_until {cells[3]!r} is no date like 2027-01-31"
                ) from None
            until_ms = int((until if until.tzinfo else until.astimezone()).timestamp() * 1000)
        if cells[4] and cells[4] not in PRIORITIES:
            raise ConfigError(f"{file}:{number} priority {cells[4]!r} is none of 0 to {MOST_PRIORITY}")
        is_master = cells[5] == "yes"
        if cells[5] not in ("", "yes", "no") or (is_master and not cells[2]):
            raise ConfigError(f"{file}:{number} master is yes or no, and a master card has a group")
        tokens.append(
            Token(
                token=cells[0],
                name=cells[1],
                group=cells[2] or None,
                valid_until_ms=until_ms,
                priority=int(cells[4]) if cells[4] else None,
                is_master=is_master,
            )
        )
    return tokens


def shortened(token: str) -> str:
    """For logs: enough to recognise, too little to use."""
    return token if len(token) <= 4 else f"{token[:2]}..{token[-2:]}"
