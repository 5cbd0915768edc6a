"""A simulated charger without its network: connectors, transactions, profiles, what it owes its CSMS.

Time enters as an argument: monotonic ms for what flows. The charger's own clock stamps what it tells
and decides which period of a charging profile holds.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16.requests import MeterValues, StartTransaction, StopTransaction
from edge.ocpp.v16.responses import StartTransactionResponse
from edge.ocpp.v16.types import ChargingProfile, Message, MeterValue, ReadingContext, Reason
from edge.plant.cars import CarModel
from edge.plant.evse import Evse
from edge.simulator.books import Transaction
from edge.simulator.certificates import CertificateStore
from edge.simulator.clocks import DeviceClock
from edge.simulator.configuration import Configuration
from edge.simulator.connector import PILOT_MINIMUM_MA, Connector
from edge.simulator.local_list import LocalList
from edge.simulator.outbox import Outbox
from edge.simulator.profile_store import Charging, ProfileStore
from edge.simulator.reservations import Reservation, Reservations
from edge.simulator.sampling import meter_value

_MOST_REPORTS = 100
RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]


@dataclass(slots=True, kw_only=True)
class Oddities:
    """How a charger may differ from what the specification expects of it. All can change while it runs."""

    rejects_profiles: bool = False
    ignores_limits: bool = False
    """Accepts every profile and charges with all it can."""
    rounds_to_amperes: bool = False
    """Its pilot knows whole amperes: what is between is rounded up."""
    gives_power_to_one: bool = False
    """Of a limit in W the phases that the car uses get all, be they one or three."""
    refuses_zero: bool = False
    """Rejects profiles with a limit of 0."""
    never_pauses: bool = False
    """Goes on with 6 A where its limit is less."""
    keeps_first_period: bool = False
    """Accepts a schedule and stays in its first period: no dead man fires in it."""
    answer_delay_ms: int = 0
    loses_answers: bool = False
    """Does what it is told, and the link breaks before its answer."""
    hangs: bool = False
    """Takes requests and does nothing until it is healed."""
    boots_on_reconnect: bool = False
    """Sends a BootNotification on every connection, not only after a boot."""
    forgets_profiles_on_boot: bool = False
    fails_jobs: bool = False
    """Downloads, uploads and checks of signatures fail."""
    jams: bool = False
    """Its plugs cannot be released by command."""
    resumes_after_power_loss: bool = False
    """Goes on with the transaction when power is back, instead of ending it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlan:
    """A charger as it is bought and wired."""

    name: str
    evses: tuple[str, ...]
    """The plant's EVSEs behind connectors 1, 2, .."""
    vendor: str = "Ampyard"
    model: str = "Simulator"
    firmware: str = "1.0"
    version: str = "1.6"
    """Of OCPP: 1.6, 2.0.1 or 2.1."""
    configuration: Mapping[str, str] = field(default_factory=dict)
    clock_offset_ms: int = 0
    has_stubborn_clock: bool = False
    oddities: Oddities = field(default_factory=Oddities)


