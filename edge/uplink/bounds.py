"""A CSMS's charging profiles for one charger, taken out of its messages and turned into named limits.

They never reach the charger as profiles: what they allow now is one bound among the others, and the
smallest of all wins. So no cloud can raise a current above what the fuses leave.
"""

from collections.abc import Callable

from edge.ocpp.profiles import Profile, composite, install
from edge.site.ports import Limit, SiteDoors

CYCLE_MS = {"Daily": 86_400_000, "Weekly": 604_800_000}
MOST_INSTANTS = 500


class Running:
    """The transaction that runs on an EVSE, as this CSMS calls it."""

    __slots__ = ("since_ms", "transaction_id")

    def __init__(self, transaction_id: int | str | None, since_ms: int | None) -> None:
        self.transaction_id = transaction_id
        self.since_ms = since_ms


class CloudBounds:
    """What one CSMS allows the EVSEs of one charger."""

    def __init__(self, csms: str, evses: dict[int, str], doors: SiteDoors, *, voltage_v: int) -> None:
        """`evses`: the EVSE ids of the charger by their numbers."""
        self._csms = csms
        self._evses = evses
        self._doors = doors
        self._voltage_v = voltage_v
        self._profiles: tuple[Profile, ...] = ()
        self._told: dict[int, int | None] = dict.fromkeys(evses)

    def install(self, profile: Profile) -> bool:
        """Take a profile; False when it names a connector that is not there."""
        if profile.connector not in self._evses and profile.connector != 0:
            return False
        self._profiles = install(self._profiles, profile)
        return True

    def clear(self, concerns: Callable[[Profile], bool]) -> bool:
        """Drop the profiles concerned; whether there were any."""
        kept = tuple(profile for profile in self._profiles if not concerns(profile))
        found = len(kept) < len(self._profiles)
        self._profiles = kept
        return found

    def apply(self, running: dict[int, Running], *, now_ms: int) -> None:
        """Tell the site what the profiles allow at this moment, where that has changed."""
        for number, evse in self._evses.items():
            on = running.get(number, Running(None, None))
            limit_ma = composite(
                self._profiles,
                now_ms=now_ms,
                connector=number,
                transaction_id=on.transaction_id,
                transaction_start_ms=on.since_ms,
                voltage_v=self._voltage_v,
            )
            if limit_ma != self._told[number]:
                self._told[number] = limit_ma
                self._doors.limit(
                    Limit(
                        name=f"{self._csms}/{evse}",
                        source="csms",
                        kind="evse",
                        target=evse,
                        limit_ma=limit_ma,
                        expires_ms=None,
                    )
                )

    def allowed_ma(self, number: int) -> int | None:
        """What they allow an EVSE, as of the last time that was looked at; None: nothing bounds it."""
        return self._told.get(number)

    def planned(
        self, number: int, running: Running, *, cap_ma: int, now_ms: int, duration_s: int
    ) -> tuple[tuple[int, int], ...]:
        """What they and `cap_ma` leave an EVSE from now on: seconds from now, mA per phase."""
        periods: list[tuple[int, int]] = []
        for at_ms in self._instants(running, now_ms, now_ms + duration_s * 1000):
            limit_ma = composite(
                self._profiles,
                now_ms=at_ms,
                connector=number,
                transaction_id=running.transaction_id,
                transaction_start_ms=running.since_ms,
                voltage_v=self._voltage_v,
            )
            least_ma = cap_ma if limit_ma is None else min(cap_ma, limit_ma)
            if not periods or periods[-1][1] != least_ma:
                periods.append((-(-(at_ms - now_ms) // 1000), least_ma))
        return tuple(periods)

    def _instants(self, running: Running, now_ms: int, until_ms: int) -> list[int]:
        """Now, and every moment in that time at which some profile may change."""
        found = {now_ms}
        for profile in self._profiles:
            is_relative = profile.kind == "Relative" or profile.start_ms is None
            base_ms = running.since_ms if is_relative else profile.start_ms
            found.update(each for each in (profile.valid_from_ms, profile.valid_to_ms) if each is not None)
            if base_ms is None:
                continue
            ends = () if profile.duration_s is None else (profile.duration_s,)
            cycle_ms = CYCLE_MS.get(profile.recurrence or "", 0) if profile.kind == "Recurring" else 0
            for start_s in (*(period.start_s for period in profile.periods), *ends):
                at_ms = base_ms + start_s * 1000
                if cycle_ms and at_ms < now_ms:
                    at_ms += -(-(now_ms - at_ms) // cycle_ms) * cycle_ms
                found.add(at_ms)
                while cycle_ms and at_ms + cycle_ms < until_ms and len(found) < MOST_INSTANTS:
                    at_ms += cycle_ms
                    found.add(at_ms)
        return sorted(each for each in found if now_ms <= each < max(until_ms, now_ms + 1))
