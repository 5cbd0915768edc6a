"""A lot in virtual time: stations with a dead man of their own, cars that follow late, links that fail.

It knows nothing of the ledger. It keeps the true currents, which the tests hold against the ratings.
"""

import cmath
import math
import random
from dataclasses import dataclass, field

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, LOST, REFUSED, UNSENT, Image, LimitImage, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.step import step

TICK_MS = 250
ROTATED = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
TURN = cmath.exp(-2j * math.pi / 3)
FOLLOW_MS = 3_000
SAMPLE_EVERY_MS = 10_000
REACTION_MS = 8_000  # meter 0.5 s + cycle 1 s + delivery 0.5 s + follow 3 s, doubled for two rounds less 2 s


@dataclass
class Station:
    evse: Evse
    wiring: tuple[int, ...] = (0, 1, 2)  # the true one; the controller may not know it
    has_dead_man: bool = True
    car_phases: tuple[int, ...] = (0, 1, 2)  # terminals that the car uses
    car_max_ma: int = 32_000
    limit_ma: int = 0  # as it believes; a fresh one without profiles gives everything
    has_limit: bool = False
    fall_at_ms: int | None = None
    draws_ma: int = 0
    changes: list[tuple[int, int]] = field(default_factory=list)
    is_linked: bool = True
    boots: int = 1
    losses: int = 0
    charging: bool = False
    since_ms: int = 0
    sample: tuple[int, ...] | None = None
    sampled_ms: int = 0
    taken_ms: int = 0
    under_way: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    mode: str = "obeys"  # refuses, mute (takes it, answer lost), deaf (never takes it)
    obeys: bool = True
    is_sampling: bool = True
    leaves_in_ms: int | None = None
    wanted_wh: int | None = None
    sleeps: bool = False
    served_wh: int = 0
    connected: int = 3  # so many of its terminals, from the first
    switched: list[tuple[int, int, int]] = field(default_factory=list)  # when, to what, and what flowed
    slant: float = 0.0  # reactive by active part of what the car draws

    def allowed_ma(self, now_ms: int) -> int:
        if not self.has_limit:
            return self.evse.max_ma
        if self.fall_at_ms is not None and now_ms >= self.fall_at_ms:
            return self.evse.fallback_ma
        return self.limit_ma

    def target_ma(self, now_ms: int) -> int:
        if not self.charging:
            return 0
        allowed = self.allowed_ma(now_ms) if self.obeys else self.evse.max_ma
        return min(allowed, self.car_max_ma) if allowed >= 6_000 else 0

    def advance(self, now_ms: int) -> None:
        target = self.target_ma(now_ms)
        if not self.changes or self.changes[-1][1] != target:
            self.changes.append((now_ms, target))
        for at_ms, value in self.changes:
            if now_ms - at_ms >= FOLLOW_MS or (value == 0 and not self.charging):
                self.draws_ma = value
        self.changes = [each for each in self.changes if now_ms - each[0] <= FOLLOW_MS] or self.changes[-1:]

    def terminals(self) -> tuple[int, ...]:
        used = [t for t in self.car_phases if t < self.connected]
        return tuple(self.draws_ma if t in used else 0 for t in range(3))

    def grid(self) -> list[int]:
        amps = [0, 0, 0]
        for terminal, phase in enumerate(self.wiring):
            amps[phase] += self.terminals()[terminal]
        return amps


def _wired(
    bays: int,
    *,
    rating_ma: int,
    building_max_ma: int,
    fallback_ma: int,
    hold_up_ms: int,
    unknown_bay: int | None,
    unbalance_max_ma: int | None,
    can_switch: bool,
) -> Lot:
    """A metered grid with two feeders, bays on both by turns, in rotation."""
    grid = Circuit(
        "grid",
        parent=None,
        rating_ma=rating_ma,
        building_max_ma=building_max_ma,
        is_metered=True,
        unbalance_max_ma=unbalance_max_ma,
    )
    west = Circuit("west", parent="grid", rating_ma=40_000, building_max_ma=0, is_metered=False)
    east = Circuit("east", parent="grid", rating_ma=50_000, building_max_ma=0, is_metered=False)
    evses = [
        Evse(
            id=f"bay-{n}",
            circuit="west" if n % 2 else "east",
            max_ma=32_000,
            fallback_ma=fallback_ma,
            wiring=None if n == unknown_bay else ROTATED[n % 3],
            can_switch=can_switch,
        )
        for n in range(bays)
    ]
    return Lot(
        Tree([grid, west, east]),
        evses,
        stale_after_ms={"grid": 5_000},
        dead_man_ms=60_000,
        hold_up_ms=hold_up_ms,
        min_on_ms=60_000,
        min_off_ms=30_000,
    )


