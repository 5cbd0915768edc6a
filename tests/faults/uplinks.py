"""Clouds that fail: `python -m tests.faults.uplinks [--runs 200] [--only killed] [--version 2.0.1]`.

A CSMS that keeps books hears of sessions from the real journal and the real uplink, over real sockets, in
OCPP 1.6 and 2.0.1. It misbehaves at random in one of these ways; a run is a fault that a session met.
In the end every session must stand in its books once: begun, sampled, ended, in order, nothing twice; and no
charger may have waited for its answer longer than the journal takes.
"""

import argparse
import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from edge.journal.opening import open_journal
from edge.ocpp import envelope
from edge.ocpp.rpc import Fault
from edge.simulator.csms import Csms
from edge.site.events import Sampled
from edge.uplink import orders, station
from tests.faults.slow_disk import LOT
from tests.site.virtual_time import LoopClock, running
from tests.uplink.cloud_201 import Csms201
from tests.uplink.cloud_lot import CloudLot, cloud_text

CHANCE = 0.3
MOST_REFUSALS = 3  # of one message: one more, and it is parked, as it should be
BOOKED = frozenset({"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"})
FAULTS = (
    "killed",
    "restarted",
    "silent",
    "slow",
    "answers-lost",
    "answers-doubled",
    "callerrors",
    "wrong-ids",
    "clock-skew",
)
CALL_TIMEOUT_S = 0.4


class Failing:
    """What both clouds do wrong. `met`: how often, by station."""

    fault = ""

    def prepare(self, fault, seed):
        self.fault = fault
        self.met = Counter()
        self.chance = random.Random(seed)
        self.refusals = Counter()
        self.mood.interval_s = 300

    async def _handle(self, connection, action, raw):
        if action not in BOOKED:
            return await super()._handle(connection, action, raw)
        name, message_id = connection.identity, connection.handling
        strikes = self.fault == "clock-skew" or self.chance.random() < CHANCE
        if not strikes or (self.fault == "callerrors" and self.refusals[message_id] >= MOST_REFUSALS):
            return await super()._handle(connection, action, raw)
        self.met[name] += 1
        return await self._fail(connection, action, raw, message_id)

    async def _fail(self, connection, action, raw, message_id):
        if self.fault == "killed":
            connection.cut()
            raise Fault("InternalError", "killed")
        if self.fault == "callerrors":
            self.refusals[message_id] += 1
            raise Fault(self.chance.choice(["InternalError", "GenericError", "FormationViolation"]), "storm")
        if self.fault == "slow":
            await asyncio.sleep(self.chance.uniform(0, CALL_TIMEOUT_S / 2))
        answer = await super()._handle(connection, action, raw)
        if self.fault == "silent":
            await asyncio.sleep(CALL_TIMEOUT_S * 2)
        elif self.fault == "answers-lost":
            connection.cut()
        elif self.fault == "answers-doubled":
            connection._send(envelope.encode_result(message_id, answer))
        elif self.fault == "wrong-ids":
            connection._send(envelope.encode_result("00000000-wrong", answer))
        return answer


class Failing16(Failing, Csms):
    """In OCPP 1.6."""

    def __init__(self):
        super().__init__(wall_ms=self._time_ms)

    def _time_ms(self):
        skew_ms = 10 * 365 * 86_400_000 if self.fault == "clock-skew" else 0
        return time.time_ns() // 1_000_000 - skew_ms

    def verdict(self):
        """Begun, ended, what is odd."""
        each = self.books.transactions.values()
        return len(each), sum(one.ended_ms is not None for one in each), self.books.irregularities


class Failing201(Failing, Csms201):
    """In OCPP 2.0.1; its clock stands still in the past, whatever else it does."""

    def verdict(self):
        """Begun, ended, what is odd."""
        kinds = self.kinds()
        return len(kinds), sum(one[-1] == "Ended" for one in kinds), self.irregularities


async def explore(version, fault, runs, seed):
    """What the books say after so many sessions that met the fault."""
    cloud = Failing16() if version == "1.6" else Failing201()
    cloud.prepare(fault, seed)
    await cloud.start()
    names = [f"bay-{number:02}" for number in range(1, 31)]
    sessions = Counter()
    states_to = frozenset({"cloud"} if version == "2.0.1" else ())
    routes = dict.fromkeys(names, ("cloud",))
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-uplinks-") as folder:
        path = Path(folder) / "journal.db"
        async with open_journal(path, LoopClock(), routes, keep_ms=20, states_to=states_to) as journal:
            lot = CloudLot(cloud, journal, LOT + cloud_text(cloud.url, version))
            await lot.site.resume()
            work = [lot.site.run(), lot.uplink().run()]
            if fault == "restarted":
                work.append(restarts(cloud))
            async with running(*work):
                took = await asyncio.gather(*(drive(lot, name, runs, sessions, cloud) for name in names))
                cloud.fault = ""
                await lot.until(lambda: is_drained(lot), 120)
                parked = (await lot.outbox.backlog("cloud")).parked
                await cloud.kill()
    begun, ended, odd = cloud.verdict()
    total = sessions.total()
    return {
        "sessions": total,
        "faults": cloud.met.total(),
        "lost": max(0, total - ended),
        "doubled": max(0, begun - total),
        "odd": len(odd),
        "parked": parked,
        "slowest_ms": round(max(took) * 1000),
        "what": odd[:2],
    }


async def restarts(cloud):
    while True:
        await asyncio.sleep(0.4)
        await cloud.kill()
        for name in cloud.stations:
            cloud.met[name] += 1
        await asyncio.sleep(0.1)
        await cloud.start()


async def drive(lot, name, runs, sessions, cloud):
    """One session after the other; the longest that a charger waited for an answer."""
    slowest_s = 0.0
    await lot.connect(name)
    while min(sessions.total(), cloud.met.total()) < runs:
        number = sessions[name]
        before = time.monotonic()
        begun = await lot.start(name, meter_wh=number * 10)
        slowest_s = max(slowest_s, time.monotonic() - before)
        context = {"evse": 1, "transaction_id": begun.transaction_id, "context": "begin"}
        await lot.tell(Sampled, name, energy_wh=number * 10 + 5, current_ma=(10_000,) * 3, **context)
        before = time.monotonic()
        await lot.stop(begun.transaction_id, name, meter_wh=number * 10 + 10)
        slowest_s = max(slowest_s, time.monotonic() - before)
        sessions[name] += 1
        await asyncio.sleep(random.uniform(0, 0.4))
    return slowest_s


async def is_drained(lot):
    return (await lot.outbox.backlog("cloud")).waiting == 0


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.uplinks", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=FAULTS)
    parser.add_argument("--version", choices=("1.6", "2.0.1"))
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # every lost link would say so
    station.RECONNECT_FIRST_S = 0.05  # tried is what is told, not when
    station.RECONNECT_CAP_S = 0.2
    station.CALL_TIMEOUT_S = orders.CALL_TIMEOUT_S = CALL_TIMEOUT_S
    is_good = True
    for version in (options.version,) if options.version else ("1.6", "2.0.1"):
        for fault in (options.only,) if options.only else FAULTS:
            tally = asyncio.run(explore(version, fault, options.runs, options.seed))
            is_clean = not (tally["lost"] or tally["doubled"] or tally["odd"] or tally["parked"])
            is_good &= is_clean and tally["faults"] >= options.runs
            print(version, fault, " ".join(f"{key}={value}" for key, value in tally.items()), flush=True)
    return is_good


if __name__ == "__main__":
    raise SystemExit(not main())
