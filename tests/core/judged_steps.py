"""The judge of single steps: what invariants 1, 2, 4, 5 and 6 ask, by a book of the judge's own.

It knows the stations of a history as they are, and every offer that each of them may be obeying. Invariant 3
is judged where caps and tiers are given (random_claims.py).
"""

from edge.core.image import Decision, Image, Setpoint


class Judge:
    """Made before the step, asked after it."""

    def __init__(self, history, image: Image) -> None:
        self.history = history
        self.image = image
        self.stations = history.stations
        self.lot = history.lot
        self.now_ms = history.now_ms
        self.before = dict(history.setpoints)
        self.known = {name: self._may_believe_ma(station) for name, station in self.stations.items()}
        for name, station in self.stations.items():
            station.believed.append((self.now_ms, self.known[name]))

    def violations(self, decision: Decision) -> list[str]:
        found = []
        views = {view.name: view for view in decision.circuits}
        for setpoint in decision.setpoints:
            found += self._setpoint(setpoint) + self._measured(setpoint)
        for name, view in views.items():
            found += self._believed(name, view)
            found += self._sums(name, view, decision)
        return found

    def _setpoint(self, setpoint: Setpoint) -> list[str]:
        """2 and 5, and of 1 that the book is never below what the station may draw."""
        station = self.stations[setpoint.evse]
        evse, limit_ma = station.evse, setpoint.limit_ma
        found = []
        if limit_ma and not (
            max(6_000, evse.min_ma) <= limit_ma <= evse.max_ma and limit_ma % station.step_ma == 0
        ):
            found.append(f"2: {evse.id} has {limit_ma} mA")
        for limit in self.image.limits:
            is_in_force = limit.expires_ms is None or limit.expires_ms > self.now_ms
            is_above = limit.kind == "evse" and limit.target == evse.id and limit_ma > max(0, limit.limit_ma)
            if is_in_force and is_above and station.is_linked:
                found.append(f"5: {evse.id} has {limit_ma} mA above {limit.name}")
        may_ma = station.allowed_ma(self.now_ms) if station.wants else 0
        wiring = evse.wiring or (0, 1, 2)
        booked_ma = [setpoint.booked_ma[wiring[terminal]] for terminal in station.car]
        is_knowable = not station.is_ignoring and not (station.has_lied and station.is_total)
        if (
            is_knowable
            and station.wants
            and (max(setpoint.booked_ma) if station.has_lied else min(booked_ma)) < may_ma
        ):
            found.append(f"1: {evse.id} may draw {may_ma} mA, booked is {setpoint.booked_ma}")
        return found

    def _measured(self, setpoint: Setpoint) -> list[str]:
        """1: what flows is booked; who draws more than all that he may have obeyed is not relied on."""
        station = self.stations[setpoint.evse]
        flows_ma = max(station.sample or [0])
        if self.now_ms - station.sampled_ms > 150_000 or flows_ma <= 0:
            return []
        found = []
        if max(setpoint.booked_ma) < flows_ma:
            found.append(f"1: {setpoint.evse} draws {flows_ma} mA, booked is {setpoint.booked_ma}")
        since_ms = station.sampled_ms - 15_000
        before = [ma for at_ms, ma in station.believed if at_ms <= since_ms]
        most_ma = max(
            [
                self._idle_ma(setpoint.evse),
                *before[-1:],
                *[ma for at_ms, ma in station.believed if at_ms > since_ms],
            ]
        )
        book = self.history.memory.books[setpoint.evse]
        if before and book.confirmed_ma is not None and flows_ma > most_ma + 600 and book.is_sure:
            found.append(f"1: {setpoint.evse} draws {flows_ma} mA, at most {most_ma} was offered: relied on")
        return found

    def _believed(self, name: str, view) -> list[str]:
        """5 and 6: what is unknown counts as the worst case, and a reading that is late raises nobody."""
        found = []
        circuit = self.lot.tree.circuits[name]
        if max(view.limit_ma) > circuit.rating_ma:
            found.append(f"5: {name} may carry {view.limit_ma} mA")
        is_assumed = view.meter in ("stale", "frozen", "never", "none")
        if is_assumed and min(view.background_ma) < self.lot.tree.building_max_ma(name):
            found.append(f"6: the meter of {name} is {view.meter}, its building {view.background_ma}")
        if name in self.history.meters and view.meter not in self._states(self.history.meters[name]):
            found.append(
                f"6: the meter of {name} is {view.meter} at {self.now_ms}: {self.history.meters[name]}"
            )
        return found

    def _states(self, meter: dict) -> tuple[str, ...]:
        """How a meter may be taken, by the judge's own clock."""
        if meter["state"] in ("nothing", "never") or meter["last"] is None:
            return ("never",)
        age_ms, still_ms = self.now_ms - meter["taken_ms"], meter["taken_ms"] - meter["since_ms"]
        if age_ms > 5_000:
            return ("stale",)
        if still_ms > 15_000:
            return ("frozen",)
        return ("late",) if age_ms > 2_000 or still_ms > 5_000 else ("fresh",)

    def _sums(self, name: str, view, decision: Decision) -> list[str]:
        """1: building and books fit; or nobody there is told more, and who obeys makes what room there is."""
        there = [
            each
            for each in decision.setpoints
            if name in self.lot.tree.path(self.lot.by_id[each.evse].circuit)
        ]
        found = self._risen(name, there) if view.meter == "late" else []
        offers = {offer.evse: offer.limit_ma for offer in decision.offers}
        for phase, left_ma in enumerate(self._left_ma(name, view)):
            where = f"{name} L{phase + 1}"
            booked_ma = sum(each.booked_ma[phase] for each in there)
            if booked_ma != view.booked_ma[phase]:
                found.append(f"1: {where} books {view.booked_ma[phase]} mA, its members {booked_ma}")
            if booked_ma > left_ma:
                members = [each for each in there if each.booked_ma[phase]]
                found += self._raised(where, members, offers)
                found += [] if view.is_borne else self._planned(where, members, phase, left_ma)
        return found

    def _left_ma(self, name: str, view) -> list[int]:
        ours_ma = [
            max(0, limit.limit_ma)
            for limit in self.image.limits
            if (limit.kind, limit.target) == ("chargers", name)
            and (limit.expires_ms is None or limit.expires_ms > self.now_ms)
        ]
        return [
            min([limit - load, *ours_ma])
            for limit, load in zip(view.limit_ma, view.background_ma, strict=True)
        ]

    def _risen(self, name: str, there: list[Setpoint]) -> list[str]:
        return [
            f"6: {each.evse} rises to {each.limit_ma} mA behind the late meter of {name}"
            for each in there
            if self.stations[each.evse].wants
            if each.limit_ma
            > max(self.before.get(each.evse, 0), self.known[each.evse])  # refused: it keeps it
            if each.reason.word != "cut"  # told nothing: it still has what a lost offer meant to take away
        ]

    def _raised(self, where: str, members: list[Setpoint], offers: dict[str, int]) -> list[str]:
        found = []
        for name in [each.evse for each in members if each.evse in offers]:
            flows_ma = max(self.stations[name].sample or [0]) * self.stations[name].full
            if offers[name] > max(self.known[name], flows_ma, self._idle_ma(name)):
                found.append(f"1: {name} is raised though {where} is overbooked")
        return found

    def _planned(self, where: str, members: list[Setpoint], phase: int, left_ma: int) -> list[str]:
        planned_ma = sum(self._planned_ma(each, phase) for each in members)
        could_give = [
            each
            for each in members
            if each.limit_ma and self._obeys(each.evse) and self.stations[each.evse].wants
        ]
        fits = planned_ma <= left_ma or not could_give
        return [] if fits else [f"1: {where} plans {planned_ma} mA for {left_ma}"]

    def _obeys(self, name: str) -> bool:
        return self.stations[name].is_linked and self.history.memory.books[name].is_sure

    def _idle_ma(self, name: str) -> int:
        station = self.stations[name]
        return 0 if station.pause_proven else station.evse.min_ma * station.full

    def _planned_ma(self, setpoint: Setpoint, phase: int) -> int:
        """What counts for it when all has come as told; the worst case of those who may not obey."""
        if not self._obeys(setpoint.evse):
            return setpoint.booked_ma[phase]
        idle_ma = 0 if self.stations[setpoint.evse].pause_proven else self.stations[setpoint.evse].evse.min_ma
        told_ma = setpoint.limit_ma or idle_ma
        return told_ma + self.lot.tolerance_ma if told_ma else 0

    def differences(self, decision: Decision, again: Decision) -> list[str]:
        """4: the twin decides the same."""
        found = []
        for one, other in zip(decision.setpoints, again.setpoints, strict=True):
            if (
                one.limit_ma != other.limit_ma
                or renamed(one.booked_ma, self.history.renamed) != other.booked_ma
            ):
                found.append(
                    f"4: {one.evse} has {one.limit_ma} {one.booked_ma}, "
                    f"its twin {other.limit_ma} {other.booked_ma} by {self.history.renamed}"
                )
        if [each.plain() for each in decision.offers] != [each.plain() for each in again.offers]:
            found.append("4: the twin is told something else")
        return found

    def _may_believe_ma(self, station) -> int:
        """By the judge's own book: the highest limit that it may be obeying; of a power all of it."""
        full_ma = station.evse.max_ma * station.full
        if not station.evse.has_dead_man or not station.told or station.is_tested:
            return full_ma
        most_ma = station.evse.fallback_ma * station.full
        credit_ma = station.evse.credit_ma * station.full if station.is_credited else full_ma
        for number, limit_ma, when_ms in station.told:
            is_over = number > 0 and self.now_ms - when_ms > self.lot.silence_ms
            most_ma = max(most_ma, credit_ma if is_over else limit_ma)
        return most_ma


def renamed(triple: tuple[int, int, int], names: tuple[int, ...]) -> tuple[int, int, int]:
    moved = [0, 0, 0]
    for phase, value in enumerate(triple):
        moved[names[phase]] = value
    return (moved[0], moved[1], moved[2])
