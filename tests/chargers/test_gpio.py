"""A charger on pins: whole IEC 61851 sessions through a real site, and the faults of its hardware."""

import asyncio
import contextlib

import pytest

from edge import settings
from edge.chargers.gpio import gpio_chargers_of
from edge.core.errors import DeviceError
from edge.core.pilot import STEADY_PPM
from edge.site.commands import Done, NotSupported, Refused, Reset, SetAvailability, StopCharging, Unlock
from edge.site.ports import Limit, OfferLost, OfferRefused
from tests.chargers.pilot_card import HEARTBEAT, LED, LOCK, TABLE, Card
from tests.site.standing_site import standing_site
from tests.site.virtual_time import in_virtual_time, running

SITE = f"""
[grid]
rating_a = 63
building_max_a = 20
[tokens]
accept = "all"
[charger.bay-6]
via = "gpio"
max_a = 16
fallback_a = 0
phase_rotation = "L1L2L3"
{TABLE}
"""


class Bay:
    def __init__(self, lot, card, charger, task):
        self.lot = lot
        self.card = card
        self.charger = charger
        self.task = task

    @property
    def state(self):
        return self.lot.bay("bay-6").word

    @property
    def ma(self):
        return max(self.card.evse.flowing_ma)

    @property
    def session(self):
        return self.lot.site.charger("bay-6").transactions.get(1)

    def limit(self, limit_ma):
        name = {"name": "building/bay-6", "source": "mqtt", "kind": "evse", "target": "bay-6"}
        ends_ms = None if limit_ma is None else self.lot.clock.mono_ms() + 3_600_000
        self.lot.site.limit(Limit(**name, limit_ma=limit_ma, expires_ms=ends_ms))

    async def until(self, condition, for_s=120):
        for _ in range(for_s * 10):
            if condition():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{self.state} {self.card.duty_ppm} {self.card.evse.flowing_ma}")

    async def charge(self):
        self.card.plug()
        await self.until(lambda: self.ma > 15_000)


@contextlib.asynccontextmanager
async def bay_on_pins(more=""):
    async with standing_site(SITE + more, is_metered=False) as lot:
        card = Card(lot.clock)
        (charger,) = gpio_chargers_of(lot.settings, card.pins, lot.site, lot.clock)
        lot.site.attach("bay-6", charger)
        async with running(card.run()):
            task = asyncio.create_task(charger.run())
            await asyncio.sleep(1)
            try:
                yield Bay(lot, card, charger, task)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                card.pins.close()


@in_virtual_time
async def test_a_whole_session():
    async with bay_on_pins() as bay:
        assert (bay.state, bay.card.duty_ppm, bay.card.is_closed) == ("free", STEADY_PPM, False)
        bay.card.plug()
        await bay.until(lambda: bay.card.is_closed)
        assert bay.session is not None
        await bay.until(lambda: bay.ma > 15_000)
        assert bay.card.duty_ppm == 266_666
        assert bay.card.level(LOCK)
        assert bay.card.level(LED)
        await asyncio.sleep(100)
        assert bay.lot.bay("bay-6").session_wh in range(320, 420)
        bay.card.unplug()
        await asyncio.sleep(0.1)
        assert not bay.card.is_closed
        await bay.until(lambda: bay.session is None)
        assert not bay.card.level(LOCK)
        await bay.until(lambda: bay.state == "free", 3)
        (session,) = [session for session in bay.lot.journal.sessions.values() if session.ended_ms]
        assert session.energy_wh in range(320, 420)


@in_virtual_time
async def test_a_limit_is_followed_down_to_nothing_and_up_again():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.limit(8_000)
        await bay.until(lambda: bay.ma == 7_999 or bay.ma == 8_000)
        bay.limit(0)
        await bay.until(lambda: bay.ma == 0, 20)
        assert bay.card.duty_ppm == STEADY_PPM
        await bay.until(lambda: not bay.card.is_closed)
        bay.limit(None)
        await bay.until(lambda: bay.ma > 15_000, 900)


@in_virtual_time
async def test_a_car_that_goes_on_without_pulses_is_cut_off():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.card.obeys = False
        bay.limit(0)
        await bay.until(lambda: not bay.card.is_closed, 20)
        assert bay.ma == 0


@in_virtual_time
async def test_a_trip_opens_and_lasts_until_the_plug_was_out():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.card.has_tripped = True
        await asyncio.sleep(0.05)
        assert not bay.card.is_closed
        await bay.until(lambda: bay.state == "fault", 5)
        bay.card.has_tripped = False
        await asyncio.sleep(60)
        assert bay.ma == 0
        bay.card.unplug()
        await asyncio.sleep(5)
        await bay.charge()


@in_virtual_time
async def test_a_shorted_pilot_opens_and_is_over_when_it_is_sound_again():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.card.is_shorted = True
        await asyncio.sleep(0.1)
        assert not bay.card.is_closed
        await bay.until(lambda: bay.state == "fault", 5)
        bay.card.is_shorted = False
        await bay.until(lambda: bay.ma > 15_000, 200)


