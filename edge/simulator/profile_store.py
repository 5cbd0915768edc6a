"""The charging profiles that a charger has installed (OCPP 1.6 ed. 2 sections 3.13, 5.5, 5.7 and 5.16)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from edge.ocpp.profiles import Profile, composite, install
from edge.ocpp.v16.charging import profile_of
from edge.ocpp.v16.requests import ClearChargingProfile
from edge.ocpp.v16.types import ChargingProfile

_UNNUMBERED = -1  # stands for a running transaction that the CSMS has not numbered yet
_REPEATS_S = {"Daily": 86_400, "Weekly": 604_800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """A running transaction as profiles see it; `number` None while the CSMS has given it none."""

    number: int | None
    begun_ms: int


class ProfileStore:
    """Installed profiles. They survive reboots, as they do in most chargers."""

    __slots__ = ("_max_installed", "_max_level", "_max_periods", "_profiles", "_voltage_v")

    def __init__(
        self,
        *,
        max_level: int = 8,
        max_periods: int = 24,
        max_installed: int = 20,
        voltage_v: int = 230,
    ) -> None:
        self._profiles: tuple[Profile, ...] = ()
        self._max_level = max_level
        self._max_periods = max_periods
        self._max_installed = max_installed
        self._voltage_v = voltage_v

    def __len__(self) -> int:
        return len(self._profiles)

    def install(
        self, connector: int, profile: ChargingProfile, charging: Charging | None = None
    ) -> Literal["Accepted", "Rejected"]:
        """Adds or replaces a profile; `charging` is what runs on that connector. Raises Fault."""
        new = profile_of(connector, profile)
        if not self._is_acceptable(new, charging):
            return "Rejected"
        profiles = install(self._profiles, new)
        if len(profiles) > self._max_installed:
            return "Rejected"
        self._profiles = profiles
        return "Accepted"

    def clear(self, request: ClearChargingProfile) -> Literal["Accepted", "Unknown"]:
        """Removes all that fit the request (section 5.5); Unknown when none does."""
        kept = tuple(profile for profile in self._profiles if not _fits(request, profile))
        if len(kept) == len(self._profiles):
            return "Unknown"
        self._profiles = kept
        return "Accepted"

    def end_transaction(self, connector: int) -> None:
        """A TxProfile lives as long as its transaction (section 3.13.1)."""
        self._profiles = tuple(
            p for p in self._profiles if p.connector != connector or p.purpose != "TxProfile"
        )

    def forget(self) -> None:
        """Loses everything, as some chargers do when they reboot."""
        self._profiles = ()

    def limit_ma(
        self, connector: int, now_ms: int, charging: Charging | None, *, sharing: int = 1
    ) -> int | None:
        """What they allow a connector now, mA per phase; None is everything.

        A ChargePointMaxProfile is shared out evenly among the `sharing` connectors that charge
        (section 3.13.3).
        """
        own = [p for p in self._profiles if p.purpose != "ChargePointMaxProfile"]
        whole = [p for p in self._profiles if p.purpose == "ChargePointMaxProfile"]
        limits = [self._composite(own, connector, now_ms, charging)]
        common = self._composite(whole, connector, now_ms, charging)
        limits.append(None if common is None else common // max(1, sharing))
        return min((limit for limit in limits if limit is not None), default=None)

    def schedule(
        self, connector: int, now_ms: int, duration_s: int, charging: Charging | None
    ) -> list[tuple[int, int | None]]:
        """The limit from each second after now at which it changes (section 5.7)."""
        changes = sorted({0, *(s for p in self._profiles for s in _seams_s(p, now_ms, duration_s, charging))})
        schedule: list[tuple[int, int | None]] = []
        for second in changes:
            limit_ma = self.limit_ma(connector, now_ms + second * 1_000, charging)
            if not schedule or schedule[-1][1] != limit_ma:
                schedule.append((second, limit_ma))
        return schedule

    def _composite(
        self, profiles: Iterable[Profile], connector: int, now_ms: int, charging: Charging | None
    ) -> int | None:
        number = charging.number if charging else None
        return composite(
            profiles,
            now_ms=now_ms,
            connector=connector,
            transaction_id=_UNNUMBERED if charging and number is None else number,
            transaction_start_ms=charging.begun_ms if charging else None,
            voltage_v=self._voltage_v,
        )

    def _is_acceptable(self, profile: Profile, charging: Charging | None) -> bool:
        if profile.level > self._max_level or len(profile.periods) > self._max_periods:
            return False
        if profile.purpose == "ChargePointMaxProfile":
            return profile.connector == 0
        if profile.purpose == "TxProfile":
            is_its_own = charging is not None and profile.transaction_id in {None, charging.number}
            return profile.connector > 0 and is_its_own
        return True


def _fits(request: ClearChargingProfile, profile: Profile) -> bool:
    if request.id is not None:
        return profile.id == request.id
    return (
        request.connector_id in {None, profile.connector}
        and request.charging_profile_purpose in {None, profile.purpose}
        and request.stack_level in {None, profile.level}
    )


def _seams_s(profile: Profile, now_ms: int, duration_s: int, charging: Charging | None) -> Iterable[int]:
    """The seconds after now at which a profile may begin, change or end."""
    begun_ms = charging.begun_ms if charging else None
    start_ms = begun_ms if profile.kind == "Relative" or profile.start_ms is None else profile.start_ms
    moments = [profile.valid_from_ms, profile.valid_to_ms]
    if start_ms is not None:
        offsets = [period.start_s for period in profile.periods]
        offsets += [] if profile.duration_s is None else [profile.duration_s]
        moments += [start_ms + offset * 1_000 for offset in offsets]
    repeat_ms = _REPEATS_S[profile.recurrence] * 1_000 if profile.recurrence else 0
    for moment in moments:
        if moment is None:
            continue
        after_ms = (moment - now_ms) % repeat_ms if repeat_ms else moment - now_ms
        while 0 <= after_ms < duration_s * 1_000:
            yield -(-after_ms // 1_000)
            if not repeat_ms:
                break
            after_ms += repeat_ms
