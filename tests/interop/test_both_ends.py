"""A foreign charger below, a foreign CSMS above: whole sessions pass, whatever becomes of the cloud."""

import asyncio

from ocpp.v16 import call

from tests.interop.box import TOKEN, box
from tests.interop.peers import ForeignCsms, foreign_charger

SESSION = ("StartTransaction", "MeterValues", "StopTransaction")


def the_uplink(state, *, waiting):
    """Whether a status says that of the only uplink."""
    return lambda status: [(up.state, up.waiting) for up in status.uplinks] == [(state, waiting)]


async def test_what_happened_while_the_cloud_was_away_reaches_it_in_order_and_once(tmp_path):
    cloud = ForeignCsms()
    async with cloud.serving() as port:
        pass  # now there is a port at which nobody listens
    async with (
        box(tmp_path, "bay-1", cloud=f"ws://127.0.0.1:{port}/ocpp") as lot,
        foreign_charger(lot.url) as charger,
        asyncio.timeout(120),
    ):
        async with cloud.serving(port):
            assert await charger.boot() == "Accepted"
            await charger.tell("Available")
            await charger.begin(TOKEN, meter_wh=1000)
            await charger.sample(10, 1200)
            await cloud.news.until(lambda: cloud.count("MeterValues") == 1)
            await cloud.call("bay-1", call.GetConfiguration(key=["Colour"]))  # by now it was answered

        await charger.end("Local", meter_wh=1500)  # the cloud was cut in the middle of the session
        assert (await charger.call(call.Authorize(id_tag=TOKEN))).id_tag_info["status"] == "Accepted"
        await charger.begin(TOKEN, meter_wh=1500)
        await charger.sample(10, 1600)
        await charger.end("EVDisconnected", meter_wh=1700)
        await lot.until(the_uplink("down", waiting=4))
        assert len(await lot.sessions()) == 2

        async with cloud.serving(port):
            await cloud.news.until(lambda: cloud.count("StopTransaction") == 2)
            await lot.until(the_uplink("up", waiting=0))
            told = cloud.of(*SESSION)
            assert [(action, payload["transaction_id"]) for action, payload in told] == [
                ("StartTransaction", 9001),
                ("MeterValues", 9001),
                ("StopTransaction", 9001),
                ("StartTransaction", 9002),
                ("MeterValues", 9002),
                ("StopTransaction", 9002),
            ]
            stops = [payload for action, payload in told if action == "StopTransaction"]
            assert [(stop["meter_stop"], stop["reason"]) for stop in stops] == [
                (1500, "Local"),
                (1700, "EVDisconnected"),
            ]
            times = [
                payload.get("timestamp") or payload["meter_value"][0]["timestamp"] for _, payload in told
            ]
            assert times == sorted(times)


async def test_a_command_passes_from_the_foreign_cloud_to_the_foreign_charger(tmp_path):
    cloud = ForeignCsms()
    async with (
        cloud.serving() as port,
        box(tmp_path, "bay-1", cloud=f"ws://127.0.0.1:{port}/ocpp") as lot,
        foreign_charger(lot.url) as charger,
        asyncio.timeout(120),
    ):
        assert await charger.boot() == "Accepted"
        await charger.tell("Preparing")
        await cloud.news.until(lambda: cloud.count("StatusNotification") == 1)

        start = call.RemoteStartTransaction(id_tag="CLOUD-ONLY", connector_id=1)
        assert (await cloud.call("bay-1", start)).status == "Accepted"
        await cloud.news.until(lambda: cloud.count("StartTransaction") == 1)
        assert charger.remote_starts == [("CLOUD-ONLY", 1)]

        read = await cloud.call("bay-1", call.GetConfiguration(key=["Colour", "Smell"]))
        assert read.configuration_key == [{"key": "Colour", "readonly": False, "value": "red"}]
        assert read.unknown_key == ["Smell"]
        await cloud.call("bay-1", call.ChangeConfiguration(key="Colour", value="blue"))
        assert charger.configuration["Colour"] == "blue"

        assert (
            await cloud.call("bay-1", call.RemoteStopTransaction(transaction_id=9001))
        ).status == "Accepted"
        await cloud.news.until(lambda: cloud.count("StopTransaction") == 1)
        assert charger.remote_stops != [9001]  # its own id was put in the place of the cloud's
        assert (await cloud.call("bay-1", call.Reset(type="Hard"))).status == "Accepted"
        assert charger.resets == ["Hard"]
        assert (await lot.sessions())[0]["reason"] == "remote"
