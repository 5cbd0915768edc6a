"""Whether a token may charge: what this site knows of it, what its cloud says, and what when that is away.

The site's own word comes first and needs nobody. A token that only the cloud knows is asked for, with a
deadline: somebody stands in the rain. What the cloud said is remembered, by fingerprint, never in clear, and
counts while it is away; then the policy of the site does.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from edge.site.billing.roaming import Verdict
from edge.site.durable import Session
from edge.site.events import TokenAnswer
from edge.site.ports import Authority, Clock
from edge.site.tokens import Tokens, fingerprint, key_of, shortened

log = logging.getLogger(__name__)

AUTHORISED = "authorised"  # what a cloud said of a token, by fingerprint
DAY_MS = 86_400_000
RECENT_MS = 600_000  # a start follows the question whether it may: no need to ask again
MOST_SAID = 50_000
Policy = Literal["known", "all", "none"]
OFFLINE: dict[str, Policy] = {"ask-or-accept": "all", "ask-or-refuse": "none"}  # what other providers want


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a cloud said of a token, and when."""

    answer: TokenAnswer
    at_ms: int


class Several:
    """Clouds that command different chargers: who knows the charger answers."""

    def __init__(self, authorities: tuple[Authority, ...]) -> None:
        self._authorities = authorities

    def is_reachable(self) -> bool:
        """Whether any of them is."""
        return any(each.is_reachable() for each in self._authorities)

    async def authorise(self, charger: str, token: str, *, deadline_ms: int) -> TokenAnswer | None:
        """What the one that knows the charger says."""
        for authority in self._authorities:
            answer = await authority.authorise(charger, token, deadline_ms=deadline_ms)
            if answer is not None:
                return answer
        return None


