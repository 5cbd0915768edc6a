"""A whole box under a building: Mosquitto, a file of limits and a contact that is not there, as a process."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.building.brokers import Listener, mosquitto
from tests.cli.test_run import running
from tests.faults.controller import free_port

pytestmark = pytest.mark.mosquitto

SITE = """
[grid]
rating_a       = 63
building_max_a = 30

[charger."bay-1..bay-2"]
max_a = 16

[ocpp]
port = {ocpp}

[web]
port = {web}

[contact.relay]
pin     = "/sys/class/nothing/di1"
limit_a = 20
rule    = "operator"

[limits]
file = "limits.json"

[mqtt]
host           = "127.0.0.1"
port           = {mqtt}
topic          = "lot"
limits         = true
home_assistant = true
evcc_topic     = "evcc"
"""


def file_of(path: Path, limit_a: float) -> None:
    until_ms = int(time.time() * 1000) + 60_000
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"limits": [{"name": "night", "limit_a": limit_a, "until_ms": until_ms}]}))
    new.replace(path)


async def limits_until(listener: Listener, expected: dict[str, float]) -> None:
    for _ in range(100):
        told = json.loads(listener.messages.get("lot/limits", (b'{"limits": []}', True))[0])["limits"]
        if {row["name"]: row["limit_a"] for row in told} == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(told)


async def test_all_that_limits_is_told_and_outlives_the_box(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        site = tmp_path / "site.toml"
        site.write_text(SITE.format(ocpp=free_port(), web=free_port(), mqtt=port))
        file_of(tmp_path / "limits.json", 12)
        with running(site):
            listener = Listener(port)
            await limits_until(listener, {"relay/grid": 20, "night/grid/file": 12})
            answer = await listener.ask(limit_a=9, seconds=600, name="bms")
            assert answer["accepted"] is True
            told = {"relay/grid": 20, "night/grid/file": 12, "bms/grid/chargers": 9}
            await limits_until(listener, told)
            await listener.expect("evcc/loadpoints", b"2")
            assert json.loads(await listener.expect("homeassistant/device/ampyard_lot/config"))["components"]
            file_of(tmp_path / "limits.json", 14)
            await limits_until(listener, told | {"night/grid/file": 14})
            assert json.loads(await listener.expect("lot/online"))
        await listener.expect("lot/online", b"false")  # it was killed: the broker says so
        listener.close()
        (tmp_path / "limits.json").unlink()
        with running(site):
            listener = Listener(port)
            await listener.expect("lot/online", b"true", for_s=20)
            await limits_until(listener, told | {"night/grid/file": 14})
            listener.close()
