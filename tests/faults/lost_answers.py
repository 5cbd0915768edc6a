"""Answers that never arrive: `python -m tests.faults.lost_answers [--runs 2000] [--controls]`.

A CSMS that keeps books hears of sessions from the real journal and the real uplink, over real sockets. It
books what it is told, and then cuts the link instead of answering, at random, also several times for the same
message. A run is a session of which at least one answer was lost. In the end every session must stand in its
books once: begun, sampled and ended. `--controls`: with new message ids at each repetition it must find some
twice.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import random
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from edge.journal.opening import open_journal
from edge.journal.outbox import SqliteOutbox
from edge.simulator.csms import Csms
from edge.site.events import Sampled
from edge.uplink import station
from tests.faults.slow_disk import LOT
from tests.site.virtual_time import LoopClock, running
from tests.uplink.cloud_lot import CLOUD, CloudLot

LOSES = 0.3
BOOKED = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})


class Forgetful(Csms):
    """Books what it hears and often keeps its answer to itself. `lost`: how often, by station and session."""

    def __init__(self, seed):
        super().__init__(wall_ms=lambda: time.time_ns() // 1_000_000)
        self.mood.interval_s = 300
        self.lost = Counter()
        self.running = {}  # by station, in this CSMS's own numbers
        self._chance = random.Random(seed)

    async def _handle(self, connection, action, payload):
        answer = await super()._handle(connection, action, payload)
        name = connection.identity
        if action == "StartTransaction":
            self.running[name] = json.loads(answer)["transactionId"]
        if action in BOOKED and self._chance.random() < LOSES:
            self.lost[name, self.running[name]] += 1
            connection.cut()
        return answer


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.lost_answers", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--controls", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # every lost link would say so
    is_good = told("ours", options.runs, options.seed)
    if options.controls:
        with forgotten_ids():
            is_good &= not told("control: a new message id each time", 60, options.seed)
    return is_good


def told(name, runs, seed):
    began = time.monotonic()
    tally = asyncio.run(explore(runs, seed))
    print(
        f"{name}: {tally['sessions']} sessions, {tally['runs']} of them with lost answers ({tally['lost']}); "
        f"{tally['doubled']} doubled, {tally['missing']} missing, {tally['odd']} odd, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return tally["runs"] >= runs and not (tally["doubled"] or tally["missing"] or tally["odd"])


async def explore(runs, seed):
    """What the books say after so many sessions with lost answers."""
    station.RECONNECT_FIRST_S = 0.02  # tried is what is told, not when
    cloud = Forgetful(seed)
    await cloud.start()
    names = [f"bay-{number:02}" for number in range(1, 51)]
    told_of = Counter()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-lost-") as folder:
        path = Path(folder) / "journal.db"
        async with open_journal(path, LoopClock(), dict.fromkeys(names, ("cloud",)), keep_ms=20) as journal:
            lot = CloudLot(cloud, journal, LOT + CLOUD.format(url=cloud.url))
            await lot.site.resume()
            async with running(lot.site.run(), lot.uplink().run()):
                await asyncio.gather(*(drive(lot, name, runs, told_of) for name in names))
                await lot.until(lambda: is_drained(lot), 300)
                await cloud.kill()
    transactions = cloud.books.transactions.values()
    return {
        "sessions": told_of.total(),
        "runs": len(cloud.lost),
        "lost": cloud.lost.total(),
        "doubled": max(0, len(transactions) - told_of.total()),
        "missing": max(0, told_of.total() - sum(each.ended_ms is not None for each in transactions)),
        "odd": len(cloud.books.irregularities),
    }


async def drive(lot, name, runs, told_of):
    """One session after the other, until enough of all have had an answer lost."""
    await lot.connect(name)
    while len(lot.cloud.lost) < runs:
        number = told_of[name]
        begun = await lot.start(name, meter_wh=number * 10)
        context = {"evse": 1, "transaction_id": begun.transaction_id, "context": "begin"}
        await lot.tell(Sampled, name, energy_wh=number * 10 + 5, current_ma=(10_000,) * 3, **context)
        await lot.stop(begun.transaction_id, name, meter_wh=number * 10 + 10)
        told_of[name] += 1
        ends = told_of[name]
        await lot.until(lambda ends=ends: ended_of(lot, name) >= ends, 300)


def ended_of(lot, name):
    """How many of a charger's sessions the CSMS has booked to their end."""
    return sum(each.ended_ms is not None for each in lot.books.transactions.values() if each.station == name)


async def is_drained(lot):
    return (await lot.outbox.backlog("cloud")).waiting == 0


@contextlib.contextmanager
def forgotten_ids():
    """Each time another message id, as from who does not keep them."""
    find = SqliteOutbox.next

    async def forgetful(self, csms, charger):
        delivery = await find(self, csms, charger)
        return None if delivery is None else replace(delivery, message_id=str(uuid.uuid4()))

    SqliteOutbox.next = forgetful
    try:
        yield
    finally:
        SqliteOutbox.next = find


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
