"""The lot as evcc would tell it: one value to a topic, load points numbered from 1 in the order of the bays.

The names and units are those of https://docs.evcc.io/en/integrations/mqtt-api; what a lot of chargers has no
word for (vehicles, plans, a home battery's state) is left out. Nothing is taken from there: evcc's own topics
to write to are not served.
"""

from edge.site.status import EvseStatus, Status

CHARGING_MA = 1_000  # less flows into cars that only keep warm


def messages(status: Status, voltage_mv: int) -> dict[str, bytes]:
    """Every retained message by its topic below evcc's. `voltage_mv`: where no meter tells one."""
    root = next(circuit for circuit in status.circuits if circuit.parent is None)
    told: dict[str, object] = {"site/siteTitle": status.site, "loadpoints": len(status.evses)}
    if root.meter is not None:
        if root.meter.voltage_mv is not None:
            voltage_mv = min(root.meter.voltage_mv)
        told["site/grid/power"] = root.meter.power_w
        for phase, ma in enumerate(root.meter.current_ma or (), start=1):
            told[f"site/grid/currents/{phase}"] = round(ma / 1000, 1)
    for source in status.sources:
        told["site/pvPower" if source.name == "solar" else "site/battery/power"] = source.power_w
    for number, evse in enumerate(status.evses, start=1):
        for name, value in _load_point(evse, voltage_mv).items():
            told[f"loadpoints/{number}/{name}"] = value
    return {name: _plain(value) for name, value in told.items()}


def _load_point(evse: EvseStatus, voltage_mv: int) -> dict[str, object]:
    measured_ma = evse.measured_ma or (0, 0, 0)
    told: dict[str, object] = {
        "title": evse.id,
        "connected": evse.word not in ("free", "out of service", "reserved", "not seen"),
        "charging": evse.transaction_id is not None and max(measured_ma) > CHARGING_MA,
        "enabled": evse.setpoint_ma > 0,
        "chargePower": sum(measured_ma) * voltage_mv // 1_000_000 if evse.measured_ma else None,
        "chargedEnergy": evse.session_wh or 0,
        "offeredCurrent": round(evse.setpoint_ma / 1000, 1),
        "minCurrent": round(evse.min_ma / 1000, 1),
        "maxCurrent": round(evse.max_ma / 1000, 1),
    }
    if evse.measured_ma is not None:
        told["phasesActive"] = sum(ma > CHARGING_MA for ma in measured_ma)
        for phase, ma in enumerate(measured_ma, start=1):
            told[f"chargeCurrents/{phase}"] = round(ma / 1000, 1)
    return told


def _plain(value: object) -> bytes:
    """As evcc writes values: booleans in small letters, nothing where it is not known."""
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(value).encode()