@in_virtual_time
async def test_a_welded_contactor_has_no_heartbeat_and_takes_no_limits():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.card.is_welded = True
        bay.limit(0)
        await bay.until(lambda: bay.state in ("fault", "rejects"), 30)
        assert isinstance(await bay.charger.offer(1, 6_000, valid_ms=9_000, deadline_ms=9_000), OfferRefused)
        beat = bay.card.level(HEARTBEAT)
        for _ in range(100):
            await asyncio.sleep(0.05)
            assert bay.card.level(HEARTBEAT) == beat
        bay.card.is_welded = False
        await asyncio.sleep(1)
        assert await bay.charger.perform(Reset(charger="bay-6"), deadline_ms=1_000) == Done()
        bay.card.unplug()
        await bay.until(lambda: bay.state == "free", 30)


@in_virtual_time
async def test_a_contactor_that_does_not_close_is_told_and_given_up():
    async with bay_on_pins() as bay:
        bay.card.is_stuck = True
        bay.card.plug()
        await bay.until(lambda: bay.state == "fault", 60)
        assert bay.card.most_ma == 0


@in_virtual_time
async def test_when_the_driver_dies_everything_is_off():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.task.cancel()
        await asyncio.sleep(0.1)
        assert not bay.card.is_closed
        assert bay.card.duty_ppm == STEADY_PPM


@in_virtual_time
async def test_when_it_hangs_the_card_opens_without_a_heartbeat():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.charger._step = lambda _: None  # its process hangs with every output as it was
        await asyncio.sleep(1.2)
        assert not bay.card.is_closed
        assert bay.ma == 0


@in_virtual_time
async def test_without_decisions_it_falls_back_and_its_heart_stops():
    async with bay_on_pins() as bay:
        await bay.charge()
        bay.charger.offer = lambda *_, **__: asyncio.sleep(0, OfferLost(was_sent=False))
        await bay.until(lambda: not bay.card.is_closed, 130)
        assert bay.ma == 0


@in_virtual_time
async def test_a_pin_that_fails_turns_everything_off_and_is_tried_again():
    async with bay_on_pins() as bay:
        await bay.charge()
        drive, fails = bay.charger._socket.drive, [True]

        def broken(*given, **named):
            if fails:
                raise DeviceError("GPIO25: the bus is gone")
            drive(*given, **named)

        bay.charger._socket.drive = broken
        await asyncio.sleep(0.1)
        assert not bay.card.is_closed
        assert not bay.lot.site.charger("bay-6").is_linked
        fails.clear()
        await bay.until(lambda: bay.ma > 15_000, 400)


@in_virtual_time
async def test_commands():
    async with bay_on_pins() as bay:
        await bay.charge()
        stop = StopCharging(charger="bay-6", transaction_id=bay.session)
        assert await bay.charger.perform(stop, deadline_ms=1_000) == Done()
        await bay.until(lambda: not bay.card.is_closed, 20)
        assert bay.ma == 0
        bay.card.unplug()
        await asyncio.sleep(2)
        away = SetAvailability(charger="bay-6", evse=1, operative=False)
        assert await bay.charger.perform(away, deadline_ms=1_000) == Done()
        bay.card.plug()
        await asyncio.sleep(60)
        assert bay.session is None
        assert isinstance(
            await bay.charger.perform(Unlock(charger="bay-6", evse=1), deadline_ms=9), NotSupported
        )
        bay.charger._plugs.stop = lambda *_: asyncio.sleep(0, False)
        assert isinstance(await bay.charger.perform(stop, deadline_ms=1_000), Refused)


def judge(text):
    return settings.read(text, {})


@pytest.mark.parametrize(
    ("change", "keyword"),
    [
        (('via = "gpio"', 'via = "ocpp"'), "wrong-kind"),
        ((TABLE, ""), "missing"),
        (("fallback_a = 0", "evses = 2"), "sockets"),
        (('rcd = "GPIO20"', 'rcd = "GPIO25"'), "pin-clash"),
        (('pilot_b = "GPIO23"\n', ""), "missing"),
        (("fallback_a = 0", 'dead_man = "profile"'), "dead-man"),
        (('heartbeat = "GPIO12"', "cable_a = 3"), "range"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(change, keyword):
    assert keyword in [fault.keyword for fault in judge(SITE.replace(*change)).faults]


def test_a_heartbeat_is_a_dead_man_and_without_one_there_is_none():
    assert judge(SITE).accepted().charger("bay-6").dead_man == "hardware"
    without = SITE.replace('heartbeat = "GPIO12"\n', "")
    assert judge(without).accepted().charger("bay-6").dead_man == "none"
    said = without.replace("fallback_a = 0", 'dead_man = "hardware"')
    assert "dead-man" in [fault.keyword for fault in judge(said).faults]


@pytest.mark.parametrize(
    ("ohm", "flows_ma"), [(1_500, 13_000), (680, 16_000), (220, 16_000), (50_000, 0), (10, 0), (None, 0)]
)
def test_a_cable_carries_what_its_resistor_says_and_an_unknown_one_nothing(tmp_path, ohm, flows_ma):
    channel = tmp_path / "in_voltage0_raw"
    channel.write_text("4094\n")

    @in_virtual_time
    async def story():
        async with bay_on_pins(f'proximity = "{channel}"\n') as bay:
            channel.write_text("lost" if ohm is None else f"{4_095 * ohm // (330 + ohm)}\n")
            bay.card.plug()
            await asyncio.sleep(150)
            assert flows_ma - 200 <= bay.ma <= flows_ma

    story()
