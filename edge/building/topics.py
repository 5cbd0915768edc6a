"""The lot as topics: what is retained below the site's own, with units in the names (deploy/mqtt.md)."""

import msgspec

from edge.site.status import CircuitStatus, DemandStatus, EvseStatus, MeterStatus, Status

Told = dict[str, dict[str, object]]


def messages(status: Status) -> dict[str, bytes]:
    """Every retained message by its topic below the site's, without what changes with every cycle."""
    told: Told = {
        "site": {"name": status.site, "severity": status.severity, "sentence": status.sentence},
        "health": _health(status),
        "limits": {
            "limits": [
                {
                    "name": limit.name,
                    "source": limit.source,
                    "target": limit.target,
                    "of": limit.kind,
                    "limit_a": amps(limit.limit_ma),
                    "is_operator": limit.is_operator,
                }
                for limit in status.limits
            ]
        },
    }
    for circuit in status.circuits:
        told[f"circuits/{circuit.name}"] = _circuit(circuit)
        if circuit.meter is not None:
            told[f"meters/{circuit.name}"] = _meter(circuit.meter)
    for source in status.sources:
        told[f"meters/{source.name}"] = {
            "power_w": source.power_w,
            "energy_kwh": None if source.energy_wh is None else source.energy_wh / 1000,
        }
    for evse in status.evses:
        told[f"evses/{evse.id}"] = _evse(evse)
        told[f"sessions/{evse.id}"] = _session(evse)
    for uplink in status.uplinks:
        told[f"uplinks/{uplink.csms}"] = {
            "state": uplink.state,
            "connected": uplink.connected,
            "chargers": uplink.chargers,
            "waiting": uplink.waiting,
            "parked": uplink.parked,
        }
    return {name: msgspec.json.encode(message) for name, message in told.items()}


def _health(status: Status) -> dict[str, object]:
    return {
        "is_proven": status.is_proven,
        "alerts": status.alerts[:20],
        "strangers": [stranger.station for stranger in status.strangers],
        "chargers_away": sorted({evse.charger for evse in status.evses if evse.link != "up"}),
    }


def _circuit(circuit: CircuitStatus) -> dict[str, object]:
    return {
        "rating_a": amps(circuit.rating_ma),
        "limit_a": phases(circuit.limit_ma),
        "background_a": phases(circuit.background_ma),
        "chargers_a": phases(circuit.chargers_ma),
        "booked_a": phases(circuit.booked_ma),
        "headroom_a": phases(circuit.headroom_ma),
        "meter": "none" if circuit.meter is None else circuit.meter.state,
        "overload_borne": bool(circuit.overload),
        "demand": None if circuit.demand is None else _demand(circuit.demand),
    }


def _demand(demand: DemandStatus) -> dict[str, object]:
    return {
        "target_kw": demand.target_w / 1000,
        "goal_kw": demand.goal_w / 1000,
        "window_min": demand.window_ms // 60_000,
        "limit_kw": round(demand.limit_w / 1000, 1),
        "power_kw": round(demand.power_w / 1000, 1),
        "last_kw": None if demand.last_w is None else round(demand.last_w / 1000, 1),
        "peak_kw": round(demand.peak_w / 1000, 1) if demand.peak_w else None,
    }


def _meter(meter: MeterStatus) -> dict[str, object]:
    voltage = meter.voltage_mv
    return {
        "state": meter.state,
        "current_a": None if meter.current_ma is None else phases(meter.current_ma),
        "voltage_v": None if voltage is None else [round(each / 1000) for each in voltage],
        "power_w": meter.power_w,
        "trouble": meter.trouble,
    }


def _evse(evse: EvseStatus) -> dict[str, object]:
    return {
        "charger": evse.charger,
        "circuit": evse.feeder or evse.circuit,
        "state": evse.word,
        "severity": evse.severity,
        "sentence": evse.sentence,
        "link": evse.link,
        "min_a": amps(evse.min_ma),
        "max_a": amps(evse.max_ma),
        "setpoint_a": amps(evse.setpoint_ma),
        "measured_a": None if evse.measured_ma is None else phases(evse.measured_ma),
        "transaction": evse.transaction_id,
        "session_kwh": None if evse.session_wh is None else evse.session_wh / 1000,
    }


def _session(evse: EvseStatus) -> dict[str, object]:
    return {
        "is_running": evse.transaction_id is not None,
        "transaction": evse.transaction_id,
        "since_ms": evse.since_ms,
        "energy_kwh": None if evse.session_wh is None else evse.session_wh / 1000,
    }


def amps(ma: int) -> float:
    """A to one decimal: finer would be noise on the bus."""
    return round(ma / 1000, 1)


def phases(ma: tuple[int, int, int]) -> list[float]:
    """L1..L3 in A."""
    return [amps(each) for each in ma]