class Station:
    """The charger's inside. Everything but power, tokens that wait and `registered` survives a power cut."""

    __slots__ = (
        "_first_profile",
        "_next_sample_ms",
        "_patience_ms",
        "certificates",
        "clock",
        "configuration",
        "connectors",
        "firmware",
        "is_powered",
        "local_list",
        "oddities",
        "outbox",
        "performed",
        "plan",
        "profiles",
        "registration",
        "reports",
        "reservations",
    )

    def __init__(self, plan: StationPlan, evses: Mapping[str, Evse], clock: DeviceClock) -> None:
        self.plan = plan
        self.clock = clock
        self.oddities = plan.oddities
        self.connectors = [Connector(n, evses[name]) for n, name in enumerate(plan.evses, start=1)]
        self.configuration = Configuration(connectors=len(self.connectors), **plan.configuration)
        self.profiles = ProfileStore(
            max_level=self.configuration.number("ChargeProfileMaxStackLevel"),
            max_periods=self.configuration.number("ChargingScheduleMaxPeriods"),
            max_installed=self.configuration.number("MaxChargingProfilesInstalled"),
        )
        self.local_list = LocalList(
            most=self.configuration.number("LocalAuthListMaxLength"),
            at_once=self.configuration.number("SendLocalListMaxLength"),
        )
        self.certificates = CertificateStore(most=self.configuration.number("CertificateStoreMaxLength"))
        self.reservations = Reservations()
        self.firmware = plan.firmware
        self.reports: deque[Message] = deque(maxlen=_MOST_REPORTS)
        """What else it has to tell: how jobs fare, security events."""
        self.outbox = Outbox()
        self.performed: list[Transaction] = []
        self.is_powered = True
        self.registration: RegistrationStatus | None = None
        """What the CSMS answered to the boot; None since power came."""
        self._next_sample_ms: dict[int, int] = {}
        self._patience_ms: dict[int, int] = {}
        self._first_profile: dict[int, ChargingProfile | None] = {}

    @property
    def is_accepted(self) -> bool:
        """Whether its CSMS has accepted it since it has power."""
        return self.registration == "Accepted"

    def connector(self, number: int) -> Connector | None:
        """The connector with this number, None when there is none."""
        return self.connectors[number - 1] if 0 < number <= len(self.connectors) else None

    def news(self) -> list[Connector]:
        """The connectors whose state differs from what was announced."""
        return [connector for connector in self.connectors if connector.has_news]

    @property
    def has_news(self) -> bool:
        """Whether `news` would name any."""
        return any(connector.has_news for connector in self.connectors)

    def running(self, transaction_id: int) -> Connector | None:
        """Where the transaction of this number runs."""
        for connector in self.connectors:
            if connector.transaction is not None and connector.transaction.transaction_id == transaction_id:
                return connector
        return None

    def limit_ma(self, connector: Connector) -> int:
        """What its profiles and its hardware allow on a connector at this moment of its own clock."""
        most_ma = connector.evse.plan.max_ma
        if self.oddities.ignores_limits:
            return most_ma
        sharing = sum(one.transaction is not None for one in self.connectors)
        charging = self.charging(connector)
        allowed_ma = self.profiles.limit_ma(connector.number, self.clock.now_ms(), charging, sharing=sharing)
        return most_ma if allowed_ma is None else min(most_ma, self._given_ma(connector, allowed_ma))

    def _given_ma(self, connector: Connector, allowed_ma: int) -> int:
        """What it makes of a limit per phase that it understood."""
        oddities, car = self.oddities, connector.evse.car
        if oddities.gives_power_to_one and car is not None and self.configuration.units == ("W",):
            allowed_ma = allowed_ma * connector.evse.plan.wiring.phases // car.model.phases
        if oddities.rounds_to_amperes:
            allowed_ma = -(-allowed_ma // 1_000) * 1_000
        return max(allowed_ma, PILOT_MINIMUM_MA) if oddities.never_pauses else allowed_ma

    def charging(self, connector: Connector) -> Charging | None:
        """What runs on a connector, as profiles see it."""
        running = connector.transaction
        if running is None:
            return None
        return Charging(number=running.transaction_id, begun_ms=running.started_ms)

    def schedule(self, connector: Connector, duration_s: int) -> list[tuple[int, int | None]]:
        """What its profiles will allow on a connector, by its own clock."""
        charging = self.charging(connector)
        return self.profiles.schedule(connector.number, self.clock.now_ms(), duration_s, charging)

    def advance(self, now_ms: int) -> None:
        """Turns the pilots, takes samples that are due, and loses patience with tokens without a car."""
        if not self.is_powered:
            return
        self._mind_reservations()
        for connector in self.connectors:
            connector.steer(self.limit_ma(connector) if connector.transaction else 0, now_ms)
            self._sample_when_due(connector, now_ms)
            if connector.token is not None and now_ms >= self._patience_ms.get(connector.number, now_ms):
                connector.token = None

    def plug(self, connector: Connector, car: CarModel, now_ms: int) -> None:
        """A car arrives; charging begins when a token waits for it."""
        connector.evse.plug(car, now_ms)
        self._begin_when_ready(connector, now_ms)

    def unplug(self, connector: Connector, now_ms: int) -> None:
        """The car leaves, which ends its transaction."""
        connector.evse.unplug(now_ms)
        if connector.transaction is not None:
            self.end(connector, "EVDisconnected", now_ms)
        connector.vacate()

    def admit(
        self, connector: Connector, token: str, now_ms: int, profile: ChargingProfile | None = None
    ) -> None:
        """This token may charge here, unless something runs; without a car it waits for ConnectionTimeOut.

        A profile is installed when the transaction begins (section 5.16.2).
        """
        if connector.transaction is not None:
            return
        connector.token = token
        self._first_profile[connector.number] = profile
        self._patience_ms[connector.number] = now_ms + self.configuration.number("ConnectionTimeOut") * 1_000
        self._begin_when_ready(connector, now_ms)

    def refuses(self, connector: Connector, token: str, group: str | None = None) -> bool:
        """Whether a connector is kept for others."""
        free = sum(self.may_be_reserved(one, None) == "Accepted" for one in self.connectors)
        return self.reservations.refuses(connector.number, token, group, free=free)

    def may_be_reserved(
        self, connector: Connector, reservation_id: int | None
    ) -> Literal["Accepted", "Faulted", "Occupied", "Unavailable"]:
        """Whether a connector could be kept for somebody, by this reservation (section 5.13)."""
        if connector.error != "NoError":
            return "Faulted"
        held = self.reservations.of(connector.number)
        is_taken = connector.transaction is not None or connector.is_plugged or connector.token is not None
        if is_taken or (held is not None and held.id != reservation_id):
            return "Occupied"
        return "Accepted" if connector.is_operative else "Unavailable"

    def reserve(self, reservation: Reservation) -> None:
        """Keep a connector, or any, for somebody."""
        self.reservations.put(reservation)
        self._mind_reservations()

    def cancel_reservation(self, number: int) -> bool:
        """Keep it no longer; False when there is no such reservation."""
        is_held = self.reservations.take(number)
        self._mind_reservations()
        return is_held

    def _mind_reservations(self) -> None:
        """End what is over, or what a fault or a lack of service has made void (section 5.13)."""
        self.reservations.expire(self.clock.now_ms())
        for connector in self.connectors:
            held = self.reservations.of(connector.number)
            if held is not None and (connector.error != "NoError" or not connector.is_operative):
                self.reservations.take(held.id)
                held = None
            connector.is_reserved = held is not None

    def started(self, begun: Transaction, answer: StartTransactionResponse, now_ms: int) -> None:
        """The CSMS has numbered a transaction, and perhaps refuses its token (section 4.8)."""
        begun.transaction_id = answer.transaction_id
        connector = self.connectors[begun.connector - 1]
        is_refused = answer.id_tag_info.status != "Accepted"
        must_end = is_refused and self.configuration.switch("StopTransactionOnInvalidId")
        if must_end and connector.transaction is begun:
            self.end(connector, "DeAuthorized", now_ms)

    def end(self, connector: Connector, reason: Reason, now_ms: int) -> None:
        """Ends the running transaction and owes the CSMS its end."""
        ended = connector.end(self.clock.now_ms(), reason)
        connector.steer(0, now_ms)
        self.profiles.end_transaction(connector.number)
        self.outbox.put(
            ended,
            StopTransaction(
                transaction_id=ended.transaction_id or 0,
                id_tag=ended.token,
                meter_stop=ended.meter_stop_wh or 0,
                timestamp=rfc3339(ended.ended_ms or 0),
                reason=reason,
            ),
        )

    def cut_power(self, now_ms: int) -> None:
        """Contactors open at once; what was only in memory is gone."""
        self.is_powered = False
        self.registration = None
        for connector in self.connectors:
            connector.evse.switch(closed=False, now_ms=now_ms)
            connector.evse.set_pilot(0, now_ms)
            connector.token = None

    def restore_power(self, now_ms: int, reason: Reason = "PowerLoss") -> None:
        """Boots: a transaction that ran is ended with this reason, or goes on where chargers do that."""
        self.is_powered = True
        if self.oddities.forgets_profiles_on_boot:
            self.profiles.forget()
        for connector in self.connectors:
            connector.evse.switch(closed=True, now_ms=now_ms)
            connector.forget_announcement()
            if connector.transaction is not None and not self.oddities.resumes_after_power_loss:
                self.end(connector, reason, now_ms)

    def measure(self, connector: Connector, context: ReadingContext) -> MeterValue:
        """What its meter says now."""
        return meter_value(
            connector.evse,
            self.configuration.items("MeterValuesSampledData"),
            stamp=self.clock.stamp(),
            context=context,
            offered_ma=connector.evse.pilot_ma,
        )

    def _begin_when_ready(self, connector: Connector, now_ms: int) -> None:
        if not connector.may_begin or not self.is_powered:
            return
        begun = connector.begin(self.plan.name, self.clock.now_ms())
        used = self.reservations.found(connector.number, begun.token, self.local_list.group(begun.token))
        if used is not None:
            self.cancel_reservation(used.id)
        self.performed.append(begun)
        self._next_sample_ms[connector.number] = now_ms
        if profile := self._first_profile.pop(connector.number, None):
            self.profiles.install(connector.number, profile, self.charging(connector))
        self.outbox.put(
            begun,
            StartTransaction(
                connector_id=connector.number,
                id_tag=begun.token,
                meter_start=begun.meter_start_wh,
                timestamp=rfc3339(begun.started_ms),
                reservation_id=None if used is None else used.id,
            ),
        )

    def _sample_when_due(self, connector: Connector, now_ms: int) -> None:
        interval_ms = self.configuration.number("MeterValueSampleInterval") * 1_000
        running = connector.transaction
        if running is None or not interval_ms or now_ms < self._next_sample_ms[connector.number]:
            return
        self._next_sample_ms[connector.number] = now_ms + interval_ms
        sample = MeterValues(
            connector_id=connector.number, meter_value=(self.measure(connector, "Sample.Periodic"),)
        )
        self.outbox.put(running, sample)