class Authorisation:
    """Asked at each card and each start. `authority` is the cloud, where there is one."""

    def __init__(
        self,
        tokens: Tokens,
        clock: Clock,
        *,
        remember: Callable[[str, str, bytes], None],
        energy_since: Callable[[str, int], Awaitable[int]],
        running: Callable[[str], list[Session]],
        offline: Policy,
        deadline_ms: int,
        cache_ms: int,
        timezone: str | None,
    ) -> None:
        """`energy_since`: what a token has charged since then. `running`: the open sessions of a charger.

        `cache_ms`: for how long an answer counts.
        """
        self.authority: Authority | None = None
        self.roaming: Callable[[str], Verdict | None] = lambda _: None
        """What another provider wants to be done with a token of his; None: it is nobody's that we know."""
        self._tokens = tokens
        self._clock = clock
        self._remember = remember
        self._energy_since = energy_since
        self._running = running
        self._offline = offline
        self._deadline_ms = deadline_ms
        self._cache_ms = cache_ms
        self._zone = None if timezone is None else ZoneInfo(timezone)
        self._said: dict[str, Said] = {}

    def join(self, authority: Authority) -> None:
        """One more cloud that commands here: each charger's own is asked."""
        self.authority = authority if self.authority is None else Several((self.authority, authority))

    def resume(self, documents: dict[str, bytes]) -> None:
        """Take up what was said before the restart, as far as it still counts."""
        said = {key: msgspec.json.decode(body, type=Said) for key, body in documents.items()}
        now_ms = self._clock.now_ms()
        self._said = {key: each for key, each in said.items() if self._counts(each, now_ms)}

    async def judge(
        self, charger: str, token: str, *, is_start: bool = False, is_past: bool = False
    ) -> TokenAnswer:
        """Whether it may charge here now. `is_past`: it has begun already, when nobody could be asked."""
        answer = self._tokens.judge(
            charger, token, now_ms=self._clock.now_ms(), mono_ms=self._clock.mono_ms()
        )
        if answer.status == "accepted" and self._tokens.is_master(token):
            return self._of_master(charger, answer, is_start=is_start)
        if answer.status == "accepted" and self._is_strange_and_blocked(token):
            answer = TokenAnswer(status="blocked")
        elif answer.status == "invalid":
            answer = await self._of_others(charger, token, is_start=is_start, is_past=is_past)
        elif answer.status == "accepted" and not is_past and self._is_barred_offline(token):
            answer = TokenAnswer(status="invalid", group=answer.group)
        may_end = not is_start and any(key_of(each.token) == key_of(token) for each in self._running(charger))
        if answer.status == "accepted" and not (is_past or may_end) and await self._has_used_up(token):
            answer = TokenAnswer(status="blocked", group=answer.group, expires_ms=answer.expires_ms)
        log.info("%s token %s: %s", charger, shortened(token), answer.status)
        return answer

    async def _of_others(self, charger: str, token: str, *, is_start: bool, is_past: bool) -> TokenAnswer:
        """What others say of a token that is not ours: its provider's word, and the cloud's.

        OCPI 2.2.1, WhitelistType: some may charge unasked, some only when nobody can be asked, some never.
        """
        verdict = self.roaming(token)
        if verdict in ("accepted", "blocked"):
            return TokenAnswer(status="accepted" if verdict == "accepted" else "blocked")
        offline = self._offline if self._offline == "none" else OFFLINE.get(verdict or "", self._offline)
        if self.authority is None:
            return TokenAnswer(status="accepted" if verdict and offline == "all" else "invalid")
        return await self._ask(self.authority, charger, token, offline, is_start=is_start, is_past=is_past)

    async def _ask(
        self,
        authority: Authority,
        charger: str,
        token: str,
        offline: Policy,
        *,
        is_start: bool,
        is_past: bool,
    ) -> TokenAnswer:
        key, now_ms = fingerprint(token), self._clock.now_ms()
        said = self._said.get(key)
        counts = said is not None and self._counts(said, now_ms)
        is_recent = counts and said is not None and now_ms - said.at_ms < RECENT_MS
        if said is not None and counts and (is_past or (is_start and is_recent)):
            return said.answer
        told = None
        if not is_past:
            told = await authority.authorise(charger, token, deadline_ms=self._deadline_ms)
        if told is not None:
            self._keep(key, Said(answer=told, at_ms=now_ms))
            return told
        if offline == "none":
            return TokenAnswer(status="invalid")
        if said is not None and counts:
            return said.answer
        return TokenAnswer(status="accepted" if offline == "all" else "invalid")

    def _of_master(self, charger: str, answer: TokenAnswer, *, is_start: bool) -> TokenAnswer:
        """It ends what runs here on cards of its group: the charger compares the groups and does so.

        OCPP 1.6 ed. 2 section 3.10. It begins nothing.
        """
        has_work = any(session.token_group == answer.group for session in self._running(charger))
        if is_start or not has_work:
            log.info("%s a master card: nothing of group %s runs here", charger, answer.group)
            return TokenAnswer(status="invalid", group=answer.group)
        return answer

    def _is_strange_and_blocked(self, token: str) -> bool:
        """Whether its provider has blocked a card that is not ours: wherever all may charge, it may not."""
        return self._tokens.row(token) is None and self.roaming(token) == "blocked"

    def _is_barred_offline(self, token: str) -> bool:
        """Whether nobody, or nobody of its group, charges while the cloud is away."""
        if self.authority is None or self.authority.is_reachable():
            return False
        return (self._tokens.offline_of(token) or self._offline) == "none"

    async def _has_used_up(self, token: str) -> bool:
        """Whether this month's energy of the token is used up."""
        quota_wh = self._tokens.quota_wh(token)
        if quota_wh is None:
            return False
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, self._zone)
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return await self._energy_since(token, int(month.timestamp() * 1000)) >= quota_wh

    def _keep(self, key: str, said: Said) -> None:
        self._said.pop(key, None)
        self._said[key] = said
        while len(self._said) > MOST_SAID:  # the oldest word first
            del self._said[next(iter(self._said))]
        self._remember(AUTHORISED, key, msgspec.json.encode(said))

    def _counts(self, said: Said, now_ms: int) -> bool:
        expires_ms = said.answer.expires_ms
        return now_ms - said.at_ms < self._cache_ms and (expires_ms is None or expires_ms > now_ms)
