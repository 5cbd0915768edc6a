"""A lot that stands still until it is told otherwise: the doors of a site, over statuses made by hand."""

import asyncio
import time
from dataclasses import dataclass, field

import msgspec

from edge.site.commands import Done, Refused, Started
from edge.site.durable import Session, TooManyError
from edge.site.events import Acknowledged, AlertRaised, NotAnswered
from edge.site.grid_command import Drawn, GridCommand
from edge.site.passport import Passport, Proofs
from edge.site.ports import ChargerView
from edge.site.status import (
    CircuitStatus,
    EvseStatus,
    Explanation,
    LimitRow,
    MeterStatus,
    Status,
    UplinkStatus,
)
from edge.site.upkeep import CsmsBacklog, Found, JournalState

NOON_MS = 1_772_622_000_000  # 2026-03-04 12:00 in Berlin
TIMEZONE = "Europe/Berlin"


class StandingClock:
    """A wall clock that can be set; the monotonic one is the machine's."""

    def __init__(self, at_ms=NOON_MS):
        self.at_ms = at_ms

    def now_ms(self):
        return self.at_ms

    def mono_ms(self):
        return time.monotonic_ns() // 1_000_000

    def is_synchronised(self):
        return True


@dataclass
class StandingLot:
    """Publishes statuses, remembers limits and commands. Its chargers do what they are told, bay-2's not."""

    latest: Status
    limits: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    outcome: object = field(default_factory=Done)  # of every command but bay-2's
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, **changes):
        self.latest = msgspec.structs.replace(self.latest, cycle=self.latest.cycle + 1, **changes)
        self.news.set()
        self.news = asyncio.Event()

    def change(self, bay, **changes):
        """Publish with one EVSE changed."""
        evses = [
            msgspec.structs.replace(evse, **changes) if evse.id == bay else evse for evse in self.latest.evses
        ]
        self.publish(evses=tuple(evses))

    def status(self):
        return self.latest

    def uplinks(self):
        return self.latest.uplinks

    def explain(self, name):
        found = [evse for evse in self.latest.evses if evse.id == name]
        if not found:
            raise KeyError(name)
        return Explanation(**msgspec.structs.asdict(found[0]), limits=limits_of(found[0]), before=BEFORE)

    async def report(self, event):
        if event.charger == "bay-2":
            return NotAnswered(sentence="no session runs there")
        self.reports.append(event)
        return Acknowledged()

    async def watch(self):
        while True:
            news = self.news
            yield self.latest
            await news.wait()

    def limit(self, limit):
        known = {c.name for c in self.latest.circuits} | {e.id for e in self.latest.evses}
        if limit.target not in known:
            raise ValueError(f"{limit.target!r} is none of {', '.join(sorted(known))}")
        self.limits.append(limit)

    def charger(self, name):
        if name not in {evse.charger for evse in self.latest.evses}:
            raise KeyError(name)
        return ChargerView(version=1, is_linked=True, boot=None, statuses=())

    async def changed(self, name, version):
        await asyncio.Event().wait()

    async def submit(self, command, origin):
        self.commands.append((command, origin))
        return Refused(sentence="a car is plugged in") if command.charger == "bay-2" else self.outcome

    def uptimes(self, _begin_ms, _end_ms):
        return {}

    def passports(self):
        return StandingPassports(self)

    def evidence(self, since_ms, until_ms):
        drawn = Drawn(at_ms=900, grid_w=20_000, grid_ma=(30_000,) * 3, chargers_w=9_000, unmeasured=1)
        command = GridCommand(
            at_ms=1_000,
            is_sure=True,
            name="relay/grid",
            kind="chargers",
            target="grid",
            limit_ma=6_100,
            before=drawn,
        )
        return [command] if since_ms <= 1_000 < until_ms else []

    def read(self, reading):
        raise NotImplementedError

    def notice(self, uplink):
        raise NotImplementedError


