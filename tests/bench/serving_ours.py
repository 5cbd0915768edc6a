"""Our OCPP server in front of a site that keeps nothing: `python -m tests.bench.serving_ours COUNT`."""

import asyncio
import gc
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

from edge import settings
from edge.catalogue import guards
from edge.chargers.ocpp_server import OcppServer
from edge.links.clock import SystemClock
from tests.bench.orders import keep_to_core, obey, resident_bytes
from tests.bench.receiving import EasyDoors


def site_file(count):
    return f"""
[site]
name = "Bench"

[grid]
rating_a = 6300
building_max_a = 0

[charger."cp-001..cp-{count:03d}"]
max_a = 16
fallback_a = 6
phase_rotation = "L1L2L3"

[tokens]
accept = "all"
"""


class Ours:
    """What the bench asks."""

    def __init__(self, port):
        self.port = port

    async def url(self):
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def spent(self):
        return {"cpu_ns": time.process_time_ns()}

    async def rss(self):
        return resident_bytes()


async def main(count):
    keep_to_core(0)
    logging.basicConfig(level=logging.ERROR)
    site = settings.read(site_file(count), guards(), file="bench", folder=Path()).accepted()
    site = replace(site, ocpp=replace(site.ocpp, port=0))
    server = OcppServer(site, EasyDoors(), SystemClock(), host="127.0.0.1")
    bound = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(server.run(bound.set_result))
    gc.collect()
    gc.freeze()  # as the application does once it has started
    await obey(Ours(await bound))
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
