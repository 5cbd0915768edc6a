"""The lot for Prometheus: its text format, by its naming rules (base units, `_total` on what only rises)."""

import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from edge.site.ports import SiteDoors
from edge.site.status import CircuitStatus, EvseStatus, Phase3, Status
from edge.web.reading import version

TYPE = "text/plain; version=0.0.4; charset=utf-8"
PHASES = ("L1", "L2", "L3")
_STARTED_S = time.time()
Sample = tuple[dict[str, str], float]


class Metrics:
    """Answers a scrape."""

    def __init__(self, doors: SiteDoors) -> None:
        self._doors = doors

    def routes(self) -> list[web.RouteDef]:
        """Where Prometheus looks."""
        return [web.get("/metrics", self._scrape)]

    async def _scrape(self, _: web.Request) -> web.Response:
        return web.Response(body=exposition(self._doors.status()).encode(), headers={"Content-Type": TYPE})


def exposition(status: Status) -> str:
    """All metrics, in their order. What is not known is left out."""
    text = _Text()
    _site(text, status)
    _circuits(text, status.circuits)
    _evses(text, status.evses)
    _outside(text, status)
    _process(text)
    return "".join(text.lines)


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, words: str, samples: Iterable[Sample], kind: str = "gauge") -> None:
        """A metric with its samples; one without any is not told."""
        rows = list(samples)
        if not rows:
            return
        name = name if name.startswith("process_") else f"ampyard_{name}"
        self.lines.append(f"# HELP {name} {words}\n# TYPE {name} {kind}\n")
        self.lines.extend(f"{name}{_labels(labels)} {_number(value)}\n" for labels, value in rows)

    def one(self, name: str, words: str, value: float, kind: str = "gauge") -> None:
        """A metric with a single sample."""
        self.add(name, words, [({}, value)], kind)


def _site(text: _Text, status: Status) -> None:
    text.add("info", "What runs here.", [({"version": version(), "site": status.site}, 1)])
    text.add(
        "severity",
        "1 for what the lot says of itself: fine, know (somebody must know), act (somebody must act).",
        [({"severity": each}, float(status.severity == each)) for each in ("fine", "know", "act")],
    )
    text.one("proven", "Whether the fuses are proven to hold without this box.", float(status.is_proven))
    text.one("cycles_total", "Control cycles since the start.", status.cycle, "counter")
    text.one(
        "slowest_cycle_seconds",
        "The slowest control cycle of the last minute.",
        status.slowest_cycle_ms / 1000,
    )
    text.one("alerts", "Alerts of the last day.", len(status.alerts))
    text.one("strangers", "New chargers that wait for a place.", len(status.strangers))


def _circuits(text: _Text, circuits: tuple[CircuitStatus, ...]) -> None:
    def phases(field: str) -> list[Sample]:
        return [
            sample
            for circuit in circuits
            for sample in _phases({"circuit": circuit.name}, getattr(circuit, field))
        ]

    text.add(
        "circuit_rating_amperes",
        "Continuous rating per phase.",
        [({"circuit": circuit.name}, circuit.rating_ma / 1000) for circuit in circuits],
    )
    text.add("circuit_limit_amperes", "What is allowed there now.", phases("limit_ma"))
    text.add("circuit_background_amperes", "What is not our chargers.", phases("background_ma"))
    text.add("circuit_chargers_amperes", "What our chargers draw.", phases("chargers_ma"))
    text.add("circuit_booked_amperes", "The most that our chargers may be drawing.", phases("booked_ma"))
    text.add("circuit_headroom_amperes", "What is left.", phases("headroom_ma"))
    meters = [(circuit.name, circuit.meter) for circuit in circuits if circuit.meter is not None]
    text.add(
        "meter_fresh",
        "Whether the circuit's meter is believed; else the worst case counts.",
        [({"circuit": name}, float(meter.state == "fresh")) for name, meter in meters],
    )
    text.add(
        "meter_age_seconds",
        "Age of its last reading.",
        [({"circuit": name}, meter.age_ms / 1000) for name, meter in meters if meter.age_ms is not None],
    )
    text.add(
        "meter_power_watts",
        "Positive towards consumption.",
        [({"circuit": name}, meter.power_w) for name, meter in meters if meter.power_w is not None],
    )
    text.add(
        "meter_current_amperes",
        "As the meter tells it.",
        [each for name, meter in meters for each in _phases({"circuit": name}, meter.current_ma)],
    )


def _evses(text: _Text, evses: tuple[EvseStatus, ...]) -> None:
    text.add(
        "evse_linked",
        "Whether its charger answers.",
        [(_evse(one), float(one.link == "up")) for one in evses],
    )
    text.add(
        "evse_severity_act",
        "Whether somebody must act there.",
        [(_evse(one), float(one.severity == "act")) for one in evses],
    )
    text.add(
        "evse_setpoint_amperes",
        "What was decided, per phase.",
        [(_evse(one), one.setpoint_ma / 1000) for one in evses],
    )
    text.add(
        "evse_offered_amperes",
        "What was told and confirmed, per phase.",
        [(_evse(one), one.offered_ma / 1000) for one in evses if one.offered_ma is not None],
    )
    text.add(
        "evse_current_amperes",
        "What flows, by a fresh sample.",
        [each for one in evses for each in _phases(_evse(one), one.measured_ma)],
    )
    text.add(
        "evse_session_running",
        "Whether somebody charges there.",
        [(_evse(one), float(one.transaction_id is not None)) for one in evses],
    )
    text.add(
        "evse_session_energy_joules",
        "Energy of the running session.",
        [(_evse(one), one.session_wh * 3_600) for one in evses if one.session_wh is not None],
    )


def _outside(text: _Text, status: Status) -> None:
    uplinks = status.uplinks
    text.add(
        "uplink_up",
        "Whether all its links to this CSMS stand.",
        [({"csms": uplink.csms}, float(uplink.state == "up")) for uplink in uplinks],
    )
    text.add(
        "uplink_waiting_messages",
        "What this CSMS must still be told.",
        [({"csms": uplink.csms}, uplink.waiting) for uplink in uplinks],
    )
    text.add(
        "uplink_parked_messages",
        "What it refused again and again.",
        [({"csms": uplink.csms}, uplink.parked) for uplink in uplinks],
    )
    text.add(
        "limit_amperes",
        "Limits from outside that are in force, per phase.",
        [
            ({"name": limit.name, "source": limit.source, "target": limit.target}, limit.limit_ma / 1000)
            for limit in status.limits
        ],
    )


def _process(text: _Text) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    text.one("process_cpu_seconds_total", "User and system time.", used.ru_utime + used.ru_stime, "counter")
    text.one("process_resident_memory_bytes", "Memory in use.", _resident())
    text.one("process_start_time_seconds", "Since 1970.", _STARTED_S)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _evse(evse: EvseStatus) -> dict[str, str]:
    return {"evse": evse.id, "charger": evse.charger, "circuit": evse.feeder or evse.circuit}


def _phases(labels: dict[str, str], ma: Phase3 | None) -> list[Sample]:
    if ma is None:
        return []
    return [(labels | {"phase": phase}, each / 1000) for phase, each in zip(PHASES, ma, strict=True)]


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return f"{value:g}" if value == int(value) and abs(value) < 1e6 else repr(value)
