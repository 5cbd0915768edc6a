"""What every version's dialect towards a cloud needs beside the event itself, and what it hands back."""

import msgspec

from edge.ocpp.profiles import Profile, Purpose, RateUnit
from edge.site.commands import AnyCommand

Call = tuple[str, bytes]
"""Action and payload."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How one CSMS knows the transaction of an event.

    `named`: what it calls it, None before it heard of it; `ours`: our number, `station`: what it calls the
    charger. `seq_no`: how much of it that CSMS was told. `is_offline`: it could not be told at once.
    """

    station: str
    named: str | None = None
    ours: int | None = None
    seq_no: int = 0
    is_offline: bool = False


class ProfilesCleared(msgspec.Struct, frozen=True, kw_only=True):
    """Which charging profiles the CSMS takes back; what is None does not matter (OCPP 1.6 section 5.4)."""

    id: int | None = None
    connector: int | None = None
    purpose: Purpose | None = None
    level: int | None = None

    def concerns(self, profile: Profile) -> bool:
        """Whether this profile is taken back. An id alone decides where one is given."""
        if self.id is not None:
            return profile.id == self.id
        return (
            self.connector in {None, profile.connector}
            and self.purpose in {None, profile.purpose}
            and self.level in {None, profile.level}
        )


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One CALL of a CSMS: a command for the site, a profile that becomes a limit, or both.

    `each`: commands that have an outcome each. `transaction`: what the CSMS calls the one that it means.
    `number`: by which it will know what follows. `request`: the CALL itself, for its answer.
    """

    action: str
    command: AnyCommand | None = None
    profile: Profile | None = None
    cleared: ProfilesCleared | None = None
    each: tuple[AnyCommand, ...] = ()
    transaction: str | None = None
    number: int | None = None
    request: object = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What an EVSE may draw: (seconds after `start_ms`, thousandths of A per phase, or of W in all)."""

    evse: int
    start_ms: int
    duration_s: int
    unit: RateUnit
    periods: tuple[tuple[int, int], ...]
