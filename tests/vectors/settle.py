"""Lets a lot settle under the step and says what every bay is offered and why; on either interpreter.

Usage: INTERPRETER settle.py VECTOR.json ...   prints one JSON line for each vector.

A vector: {"says": what it shows, "grid_a", "building_a": [L1, L2, L3], "building_max_a",
"circuits": {name: [parent, rating_a]}, "bays": {name: {...}}, "limits": [[kind, target, amperes]],
"meter": "good" | "silent" | "frozen", "unbalance_max_a": {circuit: amperes}, "expect": {name: [amperes,
reason]}}. With "reactive_a" the meter knows the direction: building_a is the active part, negative where it
feeds in. "neutral_a": what the building puts on a measured neutral, to which one-phase cars add in full.
A bay may say: circuit, wiring, truly (its wiring, where the site does not know it), max_a, min_a, step_ma,
priority, car (terminals it uses), car_max_a, wants, linked, paused (pausing proven, default true),
served_kwh, leaves_h and wants_kwh, fallback_a.
"then_a": what the building draws in the last five cycles instead. "protection" of the grid, "rested": its
device is cold. "demand": {"target_kw", and what stays as it is while the lot settles:
"used_kwh", "left_s", "clock": false where it is not known to be right}.
"""

import json
import sys

from edge.core.circuit import Circuit, Tree
from edge.core.demand_window import Target, Window
from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, DemandImage, Image, LimitImage, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.power import root
from edge.core.protection import Heat
from edge.core.quantities import ROTATIONS
from edge.core.step import step

PERIOD_MS = 10_000  # cars have followed and were sampled when the next cycle comes
CYCLES = 14
START_MS = 1_000_000
WINDOW_MS = 900_000
PHASES = ("L1", "L2", "L3")


def settle(vector):
    """The last decision's setpoints as {bay: [amperes, reason]}."""
    bays = vector["bays"]
    lot = make_lot(vector)
    memory = Memory(lot, now_ms=START_MS - 200_000)
    offered = dict.fromkeys(bays, 0)
    results = []
    seen = None
    for cycle in range(CYCLES):
        now_ms = START_MS + cycle * PERIOD_MS
        remember_before(vector, memory, now_ms)
        draws = {name: draw(bays[name], offered[name]) for name in bays}
        if "then_a" in vector and cycle >= CYCLES - 5:
            vector = dict(vector, building_a=vector["then_a"])
        fails = vector.get("meter", "good") != "good" and cycle >= CYCLES - 3
        if not fails or seen is None:
            seen = [total_ma(vector, lot, draws, phase) for phase in range(3)]
        image = Image(
            meters=[knowing_meter(vector, seen, one_phase_ma(draws), now_ms, fails)],
            evses=[bay_image(name, bays[name], draws[name], now_ms, cycle) for name in sorted(bays)],
            results=results,
            limits=[
                LimitImage(name="limit", kind=kind, target=target, limit_ma=int(amps * 1000), expires_ms=None)
                for kind, target, amps in vector.get("limits", [])
            ],
            demands=demands(vector),
        )
        decision = step(memory, image, now_ms)
        results = []
        for offer in decision.offers:
            offered[offer.evse] = offer.limit_ma
            results.append(
                OfferResult(evse=offer.evse, number=offer.number, result=CONFIRMED, sent_ms=now_ms + 100)
            )
    return {each.evse: [each.limit_ma / 1000, words(each.reason)] for each in decision.setpoints}


def make_lot(vector):
    circuits = [
        Circuit(
            "grid",
            parent=None,
            rating_ma=int(vector["grid_a"] * 1000),
            building_max_ma=int(vector.get("building_max_a", 0) * 1000),
            is_metered=True,
            unbalance_max_ma=milli(vector.get("unbalance_max_a", {}).get("grid")),
            protection=vector.get("protection", "strict"),
            demand=Target(target_w=int(vector["demand"]["target_kw"] * 1000)) if "demand" in vector else None,
        )
    ]
    for name in sorted(vector.get("circuits", {})):
        parent, rating_a = vector["circuits"][name]
        circuits.append(
            Circuit(
                name,
                parent=parent,
                rating_ma=int(rating_a * 1000),
                building_max_ma=0,
                is_metered=False,
                unbalance_max_ma=milli(vector.get("unbalance_max_a", {}).get(name)),
            )
        )
    evses = []
    for name in sorted(vector["bays"]):
        bay = vector["bays"][name]
        evses.append(
            Evse(
                id=name,
                circuit=bay.get("circuit", "grid"),
                min_ma=int(bay.get("min_a", 6) * 1000),
                max_ma=int(bay.get("max_a", 32) * 1000),
                step_ma=bay.get("step_ma", 1000),
                fallback_ma=int(bay.get("fallback_a", 6) * 1000),
                wiring=ROTATIONS.get(bay.get("wiring", "L1L2L3")),
                priority=bay.get("priority", 0),
            )
        )
    return Lot(Tree(circuits), evses, stale_after_ms={"grid": 5_000}, hold_up_ms=5_000, min_off_ms=0)


