"""The reference of keys: every table of a site file and what each of its keys may hold.

One row a key; the tables of each driver stand together. The reader, the error messages and the printed
reference all come from here. A row or table marked later is understood, and answered "not in this version".
"""

from collections.abc import Iterator

from edge.settings.key import REQUIRED, Section, key, later
from edge.settings.kinds import (
    CHARGER_ROTATIONS,
    METER_ROTATIONS,
    Choice,
    FallbackCurrent,
    Flag,
    Host,
    LinePort,
    Names,
    OneNumber,
    Password,
    PerContact,
    PerSocket,
    Quantity,
    Rotation,
    Sockets,
    Text,
    TimeZone,
    TransformerRatio,
    WebSocketUrl,
    Whole,
)

PORT = Whole(low=1, high=65535)

# ---- meters -------------------------------------------------------------------------------------------
METER = Section(
    header="meter",
    keys=(
        key("model", Text(allowed="a model of: ampyard models --guard"), REQUIRED, "register table"),
        key("host", Host(), None, "Modbus TCP", unless="line"),
        key("line", Text(allowed="the name of a [line.x]"), None, "RS-485", unless="host"),
        key("port", PORT, 502, "TCP"),
        key("unit", Whole(low=1, high=247, also=(255,)), 1, "Modbus unit"),
        key("stale_after_s", Quantity(low=1, high=60, unit="s"), 5, "then building_max_a counts"),
        key("invert", Flag(), default=False, why="CTs backwards"),
        key(
            "phase_rotation",
            Rotation(names=METER_ROTATIONS),
            "L1L2L3",
            "the grid meter names the phases; others may differ",
        ),
        key("ct_ratio", TransformerRatio(), "1/1", "current transformers that the meter was not told of"),
        key(
            "sum", Names(), None, 'instead of a model: the meters of these circuits added, "-name" subtracted'
        ),
    ),
)
SOURCE_METER = Section(
    header="meter", keys=tuple(row for row in METER.keys if row.name not in {"phase_rotation", "sum"})
)
SOURCES = {
    "solar": Section(header="solar", sections=(SOURCE_METER,), why="what the sun gives"),
    "battery": Section(header="battery", sections=(SOURCE_METER,), why="what a battery gives, or takes"),
}
LINE = Section(
    header="line",
    is_named=True,
    keys=(
        key("port", LinePort(), REQUIRED, "serial port"),
        key("host", Host(), None, "of a gateway: RTU over TCP, port is its TCP port"),
        key("baud", Whole(low=1200, high=115_200), 9600, "as on every device of the line"),
        key("format", Choice(now=("8N1", "8E1", "8O1", "8N2")), "8N1", "as on every device of the line"),
    ),
    why="an RS-485 line",
)

# ---- circuits -----------------------------------------------------------------------------------------
DEMAND = Section(
    header="demand",
    keys=(
        key("target_kw", Quantity(low=1, high=10_000, unit="kW"), REQUIRED, "what the demand charge bills"),
        key("window_min", OneNumber(values=(15, 30, 60), unit="min", scale=60_000), 15, "by the wall clock"),
        key("raise_to_peak", Flag(), default=False, why="the month's peak is paid already: up to it"),
        key(
            "sync_pin",
            Text(allowed='"clock", or a pin'),
            "clock",
            "begins windows",
        ),
    ),
    why="demand charge",
)
_RATING = key("rating_a", Quantity(low=1, high=6300, unit="A"), REQUIRED, "fuse or breaker, continuous")
_PROTECTION = key(
    "protection",
    Choice(now=("strict", "gG", "mcb-b", "mcb-c", "transformer")),
    "strict",
    "overload tolerated as that device does",
)
_UNBALANCE = key(
    "unbalance_max_a",
    Quantity(low=7, high=6300, unit="A"),  # less, and no car could begin: it shows its phases at 6 A
    None,
    "how much more one phase may carry than another because of our chargers: grid code",
)
_BUILDING = Quantity(low=0, high=6300, unit="A")
_BUILDING_WHY = "most that everything but our chargers draws; counts when the meter is silent or missing"

