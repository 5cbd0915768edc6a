"""What happens at one connector of a charger, from plug-in to plug-out."""

from edge.ocpp.v16.types import ChargePointErrorCode, ChargePointStatus, Reason
from edge.plant.evse import Evse
from edge.simulator.books import Transaction

PILOT_MINIMUM_MA = 6_000  # below it the pilot has no duty cycle to say (IEC 61851-1 annex A)


class Connector:
    """The state of a connector. It knows neither network nor clock: its charger tells it."""

    __slots__ = (
        "_announced",
        "error",
        "evse",
        "is_finishing",
        "is_operative",
        "is_reserved",
        "number",
        "token",
        "transaction",
    )

    def __init__(self, number: int, evse: Evse) -> None:
        self.number = number
        self.evse = evse
        self.token: str | None = None
        """An accepted token that waits for its car."""
        self.transaction: Transaction | None = None
        self.is_finishing = False
        self.is_operative = True
        self.is_reserved = False
        self.error: ChargePointErrorCode = "NoError"
        self._announced: tuple[ChargePointStatus, ChargePointErrorCode] | None = None

    @property
    def is_plugged(self) -> bool:
        """Whether a cable with a car hangs in it."""
        return self.evse.car is not None

    @property
    def may_begin(self) -> bool:
        """Whether a car and a token are there, and nothing forbids to charge."""
        return (
            self.is_plugged
            and self.token is not None
            and self.transaction is None
            and self.is_operative
            and self.error == "NoError"
        )

    def status(self) -> ChargePointStatus:
        """Its ChargePointStatus (OCPP 1.6 ed. 2 section 4.9)."""
        if self.error != "NoError":
            return "Faulted"
        if self.transaction is not None:
            return self._charging()
        if not self.is_operative:
            return "Unavailable"
        if self.is_finishing and self.is_plugged:
            return "Finishing"
        if self.is_plugged or self.token is not None:
            return "Preparing"
        return "Reserved" if self.is_reserved else "Available"

    @property
    def has_news(self) -> bool:
        """Whether its state differs from what was last announced."""
        return self._announced != (self.status(), self.error)

    def announce(self) -> tuple[ChargePointStatus, ChargePointErrorCode]:
        """Its state, which from now on counts as told."""
        self._announced = (self.status(), self.error)
        return self._announced

    def forget_announcement(self) -> None:
        """Makes the present state news again, as after a boot."""
        self._announced = None

    def steer(self, limit_ma: int, now_ms: int) -> None:
        """Turns the pilot: the limit while a transaction runs, else nothing; below 6 A it says nothing."""
        allowed = self.transaction is not None and self.error == "NoError" and limit_ma >= PILOT_MINIMUM_MA
        pilot_ma = limit_ma if allowed else 0
        if min(pilot_ma, self.evse.plan.max_ma) != self.evse.pilot_ma:
            self.evse.set_pilot(pilot_ma, now_ms)

    def begin(self, station: str, at_ms: int) -> Transaction:
        """A transaction begins with the token that waited."""
        if self.token is None:
            raise ValueError(f"connector {self.number} has no token to begin with")
        self.transaction = Transaction(
            station=station,
            connector=self.number,
            token=self.token,
            started_ms=at_ms,
            meter_start_wh=self.evse.energy_wh,
        )
        self.token = None
        self.is_finishing = False
        return self.transaction

    def end(self, at_ms: int, reason: Reason) -> Transaction:
        """The running transaction ends; the car may stay."""
        ended = self.transaction
        if ended is None:
            raise ValueError(f"nothing runs on connector {self.number}")
        ended.ended_ms, ended.meter_stop_wh, ended.reason = at_ms, self.evse.energy_wh, reason
        self.transaction = None
        self.is_finishing = True
        return ended

    def vacate(self) -> None:
        """The cable is out."""
        self.token = None
        self.is_finishing = False

    def _charging(self) -> ChargePointStatus:
        if self.evse.pilot_ma < PILOT_MINIMUM_MA:
            return "SuspendedEVSE"
        return "Charging" if any(self.evse.flowing_ma) else "SuspendedEV"