@dataclass
class StandingPassports:
    """Every charger is an Alfen that proved nothing yet; bay-1 has a car for a test, the others have none."""

    lot: StandingLot

    def passport(self, charger):
        self.lot.charger(charger)
        return Passport(
            charger=charger,
            vendor="Alfen",
            model="NG910",
            firmware="6.4",
            said=None,
            proofs=Proofs(),
            shipped=None,
            latency=None,
            clock_offset_ms=-1_200,
            unit="A",
            step_ma=1_000,
            min_ma=6_000,
            follow_ms=8_000,
            deadline_ms=10_000,
            is_on_time=True,
            is_credited=True,
            guarantee="declared",
        )

    async def probe(self, charger):
        self.lot.charger(charger)
        return Done()

    def begin_test(self, charger, stages):
        self.lot.charger(charger)
        if charger != "bay-1":
            return Refused(sentence="needs a car drawing more than 7 A there, by a sample of now")
        self.lot.commands.append((charger, stages))
        return Started(request_id=0)

    async def abort_test(self, charger):
        self.lot.charger(charger)
        return Refused(sentence="no test runs there")


@dataclass
class StandingArchive:
    """Sessions in a list, newest first."""

    rows: list = field(default_factory=list)
    sealed: dict = field(default_factory=dict)

    async def sessions(self, limit, *, is_running=None, charger=None, since_ms=None):
        return [
            row
            for row in self.rows
            if is_running in {None, row.ended_ms is None}
            and charger in {None, row.charger}
            and (since_ms is None or row.started_ms >= since_ms)
        ][:limit]

    async def unconfirmed(self):
        return []

    async def story(self, transaction_id):
        return []

    async def accounts(self, since_ms, until_ms, *, most):
        ended = [row for row in self.rows if row.ended_ms is not None and since_ms <= row.ended_ms < until_ms]
        if len(ended) > most:
            raise TooManyError(len(ended))
        return [(row, self.sealed.get(row.transaction_id, (None, None))[0]) for row in ended]

    async def seal(self, transaction_id, *, account, cdr, sealed_ms):
        self.sealed.setdefault(transaction_id, (account, cdr))

    async def cdrs(self, since_ms, until_ms):
        ended = await self.accounts(since_ms, until_ms, most=99)
        return [self.sealed[row.transaction_id][1] for row, _ in ended]

    async def cdr(self, transaction_id):
        return self.sealed.get(transaction_id, (None, None))[1]

    async def session(self, transaction_id):
        return next((row for row in self.rows if row.transaction_id == transaction_id), None)


class StandingUpkeep:
    """A journal in which all is well."""

    async def state(self):
        backlog = CsmsBacklog(csms="city", waiting=3, parked=1, oldest_ms=NOON_MS)
        return JournalState(
            file="/var/lib/ampyard/journal.db",
            size=4_096,
            room=2_000_000_000,
            level="fine",
            schema=6,
            events=12,
            sessions=3,
            running=1,
            records=2,
            dropped=0,
            waiting=(backlog,),
            findings=(),
        )

    async def search(self, search):
        event = AlertRaised(charger="bay-1", at_ms=NOON_MS, seen_ms=1, word="hot", sentence="It is hot.")
        return [
            Found(
                seq=1, kind="alert-raised", stored_ms=NOON_MS, transaction_id=None, deliveries="", event=event
            )
        ]

    async def parked(self):
        return []

    async def verify(self):
        return []


def session(number, *, bay="bay-1", ended=True):
    start_ms = NOON_MS - number * 3_600_000
    return Session(
        transaction_id=100 - number,
        charger=bay,
        evse=1,
        token="04A224B2C13D80",
        started_ms=start_ms,
        meter_start_wh=1_000,
        ended_ms=start_ms + 2_400_000 if ended else None,
        meter_stop_wh=12_200 if ended else None,
        last_meter_wh=5_000,
    )


def limits_of(evse):
    """Four bounds; that of its feeder binds."""
    return (
        LimitRow(name="EVSE", limit_ma=(32_000,) * 3, source="site file, line 33"),
        LimitRow(
            name=evse.circuit,
            limit_ma=(18_000, 9_000, 18_000),
            source="63 A - 0 A building - 54 A others (L2)",
            binds=True,
        ),
        LimitRow(
            name="grid",
            limit_ma=(31_000, 20_000, 33_000),
            source="100 A - 26 A building - 54 A others (L2)",
        ),
        LimitRow(name="city", limit_ma=(16_000,) * 3, source="csms", until="18:30:00"),
    )