GRID = Section(
    header="grid",
    keys=(_RATING, key("building_max_a", _BUILDING, REQUIRED, _BUILDING_WHY), _PROTECTION, _UNBALANCE),
    sections=(METER, DEMAND),
    why="the root of all circuits",
)
CIRCUIT = Section(
    header="circuit",
    is_named=True,
    keys=(
        _RATING,
        key("parent", Text(), REQUIRED, "what feeds it"),
        key("building_max_a", _BUILDING, None, _BUILDING_WHY, unless="sum of the circuits below"),
        _PROTECTION,
        _UNBALANCE,
    ),
    sections=(METER, DEMAND),
    why="one protected line",
)

# ---- chargers -----------------------------------------------------------------------------------------
_SOCKET = PerSocket(kind=Quantity(low=6, high=80, unit="A"))

_ON_PINS = Text(allowed='"GPIO22", "!GPIO22" turned round, "gpiochip1/5", a label of the board')
PINS = Section(
    header="pins",
    keys=(
        key("pilot", _ON_PINS, REQUIRED, "1 kHz pulses to the pilot's amplifier"),
        key("pilot_b", _ON_PINS, REQUIRED, "high while a car is connected (9 V and less)"),
        key("pilot_c", _ON_PINS, REQUIRED, "high while it asks for current (6 V and less)"),
        key("pilot_e", _ON_PINS, None, "high while the pilot is shorted, or has no diode"),
        key("contactor", _ON_PINS, REQUIRED, "high closes it, if the hardware lets it"),
        key("contactor_feedback", _ON_PINS, None, "auxiliary contact to ground, closed with the contactor"),
        key("rcd", _ON_PINS, None, "contact to ground that opens on a trip; a cut wire is one"),
        key("lock", _ON_PINS, None, "high locks the plug"),
        key("led", _ON_PINS, None, "on while it charges, blinks on a fault"),
        key("heartbeat", _ON_PINS, None, "to the dead man that opens the contactor without it"),
        key("s0", _ON_PINS, None, "pulses of its energy meter"),
        key("pulses_per_kwh", Whole(low=1, high=100_000), 1000, "of that meter"),
        key("cable_a", Quantity(low=6, high=80, unit="A"), None, "what its fixed cable carries"),
        key("proximity", Text(allowed="a channel of an ADC in /sys/bus/iio"), None, "the cable's coding"),
        key("proximity_ohm", Whole(low=100, high=100_000), 330, "what pulls it up to the ADC's reference"),
        key("proximity_bits", Whole(low=8, high=24), 12, "of that ADC"),
        key("ventilation", Flag(), default=False, why="there is some, for cars that ask for it"),
    ),
    why="what hangs on which pin",
)
CHARGER = Section(
    header="charger",
    is_named=True,
    keys=(
        key("via", Choice(now=("ocpp", "modbus", "gpio")), "ocpp"),
        key("station", Text(allowed="text, {n}, * and ?"), None, "OCPP identity", unless="charger's name"),
        key("circuit", Text(), None, "what feeds it", unless="grid, where there are no others"),
        key("max_a", _SOCKET, 16, "its breaker; 32 is never assumed; a list has one for each socket"),
        key("min_a", _SOCKET, 6, "cars that stall at 6; may be a list, too"),
        key(
            "fallback_a",
            PerSocket(kind=FallbackCurrent(high=80)),
            None,
            "what it does without us; may be a list, too",
            unless="min_a",
        ),
        key(
            "dead_man",
            Choice(now=("profile", "watchdog", "hardware", "none")),
            None,
            "what makes it fall back; none = booked at max_a for ever",
            unless="profile over OCPP, on Modbus what its model has, on pins hardware if it has a heartbeat",
        ),
        key(
            "phase_rotation",
            Rotation(names=CHARGER_ROTATIONS, may_be_dealt=True),
            "unknown",
            "EVSE to grid; unknown counts a one-phase car on all three; a list is dealt out in turn",
        ),
        key("evses", Sockets(), 1, "sockets of one station"),
        key("rating_a", Quantity(low=6, high=640, unit="A"), None, "supply shared by its sockets, per phase"),
        key("priority", Whole(low=0, high=9), 0, "high first"),
        key("password", Password(is_dealt=True), None, "security profile 1", unless="that of [ocpp]"),
        later("mode", "who decides", allowed="autonomous", harmless=("autonomous",)),
        key("model", Text(allowed="a model of: ampyard models --chargers"), None, "on Modbus", unless="ocpp"),
        key("host", Host(), None, "on Modbus TCP", unless="line"),
        key("line", Text(allowed="the name of a [line.x]"), None, "on RS-485", unless="host"),
        key("port", PORT, 502, "on Modbus TCP"),
        key("unit", Whole(low=1, high=255), None, "on Modbus", unless="its model's"),
    ),
    sections=(PINS,),
    why="one charger, a quoted range of them, or all",
)
OCPP = Section(
    header="ocpp",
    keys=(
        key("port", PORT, 8887),
        key("password", Password(), None, "security profile 1; of chargers without one of their own"),
        key("tls", Flag(), default=False, why="security profile 2"),
        key("certificate", Password(), "secret:ocpp-certificate", "ours, in PEM"),
        key("key", Password(), "secret:ocpp-key", "of our certificate, in PEM"),
        key("client_ca", Password(), None, "security profile 3: who signs the chargers' certificates"),
        key("unknown", Choice(now=("wait", "reject")), "wait", "a station that has no place here"),
    ),
    why="the server that chargers connect to",
)
GROUP = Section(
    header="group",
    is_named=True,
    keys=(
        key("priority", Whole(low=0, high=9), 0, "high first; below a token's own, above the charger's"),
        key("quota_kwh", Whole(low=1, high=1_000_000), None, "a month's energy of each of its tokens"),
        key(
            "offline",
            Choice(now=("known", "none")),
            None,
            "who of it charges while the cloud is away",
            unless="that of [tokens]",
        ),
    ),
    why="a group of tokens, as the list of tokens names it",
)
TOKENS = Section(
    header="tokens",
    keys=(
        key("accept", Choice(now=("known", "all")), "known"),
        key("offline", Choice(now=("known", "all", "none")), "known", "while the cloud is away"),
        key("list", Text(allowed="the name of a CSV file"), None, "never tokens in this file"),
        key("deadline_s", Quantity(low=1, high=30, unit="s"), 5, "then the cloud counts as away"),
        key("cache_days", Whole(low=0, high=365), 30, "for how long what the cloud said counts offline"),
        key(
            "send_lists", Flag(), default=False, why="to chargers, so that cards work while this box is away"
        ),
        key("blocking_ends", Flag(), default=False, why="a card that is blocked ends what it charges"),
    ),
    why="who may charge",
)

