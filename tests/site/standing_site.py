"""A real site of two bays over small doubles: a journal and a store in memory, chargers that obey."""

import asyncio
import contextlib
import gc
from pathlib import Path

from edge import settings
from edge.catalogue import guards
from edge.site.blueprint import Blueprint
from edge.site.commands import Done
from edge.site.durable import JournalBrokenError, JournalFullError, Mended, Resumed
from edge.site.events import (
    ChargerBooted,
    EvseStatusChanged,
    LinkChanged,
    Sampled,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.ports import Confirmed, Reading
from edge.site.site import Site
from edge.site.tokens import Token
from tests.site.virtual_time import LoopClock, running

SITE = """
[site]
name = "Two bays"
timezone = "Europe/Berlin"

[grid]
rating_a = 63
building_max_a = 30

[grid.meter]
model = "eastron-sdm630"
host = "127.0.0.1"

[charger.bay-1]
station = "CP-1"
max_a = 32
phase_rotation = "L1L2L3"

[charger.bay-2]
station = "CP-2"
max_a = 32
phase_rotation = "L1L2L3"
"""
MODEL = "Alfen/NG910/6.4"
ADA = Token(token="04AB", name="Ada", group="fleet")


class MemoryJournal:
    """Journal and store in one: what was appended, sessions by id, documents by kind and key."""

    def __init__(self):
        self.entries = []
        self.kept = []
        self.sessions = {}
        self.by_dedup = {}
        self.papers = {}
        self.stretches = []
        self.is_full = False

    async def append(self, entry):
        await asyncio.sleep(0.01)  # a commit takes its time
        if self.is_full:
            raise JournalFullError("no room")
        key = (entry.event.charger, entry.dedup)
        if entry.dedup is not None and key in self.by_dedup:
            raise JournalBrokenError("UNIQUE constraint failed: event.charger, event.dedup")
        self.entries.append(entry)
        if entry.dedup is not None:
            self.by_dedup[key] = entry.session.transaction_id if entry.session else None
        if entry.session is not None:
            self.sessions[entry.session.transaction_id] = entry.session
        return len(self.entries)

    def keep(self, entry):
        self.kept.append(entry)

    async def find_session(self, charger, dedup):
        return self.sessions.get(self.by_dedup.get((charger, dedup)))

    async def session(self, transaction_id):
        return self.sessions.get(transaction_id)

    async def samples(self, transaction_id):
        return [
            entry.event for entry in self.kept if getattr(entry.event, "transaction_id", 0) == transaction_id
        ]

    async def energy_since(self, token, since_ms):
        return sum(
            each.energy_wh or 0
            for each in self.sessions.values()
            if each.token.casefold() == token.casefold() and each.started_ms >= since_ms
        )

    async def begin_stretch(self, stretch):
        self.stretches.append(stretch)
        return Mended(stretches=0, sessions=())

    async def resume(self):
        still_open = tuple(each for each in self.sessions.values() if each.ended_ms is None)
        started = [entry.event for entry in self.entries if isinstance(entry.event, TransactionStarted)]
        return Resumed(
            open_sessions=still_open,
            last_transaction_id=max(self.sessions, default=0),
            own_ids={event.transaction_id: event.own_id for event in started if event.own_id},
        )

    async def put_document(self, kind, key, body):
        self.papers.setdefault(kind, {})[key] = body

    async def delete_document(self, kind, key):
        self.papers.get(kind, {}).pop(key, None)

    async def document(self, kind, key):
        return self.papers.get(kind, {}).get(key)

    async def documents(self, kind):
        return dict(self.papers.get(kind, {}))

    def rows(self, kind):
        return [entry for entry in self.entries if isinstance(entry.event, kind)]


class ObedientCharger:
    """Confirms every offer after a moment, does every command, and remembers both."""

    def __init__(self, clock, story, name):
        self.clock = clock
        self.story = story
        self.name = name
        self.offers = []
        self.commands = []
        self.answer = None  # an OfferOutcome instead of Confirmed
        self.outcome = Done()
        self.was_collecting = None  # when the last offer left

    def offer(self, evse, limit_ma, *, valid_ms, deadline_ms):
        self.offers.append((evse, limit_ma))
        self.story.append((self.clock.mono_ms(), "offer", self.name, limit_ma))
        self.was_collecting = gc.isenabled()
        return self.confirm(self.clock.mono_ms())

    async def confirm(self, sent_ms):
        await asyncio.sleep(0.2)
        return self.answer or Confirmed(sent_ms=sent_ms)

    async def perform(self, command, *, deadline_ms):
        self.commands.append(command)
        return self.outcome


class Recording:
    """A recorder that keeps everything."""

    def __init__(self, clock, story):
        self.clock = clock
        self.story = story
        self.rows = []

    def record(self, *, digest, checkpoint, image, decision):
        self.story.append((self.clock.mono_ms(), "record"))
        self.rows.append((digest, checkpoint, image, decision))


class StandingSite:
    """The site, what it was told to do outside, and a driver's moves."""

    def __init__(self, text=SITE, *, tokens=(ADA,), journal=None, pauses=(MODEL,), proven=()):
        self.clock = LoopClock()
        self.story = []  # what left the site, in order, with its time
        self.journal = journal or MemoryJournal()
        self.settings = settings.read(text, guards(), file="test", folder=Path(), proven=proven).accepted()
        self.blueprint = Blueprint(self.settings)
        self.recorder = Recording(self.clock, self.story)
        self.site = Site(
            self.blueprint,
            self.journal,
            self.clock,
            store=self.journal,
            recorder=self.recorder,
            tokens=tokens,
            proven_pauses=pauses,
            on_cycle=lambda: self.story.append((self.clock.mono_ms(), "cycle")),
        )
        self.chargers = {
            name: ObedientCharger(self.clock, self.story, name) for name in self.blueprint.chargers
        }
        for name, charger in self.chargers.items():
            self.site.attach(name, charger)
        self.building_ma = 0
        self.taken_ma = {}

    async def tell(self, kind, charger="bay-1", **fields):
        """An event of this moment."""
        fields.setdefault("at_ms", self.clock.now_ms())
        return await self.site.report(kind(charger=charger, seen_ms=self.clock.mono_ms(), **fields))

    async def connect(self, charger="bay-1"):
        await self.tell(LinkChanged, charger, is_up=True, address="192.168.1.51")
        return await self.boot(charger)

    async def boot(self, charger="bay-1"):
        vendor, model, firmware = MODEL.split("/")
        return await self.tell(
            ChargerBooted, charger, vendor=vendor, model=model, firmware=firmware, protocol="OCPP 1.6"
        )

    async def start(self, charger="bay-1", token=ADA.token, evse=1, **fields):
        await self.tell(EvseStatusChanged, charger, evse=evse, state="charging")
        return await self.tell(
            TransactionStarted, charger, evse=evse, token=token, **{"meter_wh": 1_000, **fields}
        )

    async def stop(self, transaction_id, charger="bay-1", **fields):
        return await self.tell(
            TransactionEnded, charger, transaction_id=transaction_id, **{"meter_wh": 5_000, **fields}
        )

    async def draw(self, ma, charger="bay-1"):
        """The car takes this now; the meter sees it too."""
        self.taken_ma[charger] = ma
        await self.tell(Sampled, charger, evse=1, current_ma=(ma, ma, ma))

    def meter(self, building_ma=None):
        """One reading of this moment: the building and the cars."""
        if building_ma is not None:
            self.building_ma = building_ma
        total_ma = self.building_ma + sum(self.taken_ma.values())
        now_ms = self.clock.mono_ms()
        self.site.read(
            Reading(
                circuit="grid",
                taken_ms=now_ms,
                unchanged_since_ms=now_ms,
                current_ma=(total_ma, total_ma, total_ma),
            )
        )

    async def poll(self):
        while True:
            self.meter()
            await asyncio.sleep(0.4)

    def bay(self, name="bay-1"):
        return next(evse for evse in self.site.status().evses if evse.id == name)


@contextlib.asynccontextmanager
async def standing_site(text=SITE, *, extra="", is_metered=True, **named):
    """The site at work, with more tables in its file, and with a meter that is polled every 400 ms."""
    standing = StandingSite(text + extra, **named)
    await standing.site.resume()
    work = [standing.site.run()]
    if is_metered:
        work.append(standing.poll())
    async with running(*work):
        yield standing
