"""The building gone wrong, by the hundred: `python -m tests.faults.building --runs 500 --seed 1`.

Each run is ten minutes of a real site in virtual time, under limits from MQTT and from bouncing contacts;
meanwhile the broker goes and comes, floods, repeats and retains what it was told, the wall clock is set by
hours or years, and the controller starts anew. A referee keeps its own list of what was promised, by a clock
that nobody sets: no bay may be offered more than a limit in force leaves, and a limit is gone when it has
ended, not before. `--brokers 20` adds runs with a real Mosquitto that is killed, half-open or flooded.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from gpiozero.pins.mock import MockFactory

from edge.building.contacts import contacts_of
from edge.building.mqtt import MqttBuilding
from edge.links.mqtt import Message
from edge.links.pins import Pins
from edge.links.pins.raspberry import Raspberry
from tests.building.brokers import SETTINGS, Listener, Lot, free_port, mosquitto
from tests.building.brokers import running as building_on
from tests.building.lots import bay, status
from tests.site.standing_site import SITE, MemoryJournal, StandingSite
from tests.site.virtual_time import VirtualLoop, running

LASTS_S = 600
LOOK_S = 0.5
SETTLED_S = 1.2  # a cycle and the answer to an offer
CONTACT_S = 0.3
CONTACTS = """
[contact.ripple]
pins = ["GPIO22", "GPIO27"]
limit_a = [20, 0]
rule = "operator"
"""
STEPS_MA = (20_000, 0)
BAYS = ("bay-1", "bay-2")


class Wire:
    """A broker in memory: takes what is published while it is there."""

    def __init__(self):
        self.is_connected = True
        self.is_full = False
        self.answers = []

    def publish(self, topic, payload, *, retain, correlation=b""):
        if self.is_connected and topic.endswith("/answer"):
            self.answers.append(json.loads(payload))


@dataclass
class Promise:
    """A limit that was accepted: what it allows whom, from when until when, by the clock that nobody sets."""

    target: str
    limit_ma: int
    since_s: float
    until_s: float


@dataclass
class Run:
    """One run: what was sent and promised, and what went wrong."""

    seed: int
    chance: random.Random = field(init=False)
    sent: list[bytes] = field(default_factory=list)
    promises: dict[str, Promise] = field(default_factory=dict)
    levels: list[bool] = field(default_factory=lambda: [True, True])
    closed_s: list[float | None] = field(default_factory=lambda: [None, None])
    accepted: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.chance = random.Random(self.seed)
        self.journal = MemoryJournal()
        self.skipped_ms = 0
        self.raced_s = -1.0

    def now_s(self):
        return asyncio.get_running_loop().time()

    async def live(self):
        """The whole run, with a restart or two."""
        ends_s = self.now_s() + LASTS_S
        while self.now_s() < ends_s:
            stays_s = min(ends_s - self.now_s(), self.chance.choice([LASTS_S, LASTS_S, 60, 200]))
            await self.process(stays_s)
            self.count("restarts")

    async def process(self, stays_s):
        """One process of the controller."""
        self.lot = lot = StandingSite(SITE + CONTACTS, journal=self.journal)
        lot.clock.skipped_ms = self.skipped_ms
        await lot.site.resume()
        async with running(lot.site.run(), lot.poll()):
            self.factory = MockFactory()
            pins = Pins()
            pins._drivers["edge.links.pins.raspberry"] = Raspberry(self.factory)
            contacts = contacts_of(lot.settings, pins, lot.site, lot.clock)
            self.drive()
            contacts.read()
            self.drive()
            self.mqtt = MqttBuilding(SETTINGS, lot.site, lot.clock, password=None, voltage_mv=230_000)
            self.wire = self.mqtt._link = Wire()
            self.raced_s = self.now_s()
            for name in BAYS:
                await lot.connect(name)
                if lot.site.charger(name).transactions.get(1) is None:
                    await lot.start(name)
            async with running(pins.run_with([contacts]), self.cars(), self.referee()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(stays_s):
                        await self.trouble()

    async def trouble(self):
        """One thing after the other, until the time is up."""
        does = (
            self.limit, self.limit, self.limit, self.withdraw, self.repeat, self.retain, self.garbage,
            self.flood, self.lose_broker, self.set_clock, self.bounce, self.bounce, self.hold_contact,
        )  # fmt: skip
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / 8))
            what = self.chance.choice(does)
            self.count(what.__name__)
            await what()

    # -- what happens ------------------------------------------------------------------------------------

    async def limit(self):
        target = self.chance.choice(["grid", *BAYS])
        amps = self.chance.choice([0, 3, 6, 8, 12, 20, 40])
        self.send(target, limit_a=amps, seconds=self.chance.choice([1, 5, 30, 90, 300]))

    async def withdraw(self):
        self.send(self.chance.choice(["grid", *BAYS]), limit_a=None)

    def send(self, target, **order):
        at_ms = self.lot.clock.now_ms()
        order |= {"id": f"{len(self.sent)}-{self.seed}", "at_ms": at_ms, "target": target}
        body = json.dumps(order).encode()
        self.sent.append(body)
        self.deliver(body)

    def deliver(self, body, **how):
        """What was answered as accepted is a promise from now on."""
        if not self.wire.is_connected:
            return
        before = len(self.wire.answers)
        self.mqtt._received(Message(topic="lot/limit/set", payload=body, **how))
        for answer in self.wire.answers[before:]:
            order = next((each for each in map(json.loads, self.sent) if each["id"] == answer["id"]), None)
            if order is not None and answer["accepted"] and answer["id"] not in self.accepted:
                self.accepted.add(answer["id"])
                self.promise(order)

    def promise(self, order):
        target, now_s = order["target"], self.now_s()
        if order["limit_a"] is None:
            self.promises.pop(target, None)
            return
        self.promises[target] = Promise(target, order["limit_a"] * 1_000, now_s, now_s + order["seconds"])

    async def repeat(self):
        if self.sent:
            self.deliver(self.chance.choice(self.sent))

    async def retain(self):
        if self.sent:
            self.deliver(self.chance.choice(self.sent), is_retained=True)

    async def garbage(self):
        self.deliver(self.chance.randbytes(self.chance.randrange(0, 6_000)))

    async def flood(self):
        for _ in range(300):
            self.deliver(b'{"limit_a": 40}')

    async def lose_broker(self):
        self.wire.is_connected = False
        self.mqtt._connected()
        await asyncio.sleep(self.chance.uniform(0, 60))
        self.wire.is_connected = True
        self.mqtt._connected()

    async def set_clock(self):
        hours = self.chance.choice([-87_600, -24, -1, 1, 24, 87_600])
        self.lot.clock.skipped_ms += hours * 3_600_000
        self.skipped_ms = self.lot.clock.skipped_ms
        await asyncio.sleep(1.1)  # a start in the same second as the clock is set is a box without its time

    async def bounce(self):
        """A worn relay: closed and open in turn, for some tenths of a second or for some seconds."""
        number = self.chance.randrange(2)
        for _ in range(self.chance.randrange(4, 120)):
            self.touch(number, not self.levels[number])
            await asyncio.sleep(self.chance.uniform(0.001, 0.08))
        self.touch(number, self.chance.random() < 0.7)

    async def hold_contact(self):
        number = self.chance.randrange(2)
        self.touch(number, False)
        await asyncio.sleep(self.chance.uniform(1, 40))
        self.touch(number, True)

    def touch(self, number, is_open):
        if is_open:
            self.closed_s[number] = None
        elif self.levels[number]:
            self.closed_s[number] = self.now_s()
        self.levels[number] = is_open
        self.drive()

    def drive(self):
        for number, gpio in enumerate((22, 27)):
            pin = self.factory.pin(gpio)
            pin.drive_high() if self.levels[number] else pin.drive_low()

    async def cars(self):
        """They take what they are offered."""
        while True:
            await asyncio.sleep(2)
            for name in BAYS:
                await self.lot.draw(self.offered(name), name)

    # -- the referee -------------------------------------------------------------------------------------

    def offered(self, name):
        offers = self.lot.chargers[name].offers
        return offers[-1][1] if offers else 0

    async def referee(self):
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = self.now_s()
            if now_s - self.raced_s < SETTLED_S + 1:
                continue  # a process that has just begun has offered nothing yet
            self.judge_promises(now_s)
            self.judge_contacts(now_s)

    def judge_promises(self, now_s):
        named = {row.name: row for row in self.lot.site.status().limits}
        for target, promise in list(self.promises.items()):
            kind = "chargers" if target == "grid" else "evse"
            row = named.get(f"building/{target}/{kind}")
            if now_s > promise.until_s + SETTLED_S:
                del self.promises[target]
                if row is not None:
                    self.fault(f"the limit on {target} outlived its end by {now_s - promise.until_s:.1f} s")
            elif promise.since_s + SETTLED_S < now_s < promise.until_s - 0.1:
                if row is None:
                    self.fault(f"the limit on {target} is gone {promise.until_s - now_s:.1f} s early")
                self.judge_offers(target, promise.limit_ma)

    def judge_contacts(self, now_s):
        for number, closed_s in enumerate(self.closed_s):
            if closed_s is not None and now_s - max(closed_s, self.raced_s) > CONTACT_S + SETTLED_S:
                self.judge_offers("grid", STEPS_MA[number])

    def judge_offers(self, target, limit_ma):
        bays = BAYS if target == "grid" else (target,)
        total_ma = sum(self.offered(name) for name in bays)
        if total_ma > limit_ma:
            self.fault(f"{total_ma} mA offered under a limit of {limit_ma} mA on {target}")

    def fault(self, what):
        self.faults.append(f"seed {self.seed} at {self.now_s():.1f} s: {what}")

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1


def one_run(seed):
    """A run and its findings."""
    run = Run(seed)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run.live())
    return run


# ---- real brokers ---------------------------------------------------------------------------------------


class Proxy:
    """Between the lot and the broker; can fall silent with its sockets open."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.is_silent = False
        self.pipes = set()

    async def open(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self.pipe(source, sink))
            self.pipes.add(task)
            task.add_done_callback(self.pipes.discard)

    async def pipe(self, source, sink):
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                while self.is_silent:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                sink.write(data)
                await sink.drain()
        sink.close()

    async def close(self):
        self.server.close()
        for task in list(self.pipes):
            task.cancel()
        await asyncio.gather(*self.pipes, return_exceptions=True)


