"""A CSMS's charging profiles for one charger, taken out of its messages and turned into named limits.

They never reach the charger as profiles: what they allow now is one bound among the others, and the
smallest of all wins. So no cloud can raise a current above what the fuses leave.
"""

from collections.abc import Callable

from edge.ocpp.profiles import Profile, composite, install
from edge.site.ports import Limit, SiteDoors


class Running:
    """The transaction that runs on an EVSE, as this CSMS calls it."""

    __slots__ = ("since_ms", "transaction_id")

    def __init__(self, transaction_id: int | None, since_ms: int | None) -> None:
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
