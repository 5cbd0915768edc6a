"""A site as its file describes it: frozen, checked, in integers. This is what the rooms above read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.core.circuit import ROOT, Circuit, Tree
from edge.core.demand_window import Target
from edge.core.quantities import ROTATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The name of a secret. `edge.settings.secret.look_up` finds what it stands for."""

    name: str


OCPP_CERTIFICATE = Secret(name="ocpp-certificate")
OCPP_KEY = Secret(name="ocpp-key")
SUPPLY = "/supply"
BY_CLOCK = "clock"
SourceName = Literal["solar", "battery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """An RS-485 line: a serial `device` of this machine, or RTU frames to a gateway's `host` and `port`."""

    name: str
    device: str
    host: str
    port: int
    baud: int
    format: Literal["8N1", "8E1", "8O1", "8N2"]
    line_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """A meter on Modbus: at `host`, or on a `line`; with `sum` it is what the meters of others add up to.

    `ct_ratio`: its current transformers, where it measures behind them without knowing it: (250, 5).
    `sum`: circuits, those with a `-` before them are subtracted. `line_number`: where its table begins.
    """

    model: str
    host: str | None
    port: int
    unit: int
    stale_after_ms: int
    invert: bool
    phase_rotation: str
    line_number: int
    line: LineSettings | None = None
    ct_ratio: tuple[int, int] = (1, 1)
    sum: tuple[str, ...] = ()

    @property
    def wiring(self) -> tuple[int, ...]:
        """The grid phase (0..2) that each of the meter's phases L1..L3 measures."""
        return ROTATIONS[self.phase_rotation]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """The meter of the sun or of a battery: positive is what it gives to the site, unless inverted."""

    name: SourceName
    meter: MeterSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSettings:
    """The average power to stay below, window by window. `line_number` is where its table begins.

    `sync_pin`: the contact that begins the windows, or the wall clock.
    """

    target_w: int
    window_ms: int
    raise_to_peak: bool
    line_number: int
    sync_pin: str = BY_CLOCK

    @property
    def is_pulsed(self) -> bool:
        """Whether the utility's contact begins the windows."""
        return self.sync_pin != BY_CLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitSettings:
    """One protected line. `building_max_ma` None: the sum of those below; `unbalance_max_ma` None: any."""

    name: str
    parent: str | None
    rating_ma: int
    building_max_ma: int | None
    meter: MeterSettings | None
    line_number: int
    unbalance_max_ma: int | None = None
    protection: Literal["strict", "gG", "mcb-b", "mcb-c", "transformer"] = "strict"
    demand: DemandSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseSettings:
    """One socket of a charger, currents per phase. `name`: the one that the file gives it, or its number."""

    name: str
    max_ma: int
    min_ma: int
    fallback_ma: int
    phase_rotation: str

    @property
    def wiring(self) -> tuple[int, ...] | None:
        """The grid phase (0..2) on each terminal L1..; None: not known, count on all three."""
        return ROTATIONS.get(self.phase_rotation)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusSettings:
    """Where a charger on Modbus is: at `host`, or on a `line`. `unit` None: its model's usual one."""

    model: str
    host: str | None
    port: int
    line: LineSettings | None
    unit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioSettings:
    """The pins of a charger that this box itself drives; None: it has none of these. `!` turns one round.

    `pilot_b`, `pilot_c`, `pilot_e`: comparators, high while the pilot is below the boundary to that state.
    `proximity`: a file that tells the voltage at that contact as a number of so many bits.
    """

    pilot: str
    pilot_b: str
    pilot_c: str
    contactor: str
    pilot_e: str | None = None
    contactor_feedback: str | None = None
    rcd: str | None = None
    lock: str | None = None
    led: str | None = None
    heartbeat: str | None = None
    s0: str | None = None
    pulses_per_kwh: int = 1000
    cable_ma: int | None = None
    proximity: str | None = None
    proximity_ohm: int = 330
    proximity_bits: int = 12
    has_ventilation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerSettings:
    """One charger, with everything that its blocks say together.

    `station` is its OCPP identity, or a pattern with `*` or `?` that adopts the first that matches.
    `evses` are in the order of the connectors 1, 2, ...; `rating_ma` is the supply that they share, per phase
    (None: no such bound). `modbus` and `gpio` None: it speaks OCPP.
    """

    name: str
    station: str
    circuit: str
    dead_man: Literal["profile", "watchdog", "hardware", "none"]
    evses: tuple[EvseSettings, ...]
    rating_ma: int | None
    priority: int
    line_number: int
    password: Secret | None = None
    modbus: ModbusSettings | None = None
    gpio: GpioSettings | None = None

    @property
    def supply(self) -> CircuitSettings | None:
        """The line that its sockets share, as a circuit below the charger's own.

        None where that line cannot be overloaded before the sockets' own breakers are: it is no bound then.
        """
        if self.rating_ma is None or self.rating_ma >= sum(evse.max_ma for evse in self.evses):
            return None
        return CircuitSettings(
            name=supply_of(self.name),
            parent=self.circuit,
            rating_ma=self.rating_ma,
            building_max_ma=0,
            meter=None,
            line_number=self.line_number,
        )

    @property
    def feeder(self) -> str:
        """The circuit on which its sockets hang: its supply, or the one that the file names."""
        return supply_of(self.name) if self.supply else self.circuit

    @property
    def has_pattern(self) -> bool:
        """Whether the station is adopted by a pattern instead of named."""
        return "*" in self.station or "?" in self.station


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppSettings:
    """The server that chargers connect to. `unknown`: what a station without a place gets.

    `password` is for every charger that has none of its own. With `tls`, `certificate` and `key` are the
    server's; a charger may show a certificate signed by `client_ca`. All three are PEM, kept as secrets.
    """

    port: int
    password: Secret | None
    unknown: Literal["wait", "reject"]
    tls: bool = False
    certificate: Secret = OCPP_CERTIFICATE
    key: Secret = OCPP_KEY
    client_ca: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The page and the API."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Who may charge, and who while the cloud is away. `list` is a CSV file."""

    accept: Literal["known", "all"]
    offline: Literal["known", "all", "none"]
    list: Path | None
    deadline_ms: int = 5_000
    cache_days: int = 30
    send_lists: bool = False
    blocking_ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """A group of tokens. `quota_kwh` of a month each; `offline` None: as everybody."""

    priority: int = 0
    quota_kwh: int | None = None
    offline: Literal["known", "none"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSettings:
    """One CSMS. `identity` is a template of `{charger}` and `{station}`; `chargers` are names.

    An observer is told everything and commands nothing. `ca` None: the machine's own authorities; all three
    certificates are PEM, kept as secrets. `proxy`: the URL of an HTTP proxy on the way.
    """

    name: str
    url: str
    version: Literal["1.6", "2.0.1"]
    role: Literal["primary", "observer"]
    identity: str
    password: Secret | None
    chargers: tuple[str, ...]
    line_number: int
    ca: Secret | None = None
    certificate: Secret | None = None
    key: Secret | None = None
    proxy: str | None = None

    def identity_of(self, charger: str, station: str) -> str:
        """What this CSMS calls a charger whose own station is called so."""
        return self.identity.replace("{charger}", charger).replace("{station}", station)


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """The building's broker. `limits`: whether it may lower us, `commands`: whether it may start and stop.

    `ca` None: the machine's own authorities; all three certificates are PEM, kept as secrets. `evcc_topic`:
    where the lot is told as evcc would tell it, None: nowhere. `period_ms`: all is told again after it.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    password: Secret | None
    topic: str
    limits: bool
    version: Literal["3.1.1", "5"] = "3.1.1"
    ca: Secret | None = None
    certificate: Secret | None = None
    key: Secret | None = None
    commands: bool = False
    home_assistant: bool = False
    evcc_topic: str | None = None
    period_ms: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSettings:
    """A contact that limits, or a receiver with several: `limits_ma`, per phase, is one for each pin."""

    name: str
    pins: tuple[str, ...]
    is_active_open: bool
    limits_ma: tuple[int, ...]
    circuit: str
    of: Literal["chargers", "circuit"]
    one_is_always_active: bool
    rule: Literal["none", "operator", "enwg-14a", "enwg-14a-direct"]
    line_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """Pacing of currents; `dead_man_ms` is T, after which a charger falls back by itself."""

    hold_up_ms: int
    min_on_ms: int
    min_off_ms: int
    dead_man_ms: int = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """How much room the journal may take, and for how long it keeps what is no transaction."""

    quota_mb: int = 2_000
    samples_days: int = 90
    keep_days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The whole site. `timezone` None: the machine's own."""

    name: str
    timezone: str | None
    voltage_mv: int
    guarantee: Literal["declared", "proven", "rated"]
    circuits: tuple[CircuitSettings, ...]
    chargers: tuple[ChargerSettings, ...]
    ocpp: OcppSettings
    web: WebSettings
    tokens: TokenSettings
    groups: dict[str, GroupSettings]
    uplinks: tuple[UplinkSettings, ...]
    mqtt: MqttSettings | None
    control: ControlSettings
    journal: JournalSettings = JournalSettings()
    sources: tuple[SourceSettings, ...] = ()
    contacts: tuple[ContactSettings, ...] = ()
    limits_file: Path | None = None
    board: str | None = None

    @property
    def sync_pins(self) -> dict[str, str]:
        """The utility's contacts, by the circuits whose demand windows they begin."""
        return {
            circuit.name: circuit.demand.sync_pin
            for circuit in self.circuits
            if circuit.demand is not None and circuit.demand.is_pulsed
        }

    def circuit(self, name: str) -> CircuitSettings:
        """The circuit of that name. Raises KeyError."""
        for circuit in self.circuits:
            if circuit.name == name:
                return circuit
        raise KeyError(name)

    def charger(self, name: str) -> ChargerSettings:
        """The charger of that name. Raises KeyError."""
        for charger in self.chargers:
            if charger.name == name:
                return charger
        raise KeyError(name)

    @property
    def supplies(self) -> tuple[CircuitSettings, ...]:
        """The lines that sockets of one charger share, each below the charger's circuit."""
        return supplies_of(self.chargers)

    def tree(self) -> Tree:
        """The circuits and the chargers' supplies as the core sees them."""
        return tree_of((*self.circuits, *self.supplies))


def supply_of(charger: str) -> str:
    """What a charger's shared supply is called as a circuit; no circuit of a file can be called so."""
    return charger + SUPPLY


def supplies_of(chargers: Iterable[ChargerSettings]) -> tuple[CircuitSettings, ...]:
    """The shared supplies of these chargers."""
    return tuple(charger.supply for charger in chargers if charger.supply)


def tree_of(circuits: tuple[CircuitSettings, ...]) -> Tree:
    """Circuits as the core sees them. Raises ValueError where they are no tree."""
    return Tree(
        [
            Circuit(
                circuit.name,
                parent=None if circuit.name == ROOT else circuit.parent,
                rating_ma=circuit.rating_ma,
                building_max_ma=circuit.building_max_ma,
                is_metered=circuit.meter is not None,
                unbalance_max_ma=circuit.unbalance_max_ma,
                protection=circuit.protection,
                demand=None if circuit.demand is None else _target(circuit.demand),
            )
            for circuit in circuits
        ]
    )


def _target(demand: DemandSettings) -> Target:
    return Target(
        target_w=demand.target_w,
        window_ms=demand.window_ms,
        follows_peak=demand.raise_to_peak,
        is_pulsed=demand.is_pulsed,
    )
