"""Limits from outside as the site keeps them: who set what until when. What has an end outlives a restart."""

import logging
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from edge.core.lot import Lot
from edge.site.documents import Remember
from edge.site.ports import Clock, Limit
from edge.site.status import LimitStatus

log = logging.getLogger(__name__)

LIMITS = "limit"  # by its name
KEPT = frozenset({"mqtt", "page", "file"})  # contacts are read anew, a cloud sends its profiles again
SET_MS = 1_000  # a wall clock that differs by more from the other one than a cycle ago has been set
MOST = 200  # of one source: whoever makes up names must not fill the box


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A limit over a restart. `until_ms`: wall clock; `left_ms` and `is_sure`: as it was when it was set."""

    limit: Limit
    until_ms: int
    left_ms: int
    is_sure: bool
    mono_ms: int = 0


class Limits:
    """The limits in force are in `named`, which the control cycle reads and clears of what has expired."""

    def __init__(
        self,
        named: dict[str, Limit],
        lot: Lot,
        clock: Clock,
        *,
        remember: Remember,
        wake: Callable[[], None],
        hurry: Callable[[], None],
        note: Callable[[Limit], None],
    ) -> None:
        """`wake` decides soon, `hurry` at once; `note` is told of every command of a grid operator."""
        self._named = named
        self._lot = lot
        self._clock = clock
        self._remember = remember
        self._wake = wake
        self._hurry = hurry
        self._note = note
        self._ahead_ms = clock.now_ms() - clock.mono_ms()

    def resume(self, documents: dict[str, bytes]) -> None:
        """Take up what was set before a restart and has not ended: in doubt it lasts longer."""
        for name, body in documents.items():
            kept = msgspec.json.decode(body, type=Kept)
            left_ms = self._left_ms(kept)
            if left_ms > 0 and kept.limit.target in self._known(kept.limit):
                now_ms = self._clock.mono_ms()
                ago_ms = kept.mono_ms + kept.left_ms - left_ms  # this moment, by the clock of then
                steps = tuple((at_ms - ago_ms + now_ms, ma) for at_ms, ma in kept.limit.steps)
                self._named[name] = replace(kept.limit, expires_ms=now_ms + left_ms, steps=steps)
                log.info("limit %s of before the restart holds for %d s", name, left_ms // 1000)
            else:
                self._remember(LIMITS, name, None)

    def set(self, limit: Limit) -> None:
        """Set, change or withdraw it. Raises ValueError on an unknown target."""
        known = self._known(limit)
        if limit.target not in known:
            raise ValueError(f"{limit.target!r} is none of {', '.join(sorted(known))}")
        count = sum(each.source == limit.source for each in self._named.values())
        if limit.source in KEPT and limit.name not in self._named and count >= MOST:
            raise ValueError(f"{count} limits of {limit.source} are in force already")
        if limit.is_operator:
            self._note(limit)
        before = self._named.get(limit.name)
        falls = limit.limit_ma is not None and (before is None or limit.limit_ma < (before.limit_ma or 0))
        if limit.limit_ma is None:
            if self._named.pop(limit.name, None) is not None:
                log.info("limit %s is withdrawn", limit.name)
        else:
            self._named[limit.name] = limit
            log.info("limit %s: %s at most %.1f A", limit.name, limit.target, limit.limit_ma / 1000)
        if limit.source in KEPT:
            self._keep(limit)
        (self._hurry if falls else self._wake)()

    def follow(self) -> None:
        """A cycle has passed: steps are due. When somebody has set the wall clock, ends are kept anew."""
        now_ms = self._clock.mono_ms()
        for limit in [each for each in self._named.values() if each.steps and each.steps[0][0] <= now_ms]:
            due = [ma for at_ms, ma in limit.steps if at_ms <= now_ms]
            self.set(replace(limit, limit_ma=due[-1], steps=limit.steps[len(due) :]))
        ahead_ms = self._clock.now_ms() - self._clock.mono_ms()
        if abs(ahead_ms - self._ahead_ms) > SET_MS:
            for limit in self._named.values():
                if limit.source in KEPT:
                    self._keep(limit)
        self._ahead_ms = ahead_ms

    def rows(self) -> tuple[LimitStatus, ...]:
        """For the status, by name."""
        now_ms = self._clock.mono_ms()
        return tuple(
            LimitStatus(
                name=limit.name,
                source=limit.source,
                kind=limit.kind,
                target=limit.target,
                limit_ma=limit.limit_ma or 0,
                left_ms=None if limit.expires_ms is None else max(0, limit.expires_ms - now_ms),
                is_operator=limit.is_operator,
            )
            for _, limit in sorted(self._named.items())
        )

    def _known(self, limit: Limit) -> frozenset[str]:
        return frozenset(self._lot.by_id if limit.kind == "evse" else self._lot.tree.circuits)

    def _keep(self, limit: Limit) -> None:
        body = None
        if limit.limit_ma is not None and limit.expires_ms is not None:
            left_ms = limit.expires_ms - self._clock.mono_ms()
            is_sure = self._clock.is_synchronised()
            until_ms = self._clock.now_ms() + left_ms
            body = msgspec.json.encode(
                Kept(
                    limit=limit,
                    until_ms=until_ms,
                    left_ms=left_ms,
                    is_sure=is_sure,
                    mono_ms=self._clock.mono_ms(),
                )
            )
        self._remember(LIMITS, limit.name, body)

    def _left_ms(self, kept: Kept) -> int:
        """By the wall clock where it was sure then and is now; else all that it had when it was set."""
        if not kept.is_sure or not self._clock.is_synchronised():
            return kept.left_ms
        return min(kept.left_ms, kept.until_ms - self._clock.now_ms())
