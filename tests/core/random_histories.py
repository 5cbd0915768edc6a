"""Random lots with random histories, and the judge of every single step of them.

A history is drawn from one seed alone. Its stations believe what their protocol allows: an offer arrives or
is lost, is answered or not, is refused; links fall, stations boot and forget everything, clocks are wrong by
what is tolerated; the controller restarts, with its memory or without. Meters are slow, silent or frozen,
answer nothing or nonsense; samples lie, are late, or stop. Passports tell of powers, of which a car takes
what it likes, of other steps and minima, of slow chargers, of some without a proven fallback or with clocks
far off; dead men are tested, and some accept limits and ignore them. Every step is judged (judged_steps.py),
and a twin lot, listed in another order and with its phases renamed, must decide the same.
"""

import json
from random import Random

from edge.core.circuit import Circuit, Tree
from edge.core.evse import AMPERES, TOTAL_WATTS, WATTS, Evse, EvseImage
from edge.core.image import CONFIRMED, LOST, REFUSED, UNSENT, Image, LimitImage, MeterImage, OfferResult
from edge.core.lot import CLOCK_ERROR_MS, Lot
from edge.core.memory import Memory
from edge.core.protection import Heat
from edge.core.step import step
from tests.core.judged_steps import Judge, renamed
from tests.core.random_station import Station

SECONDS_MS = 999  # a schedule counts in whole seconds
RENAMED = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
WIRINGS = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (0,), (2,), None)
PAUSES_MS = (1_000,) * 12 + (250, 3_000, 9_000, 25_000, 70_000, 150_000)
MODES = ("obeys",) * 5 + ("refuses", "mute", "deaf")
ABSURD_MA = (-50_000, -1, 0, 1, 655_350, 2**31)