# ---- clouds -------------------------------------------------------------------------------------------
UPLINK = Section(
    header="uplink",
    is_named=True,
    keys=(
        key("url", WebSocketUrl(), REQUIRED),
        key("version", Choice(now=("1.6", "2.0.1"), later=("2.1",)), "1.6", "OCPP towards it"),
        key("role", Choice(now=("primary", "observer")), "primary", "one commands, others are told"),
        key("identity", Text(allowed="text with {charger} or {station}"), "{station}"),
        key("password", Password(), None, "security profiles 1 and 2"),
        key("ca", Password(), None, "who signed the cloud's certificate, in PEM", unless="the machine's"),
        key("certificate", Password(), None, "ours, security profile 3, in PEM"),
        key("key", Password(), None, "of our certificate, in PEM"),
        key("proxy", Text(allowed='such as "http://192.168.1.1:3128"'), None, "an HTTP proxy on the way"),
        key("chargers", Names(), None, "names, or patterns with *", unless="all"),
    ),
    why="one CSMS",
)

# ---- building -----------------------------------------------------------------------------------------
MQTT = Section(
    header="mqtt",
    keys=(
        key("host", Host(), REQUIRED),
        key("port", PORT, None, unless="1883, with tls 8883"),
        key("tls", Flag(), default=False),
        key("user", Text(), None),
        key("password", Password(), None),
        key("version", Choice(now=("3.1.1", "5")), "3.1.1", "of MQTT"),
        key("ca", Password(), None, "who signed the broker's certificate, in PEM", unless="the machine's"),
        key("certificate", Password(), None, "ours, where the broker asks for one, in PEM"),
        key("key", Password(), None, "of our certificate, in PEM"),
        key("topic", Text(allowed="text without + # and blanks"), None, unless="ampyard/<site's name>"),
        key("period_s", Quantity(low=5, high=3600, unit="s"), 60, "then all is told again, changed or not"),
        key("limits", Flag(), default=False, why="limits from the building need a written yes"),
        key("commands", Flag(), default=False, why="starting and stopping need a written yes"),
        key("home_assistant", Flag(), default=False, why="its device discovery"),
        key("evcc_topic", Text(allowed='such as "evcc"'), None, "the lot as evcc tells its own, below it"),
    ),
    why="the building's broker",
)

