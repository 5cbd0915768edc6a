"""Peers from another world: `ocpp-rpc` of npm as charger and as CSMS, strict about every message."""

import asyncio
import contextlib
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.site.ports import Limit
from tests.bench.orders import Process
from tests.interop.box import TOKEN, box

HERE = Path(__file__).parents[1] / "npm"
MODULES = Path(sys.prefix) / "npm" / "node_modules"


@contextlib.asynccontextmanager
async def peer(script):
    """A peer in a process of its own; ask it."""
    if not MODULES.is_dir():
        pytest.fail("the peers of npm are not installed: `make test` does that")
    process = await Process.start_command(shutil.which("node"), HERE / script, NODE_PATH=str(MODULES))

    async def ask(*order):
        answer = await process.ask(*order, timeout_s=60)
        assert not (isinstance(answer, dict) and "error" in answer), (order, answer)
        return answer

    try:
        yield ask
    finally:
        await process.end()


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def limits(profile):
    return [period["limit"] for period in profile["chargingSchedule"]["chargingSchedulePeriod"]]


async def test_a_strict_charger_charges_within_what_the_building_leaves(tmp_path):
    async with box(tmp_path, "bay-1") as lot, peer("charger.js") as charger, asyncio.timeout(120):
        await charger("connect", lot.url, "bay-1")
        boot = {"chargePointVendor": "Mobility", "chargePointModel": "House", "firmwareVersion": "1.0"}
        booted = await charger("call", "BootNotification", boot)  # a model that is known to pause
        assert booted["status"] == "Accepted"
        state = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing", "timestamp": now()}
        assert await charger("call", "StatusNotification", state) == {}
        told = await charger("call", "Authorize", {"idTag": "STRANGER"})
        assert told == {"idTagInfo": {"status": "Invalid"}}

        start = {"connectorId": 1, "idTag": TOKEN, "meterStart": 1000, "timestamp": now()}
        started = await charger("call", "StartTransaction", start)
        assert started["idTagInfo"]["status"] == "Accepted"
        profiles = await charger("untilOffered", 29)  # 40 - 10 building - 0.6 tolerance
        assert (limits(profiles["0"]), limits(profiles["1"])) == ([6], [29, 6])

        lot.site.limit(
            Limit(name="noon", source="page", kind="evse", target="bay-1", limit_ma=14_000, expires_ms=None)
        )
        await charger("untilOffered", 14)
        stop = {"transactionId": started["transactionId"], "meterStop": 1005, "timestamp": now()}
        assert await charger("call", "StopTransaction", stop) == {}
        (session,) = await lot.sessions()
        assert (session["transaction_id"], session["energy_wh"]) == (started["transactionId"], 5)
        await charger("end")


async def test_a_strict_csms_sees_a_whole_charge_and_stops_it(tmp_path):
    async with peer("csms.js") as cloud:
        url = await cloud("listen")
        async with box(tmp_path, "bay-1", simulated=("bay-1",), cloud=url) as lot, asyncio.timeout(120):
            await cloud("untilHeard", "StatusNotification", 1)
            lot.world.plug("bay-1", "quick")
            assert await lot.world.token("bay-1", TOKEN) == "Accepted"
            await cloud("untilHeard", "MeterValues", 1)
            told = await cloud("call", "bay-1", "RemoteStopTransaction", {"transactionId": 7001})
            assert told == {"status": "Accepted"}
            heard = await cloud("untilHeard", "StopTransaction", 1)
    actions = [action for _, action, _ in heard]
    assert actions[0] == "BootNotification"
    assert actions.index("StartTransaction") < actions.index("MeterValues") < actions.index("StopTransaction")
    stops = [payload for _, action, payload in heard if action == "StopTransaction"]
    assert [(stop["transactionId"], stop["reason"]) for stop in stops] == [(7001, "Remote")]
