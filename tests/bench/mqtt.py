"""MQTT in figures: `python -m tests.bench.mqtt`. Needs Debian's mosquitto, and aiomqtt for the comparison.

A limit on MQTT to the last SetChargingProfile received, beside the broker's bare round trip in the same run;
and what it costs to tell a lot of many bays each second, by paho directly and through aiomqtt.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.building.publisher import Publisher
from edge.building.topics import messages
from tests.bench.lot import MAX_A, TOLERANCE_MA
from tests.bench.orders import Process
from tests.bench.stepping import PATIENCE_S, Side
from tests.building.brokers import SETTINGS, Lot, mosquitto, running
from tests.building.lots import bay, status

LEAST_A = 7


class Building:
    """The other end: sends limits, and messages to itself."""

    def __init__(self, port):
        self.heard = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda *_: self.heard.set()
        self.client.connect("127.0.0.1", port)
        self.client.subscribe([("bare", 1), ("lot/limit/answer", 1)])
        self.client.loop_start()

    def round_trip_ms(self):
        self.heard.clear()
        began_ns = time.monotonic_ns()
        self.client.publish("bare", b"x" * 120, qos=1)
        assert self.heard.wait(5)
        return (time.monotonic_ns() - began_ns) / 1e6

    def limit(self, limit_a):
        order = {"id": f"{time.monotonic_ns()}", "at_ms": int(time.time() * 1000)}
        order |= {"limit_a": limit_a, "seconds": 3_600}
        body = json.dumps(order)
        began_ns = time.monotonic_ns()
        self.client.publish("lot/limit/set", body, qos=1)
        return began_ns

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


async def limits(count, port, lots):
    """Latencies of limits and of bare round trips, ms; each lot is lowered A by A."""
    more = f'\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\ntopic = "lot"\nlimits = true\n'
    building, latencies, bare = Building(port), [], []
    for _ in range(lots):
        process = await Process.start("tests.bench.side_ours", count, more)
        fleet = await Process.start("tests.bench.fleet", await process.ask("url"), count)
        side = Side("ours", count, process, fleet)
        await fleet.ask("begin")
        await process.ask("rest", 0, 0)
        await side.until_offered(MAX_A)
        await side.settle()
        while side.offered_a > LEAST_A:
            bare += [await asyncio.to_thread(building.round_trip_ms) for _ in range(3)]
            latencies.append(await lower(side, building))
        await side.end()
    building.close()
    return latencies, bare


async def lower(side, building):
    await side.fleet.ask("arm")
    limit_a = side.count * (side.offered_a - 1 + TOLERANCE_MA / 1000)
    began_ns = building.limit(limit_a)
    deadline = time.monotonic() + PATIENCE_S
    await asyncio.sleep(0.3)  # to ask before would delay what is measured
    while (seen := await side.fleet.ask("lowered"))["count"] < side.count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seen} of {side.count} below {side.offered_a} A")
        await asyncio.sleep(0.05)
    side.offered_a -= 1
    await side.settle()
    return (seen["last_ns"] - began_ns) / 1e6


def lots_of(count):
    """The same lot at two moments: every bay has drawn more, and another current."""
    return [
        status(
            *(
                bay(
                    f"bay-{number:03d}",
                    measured_ma=(15_000 + moment * 300,) * 3,
                    session_wh=10_000 + moment * 3,
                )
                for number in range(count)
            )
        )
        for moment in range(2)
    ]


async def told_directly(count, port, seconds):
    """CPU of this process per second, as the product does it: by paho on the event loop."""
    moments = lots_of(count)
    lot = Lot(moments[0])
    async with running(lot, replace(SETTINGS, port=port)) as building:
        await until_connected(building)
        began_s, cpu_s = time.monotonic(), time.process_time()
        while time.monotonic() - began_s < seconds:
            lot.now = moments[int(time.monotonic()) % 2]
            await asyncio.sleep(0.5)
        return (time.process_time() - cpu_s) / (time.monotonic() - began_s)


async def told_through_aiomqtt(count, port, seconds):
    """The same messages, made and told apart in the same way, through aiomqtt."""
    import aiomqtt  # noqa: PLC0415  only this comparison needs it

    moments = lots_of(count)
    async with aiomqtt.Client("127.0.0.1", port) as client:
        carried = Carrier()
        publisher = Publisher(carried, "lot", period_ms=60_000)
        publisher.publish(messages(moments[0]), 0)
        began_s, cpu_s = time.monotonic(), time.process_time()
        while time.monotonic() - began_s < seconds:
            carried.waiting.clear()
            publisher.publish(messages(moments[int(time.monotonic()) % 2]), 1)
            for topic, payload in carried.waiting:
                await client.publish(topic, payload, qos=0, retain=True)
            await asyncio.sleep(1.0)
        return (time.process_time() - cpu_s) / (time.monotonic() - began_s)


class Carrier:
    """Notes what is to be told, for a client that must be awaited."""

    is_connected = True
    is_full = False

    def __init__(self):
        self.waiting = []

    def publish(self, topic, payload, *, retain):
        self.waiting.append((topic, payload))


async def until_connected(building):
    while not building._link.is_connected:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await asyncio.sleep(1.5)


def shown(name, values):
    ordered = sorted(values)
    middle, tenth, most = statistics.median(ordered), ordered[int(len(ordered) * 0.9)], ordered[-1]
    print(f"{name:<40} {middle:7.2f} ms, p90 {tenth:.2f}, most {most:.2f}, n {len(ordered)}")


async def main(options):
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as port:
        latencies, bare = await limits(options.chargers, port, options.lots)
        shown(f"limit to the last of {options.chargers} profiles", latencies)
        shown("bare round trip through the broker", bare)
        direct = await told_directly(options.chargers, port, options.seconds)
        print(f"{options.chargers} bays told each second, paho directly   {direct:6.2%} of a core")
        with contextlib.suppress(ModuleNotFoundError):
            through = await told_through_aiomqtt(options.chargers, port, options.seconds)
            print(f"{options.chargers} bays told each second, through aiomqtt {through:6.2%} of a core")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--chargers", type=int, default=200)
    parser.add_argument("--lots", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    asyncio.run(main(parser.parse_args()))
