"""Charging profiles of a cloud as limits: what a stack of them allows a connector now.

OCPP 1.6 section 3.13: levels rank inside a purpose, a TxProfile goes before a TxDefaultProfile, and
ChargePointMaxProfile bounds the whole station. Here they only take away from what the lot's own rule gives.
"""

from boards.common import times

TX, TX_DEFAULT, STATION = "TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"
_EVERY_S = {"Daily": 86_400, "Weekly": 604_800}
MOST = 24


class Bad(Exception):
    """Why a profile is not taken."""


class Profile:
    """One that was sent. Raises Bad, with what is wrong."""

    def __init__(self, connector: int, told: dict) -> None:
        try:
            schedule = told["chargingSchedule"]
            self.id = int(told["chargingProfileId"])
            self.connector = connector
            self.purpose = told["chargingProfilePurpose"]
            self.level = int(told["stackLevel"])
            self.kind = told["chargingProfileKind"]
            self.every_s = _EVERY_S.get(told.get("recurrencyKind"))
            self.transaction = told.get("transactionId")
            self.unit = schedule["chargingRateUnit"]
            self.duration_s = schedule.get("duration")
            self.start_s = _time(schedule.get("startSchedule"))
            self.from_s, self.to_s = _time(told.get("validFrom")), _time(told.get("validTo"))
            self.periods = [
                (int(each["startPeriod"]), _milli(each["limit"]), int(each.get("numberPhases", 3)))
                for each in schedule["chargingSchedulePeriod"]
            ]
        except (KeyError, TypeError, ValueError):
            raise Bad("no charging profile")
        if self.purpose not in (TX, TX_DEFAULT, STATION) or self.unit not in ("A", "W"):
            raise Bad("an unknown purpose or unit")
        if not self.periods or self.periods[0][0] != 0 or (self.purpose == STATION and connector):
            raise Bad("periods begin at 0; ChargePointMaxProfile is the station's")
        if self.kind == "Recurring" and self.every_s is None:
            raise Bad("it does not say how often")

    def rate(self, now_s: int, begun_s: int | None) -> tuple[int, int] | None:
        """The limit in thousandths of its unit, and for how many phases; None: it says nothing now."""
        if (self.from_s is not None and now_s < self.from_s) or (
            self.to_s is not None and now_s >= self.to_s
        ):
            return None
        start_s = begun_s if self.kind == "Relative" else self.start_s or begun_s or 0
        if start_s is None or now_s < start_s:
            return None
        at_s = now_s - start_s
        if self.kind == "Recurring":
            at_s %= self.every_s
        if self.duration_s is not None and at_s >= self.duration_s:
            return None
        found = None
        for period_s, rate, phases in self.periods:
            if at_s >= period_s:
                found = rate, phases
        return found


class Profiles:
    """All that were sent. `voltage_mv`: what makes current of a power."""

    def __init__(self, voltage_mv: int) -> None:
        self._voltage_mv = voltage_mv
        self._all: list[Profile] = []

    def take(self, profile: Profile) -> None:
        """In the place of one with its id, or with its connector, purpose and level. Raises Bad."""
        kept = [each for each in self._all if not _replaces(profile, each)]
        if len(kept) >= MOST:
            raise Bad("too many")
        self._all = kept + [profile]

    def clear(self, number=None, connector=None, purpose=None, level=None) -> int:
        """How many of those that fit all that is said are gone."""
        kept = []
        for each in self._all:
            is_meant = (
                number == each.id
                if number is not None
                else (
                    connector in (None, each.connector)
                    and purpose in (None, each.purpose)
                    and level in (None, each.level)
                )
            )
            if not is_meant:
                kept.append(each)
        gone = len(self._all) - len(kept)
        self._all = kept
        return gone

    def ended(self, transaction: int) -> None:
        """Its TxProfiles are over."""
        self._all = [each for each in self._all if each.purpose != TX or each.transaction != transaction]

    def limit_ma(self, connector: int, now_s: int, transaction=None, begun_s=None) -> int | None:
        """What they allow this connector on each phase (0: the station as a whole); None: anything."""
        if connector == 0:
            return self._best((STATION,), 0, now_s, None, None)
        return self._best((TX, TX_DEFAULT), connector, now_s, transaction, begun_s)

    def _best(self, purposes, connector, now_s, transaction, begun_s) -> int | None:
        for purpose in purposes:
            best = None
            for each in self._all:
                if each.purpose != purpose or each.connector not in (0, connector):
                    continue
                if purpose == TX and (transaction is None or each.transaction not in (None, transaction)):
                    continue
                rate = each.rate(now_s, begun_s)
                rank = (each.connector == connector, each.level)
                if rate is not None and (best is None or rank > best[0]):
                    best = rank, self._ma(each.unit, rate)
            if best is not None:
                return best[1]
        return None

    def _ma(self, unit: str, rate: tuple[int, int]) -> int:
        milli, phases = rate
        if unit == "A":
            return max(0, milli)
        return max(0, milli * 1_000 // (self._voltage_mv * max(1, phases)))


def _replaces(new: Profile, old: Profile) -> bool:
    same_place = (new.connector, new.purpose, new.level) == (old.connector, old.purpose, old.level)
    return new.id == old.id or same_place


def _time(stamp) -> int | None:
    return None if stamp is None else times.epoch_s(stamp)


def _milli(limit) -> int:
    """Thousandths, rounded down; boards with short floats are exact to a tenth."""
    if not -1e6 < limit < 1e6:  # NaN is not either
        raise ValueError("no limit")
    tenths = int(limit * 10 + (0.01 if limit > 0 else -0.01))
    return tenths * 100
