"""The same step built on the stock `ocpp` package over `websockets`: `python -m tests.bench.side_stock N`.

What a user of the package would write: one ChargePoint for each connection, profiles from its data
classes, its validation as it is shipped, all calls at once with asyncio.gather. Its balancing is an equal
split.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
)

from tests.bench.lot import ANSWER_S, MAX_A, MIN_A, POLL_S, TOLERANCE_MA, Meter, rating_a
from tests.bench.orders import keep_to_core, obey

HOLD_S = 120
BACKDATE_S = 15


class StockCharger(ChargePoint):
    def __init__(self, identity, connection, lot):
        super().__init__(identity, connection)
        self.lot = lot
        self.current_ma = 0
        self.is_charging = False

    @on("BootNotification")
    def on_boot_notification(self, **_):
        return call_result.BootNotification(current_time=now(), interval=60, status="Accepted")

    @on("StatusNotification")
    def on_status_notification(self, **_):
        return call_result.StatusNotification()

    @on("StartTransaction")
    def on_start_transaction(self, **_):
        self.is_charging = True
        self.lot.told[self.id] = None
        return call_result.StartTransaction(transaction_id=77, id_tag_info={"status": "Accepted"})

    async def offer(self, limit_a):
        start = datetime.now(UTC) - timedelta(seconds=BACKDATE_S)
        stamp = start.isoformat(timespec="seconds").replace("+00:00", "Z")
        profile = ChargingProfile(
            charging_profile_id=11,
            stack_level=1,
            charging_profile_purpose=ChargingProfilePurposeType.tx_default_profile,
            charging_profile_kind=ChargingProfileKindType.absolute,
            valid_from=stamp,
            charging_schedule=ChargingSchedule(
                charging_rate_unit=ChargingRateUnitType.amps,
                start_schedule=stamp,
                charging_schedule_period=[
                    ChargingSchedulePeriod(start_period=0, limit=limit_a),
                    ChargingSchedulePeriod(start_period=BACKDATE_S + HOLD_S, limit=MIN_A),
                ],
            ),
        )
        await self.call(call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile))


class Stock:
    def __init__(self, count):
        self.count = count
        self.chargers = {}
        self.told = {}
        self.meter = Meter(self.hand_over)
        self.sending = set()
        self.lowest_a = MAX_A

    async def connected(self, connection):
        identity = connection.request.path.rsplit("/", 1)[-1]
        charger = self.chargers[identity] = StockCharger(identity, connection, self)
        try:
            await charger.start()
        except websockets.ConnectionClosed:
            del self.chargers[identity]

    def hand_over(self, current_ma):
        """Equal shares of what the building leaves; they only fall, as the bench's building only rises."""
        charging = [charger for charger in self.chargers.values() if charger.is_charging]
        if not charging:
            return
        building_ma = current_ma - sum(charger.current_ma for charger in charging)
        left_ma = rating_a(self.count) * 1_000 - max(0, building_ma)
        share_a = (left_ma // self.count - TOLERANCE_MA) // 1_000
        self.lowest_a = max(MIN_A, min(share_a, self.lowest_a))
        due = [charger for charger in charging if self.told.get(charger.id) != self.lowest_a]
        if due:
            task = asyncio.ensure_future(self.offer_all(due, self.lowest_a))
            self.sending.add(task)
            task.add_done_callback(self.sending.discard)

    async def offer_all(self, chargers, limit_a):
        for charger in chargers:
            self.told[charger.id] = limit_a
        await asyncio.gather(*[charger.offer(limit_a) for charger in chargers])

    async def url(self):
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def rest(self, offered_a, current_ma):
        """The cars take what they are offered, and the meter shows it, at this moment."""
        for charger in self.chargers.values():
            charger.current_ma = offered_a * 1_000
        self.meter.show(current_ma)

    async def step(self, current_ma):
        self.cpu_ns, began_ns = time.process_time_ns(), time.monotonic_ns()
        self.meter.show(current_ma)
        await asyncio.sleep(ANSWER_S)  # to answer before would delay what is measured
        return began_ns

    async def spent(self):
        """CPU since the step."""
        return {"cpu_ns": time.process_time_ns() - self.cpu_ns}

    async def poll(self):
        while True:
            self.meter.show(self.meter.current_ma)
            await asyncio.sleep(POLL_S)


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def main(count):
    keep_to_core(0)
    side = Stock(count)
    async with websockets.serve(side.connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        side.port = server.sockets[0].getsockname()[1]
        polling = asyncio.create_task(side.poll())
        await obey(side)
        polling.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
