"""A lot where a new charger waits for its place, behind a server that may write a site file."""

import asyncio
import contextlib

from edge.settings.site_file import SiteFile
from edge.site.status import StrangerStatus
from edge.web.adopting import Adopting
from tests.web.conftest import served
from tests.web.standing_lot import NOON_MS, StandingLot, riverside

TEXT = """\
# Riverside.
[grid]
rating_a = 100
building_max_a = 55

[circuit.west]
parent = "grid"
rating_a = 63

[circuit.east]
parent = "grid"
rating_a = 50

[charger."bay-1..bay-5"]
circuit = "west"        # as wired in 2024
"""


def stranger(station="AL-4711", **changes):
    return StrangerStatus(
        **{
            "station": station,
            "model": "Alfen NG910 6.4",
            "address": "192.168.1.51",
            "since_ms": NOON_MS,
            "sentence": "New charger, no place yet: 0 A.",
            "connectors": 1,
            **changes,
        }
    )


@contextlib.asynccontextmanager
async def waiting(folder, *strangers):
    """The server, with `path` of the site file; `restarted` is set when the controller shall start anew."""
    lot = StandingLot(riverside())
    lot.publish(strangers=strangers or (stranger(),))
    restarted = asyncio.Event()
    async with served(lot, adopting=adopting(folder, lot, restart=restarted.set)) as box:
        box.path, box.restarted = folder / "site.toml", restarted
        yield box


def adopting(folder, lot, *, restart):
    path = folder / "site.toml"
    path.write_text(TEXT)
    file = SiteFile(path, {}, kept=folder / "state", running=TEXT)
    return Adopting(file, lot, ("grid", "west", "east"), restart=restart)