def remember_before(vector, memory, now_ms):
    """What device and window had been through before; of the window again in every cycle."""
    if vector.get("rested") and memory.heats["grid"].at_ms is None:
        memory.heats["grid"] = Heat(circuit="grid", at_ms=now_ms - 1_000, is_spent=False)
    if "demand" in vector and vector["demand"].get("clock", True):
        memory.windows["grid"] = Window(
            circuit="grid",
            at_ms=now_ms,
            start_ms=now_ms + vector["demand"]["left_s"] * 1000 - WINDOW_MS,
            used_mj=int(vector["demand"]["used_kwh"] * 3_600_000_000),
            is_aligned=True,
        )


def demands(vector):
    if "demand" not in vector:
        return []
    wall_ms = 1_000_001 * WINDOW_MS - vector["demand"]["left_s"] * 1000
    is_right = vector["demand"].get("clock", True)
    return [DemandImage(circuit="grid", wall_ms=wall_ms if is_right else None, voltage_mv=230_000)]


def one_phase_ma(draws):
    return sum([max(draws[name]) - min(draws[name]) for name in draws])


def milli(amps):
    return None if amps is None else int(amps * 1000)


def draw(bay, offered_ma):
    """What the car takes at its terminals, all at once and exactly."""
    if not bay.get("wants", True) or offered_ma < 6_000:
        return [0, 0, 0]
    takes = min(offered_ma, int(bay.get("car_max_a", 63) * 1000))
    return [takes if terminal in bay.get("car", [0, 1, 2]) else 0 for terminal in range(3)]


def total_ma(vector, lot, draws, phase):
    total = int(vector["building_a"][phase] * 1000)
    for name in draws:
        bay = vector["bays"][name]
        wiring = ROTATIONS.get(bay.get("truly", bay.get("wiring", "L1L2L3")), (0, 1, 2))
        for terminal, where in enumerate(wiring):
            if where == phase:
                total += draws[name][terminal]
    return total


def meter(vector, seen, now_ms, fails):
    is_silent = fails and vector["meter"] == "silent"
    is_frozen = fails and vector["meter"] == "frozen"
    return MeterImage(
        circuit="grid",
        taken_ms=now_ms - (30_000 if is_silent else 500),
        unchanged_since_ms=now_ms - (40_000 if is_silent or is_frozen else 500),
        current_ma=tuple(seen),
    )


def knowing_meter(vector, seen, one_phase_ma, now_ms, fails):
    """One that knows more than three currents; at 1 kV, where 1 W is 1 mA."""
    image = meter(vector, seen, now_ms, fails)
    if "reactive_a" in vector:
        reactive = [int(amps * 1000) for amps in vector["reactive_a"]]
        image.current_ma = tuple(
            [root(seen[p] * seen[p] + reactive[p] * reactive[p], up=True) for p in range(3)]
        )
        image.voltage_mv = tuple([int(volts * 1000) for volts in vector.get("volts", [1000, 1000, 1000])])
        image.power_w = tuple([int(watts) for watts in vector.get("watts", seen)])  # 1 kV: 1 W is 1 mA
    if "neutral_a" in vector:
        image.neutral_ma = int(vector["neutral_a"] * 1000) + one_phase_ma
    return image


def bay_image(name, bay, drawn, now_ms, cycle):
    wants = bay.get("wants", True)
    leaves_h = bay.get("leaves_h")
    wants_kwh = bay.get("wants_kwh")
    return EvseImage(
        id=name,
        is_linked=bay.get("linked", True),
        has_car=wants,
        wants=wants,
        terminals_ma=drawn,
        sampled_ms=now_ms - 500,
        arrived_ms=START_MS,
        served_wh=int(bay.get("served_kwh", 0) * 1000),
        pause_proven=bay.get("paused", True),
        departs_ms=None if leaves_h is None else START_MS + int(leaves_h * 3_600_000) + cycle * PERIOD_MS,
        wanted_wh=None if wants_kwh is None else int(wants_kwh * 1000),
    )


def words(reason):
    """circuit grid L1 · queue west L2 · full · idle ..."""
    text = reason.word
    if reason.where:
        text += " " + reason.where
    if reason.phase is not None:
        text += " " + PHASES[reason.phase]
    return text


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path) as file:  # noqa: PTH123  MicroPython has no pathlib
            print(json.dumps(settle(json.load(file))))