class VirtualLot:
    def __init__(
        self,
        seed: int,
        *,
        bays: int = 6,
        rating_ma: int = 63_000,
        building_max_ma: int = 25_000,
        fallback_ma: int = 6_000,
        pause_proven: bool = True,
        hold_up_ms: int = 20_000,
        unknown_bay: int | None = 4,
        sample_every_ms: int = SAMPLE_EVERY_MS,
        sample_delay_ms: int = 500,
        unbalance_max_ma: int | None = None,
        can_switch: bool = False,
        sloppy=None,
    ):
        self.random = random.Random(seed)
        self.sample_every_ms = sample_every_ms
        self.sample_delay_ms = sample_delay_ms
        self.now_ms = 1_000_000
        self.lot = _wired(
            bays,
            rating_ma=rating_ma,
            building_max_ma=building_max_ma,
            fallback_ma=fallback_ma,
            hold_up_ms=hold_up_ms,
            unknown_bay=unknown_bay,
            unbalance_max_ma=unbalance_max_ma,
            can_switch=can_switch,
        )
        self.memory = Memory(self.lot, now_ms=self.now_ms)
        self.stations = {
            f"bay-{n}": Station(evse=self.lot.by_id[f"bay-{n}"], wiring=ROTATED[n % 3]) for n in range(bays)
        }
        self.pause_proven = pause_proven
        self.building = [10_000, 8_000, 12_000]
        self.is_signed = False
        self.has_neutral = False
        self.solar = [0, 0, 0]  # what is fed in below the grid's meter
        self.reactive = [0, 0, 0]  # of the building, either sign
        self.late_neutral: list[str] = []
        self.reading = None
        self.power = None
        self.neutral = None
        self.read_ms = 0
        self.meter = "good"
        self.unchanged_ms = 0
        self.results: list[OfferResult] = []
        self.in_air: list[tuple[int, str, int, int]] = []
        self.phases_of: dict[int, int | None] = {}
        self.limits: list[LimitImage] = []
        self.decision = None
        self.disturbed_ms = self.now_ms
        self.excess_ma_s = 0.0
        self.late_excess: list[str] = []
        self.late_uneven: list[str] = []
        self.raised: list[tuple[int, str, int, int]] = []
        self.sloppy = sloppy
        self.images = []

    def disturb(self) -> None:
        self.disturbed_ms = self.now_ms

    def true_ma(self, name: str) -> list[int]:
        if self.is_signed and name == "grid":
            return [math.ceil(abs(each)) for each in self.flow()]
        amps = list(self.building) if name == "grid" else [0, 0, 0]
        for station in self.stations.values():
            if name in self.lot.tree.path(station.evse.circuit):
                amps = [a + b for a, b in zip(amps, station.grid(), strict=True)]
        return amps

    def flow(self, *, ours: bool = True) -> list[complex]:
        """The grid's true currents, each turned so that its own voltage is real."""
        flow = [
            complex(load - sun, turned)
            for load, sun, turned in zip(self.building, self.solar, self.reactive, strict=True)
        ]
        for station in self.stations.values() if ours else []:
            for phase, amps in enumerate(station.grid()):
                flow[phase] += amps * complex(1, station.slant) / abs(complex(1, station.slant))
        return flow

    def neutral_ma(self, *, ours: bool = True) -> float:
        """The true current in the neutral: the sum of three that are a third of a turn apart."""
        return abs(sum(each * TURN**phase for phase, each in enumerate(self.flow(ours=ours))))

    def run(self, ms: int) -> None:
        end = self.now_ms + ms
        while self.now_ms < end:
            self.tick()

    def tick(self) -> None:
        self.now_ms += TICK_MS
        for station in self.stations.values():
            station.advance(self.now_ms)
            self._sample(station)
        self._deliver()
        if self.now_ms % 500 == 0:
            self._poll()
        self._judge()
        if self.now_ms % 1_000 == 0:
            self._cycle()

    def _sample(self, station: Station) -> None:
        """A sample is taken now and arrives later; the controller is told when it was taken, or earlier."""
        if (
            station.is_linked
            and station.is_sampling
            and self.now_ms - station.taken_ms >= self.sample_every_ms
        ):
            station.taken_ms = self.now_ms
            station.under_way.append((self.now_ms, station.terminals()))
        while station.under_way and self.now_ms - station.under_way[0][0] >= self.sample_delay_ms:
            station.sampled_ms, station.sample = station.under_way.pop(0)

    def _poll(self) -> None:
        if self.meter == "silent":
            return
        if self.meter == "frozen" and self.reading is not None:
            self.read_ms = self.now_ms
            return
        self.read_ms = self.unchanged_ms = self.now_ms
        noise = self.random.randint(0, 30)
        self.reading = tuple(a + noise for a in self.true_ma("grid"))
        if self.is_signed:
            self.power = tuple(math.ceil(each.real * 0.23) for each in self.flow())
        if self.has_neutral:
            self.neutral = math.ceil(self.neutral_ma()) + noise

    def image(self) -> Image:
        meters = []
        if self.reading is not None:
            meters = [
                MeterImage(
                    circuit="grid",
                    taken_ms=self.read_ms,
                    unchanged_since_ms=self.unchanged_ms,
                    current_ma=self.reading,
                    power_w=self.power,
                    voltage_mv=None if self.power is None else (230_000,) * 3,
                    neutral_ma=self.neutral,
                )
            ]
        results, self.results = self.results, []
        return Image(
            meters=meters,
            evses=[
                EvseImage(
                    id=s.evse.id,
                    is_linked=s.is_linked,
                    boots=s.boots,
                    link_losses=s.losses,
                    has_car=s.charging,
                    wants=s.charging,
                    terminals_ma=s.sample,
                    sampled_ms=s.sampled_ms - 500,
                    arrived_ms=s.since_ms,
                    pause_proven=self.pause_proven,
                    departs_ms=None if s.leaves_in_ms is None else self.now_ms + s.leaves_in_ms,
                    wanted_wh=s.wanted_wh,
                    sleeps=s.sleeps,
                    served_wh=s.served_wh,
                )
                for s in self.stations.values()
            ],
            results=results,
            limits=self.limits,
        )

    def _cycle(self) -> None:
        image = self.image()
        if self.sloppy:
            self.sloppy(self, image)
        self.images.append((self.now_ms, image.plain()))
        before = {s.evse: s.limit_ma for s in self.decision.setpoints} if self.decision else {}
        self.decision = step(self.memory, image, self.now_ms)
        for setpoint in self.decision.setpoints:
            if setpoint.limit_ma > before.get(setpoint.evse, 0):
                self.raised.append(
                    (self.now_ms, setpoint.evse, before.get(setpoint.evse, 0), setpoint.limit_ma)
                )
        for offer in self.decision.offers:
            delay = self.random.choice([50, 100, 400, 800])
            self.in_air.append((self.now_ms + delay, offer.evse, offer.number, offer.limit_ma))
            self.phases_of[offer.number] = offer.phases

    def _deliver(self) -> None:
        due = [each for each in self.in_air if each[0] <= self.now_ms]
        self.in_air = [each for each in self.in_air if each[0] > self.now_ms]
        for at_ms, evse, number, limit_ma in due:
            station = self.stations[evse]
            sent_ms = at_ms - 50
            if not station.is_linked:
                self.results.append(OfferResult(evse=evse, number=number, result=UNSENT, sent_ms=sent_ms))
                continue
            if station.mode == "refuses":
                self.results.append(OfferResult(evse=evse, number=number, result=REFUSED, sent_ms=sent_ms))
                continue
            if station.mode != "deaf":
                self._switch(station, self.phases_of.get(number))
                station.limit_ma = limit_ma
                station.has_limit = True
                station.fall_at_ms = sent_ms + self.lot.dead_man_ms + self.random.randint(-14_000, 14_000)
            result = CONFIRMED if station.mode == "obeys" else LOST
            self.results.append(OfferResult(evse=evse, number=number, result=result, sent_ms=sent_ms))

    def _switch(self, station: Station, phases: int | None) -> None:
        if phases is not None and phases != station.connected:
            station.switched.append((self.now_ms, phases, station.draws_ma))
            station.connected = phases

    def _judge(self) -> None:
        for name in self.lot.tree.names:
            over = max(self.true_ma(name)) - self.lot.tree.circuits[name].rating_ma
            if over > 0:
                self.excess_ma_s += over * TICK_MS / 1000
                if self.now_ms - self.disturbed_ms > REACTION_MS:
                    self.late_excess.append(f"{self.now_ms} {name} {over} mA")
        self._judge_unbalance()
        self._judge_neutral()

    def _judge_neutral(self) -> None:
        """What the building alone puts on the neutral is not ours to mend."""
        rating_ma = self.lot.tree.circuits["grid"].rating_ma
        if self.has_neutral and self.now_ms - self.disturbed_ms > REACTION_MS:
            over = self.neutral_ma() - rating_ma
            if over > 0 and self.neutral_ma(ours=False) <= rating_ma:
                self.late_neutral.append(f"{self.now_ms} {over:.0f} mA")

    def uneven_ma(self) -> int:
        """How much more one phase carries than another because of the chargers."""
        ours = [amps - load for amps, load in zip(self.true_ma("grid"), self.building, strict=True)]
        return max(ours) - min(ours)

    def _judge_unbalance(self) -> None:
        most_ma = self.lot.tree.circuits["grid"].unbalance_max_ma
        if most_ma is not None and self.now_ms - self.disturbed_ms > REACTION_MS:
            uneven_ma = self.uneven_ma()
            if uneven_ma > most_ma:
                self.late_uneven.append(f"{self.now_ms} {uneven_ma} mA")
