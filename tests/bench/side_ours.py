"""Our side of the step: the composed application with its OCPP server, page and journal.

`python -m tests.bench.side_ours COUNT [MORE]`, MORE being more of the site file. The one thing from outside
is the reading, which is handed to the site where its meter driver would: polling would add the same 0 to
400 ms to both sides.
"""

import asyncio
import logging
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from edge import app, settings
from edge.catalogue import guards
from edge.links.clock import SystemClock
from edge.site import control
from edge.site.events import Sampled
from edge.site.observed import SAMPLE_LAG_MS
from edge.site.ports import Reading
from tests.bench.lot import ANSWER_S, MAX_A, MIN_A, POLL_S, Meter, rating_a
from tests.bench.orders import keep_to_core, obey, resident_bytes

CLOCK = SystemClock()


def site_file(count):
    return f"""
[site]
name = "Bench"

[grid]
rating_a = {rating_a(count)}
building_max_a = {count * (MAX_A - MIN_A)}

[grid.meter]
model = "eastron-sdm630"
host = "127.0.0.1"
port = 9

[charger."cp-001..cp-{count:03d}"]
max_a = {MAX_A}
phase_rotation = "L1L2L3"

[tokens]
accept = "all"

[control]
hold_up_s = 5
"""


class Probe:
    """When the last decision began and ended."""

    def __init__(self):
        self.step = control.step
        self.began_ns = self.ended_ns = 0
        self.is_armed = False
        control.step = self

    def __call__(self, memory, image, now_ms):
        began_ns = time.monotonic_ns()
        decision = self.step(memory, image, now_ms)
        if self.is_armed and decision.offers:
            self.began_ns, self.ended_ns = began_ns, time.monotonic_ns()
            self.is_armed = False
        return decision


class Ours:
    def __init__(self, running, names, probe):
        self.site = running.site
        self.names = names
        self.port = running.ocpp_port
        self.probe = probe
        self.meter = Meter(self.hand_over)

    def hand_over(self, current_ma):
        now_ms = CLOCK.mono_ms()
        self.site.read(
            Reading(
                circuit="grid",
                taken_ms=now_ms,
                unchanged_since_ms=now_ms,
                current_ma=(current_ma, current_ma, current_ma),
            )
        )

    async def url(self):
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def rest(self, offered_a, current_ma):
        """The cars take what they are offered, and the meter shows it, at this moment."""
        self.meter.show(current_ma)
        await self.next_cycle()
        for name in self.names:
            await self.site.report(sample(name, offered_a * 1_000))

    async def next_cycle(self):
        control_cycle = self.site.control.cycle
        self.site.control.wake()
        while self.site.control.cycle == control_cycle:  # noqa: ASYNC110  a bell here would ring in the product
            await asyncio.sleep(0.01)

    async def step(self, current_ma):
        self.probe.is_armed = True
        self.cpu_ns, began_ns = time.process_time_ns(), time.monotonic_ns()
        self.meter.show(current_ma)
        await asyncio.sleep(ANSWER_S)  # to answer before would delay what is measured
        return began_ns

    async def spent(self):
        """CPU since the step, and when it was decided."""
        return {
            "cpu_ns": time.process_time_ns() - self.cpu_ns,
            "decided": [self.probe.began_ns, self.probe.ended_ns],
        }

    async def rss(self):
        return resident_bytes()

    async def poll(self):
        while True:
            self.meter.show(self.meter.current_ma)
            await asyncio.sleep(POLL_S)


def sample(charger, current_ma):
    """A station's sample, of this moment: the site takes one to be older than its arrival."""
    return Sampled(
        charger=charger,
        evse=1,
        at_ms=CLOCK.now_ms(),
        seen_ms=CLOCK.mono_ms() + SAMPLE_LAG_MS,
        current_ma=(current_ma, current_ma, current_ma),
    )


async def main(count, more=""):
    keep_to_core(0)
    logging.basicConfig(level=logging.ERROR)
    probe = Probe()
    site = settings.read(site_file(count) + more, guards(), file="bench", folder=Path()).accepted()
    site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
    started = asyncio.get_running_loop().create_future()
    with tempfile.TemporaryDirectory() as folder:
        box = app.Box(
            state=Path(folder),
            records=Path(folder) / "steps.db",
            host="127.0.0.1",
            web_host="127.0.0.1",
            proven_pauses=("Bench/Raw/",),
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run(site, box, started=started.set_result))
            side = Ours(await started, [charger.name for charger in site.chargers], probe)
            polling = group.create_task(side.poll())
            await obey(side)
            running.cancel()
            polling.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