class History:
    """One lot and its world. `take()` lets something happen, steps, and says what was wrong with it."""

    def __init__(self, chance: Random, *, rule=step) -> None:
        self.chance = chance
        self.rule = rule
        self.now_ms = 1_000_000
        self.renamed = chance.choice(RENAMED)
        self.is_in_watts = chance.random() < 0.25  # chargers that know W only, and cars that stay for a while
        self.circuits = self._circuits()
        self.evses = self._evses()
        self.times = {
            "stale_after_ms": {c["name"]: 5_000 for c in self.circuits if c["is_metered"]},
            "dead_man_ms": chance.choice([30_000, 60_000, 120_000]),
            "hold_up_ms": chance.choice([0, 5_000, 60_000]),
            "min_on_ms": chance.choice([0, 60_000]),
            "min_off_ms": chance.choice([0, 30_000]),
        }
        self.lot = self._lot(self.circuits, self.evses, None)
        self.twin_lot = self._lot(self.circuits[::-1], self.evses[::-1], self.renamed)
        self.memory = Memory(self.lot, now_ms=self.now_ms)
        self.twin = Memory(self.twin_lot, now_ms=self.now_ms)
        for memory in (self.memory, self.twin):
            for name in memory.heats:  # as after a quiet night
                memory.heats[name] = Heat(circuit=name, at_ms=self.now_ms, is_spent=False)
        self.stations = {evse.id: self._station(evse) for evse in self.lot.evses}
        self.building = {c["name"]: [chance.randrange(30_000) for _ in range(3)] for c in self.circuits}
        self.meters = {
            c["name"]: {"state": "good", "last": None, "taken_ms": 0, "since_ms": 0}
            for c in self.circuits
            if c["is_metered"]
        }
        self.limits: list[LimitImage] = []
        self.results: list[OfferResult] = []
        self.setpoints: dict[str, int] = {}

    def _circuits(self) -> list[dict]:
        chance = self.chance
        circuits = [
            {"name": "grid", "parent": None, "rating_ma": chance.choice([20_000, 40_000, 63_000, 125_000])}
        ]
        if self.is_in_watts:
            circuits[0]["rating_ma"] = 200_000
        for number in range(0 if self.is_in_watts else chance.randrange(4)):
            above = chance.choice(circuits)["name"]
            name = f"feeder-{number}"
            circuits.append(
                {"name": name, "parent": above, "rating_ma": chance.choice([16_000, 32_000, 63_000])}
            )
        for circuit in circuits:
            circuit["is_metered"] = circuit["name"] == "grid" or chance.random() < 0.2
            circuit["building_max_ma"] = chance.choice([0, 10_000, 30_000])
            circuit["unbalance_max_ma"] = chance.choice([None, None, None, 20_000])
            circuit["protection"] = chance.choice(["strict", "strict", "gG", "mcb-c"])
        return circuits

    def _evses(self) -> list[dict]:
        chance = self.chance
        count = chance.choice([1, 2, 3, 4, 5, 6, 6, 8])
        return [
            {
                "id": f"bay-{number}",
                "circuit": chance.choice(self.circuits)["name"],
                "max_ma": chance.choice([16_000, 32_000, 32_000, 5_000]),
                "min_ma": chance.choice([6_000, 6_000, 6_000, 8_000]),
                "step_ma": chance.choice([1_000, 1_000, 100]),
                "fallback_ma": chance.choice([0, 6_000, 6_000, 10_000]),
                "credit_ma": chance.choice([None, None, 32_000]),
                "has_dead_man": chance.random() < 0.9,
                "wiring": chance.choice(WIRINGS),
                "priority": chance.choice([0, 0, 1]),
                "falls_early": chance.random() < 0.15,
            }
            for number in range(count)
        ]

    def _lot(self, circuits: list[dict], evses: list[dict], renamed: tuple[int, ...] | None) -> Lot:
        made = []
        for options in evses:
            wiring = options["wiring"]
            if renamed is not None and wiring is not None:
                wiring = tuple(renamed[phase] for phase in wiring)
            credit_ma = options["credit_ma"]
            if credit_ma is not None:
                credit_ma = options["max_ma"]
            fallback_ma = min(options["fallback_ma"], options["max_ma"])
            made.append(
                Evse(**options | {"wiring": wiring, "credit_ma": credit_ma, "fallback_ma": fallback_ma})
            )
        return Lot(Tree([Circuit(**options) for options in circuits]), made, **self.times)

    def _station(self, evse: Evse) -> Station:
        passport = self._passport()
        error_ms = self.chance.choice([-CLOCK_ERROR_MS - SECONDS_MS, 0, CLOCK_ERROR_MS])
        if not passport["is_on_time"]:
            error_ms = self.chance.choice([-600_000, 600_000])
        if not passport["is_credited"]:  # it goes on as it was told, and as nobody can say later
            error_ms = max(error_ms, 0) + CLOCK_ERROR_MS + 1
        station = Station(evse=evse, clock_error_ms=error_ms, passport=passport)
        if self.chance.random() < 0.5:  # what a process before this one had told it
            station.limit_ma = self.chance.choice([0, 6_000, 16_000, 32_000])
            station.limit_ma = min(station.limit_ma, evse.max_ma)
            station.falls_at_ms = self.now_ms - 1_000 + self.times["dead_man_ms"] + error_ms
        else:
            station.is_linked = True
        station.told = [(0, evse.max_ma * station.full, self.now_ms)]
        station.car = tuple(range(len(evse.wiring or (0, 1, 2))))
        station.pause_proven = self.chance.random() < 0.7
        return station

    def _passport(self) -> dict[str, object]:
        """Half of them as if nothing was known."""
        chance = self.chance
        if chance.random() < 0.5 and not self.is_in_watts:
            return {"unit": AMPERES, "step_ma": None, "min_ma": None, "is_credited": True, "is_on_time": True}
        unit = chance.choice([AMPERES, AMPERES, WATTS, TOTAL_WATTS, TOTAL_WATTS])
        unit = TOTAL_WATTS if self.is_in_watts else unit
        return {
            "unit": unit,
            "step_ma": chance.choice([None, 1_000, 100]),
            "min_ma": chance.choice([None, 6_000]) if unit == AMPERES else 8_000,
            "follow_ms": chance.choice([8_000, 12_000, 40_000]),
            "deadline_ms": chance.choice([10_000, 13_000, 40_000]),
            "is_credited": chance.random() < 0.7,
            "is_on_time": chance.random() < 0.8,
        }

    def take(self) -> list[str]:
        """The next step; what it did wrong."""
        self.now_ms += self.chance.choice(PAUSES_MS)
        for _ in range(self.chance.choice([0, 1, 1, 2, 4])):
            self._happens()
        self._answers()
        for station in self.stations.values():
            self._sample(station)
        for name in self.meters:
            self._poll(name)
        image = self._image()
        judge = Judge(self, image)
        decision = self.rule(self.memory, image, self.now_ms)
        again = self.rule(self.twin, self._twin_image(image), self.now_ms)
        found = judge.violations(decision) + judge.differences(decision, again)
        self._deliver(decision)
        self.setpoints = {each.evse: each.limit_ma for each in decision.setpoints}
        return found

    # What happens ---------------------------------------------------------------------------------------

    def _happens(self) -> None:
        chance = self.chance
        station = chance.choice(list(self.stations.values()))
        what = chance.choice(
            ["car"] * 4
            + ["mode", "link", "link", "building", "building", "meter", "limit", "limit", "lie", "restart"]
            + ["test", "ignore", "unit"]
        )
        if self.is_in_watts and station.wants and chance.random() < 0.8:
            what = "building"
        if what == "car":
            self._car(station)
        elif what == "mode":
            station.mode = chance.choice(MODES)
        elif what == "link":
            self._link(station)
        elif what == "building":
            name = chance.choice(self.circuits)["name"]
            self.building[name] = [chance.randrange(40_000) for _ in range(3)]
        elif what == "meter":
            name = chance.choice(list(self.meters))
            self.meters[name]["state"] = chance.choice(
                ["good", "good", "good", "slow", "silent", "frozen", "nothing", "absurd", "never"]
            )
        elif what == "limit":
            self.limits = [self._limit(number) for number in range(chance.randrange(3))]
        elif what == "lie":
            station.is_lying = not station.is_lying
        elif what == "test":
            station.is_tested = not station.is_tested
        elif what == "unit":
            self._probed(station)
        elif what == "ignore":
            station.is_ignoring = not station.is_ignoring and chance.random() < 0.4
        elif chance.random() < 0.4:
            self._restart()

    def _car(self, station: Station) -> None:
        chance = self.chance
        station.wants = not station.wants
        if station.wants:
            count = 3 if station.evse.wiring is None else len(station.evse.wiring)
            station.car = tuple(sorted(chance.sample(range(count), chance.randrange(1, count + 1))))
            station.car_max_ma = chance.choice([32_000, 16_000, 7_000, 0])
            station.arrived_ms = self.now_ms
            station.served_wh = 0
            station.leaves_in_ms = chance.choice([None, None, 0, 1_800_000, 20_000_000])
            station.wanted_wh = chance.choice([None, 0, 4_000, 40_000])
            station.sleeps = chance.random() < 0.1
            station.has_lied = station.is_lying

    def _probed(self, station: Station) -> None:
        """It turns out that it knows another unit."""
        before = station.full
        station.passport["unit"] = self.chance.choice([AMPERES, TOTAL_WATTS])
        station.passport["min_ma"] = 8_000 if station.is_total else None
        times = station.full if before == 1 else 1
        station.told = [(number, ma * times, ms) for number, ma, ms in station.told]
        station.believed = []

    def _link(self, station: Station) -> None:
        """It falls, with every answer; or it is back, after a boot or without."""
        if station.is_linked:
            station.is_linked = False
            station.losses += 1
            for number, sent_ms, _ in station.waiting:
                self._result(station, number, LOST, sent_ms)
            station.waiting = []
            return
        station.is_linked = True
        if self.chance.random() < 0.4:
            station.boots += 1
            station.believed = []
            station.told = [(0, station.evse.max_ma * station.full, self.now_ms)]
            station.waiting = []
            if self.chance.random() < 0.6:
                station.limit_ma = None

    def _limit(self, number: int) -> LimitImage:
        chance = self.chance
        kind = chance.choice(["circuit", "chargers", "evse", "nonsense"])
        targets = list(self.stations) if kind == "evse" else [c["name"] for c in self.circuits]
        return LimitImage(
            name=f"limit-{number}",
            kind=kind,
            target=chance.choice([*targets, "nowhere"]),
            limit_ma=chance.choice([0, 6_000, 6_000, 13_500, 25_000, 10**9, -7_000]),
            expires_ms=chance.choice([None, self.now_ms + 20_000]),
        )

    def _restart(self) -> None:
        """From a checkpoint, which changes nothing; or from nothing, when every link falls.

        A station that has just forgotten its dead man and stays away is beyond any controller.
        """
        if self.chance.random() < 0.5:
            self.memory = _again(self.lot, self.memory)
            self.twin = _again(self.twin_lot, self.twin)
        elif all(station.limit_ma is not None for station in self.stations.values()):
            self.memory = Memory(self.lot, now_ms=self.now_ms)
            self.twin = Memory(self.twin_lot, now_ms=self.now_ms)
            self.results = []
            self.setpoints = {}
            for station in self.stations.values():
                station.is_linked = False
                station.boots = station.losses = 0
                station.waiting = []
                station.believed = []
                station.told = [(0, station.evse.max_ma * station.full, self.now_ms)]

    # What is told, and what becomes of it ----------------------------------------------------------------

    def _deliver(self, decision) -> None:
        for offer in decision.offers:
            station = self.stations[offer.evse]
            sent_ms = self.now_ms
            station.told.append((offer.number, offer.limit_ma, self.now_ms))
            if self.chance.random() < 0.03:
                self._result(station, offer.number, UNSENT, sent_ms)
                continue
            if station.mode == "refuses":
                self._result(station, offer.number, REFUSED, sent_ms)
                continue
            arrives = station.mode != "deaf"
            if arrives:
                station.limit_ma = offer.limit_ma
                station.told_total = station.is_total
                station.falls_at_ms = sent_ms + self.lot.dead_man_ms + station.clock_error_ms
            station.waiting.append((offer.number, sent_ms, arrives))

    def _answers(self) -> None:
        """In the order in which they were asked; some only later, none after the deadline."""
        for station in self.stations.values():
            while station.waiting and station.is_linked:
                number, sent_ms, has_arrived = station.waiting[0]
                if self.now_ms - sent_ms <= 10_000 and self.chance.random() < 0.2:
                    break
                station.waiting.pop(0)
                is_answered = has_arrived and station.mode == "obeys"
                self._result(station, number, CONFIRMED if is_answered else LOST, sent_ms)

    def _result(self, station: Station, number: int, result: str, sent_ms: int) -> None:
        self.results.append(OfferResult(evse=station.evse.id, number=number, result=result, sent_ms=sent_ms))
        known = [each for each in station.told if each[0] == number]
        if result == CONFIRMED and known:
            station.told = [(number, known[0][1], sent_ms)] + [
                each for each in station.told if each[0] > number
            ]
        if result in (REFUSED, UNSENT):
            station.told = [each for each in station.told if each[0] != number]

    # What is measured ------------------------------------------------------------------------------------

    def _sample(self, station: Station) -> None:
        if station.is_linked and self.chance.random() < 0.5:
            station.sample = station.terminals(self.now_ms)
            if station.is_lying:
                station.sample = tuple(self.chance.choice([0, 0, 8_000, 500_000]) for _ in station.sample)
                station.has_lied = True
            station.sampled_ms = self.now_ms - self.chance.choice([0, 500, 5_000])
            station.served_wh += self.chance.choice([0, 0, 100, 3_000])

    def _poll(self, name: str) -> None:
        meter = self.meters[name]
        if meter["state"] in ("silent", "nothing", "never"):
            return
        ages_ms = [3_000, 4_500] if meter["state"] == "slow" else [0, 300, 1_500]
        meter["taken_ms"] = self.now_ms - self.chance.choice(ages_ms)
        if meter["state"] == "frozen" and meter["last"] is not None:
            return
        meter["since_ms"] = meter["taken_ms"]
        meter["last"] = self._flows(name)
        if meter["state"] == "absurd":
            meter["last"] = tuple(self.chance.choice(ABSURD_MA) for _ in range(3))

    def _flows(self, name: str) -> tuple[int, int, int]:
        total = [0, 0, 0]
        for circuit in self.circuits:
            if name in self.lot.tree.path(circuit["name"]):
                total = [a + b for a, b in zip(total, self.building[circuit["name"]], strict=True)]
        for station in self.stations.values():
            if name in self.lot.tree.path(station.evse.circuit):
                wiring = station.evse.wiring or (0, 1, 2)
                for phase, ma in zip(wiring, station.terminals(self.now_ms), strict=True):
                    total[phase] += ma
        return (total[0], total[1], total[2])

    def _image(self) -> Image:
        results, self.results = self.results, []
        meters = []
        for name, meter in self.meters.items():
            if meter["state"] != "never" and meter["last"] is not None:
                meters.append(
                    MeterImage(
                        circuit=name,
                        taken_ms=meter["taken_ms"],
                        unchanged_since_ms=meter["since_ms"],
                        current_ma=None if meter["state"] == "nothing" else meter["last"],
                    )
                )
        evses = [
            EvseImage(
                id=name,
                is_linked=station.is_linked,
                boots=station.boots,
                link_losses=station.losses,
                has_car=station.wants,
                wants=station.wants,
                terminals_ma=station.sample,
                sampled_ms=station.sampled_ms,
                arrived_ms=station.arrived_ms,
                served_wh=station.served_wh,
                pause_proven=station.pause_proven,
                departs_ms=None if station.leaves_in_ms is None else self.now_ms + station.leaves_in_ms,
                wanted_wh=station.wanted_wh,
                sleeps=station.sleeps,
                is_tested=station.is_tested,
                **station.passport,
            )
            for name, station in self.stations.items()
        ]
        return Image(meters=meters, evses=evses, results=results, limits=list(self.limits))

    def _twin_image(self, image: Image) -> Image:
        """The same world, listed backwards, its phases renamed."""
        other = Image.from_plain(image.plain())
        other.evses.reverse()
        other.meters.reverse()
        other.limits.reverse()
        for meter in other.meters:
            if meter.current_ma is not None:
                meter.current_ma = renamed(meter.current_ma, self.renamed)
        return other


def _again(lot: Lot, memory: Memory) -> Memory:
    return Memory.restore(lot, json.loads(json.dumps(memory.checkpoint())))
