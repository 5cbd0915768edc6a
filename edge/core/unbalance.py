"""How much load our chargers may put on one phase alone, as rooms of the allocation.

What is bounded is the difference that the charging installation itself makes: a grid code such as VDE-AR-N
4100 bounds what the charging equipment causes to 4.6 kVA, 20 A at 230 V (so Kostal's manual of its KSEM,
"Phasenbelastung"). What the building does is not ours to mend: this box is no device that evens phases out,
and it never adds load to one phase because another carries much.

For every circuit with such a limit U, and for every phase p, with the books as the worst case:

    sum of the books on p of all EVSEs that may load phases unevenly <= U

Then no phase can carry U more than another because of us, whatever cars do: an EVSE that loads its three
phases alike (learnt, or seen in its last sample) adds the same to p and to q, thus nothing to the
difference; of the others p carries at most its sum, and q at least nothing. This is conservative where
one-phase cars on other phases would make up for it: they may stop at any moment, so they are not counted.
Until a car has shown its phases it counts on all of its EVSE's; an EVSE without a plug does not count.

A measured neutral bounds the same sums: it is the fourth conductor. One-phase loads of x, y and z on the
three phases add sqrt(x^2 + y^2 + z^2 - xy - yz - zx) to it, which is convex: while each of them may be
anything up to its worst case, the sum is largest at a corner, where it is the largest of the three, never
more. So with S the sum that is booked on a phase and F the part of it that flows, the neutral carries at most
what it carries now plus the largest S - F: for every phase S <= rating - (neutral - F), and the bracket is
estimated from aged samples like any background, never below 0. Balanced loads add nothing. When a car that
made up for others leaves, the neutral rises as by a load of the building, and that is answered within the
reaction time.

These sums only ever fall when an EVSE is given less, like those of a phase under a fuse: they are three
more rooms of the circuit in admission and filling, which stay exact and O(E log E).
"""

from edge.core.headroom import Headroom
from edge.core.image import Reason
from edge.core.lot import Lot
from edge.core.quantities import NOTHING, PHASES, plus
from edge.core.standing import Standing


class UnevenRooms:
    """The further rooms of this cycle: three for each circuit that bounds uneven load, behind all others."""

    __slots__ = ("_behind", "_first", "_names", "_rooms")

    def __init__(self, lot: Lot, rooms: dict[str, Headroom]) -> None:
        self._rooms = rooms
        self._behind = 3 * len(lot.tree.names)
        self._names = [name for name in lot.tree.names if rooms[name].uneven_ma is not None]
        self._first = {name: self._behind + 3 * index for index, name in enumerate(self._names)}

    def free_ma(self) -> list[int]:
        """What each of them has, to stand behind the rooms of all circuits."""
        free: list[int] = []
        for name in self._names:
            free.extend(self._rooms[name].uneven_ma or NOTHING)
        return free

    def of(self, one: Standing) -> tuple[int, ...]:
        """Those that the EVSE loads, nearest first."""
        return self.alone(one, one.phases) if self._names and one.is_uneven else ()

    def alone(self, one: Standing, phases: tuple[int, ...]) -> tuple[int, ...]:
        """Those that it would load on these phases without the others."""
        firsts = [self._first[name] for name in one.path if name in self._first]
        return tuple([first + phase for first in firsts for phase in phases])

    def reserve(self, free_ma: list[int], one: Standing, load: tuple[int, int, int]) -> None:
        """Take the EVSE's load off what is free."""
        if self._names and one.is_uneven:
            for name in one.path:
                if name in self._first:
                    for phase in PHASES:
                        free_ma[self._first[name] + phase] -= load[phase]

    def reason(self, room: int) -> Reason | None:
        """That this room is full; None when it is not one of these."""
        if room < self._behind:
            return None
        index, phase = divmod(room - self._behind, 3)
        name = self._names[index]
        return Reason(word=self._rooms[name].uneven_words[phase], where=name, phase=phase)


class UnevenBooks:
    """What is booked of uneven load on the circuits that bound it."""

    __slots__ = ("_rooms", "_sums")

    def __init__(self, lot: Lot, standing: dict[str, Standing], rooms: dict[str, Headroom]) -> None:
        self._rooms = rooms
        self._sums = {name: NOTHING for name in lot.tree.names if rooms[name].uneven_ma is not None}
        if self._sums:
            for evse in lot.evses:
                self.add(standing[evse.id], standing[evse.id].booked_ma)

    def fits(self, one: Standing, extra: tuple[int, int, int]) -> bool:
        """Whether so much more of this EVSE stays within every bound on its way."""
        if not self._sums or not one.is_uneven:
            return True
        for name in one.path:
            if name in self._sums:
                sums, most = self._sums[name], self._rooms[name].uneven_ma or NOTHING
                for phase in PHASES:
                    if extra[phase] and sums[phase] + extra[phase] > most[phase]:
                        return False
        return True

    def add(self, one: Standing, load: tuple[int, int, int]) -> None:
        """Book it."""
        if self._sums and one.is_uneven:
            for name in one.path:
                if name in self._sums:
                    self._sums[name] = plus(self._sums[name], load)
