"""A lot as the status tells it, for those who only read it."""

from edge.site.status import CircuitStatus, EvseStatus, MeterStatus, Status


def bay(name: str, **how: object) -> EvseStatus:
    values: dict[str, object] = {
        "id": name,
        "charger": name,
        "evse": 1,
        "circuit": "grid",
        "link": "up",
        "icon": "▶",
        "word": "full",
        "severity": "fine",
        "sentence": "Charges with all it can take, 16 A.",
        "setpoint_ma": 16_000,
        "offered_ma": 16_000,
        "measured_ma": (15_900, 15_900, 15_900),
        "measured_age_ms": 900,
        "booked_ma": (16_600, 16_600, 16_600),
        "min_ma": 6_000,
        "max_ma": 16_000,
        "transaction_id": 7,
        "session_wh": 11_200,
        "since_ms": 1_000,
        "rule": "",
        "feeder": "grid",
    }
    return EvseStatus(**(values | how))


def status(*evses: EvseStatus, background_ma: int = 41_049) -> Status:
    return Status(
        site="Riverside",
        at_ms=1,
        cycle=1,
        is_proven=True,
        severity="fine",
        sentence="All well.",
        circuits=(
            CircuitStatus(
                name="grid",
                parent=None,
                rating_ma=100_000,
                limit_ma=(100_000,) * 3,
                background_ma=(background_ma, 0, 0),
                background_is_measured=True,
                chargers_ma=(0, 0, 0),
                booked_ma=(6_600, 0, 0),
                headroom_ma=(52_351, 100_000, 100_000),
                meter=MeterStatus(
                    state="fresh",
                    age_ms=200,
                    current_ma=(56_949, 15_900, 15_900),
                    voltage_mv=(231_200, 229_900, 230_100),
                    power_w=20_400,
                ),
            ),
        ),
        evses=evses,
        uplinks=(),
    )
