"""The OCPP server end over real sockets: a station at one end, the doors of a site at the other."""

import asyncio
import contextlib
import json

import pytest

from edge.chargers import ocpp, ocpp_stranger
from edge.links.ocppj_client import ConnectRefused
from edge.ocpp.rpc import CallRefused
from edge.site.commands import (
    Done,
    NoAnswer,
    NotSupported,
    ReadSettings,
    Refused,
    Reset,
    StartCharging,
    Unreachable,
    WriteSettings,
)
from edge.site.events import ChargerBooted, EvseStatusChanged, LinkChanged, StrangerHeld, TransactionStarted
from edge.site.ports import Confirmed, OfferLost, OfferRefused
from tests.chargers.stations import BOOT, Station, SteadyClock, charger, lot

# -- the dead man --------------------------------------------------------------------------------------------


async def test_after_a_boot_both_profiles_stand_at_the_fallback_before_anything_else():
    async with lot(charger(sockets=2)) as site, site.station() as station:
        assert station.boot["status"] == "Accepted"
        await station.until(lambda: station.of("TriggerMessage"))
        assert station.profiles() == [(1, 0, [6]), (1, 1, [6, 6]), (2, 0, [6]), (2, 1, [6, 6])]
        assert [action for action, _ in station.asked[:4]] == ["SetChargingProfile"] * 4
        assert [type(event) for event in site.doors.events] == [LinkChanged, ChargerBooted]


async def test_after_a_reconnect_without_a_boot_only_the_lower_profile_is_sent(monkeypatch):
    monkeypatch.setattr(ocpp, "BOOT_WAIT_S", 0.05)
    async with lot() as site, site.station(boots=False) as station:
        await station.until(lambda: len(station.of("TriggerMessage")) == 2)
        assert station.profiles() == [(1, 0, [6])]
        assert [payload["requestedMessage"] for payload in station.of("TriggerMessage")] == [
            "BootNotification",
            "StatusNotification",
        ]


async def test_a_second_boot_on_the_same_link_sends_everything_again():
    async with lot() as site, site.station() as station:
        await station.until(lambda: station.of("TriggerMessage"))
        await station.connection.call("BootNotification", BOOT, timeout_s=3)
        await station.until(lambda: len(station.profiles()) == 4)
        assert station.profiles()[2:] == [(1, 0, [6]), (1, 1, [6, 6])]


async def test_an_offer_renews_the_upper_profile_under_the_same_id():
    async with lot() as site, site.station() as station:
        before_ms = SteadyClock().mono_ms()
        outcome = await site.offer(16_900)
        assert isinstance(outcome, Confirmed)
        assert before_ms <= outcome.sent_ms <= SteadyClock().mono_ms()
        assert station.profiles()[-1] == (1, 1, [16, 6])
        profiles = [payload["csChargingProfiles"] for payload in station.of("SetChargingProfile")]
        assert [profile["chargingProfileId"] for profile in profiles] == [9010, 9011, 9011]
        periods = profiles[-1]["chargingSchedule"]["chargingSchedulePeriod"]
        assert periods[1]["startPeriod"] == 15 + 120


async def test_an_offer_waits_until_the_dead_man_stands():
    free = asyncio.Event()

    async def hesitant(payload):
        await free.wait()
        return Station.ACCEPTED

    station = Station()
    station.answers["SetChargingProfile"] = hesitant
    async with lot() as site, site.station(station=station):
        assert await site.offer(deadline_ms=50) == OfferLost(was_sent=False)
        free.set()
        assert isinstance(await site.offer(), Confirmed)
        assert [level for _, level, _ in station.profiles()] == [0, 1, 1]


async def test_what_becomes_of_an_offer_that_fails():
    station = Station()
    async with lot() as site:
        assert await site.offer() == OfferLost(was_sent=False)
        async with site.station(station=station):
            await station.until(lambda: station.of("TriggerMessage"))
            station.answers["SetChargingProfile"] = b'{"status":"Rejected"}'
            assert await site.offer() == OfferRefused(sentence="the charger answers Rejected")
            station.answers["SetChargingProfile"] = b'{"status":"Perhaps"}'
            assert await site.offer() == OfferLost(was_sent=True)
            station.answers["SetChargingProfile"] = lambda _: asyncio.sleep(9)
            assert await site.offer(deadline_ms=50) == OfferLost(was_sent=True)


async def test_a_fallback_that_is_refused_is_told(caplog):
    station = Station()
    station.answers["SetChargingProfile"] = b'{"status":"NotSupported"}'
    async with lot() as site, site.station(station=station):
        await station.until(lambda: station.of("TriggerMessage"))
    assert "bay-1 does not take its fallback of 6 A" in caplog.text


# -- what it shall measure -----------------------------------------------------------------------------------