BEFORE = ("11:58:10 10 -> 9 A: west is full on L2.",)


def evse(name, circuit, **changes):
    """A free bay, unless the changes say otherwise."""
    free = EvseStatus(
        id=name,
        charger=name.partition("/")[0],
        evse=1,
        circuit=circuit,
        link="up",
        icon="○",
        word="free",
        severity="fine",
        sentence="Free.",
        setpoint_ma=0,
        offered_ma=0,
        measured_ma=(0, 0, 0),
        measured_age_ms=2_000,
        booked_ma=(0, 0, 0),
        min_ma=6_000,
        max_ma=32_000,
        transaction_id=None,
        session_wh=None,
        since_ms=None,
        rule="priority 0, no session; nobody wants to charge",
    )
    return msgspec.structs.replace(free, **changes)


def charging(name, circuit, *, offered, measured=None, wh=11_200, **changes):
    flowing = offered if measured is None else measured
    sentence = f"Charges with all it can take, {offered} A."
    shown = {
        "icon": "▶",
        "word": "full",
        "sentence": sentence,
        "setpoint_ma": offered * 1000,
        "offered_ma": offered * 1000,
        "measured_ma": (flowing * 1000,) * 3,
        "booked_ma": (offered * 1000 + 600,) * 3,
        "transaction_id": 7,
        "session_wh": wh,
        "since_ms": NOON_MS - 2_400_000,
        "rule": "priority 0, a session runs; filled up to what west leaves",
    }
    return evse(name, circuit, **(shown | changes))


def circuit(name, *, rating, building, chargers, parent="grid", **changes):
    plain = CircuitStatus(
        name=name,
        title=name,
        parent=parent,
        rating_ma=rating * 1000,
        limit_ma=(rating * 1000,) * 3,
        background_ma=tuple(1000 * each for each in building),
        background_is_measured=True,
        chargers_ma=tuple(1000 * each for each in chargers),
        booked_ma=tuple(1000 * each + 3_000 for each in chargers),
        headroom_ma=(10_000,) * 3,
        meter=None,
    )
    return msgspec.structs.replace(plain, **changes)


FRESH = MeterStatus(state="fresh", age_ms=400, current_ma=(78_000, 82_000, 74_000))


def uplink(**changes):
    well = UplinkStatus(
        csms="city",
        state="up",
        connected=8,
        chargers=8,
        waiting=0,
        parked=0,
        oldest_ms=None,
        sentence="Connected; everything is delivered.",
    )
    return msgspec.structs.replace(well, **changes)


def riverside():
    """The lot of the wireframe."""
    return Status(
        site="Riverside",
        at_ms=NOON_MS,
        cycle=1,
        is_proven=True,
        severity="fine",
        sentence="All well. 4 cars charge, 1 waits. 18 A free on L2.",
        circuits=(
            circuit(
                "grid",
                rating=100,
                building=(32, 36, 28),
                chargers=(46, 46, 46),
                parent=None,
                meter=FRESH,
            ),
            circuit("west", rating=63, building=(0, 0, 0), chargers=(32, 32, 32)),
            circuit("east", rating=50, building=(0, 0, 0), chargers=(14, 14, 14)),
        ),
        evses=(
            charging("bay-1", "west", offered=16),
            charging("bay-2", "west", offered=16, wh=3_000),
            evse(
                "bay-3",
                "west",
                icon="◷",
                word="queue",
                sentence="Waits for 6 A: west is full on L2.",
                transaction_id=9,
                session_wh=0,
            ),
            charging("bay-4/1", "east", offered=9, wh=18_400, sentence="9 A: city limits it.", word="limit"),
            charging("bay-4/2", "east", offered=16, measured=5, sentence="Takes 5 A of 16 A.", word="car"),
            evse("bay-5", "east"),
        ),
        uplinks=(uplink(),),
    )