async def broker_run(seed, folder):
    """A limit, then the broker's trouble, then one more limit: both are obeyed, and state is told anew."""
    chance = random.Random(seed)
    lot = Lot(status(bay("bay-1")))
    port = free_port()
    proxy = Proxy(port)
    await proxy.open()
    trouble = chance.choice(["killed", "half-open", "flooded"])
    settings = replace(SETTINGS, port=proxy.port, version=chance.choice(["3.1.1", "5"]))
    async with building_on(lot, settings):
        with mosquitto(folder, port=port):
            listener = Listener(port)
            await listener.expect("lot/online", b"true")
            assert (await listener.ask(limit_a=10, seconds=60))["accepted"]
            if trouble == "half-open":
                proxy.is_silent = True
                await asyncio.sleep(chance.uniform(0.5, 3))
                lot.now = status(bay("bay-1", sentence=f"After {seed}."))
                await asyncio.sleep(1)
                proxy.is_silent = False
            if trouble == "flooded":
                for _ in range(5_000):
                    listener.client.publish("lot/limit/set", chance.randbytes(chance.randrange(200)))
                await asyncio.sleep(1)
            listener.close()
        lot.now = status(bay("bay-1", sentence=f"Now {seed}."))
        await asyncio.sleep(chance.uniform(0, 1))
        with mosquitto(folder, port=port):
            listener = Listener(port)
            told = json.loads(await listener.expect("lot/evses/bay-1", for_s=40))
            assert told["sentence"] == f"Now {seed}.", told
            for number in range(60):
                if (await listener.ask(id=f"again-{number}", limit_a=20, seconds=60))["accepted"]:
                    break
            listener.close()
    await proxy.close()
    assert {limit.limit_ma for limit in lot.limits} == {10_000, 20_000}, lot.limits
    return trouble


def main():
    """0 where nothing was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--brokers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    began_s = time.monotonic()
    faults, counts = [], {}
    for seed in range(options.seed, options.seed + options.runs):
        run = one_run(seed)
        faults += run.faults[:3]
        for name, count in run.counts.items():
            counts[name] = counts.get(name, 0) + count
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    print(f"{options.runs} runs of {LASTS_S} s: {told}")
    troubles = {}
    for seed in range(options.brokers):
        with tempfile.TemporaryDirectory() as folder:
            trouble = asyncio.run(broker_run(seed, Path(folder)))
        troubles[trouble] = troubles.get(trouble, 0) + 1
    if troubles:
        print(f"{options.brokers} runs with Mosquitto: {troubles}")
    print("\n".join(faults[:20]) or "no fault")
    print(f"{len(faults)} faults, {time.monotonic() - began_s:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