async def test_currents_per_phase_are_asked_for_every_ten_seconds():
    async with lot() as site, site.station() as station:
        await station.until(lambda: station.of("TriggerMessage"))
        assert station.of("ChangeConfiguration") == [
            {"key": "MeterValueSampleInterval", "value": "10"},
            {
                "key": "MeterValuesSampledData",
                "value": "Current.Import,Energy.Active.Import.Register,Power.Active.Import,Voltage",
            },
        ]


async def test_a_setting_that_is_right_is_not_written_again():
    station = Station()
    station.answers["GetConfiguration"] = json.dumps(
        {
            "configurationKey": [
                {"key": "MeterValueSampleInterval", "readonly": False, "value": "10"},
                {"key": "MeterValuesSampledData", "readonly": False, "value": "Current.Import"},
            ]
        }
    ).encode()
    async with lot() as site, site.station(station=station):
        await station.until(lambda: station.of("TriggerMessage"))
        assert station.of("ChangeConfiguration") == []


async def test_a_station_that_cannot_measure_everything_is_asked_for_less():
    async def picky(payload):
        return b'{"status":"Rejected"}' if "Voltage" in payload["value"] else Station.ACCEPTED

    station = Station()
    station.answers["ChangeConfiguration"] = picky
    async with lot() as site, site.station(station=station):
        await station.until(lambda: station.of("TriggerMessage"))
        assert "Voltage" not in station.of("ChangeConfiguration")[-1]["value"]
        assert len(station.of("ChangeConfiguration")) == 3


async def test_answers_that_cannot_be_read_do_not_end_the_link(caplog):
    station = Station()
    station.answers["GetConfiguration"] = b'{"configurationKey":7}'
    async with lot() as site, site.station(station=station):
        assert isinstance(await site.offer(), Confirmed)
        await station.connection.call("Heartbeat", b"{}", timeout_s=3)
    assert "bay-1 answers what cannot be read" in caplog.text


# -- what it tells -------------------------------------------------------------------------------------------


async def test_events_are_reported_and_answered():
    async with lot() as site, site.station() as station:
        call = station.connection.call
        status = b'{"connectorId":1,"errorCode":"NoError","status":"Preparing"}'
        assert bytes(await call("StatusNotification", status, timeout_s=3)) == b"{}"
        start = b'{"connectorId":1,"idTag":"A","meterStart":5,"timestamp":"2024-01-01T00:00:00Z"}'
        assert json.loads(bytes(await call("StartTransaction", start, timeout_s=3)))["transactionId"] == 77
        assert "currentTime" in json.loads(bytes(await call("Heartbeat", b"{}", timeout_s=3)))
        with pytest.raises(CallRefused) as refused:
            await call("Authorize", b"{}", timeout_s=3)
        assert refused.value.code == "OccurenceConstraintViolation"
        assert site.doors.of(EvseStatusChanged)[0].state == "occupied"
        assert site.doors.of(TransactionStarted)[0].offline


async def test_a_link_is_reported_up_and_down():
    async with lot() as site:
        async with site.station():
            pass
        await site.doors.until(lambda: len(site.doors.of(LinkChanged)) == 2)
    assert [(event.charger, event.is_up) for event in site.doors.of(LinkChanged)] == [
        ("bay-1", True),
        ("bay-1", False),
    ]


# -- commands ------------------------------------------------------------------------------------------------


async def test_commands_are_performed():
    async with lot() as site:
        start = StartCharging(charger="bay-1", evse=1, token="A")
        assert await site.driver().perform(start, deadline_ms=3_000) == Unreachable()
        async with site.station() as station:
            assert await site.driver().perform(start, deadline_ms=3_000) == Done()
            assert station.of("RemoteStartTransaction") == [{"connectorId": 1, "idTag": "A"}]
            station.answers["Reset"] = b'{"status":"Rejected"}'
            assert isinstance(await site.driver().perform(Reset(charger="bay-1"), deadline_ms=3_000), Refused)
            station.answers["Reset"] = lambda _: asyncio.sleep(9)
            assert await site.driver().perform(Reset(charger="bay-1"), deadline_ms=50) == NoAnswer()


async def test_several_settings_are_written_until_one_is_refused():
    async def choosy(payload):
        return b'{"status":"NotSupported"}' if payload["key"] == "B" else b'{"status":"RebootRequired"}'

    settings = {"ocpp16:A": "1", "ocpp16:B": "2", "ocpp16:C": "3"}
    async with lot() as site, site.station() as station:
        await station.until(lambda: station.of("TriggerMessage"))
        station.asked.clear()
        station.answers["ChangeConfiguration"] = choosy
        outcome = await site.driver().perform(
            WriteSettings(charger="bay-1", settings=settings), deadline_ms=3_000
        )
        assert isinstance(outcome, NotSupported)
        assert [payload["key"] for payload in station.of("ChangeConfiguration")] == ["A", "B"]
        alone = WriteSettings(charger="bay-1", settings={"ocpp16:A": "1"})
        assert await site.driver().perform(alone, deadline_ms=3_000) == Done(reboot_needed=True)
        foreign = ReadSettings(charger="bay-1", keys=("No.Counterpart",))
        assert isinstance(await site.driver().perform(foreign, deadline_ms=3_000), NotSupported)