_PIN = Text(allowed='"GPIO22", "gpiochip1/5", a path in /sys, "i2c-1/0x22/3", a label of the board')
CONTACT = Section(
    header="contact",
    is_named=True,
    keys=(
        key("pin", _PIN, None, "where it is", unless="pins"),
        key("pins", Names(allowed="a list of pins"), None, "of a receiver with several relays", unless="pin"),
        key("active", Choice(now=("closed", "open")), "closed", "when it limits; open: a cut wire does"),
        key(
            "limit_a",
            PerContact(kind=Quantity(low=0, high=6300, unit="A")),
            None,
            "while it is active, per phase; a list has one for each pin, the smallest active wins",
            unless="limit_w",
        ),
        key(
            "limit_w",
            PerContact(kind=Whole(low=0, high=4_000_000)),
            None,
            "the same in W, over three phases together",
            unless="limit_a",
        ),
        key("circuit", Text(), "grid", "what it limits"),
        key(
            "of", Choice(now=("chargers", "circuit")), "chargers", "ours there together, or everything there"
        ),
        key("one_is_always_active", Flag(), default=False, why="four-step receivers: none is a broken wire"),
        key(
            "rule",
            Choice(now=("none", "operator", "enwg-14a", "enwg-14a-direct")),
            "none",
            "who limits there: the grid operator (evidence is kept); 14a: together, or each at 4.2 kW",
        ),
    ),
    why="a contact that limits",
)
LIMITS = Section(
    header="limits",
    keys=(
        key("file", Text(allowed="the path of a JSON file"), REQUIRED, "limits that another program writes"),
    ),
    why="limits from a file",
)

# ---- the site -----------------------------------------------------------------------------------------
SITE = Section(
    header="site",
    keys=(
        key("name", Text(), None, "on page, in reports", unless="host name"),
        key("timezone", TimeZone(), None, "tariffs, reports", unless="system's"),
        key("voltage_v", Quantity(low=100, high=480, unit="V"), 230, "W to A where nothing measures it"),
        key("board", Text(allowed="a board of: ampyard board"), None, "pins and ports by their labels"),
        key(
            "guarantee",
            Choice(now=("declared", "proven", "rated")),
            "declared",
            "what must fit if this box dies: declared fallbacks, fallbacks proven by the self-test "
            "(others at max_a), or every charger at max_a",
        ),
    ),
)
WEB = Section(header="web", keys=(key("port", PORT, 8080),), why="the page")
CONTROL = Section(
    header="control",
    keys=(
        key("hold_up_s", Quantity(low=5, high=900, unit="s"), 60, "before a current rises"),
        key("min_on_min", Quantity(low=0, high=120, unit="min", scale=60_000), 15, "before a car pauses"),
        key("min_off_min", Quantity(low=0, high=120, unit="min", scale=60_000), 5, "spares contactors"),
        key("dead_man_s", Quantity(low=30, high=900, unit="s"), 120, "longer spares the chargers' flash"),
    ),
    why="pacing",
)
JOURNAL = Section(
    header="journal",
    keys=(
        key("quota_mb", Whole(low=32, high=1_000_000), 2_000, "the room that it may take"),
        key("samples_days", Whole(low=1, high=3_650), 90, "then four samples an hour are left"),
        key("keep_days", Whole(low=1, high=3_650), 400, "then starts, ends and sessions are left"),
    ),
    why="what is kept; transactions are, for ever",
)

FILE = Section(
    header="",
    sections=(
        SITE,
        GRID,
        CIRCUIT,
        CHARGER,
        OCPP,
        WEB,
        TOKENS,
        UPLINK,
        MQTT,
        CONTROL,
        JOURNAL,
        LINE,
        GROUP,
        CONTACT,
        LIMITS,
        Section(header="tariff", is_later=True, why="prices"),
        Section(header="planning", is_later=True, why="when to charge"),
        *SOURCES.values(),
    ),
)


def homes_of(name: str) -> Iterator[str]:
    """The headers of the tables that have a key of that name, as the file writes them."""
    yield from _homes(FILE, "", name)


def _homes(section: Section, path: str, name: str) -> Iterator[str]:
    for inner in section.sections:
        header = f"{path}.{inner.header}" if path else inner.header
        if inner.is_named:
            header += ".x"
        if inner.key(name):
            yield header
        yield from _homes(inner, header, name)
