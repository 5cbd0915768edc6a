"""Every command of the site, carried out by the simulator's charger over a real socket."""

import asyncio
import contextlib
import time

import pytest

from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.charger import Charger
from edge.simulator.conversation import Pace
from edge.simulator.station import StationPlan
from edge.site.commands import (
    CancelReservation,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    Done,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    NativeCall,
    NotSupported,
    ReadListVersion,
    ReadSettings,
    Refused,
    ReportSchedule,
    Reserve,
    Reset,
    SendTokens,
    SendVendorMessage,
    SetAvailability,
    StartCharging,
    Started,
    StopCharging,
    Trigger,
    Unlock,
    UpdateFirmware,
    WriteSettings,
)
from edge.site.events import AlertRaised, ChargerBooted, EvseStatusChanged, JobProgressed, TransactionStarted
from tests.chargers.stations import lot

PACE = Pace(answer_s=2, reconnect_s=0.05, boot_s=0.05, job_s=0.02)


def mono_ms():
    return time.monotonic_ns() // 1_000_000


def wall_ms():
    return time.time_ns() // 1_000_000


class Bay:
    """The site's side and the charger's side of one bay."""

    def __init__(self, place, charger):
        self.place = place
        self.charger = charger

    async def told(self, command):
        return await self.place.driver().perform(command, deadline_ms=5_000)

    async def until(self, kind, **fields):
        def has_come():
            return any(
                all(getattr(event, name) == value for name, value in fields.items())
                for event in self.place.doors.of(kind)
            )

        await self.place.doors.until(has_come)


@contextlib.asynccontextmanager
async def bay():
    evses = {"CP-1": Evse(EvsePlan(name="CP-1", circuit="grid"), voltage_mv=230_000)}
    async with lot() as place:
        plan = StationPlan(name="CP-1", evses=("CP-1",))
        charger = Charger(plan, evses, url=place.url, mono_ms=mono_ms, wall_ms=wall_ms, pace=PACE)

        async def tick():
            while True:
                charger.advance(mono_ms())
                evses["CP-1"].advance(mono_ms())
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            work = [group.create_task(charger.run()), group.create_task(tick())]
            side = Bay(place, charger)
            await side.until(EvseStatusChanged, evse=1, state="available")
            yield side
            for task in work:
                task.cancel()


HERE = {"charger": "bay-1"}
OUTCOMES = [
    (ClearTokenCache(**HERE), Refused),
    (DeliverCertificate(**HERE, chain="PEM"), Refused),
    (InstallCertificate(**HERE, use="csms-root", certificate="no certificate"), Refused),
    (ListCertificates(**HERE, use="csms-root"), Done),
    (NativeCall(**HERE, version="1.6", action="GetLocalListVersion", payload={}), Done),
    (ReadListVersion(**HERE), Done),
    (ReportSchedule(**HERE, evse=1, duration_s=60), Done),
    (SendVendorMessage(**HERE, vendor="Nobody"), NotSupported),
    (SetAvailability(**HERE, evse=1, operative=False), Done),
    (SetAvailability(**HERE, evse=7, operative=False), Refused),
    (StopCharging(**HERE, transaction_id=1), Refused),
    (Trigger(**HERE, what="boot"), Done),
    (Trigger(**HERE, what="certificate-request"), NotSupported),
    (Unlock(**HERE, evse=1), Done),
    (Unlock(**HERE, evse=7), NotSupported),
    (WriteSettings(**HERE, settings={"ocpp16:NoSuchKey": "1"}), NotSupported),
    (WriteSettings(**HERE, settings={"TxCtrlr.EVConnectionTimeOut": "90"}), Done),
]


@pytest.mark.parametrize(
    ("command", "expected"),
    OUTCOMES,
    ids=[f"{type(command).__name__}-{kind.__name__}" for command, kind in OUTCOMES],
)
async def test_a_command_has_the_outcome_that_the_charger_gives_it(command, expected):
    async with bay() as side:
        assert isinstance(await side.told(command), expected)


async def test_a_start_and_a_stop():
    async with bay() as side:
        side.charger.plug(1, CarModel(follow_ms=0, start_ms=0))
        assert await side.told(StartCharging(**HERE, evse=1, token="ADA")) == Done()
        await side.until(TransactionStarted, token="ADA")
        await side.until(EvseStatusChanged, evse=1, state="charging")
        assert await side.told(StopCharging(**HERE, transaction_id=77)) == Done()


async def test_a_reservation_keeps_others_away_until_it_is_taken_back():
    async with bay() as side:
        until_ms = wall_ms() + 60_000
        reserve = Reserve(**HERE, evse=1, token="ADA", until_ms=until_ms, reservation_id=5)
        assert await side.told(reserve) == Done()
        await side.until(EvseStatusChanged, evse=1, state="reserved")
        assert isinstance(await side.told(StartCharging(**HERE, evse=1, token="EVE")), Refused)
        assert await side.told(CancelReservation(**HERE, reservation_id=5)) == Done()
        assert isinstance(await side.told(CancelReservation(**HERE, reservation_id=5)), Refused)


async def test_a_list_longer_than_a_message_is_whole_at_the_charger():
    async with bay() as side:
        tokens = tuple(ListedToken(token=f"T{number}") for number in range(250))
        assert await side.told(SendTokens(**HERE, tokens=tokens)) == Done(list_version=3)
        assert len(side.charger.station.local_list) == 250
        less = (ListedToken(token="T7", status=None),)
        assert await side.told(SendTokens(**HERE, tokens=less, full=False)) == Done(list_version=4)
        assert await side.told(ReadListVersion(**HERE)) == Done(list_version=4)


async def test_firmware_is_followed_to_its_boot():
    async with bay() as side:
        update = UpdateFirmware(**HERE, location="https://vendor.example/fw-9.bin", request_id=3)
        assert await side.told(update) == Started(request_id=3)
        await side.until(ChargerBooted, firmware="fw-9")
        await side.until(JobProgressed, job="firmware", state="installed")
        await side.until(AlertRaised, sentence="FirmwareUpdated")


async def test_a_log_is_followed_to_its_upload():
    async with bay() as side:
        collect = CollectLog(**HERE, location="ftp://x/", log="security", request_id=4)
        assert await side.told(collect) == Started(request_id=4, file="CP-1-security.log")
        await side.until(JobProgressed, job="log", state="uploaded", request_id=4)


async def test_a_reset_is_a_boot():
    async with bay() as side:
        side.place.doors.events.clear()
        assert await side.told(Reset(**HERE, hard=True)) == Done()
        await side.until(ChargerBooted)


async def test_a_password_is_changed_and_in_no_log(caplog):
    caplog.set_level("DEBUG")
    async with bay() as side:
        password = b"correct-horse-01"
        assert await side.told(ChangeCredential(**HERE, password=password)) == Done()
        assert side.charger.station.configuration.password == password
        answer = await side.told(ReadSettings(**HERE, keys=("SecurityCtrlr.BasicAuthPassword",)))
        assert isinstance(answer, Done)
        assert answer.settings == ()
    assert password.hex() not in caplog.text