# -- who is who ----------------------------------------------------------------------------------------------


async def test_a_second_connection_waits_until_the_first_is_dead_and_inherits_nothing():
    deaf = Station()
    async with lot() as site, contextlib.AsyncExitStack() as first:
        await first.enter_async_context(site.station(station=deaf))
        await deaf.until(lambda: deaf.of("TriggerMessage"))
        deaf.answers["SetChargingProfile"] = lambda _: asyncio.sleep(9)
        promised = asyncio.create_task(site.offer())
        await deaf.until(lambda: len(deaf.profiles()) == 3)
        second = Station()
        async with site.station(boots=False, station=second):
            booting = asyncio.create_task(second.connection.call("BootNotification", BOOT, timeout_s=3))
            await asyncio.wait({booting}, timeout=0.1)
            assert not booting.done()
            assert second.asked == []
            deaf.connection.cut()
            assert await promised == OfferLost(was_sent=True)
            await booting
            await second.until(lambda: len(second.profiles()) == 2)
            assert second.profiles() == [(1, 0, [6]), (1, 1, [6, 6])]
    assert [event.is_up for event in site.doors.of(LinkChanged)][:3] == [True, False, True]


async def test_a_stranger_waits_draws_nothing_and_starts_nothing():
    async with lot() as site, site.station("WHO-7") as station:
        assert station.boot["status"] == "Pending"
        await station.until(lambda: station.of("SetChargingProfile"))
        assert station.profiles() == [(0, 0, [0])]
        with pytest.raises(CallRefused) as refused:
            await station.connection.call("StartTransaction", b"{}", timeout_s=3)
        assert refused.value.code == "SecurityError"
        assert site.doors.of(TransactionStarted) == []
        assert site.doors.of(ChargerBooted)[0].charger == "WHO-7"


async def test_a_stranger_tells_what_it_has_and_whether_it_lets_itself_be_held():
    held = Station()
    rows = [("NumberOfConnectors", "2"), ("SupportedFeatureProfiles", "Core,SmartCharging")]
    held.answers["GetConfiguration"] = json.dumps(
        {"configurationKey": [{"key": key, "readonly": True, "value": value} for key, value in rows]}
    ).encode()
    free = Station()
    free.answers["SetChargingProfile"] = b'{"status":"NotSupported"}'
    async with lot() as site, site.station("WHO-7", station=held), site.station("WHO-8", station=free):
        await site.doors.until(lambda: len(site.doors.of(StrangerHeld)) == 2)
        told = {event.charger: event for event in site.doors.of(StrangerHeld)}
        assert (told["WHO-7"].refusal, told["WHO-7"].connectors) == (None, 2)
        assert told["WHO-7"].features == "Core,SmartCharging"
        assert told["WHO-8"].refusal == "the charger answers NotSupported"


async def test_a_stranger_that_does_not_say_who_it_is_is_held_as_well_and_asked(monkeypatch):
    monkeypatch.setattr(ocpp_stranger, "BOOT_WAIT_S", 0.05)
    async with lot() as site, site.station("WHO-7", boots=False) as station:
        await station.until(lambda: station.of("TriggerMessage"))
        assert station.profiles() == [(0, 0, [0])]
        assert station.of("TriggerMessage") == [{"requestedMessage": "BootNotification"}]


async def test_a_stranger_cannot_pass_for_a_charger_by_its_name():
    async with lot() as site:
        with pytest.raises(ConnectRefused) as refused:
            async with site.station("bay-1"):
                pass
        assert refused.value.status == 404


async def test_a_pattern_adopts_as_many_stations_as_it_has_places():
    chargers = [charger(f"a-{number}", "KCP30-*") for number in (1, 2)]
    async with lot(*chargers) as site:
        assert [site.server.charger_of(f"KCP30-{letter}") for letter in "XYZX"] == ["a-1", "a-2", None, "a-1"]


async def test_a_wrong_password_is_not_let_in():
    async with lot(password="right") as site:
        for password in (None, "wrong"):
            with pytest.raises(ConnectRefused) as refused:
                async with site.station(password=password):
                    pass
            assert refused.value.status == 401
        async with site.station(password="right") as station:
            assert station.boot["status"] == "Accepted"
