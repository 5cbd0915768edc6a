"""Every charger on Modbus of the catalogue, served over TCP with a car of the plant, and driven."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from edge.catalogue import modbus_charger, modbus_chargers
from edge.chargers.modbus import ModbusCharger
from edge.core.manners import Manners
from edge.links.modbus import Lines
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.settings.model import ChargerSettings, EvseSettings, ModbusSettings
from edge.simulator.modbus import TcpHost
from edge.simulator.modbus_charger import ModbusBay
from edge.site.commands import (
    Done,
    NotSupported,
    Refused,
    Reset,
    SetAvailability,
    StartCharging,
    StopCharging,
)
from edge.site.events import (
    Acknowledged,
    ChargerBooted,
    EvseStatusChanged,
    LinkChanged,
    NotAnswered,
    Sampled,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.ports import ChargerView, Confirmed, OfferLost
from tests.chargers.stations import SteadyClock

CAR = CarModel(max_ma=16_000, follow_ms=0, start_ms=0, wanted_wh=50_000)
MEASURING = [
    name for name, model in modbus_chargers().items() if any(f.name == "current" for f in model.fast)
]
WATCHED = [name for name, model in modbus_chargers().items() if model.watchdog is not None]


class Doors:
    """A site that lets every token of `accepted` charge, and remembers."""

    def __init__(self):
        self.accepted = {"bay-5", "04CARD"}
        self.events = []
        self.transactions = {}
        self.thinks_s = 0
        self.is_full = False
        self.alerts = []

    def alert(self, about, word, _sentence):
        self.alerts.append((about, word))

    async def report(self, event):
        self.events.append(event)
        if isinstance(event, TokenPresented):
            await asyncio.sleep(self.thinks_s)
        match event:
            case TokenPresented():
                return TokenAnswer(status="accepted" if event.token in self.accepted else "invalid")
            case TransactionStarted():
                self.transactions = {1: 77}
                return StartAnswer(transaction_id=77, token=TokenAnswer(status="accepted"))
            case TransactionEnded() if self.is_full:
                return NotAnswered(sentence="the journal is full")
            case TransactionEnded():
                self.transactions = {}
        return Acknowledged()

    def charger(self, _name):
        return ChargerView(
            version=1, is_linked=True, boot=None, statuses=(), transactions=dict(self.transactions)
        )

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def states(self):
        return [event.state for event in self.of(EvseStatusChanged)]


class Bench:
    """The driver, the device and the time between them; nothing happens but by `turn`."""

    def __init__(self, bay, driver, doors, host):
        self.bay = bay
        self.driver = driver
        self.doors = doors
        self.host = host
        self.now_ms = 0

    async def turn(self, times=1, ms=200):
        for _ in range(times):
            self.now_ms += ms
            self.bay.advance(self.now_ms)
            await self.driver.poll()

    async def offer(self, limit_ma):
        outcome = await self.driver.offer(1, limit_ma, valid_ms=120_000, deadline_ms=5_000)
        await self.turn(2)
        return outcome

    def plug(self):
        self.bay.evse.plug(CAR, self.now_ms)

    def unplug(self):
        self.bay.evse.unplug(self.now_ms)


@contextlib.asynccontextmanager
async def bench(name, *, fallback_ma=6_000, dead_man_ms=120_000):
    model = modbus_charger(name)
    model = replace(
        model,
        manners=Manners(longest_read=model.manners.longest_read, write_function=model.manners.write_function),
    )
    bay = ModbusBay(model, Evse(EvsePlan(name="bay-5", circuit="grid"), voltage_mv=230_000))
    host, lines, doors = TcpHost({model.unit: bay}), Lines(), Doors()
    await host.start()
    settings = ChargerSettings(
        name="bay-5",
        station="bay-5",
        circuit="grid",
        dead_man="none" if model.watchdog is None else "watchdog",
        evses=(
            EvseSettings(
                name="1", max_ma=16_000, min_ma=6_000, fallback_ma=fallback_ma, phase_rotation="L1L2L3"
            ),
        ),
        rating_ma=None,
        priority=0,
        line_number=1,
        modbus=ModbusSettings(model=name, host="127.0.0.1", port=host.port, line=None, unit=None),
    )
    device = lines.to("127.0.0.1", host.port).device(model.unit, model.manners)
    driver = ModbusCharger(
        settings, model, device, doors, SteadyClock(), voltage_mv=230_000, dead_man_ms=dead_man_ms
    )
    try:
        yield Bench(bay, driver, doors, host)
    finally:
        lines.close()
        await host.stop()


@pytest.mark.parametrize("name", modbus_chargers())
async def test_a_car_charges_at_what_is_offered_pauses_and_leaves(name):
    async with bench(name) as lot:
        await lot.turn()
        assert isinstance(lot.doors.events[0], LinkChanged)
        assert lot.doors.of(ChargerBooted)[0].vendor == modbus_charger(name).vendor
        assert lot.doors.states == ["available"]
        lot.plug()
        await lot.turn(2)
        has_energy = modbus_charger(name).slow or modbus_charger(name).fast
        assert bool(lot.doors.of(TransactionStarted)) == bool(has_energy)
        assert isinstance(await lot.offer(10_000), Confirmed)
        assert max(lot.bay.evse.flowing_ma) == 10_000
        assert lot.doors.states[-1] == "charging"
        assert isinstance(await lot.offer(0), Confirmed)
        assert max(lot.bay.evse.flowing_ma) == 0
        assert lot.doors.states[-1] == ("suspended-evse" if has_energy else "occupied")
        assert isinstance(await lot.offer(6_000), Confirmed)
        assert max(lot.bay.evse.flowing_ma) == 6_000
        lot.unplug()
        await lot.turn(2)
        assert lot.doors.states[-1] == "available"
        assert [end.reason for end in lot.doors.of(TransactionEnded)] == (["car-left"] if has_energy else [])


@pytest.mark.parametrize("name", MEASURING)
async def test_what_it_measures_is_told_by_phase(name):
    async with bench(name) as lot:
        await lot.turn()
        lot.plug()
        await lot.turn(2)
        await lot.offer(13_000)
        sample = lot.doors.of(Sampled)[-1]
        assert sample.current_ma == (13_000, 13_000, 13_000)
        if any(field.name == "power" for field in lot.driver.model.fast):
            assert abs(sample.power_w - 8_970) <= 10


@pytest.mark.parametrize("name", WATCHED)
async def test_without_us_it_falls_back_and_fed_it_does_not(name):
    async with bench(name) as lot:
        lot.plug()
        await lot.turn(2)
        await lot.offer(16_000)
        for _ in range(40):
            lot.driver._fed_ms = 0  # as if its time had come
            await lot.turn(ms=2_000)
        assert not lot.bay.has_fallen_back
        assert max(lot.bay.evse.flowing_ma) == 16_000
        lot.bay.advance(lot.now_ms + 130_000)  # and nobody asked
        fallback_ma = lot.driver.model.watchdog.fallback_ma
        assert lot.bay.has_fallen_back
        assert max(lot.bay.evse.flowing_ma) == (6_000 if fallback_ma is None else fallback_ma)


@pytest.mark.parametrize("name", modbus_chargers())
def test_a_limit_is_never_written_higher_than_it_is(name):
    model = modbus_charger(name)
    for limit_ma in (6_000, 6_049, 6_999, 15_950, 32_000):
        words = model.limit.words(limit_ma, model.words)
        assert limit_ma - 1_000 < model.limit.value(words, model.words) <= limit_ma


async def test_what_it_has_is_not_written_again():
    async with bench("go-e-charger") as lot:
        lot.plug()
        await lot.turn()
        await lot.offer(10_000)
        written = len(lot.bay.writes)
        for _ in range(5):
            assert isinstance(await lot.offer(10_000), Confirmed)
        assert len(lot.bay.writes) == written


async def test_a_charger_that_is_silent_is_lost_and_told_everything_anew_when_it_is_back():
    async with bench("keba-p30") as lot:
        await lot.turn()
        clock = lot.driver._clock
        lot.bay.is_silent = True
        assert isinstance(await lot.driver.offer(1, 9_000, valid_ms=1, deadline_ms=300), OfferLost)
        lot.driver._answered_ms = clock.mono_ms() - 6_000
        await lot.turn()
        assert [event.is_up for event in lot.doors.of(LinkChanged)] == [True, False]
        assert isinstance(await lot.driver.offer(1, 9_000, valid_ms=1, deadline_ms=300), OfferLost)
        lot.bay.is_silent = False
        lot.bay.writes.clear()
        async with asyncio.timeout(20):
            while not lot.doors.of(LinkChanged)[-1].is_up:
                await asyncio.sleep(0.1)  # the line leaves a silent device alone for a while
                await lot.turn()
        assert [address for address, _ in lot.bay.writes][:2] == [5016, 5018]


async def test_a_power_cut_between_two_questions_is_noticed_by_its_limit():
    async with bench("heidelberg-energy-control") as lot:
        lot.plug()
        await lot.turn()
        await lot.offer(12_000)
        boots = len(lot.doors.of(ChargerBooted))
        lot.bay.power_cycle()
        lot.driver._checked_ms = -100_000
        await lot.turn(2)
        assert len(lot.doors.of(ChargerBooted)) == boots + 1
        assert isinstance(await lot.offer(12_000), Confirmed)
        assert lot.bay.limit_ma == 12_000


@pytest.mark.parametrize("name", ["heidelberg-energy-control", "go-e-charger"])
async def test_a_power_cut_is_noticed_while_it_is_paused_too(name):
    async with bench(name) as lot:
        lot.plug()
        await lot.turn()
        await lot.offer(12_000)
        await lot.offer(0)
        lot.driver._checked_ms = -100_000
        await lot.turn(2)
        boots = len(lot.doors.of(ChargerBooted))
        at, words = lot.driver._standing(12_000 if lot.driver.model.enable is None else 0)
        await lot.bay.write(6, at, words if lot.driver.model.enable is None else [2])  # its default
        assert max(lot.bay.limit_ma * lot.bay.is_released, 0) == 12_000
        lot.driver._checked_ms = -100_000
        await lot.turn(2)
        assert len(lot.doors.of(ChargerBooted)) == boots + 1
        assert isinstance(await lot.offer(0), Confirmed)
        assert max(lot.bay.evse.flowing_ma) == 0


@pytest.mark.parametrize("name", modbus_chargers())
async def test_of_two_limits_at_once_the_newer_is_what_it_has(name):
    async with bench(name) as lot:
        lot.plug()
        await lot.turn()
        await lot.offer(0)
        rising = asyncio.create_task(lot.driver.offer(1, 16_000, valid_ms=1, deadline_ms=5_000))
        await asyncio.sleep(0)
        falling = asyncio.create_task(lot.driver.offer(1, 0, valid_ms=1, deadline_ms=5_000))
        assert [type(each) for each in await asyncio.gather(rising, falling)] == [Confirmed, Confirmed]
        await lot.turn(2)
        assert max(lot.bay.evse.flowing_ma) == 0


@pytest.mark.parametrize("name", WATCHED)
@pytest.mark.parametrize("dead_man_ms", [30_000, 120_000])
async def test_its_watchdog_strikes_before_its_limit_counts_as_let_go(name, dead_man_ms):
    async with bench(name, dead_man_ms=dead_man_ms) as lot:
        if lot.driver.model.watchdog.timeout is None:
            pytest.skip("its time is set in the station")
        await lot.turn()
        assert lot.driver.watchdog_ms <= dead_man_ms * 2 // 3  # fed until a third of T after the last offer
        assert lot.bay._timeout_ms == lot.driver.watchdog_ms


async def test_a_watchdog_that_cannot_be_set_leaves_the_charger_out(caplog):
    async with bench("heidelberg-energy-control", fallback_ma=8_000) as lot:
        keep = lot.bay._obey
        lot.bay._obey = lambda address: lot.bay._words.update({262: 0}) if address == 262 else keep(address)
        await lot.turn(2)
        assert lot.doors.of(LinkChanged) == []
        assert "its watchdog is not set" in caplog.text


async def test_nobody_charges_whose_token_is_not_known_until_a_card_is_shown():
    async with bench("keba-p30") as lot:
        lot.doors.accepted.discard("bay-5")
        await lot.turn()
        no_car = await lot.driver.perform(StartCharging(charger="bay-5", token="04CARD"), deadline_ms=1)
        assert no_car == Refused(sentence="no car is plugged in")
        lot.plug()
        await lot.turn(2)
        assert lot.doors.of(TransactionStarted) == []
        wrong = await lot.driver.perform(StartCharging(charger="bay-5", token="04OTHER"), deadline_ms=1)
        assert wrong == Refused(sentence="this token may not charge")
        assert (
            await lot.driver.perform(StartCharging(charger="bay-5", token="04CARD"), deadline_ms=1) == Done()
        )
        assert lot.doors.of(TransactionStarted)[0].token == "04CARD"
        stop = StopCharging(charger="bay-5", transaction_id=77)
        assert await lot.driver.perform(stop, deadline_ms=1) == Done()
        await lot.turn(3)
        assert [event.reason for event in lot.doors.of(TransactionEnded)] == ["remote"]
        assert len(lot.doors.of(TransactionStarted)) == 1  # the same car does not begin again by itself


async def test_a_card_shown_while_the_plug_is_asked_for_begins_no_second_transaction():
    async with bench("keba-p30") as lot:
        await lot.turn()
        lot.doors.thinks_s = 0.05  # a cloud is asked
        lot.plug()
        lot.bay.advance(lot.now_ms)
        polling = asyncio.create_task(lot.driver.poll())
        while not lot.doors.of(TokenPresented):  # noqa: ASYNC110  the doors ring no bell
            await asyncio.sleep(0.005)
        card = await lot.driver.perform(StartCharging(charger="bay-5", token="04CARD"), deadline_ms=1)
        await polling
        assert isinstance(card, Refused)
        assert [event.token for event in lot.doors.of(TransactionStarted)] == ["bay-5"]


async def test_what_modbus_cannot_do_is_refused_and_service_is_ours():
    async with bench("keba-p30") as lot:
        await lot.turn()
        assert await lot.driver.perform(Reset(charger="bay-5"), deadline_ms=1) == NotSupported()
        off = SetAvailability(charger="bay-5", operative=False)
        assert await lot.driver.perform(off, deadline_ms=1) == Done()
        await lot.turn()
        assert lot.doors.states[-1] == "unavailable"


async def test_a_code_that_nobody_knows_is_a_fault():
    async with bench("keba-p30") as lot:
        lot.bay._code = lambda: 99
        await lot.turn()
        assert lot.doors.states == ["faulted"]
