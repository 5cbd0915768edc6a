"""Chargers of odd habits over real sockets: what is made of each, and that nothing is counted on in vain."""

import asyncio
import os
import signal
import sys

from edge.core.evse import TOTAL_WATTS, WATTS
from edge.dialects.v16 import charger as speech
from edge.simulator.station import Oddities
from edge.site.commands import Origin, Trigger
from tests.interop.test_passport import POWER, charging, drawing, lot, passport, probed


def station(here):
    return here.world.charger("bay-1").station


def flowing(here):
    return here.world.connector("bay-1").evse.flowing_ma


def purposes(here):
    return {profile.purpose for profile in station(here).profiles._profiles}


async def shown(here, samples=4):
    """The box has seen so many samples of a car that charges: enough to know its phases."""
    await drawing(here)
    for _ in range(samples):
        await here.site.submit(Trigger(charger="bay-1", evse=1, what="meter-values"), Origin(kind="site"))
        await asyncio.sleep(0.5)


async def limits_name_their_transaction_once_ignored_and_no_more_once_that_is_refused(folder):
    async with lot(folder, oddities=Oddities(ignores_limits=True)) as here, asyncio.timeout(200):
        await probed(here)
        here.world.building(80_000)
        await charging(here)
        assert not passport(here).proofs.needs_transaction
        await here.until(lambda _: passport(here).proofs.needs_transaction, 60)
        await here.until(lambda _: "TxProfile" in purposes(here), 60)
        here.world.oddity("bay-1", "rejects_profiles", value=True)
        await here.until(lambda _: not passport(here).proofs.needs_transaction, 60)
        here.world.oddity("bay-1", "rejects_profiles", value=False)
        here.world.oddity("bay-1", "ignores_limits", value=False)
        await here.until(lambda _: max(flowing(here)) <= here.bay().setpoint_ma + 600, 60)


async def who_refuses_zero_is_booked_at_what_it_has(folder):
    async with lot(folder, oddities=Oddities(refuses_zero=True)) as here, asyncio.timeout(160):
        await charging(here)
        await drawing(here)
        here.world.building(97_000)
        await here.until(lambda _: here.bay().word == "rejects", 30)
        bay = here.bay()
        assert max(bay.booked_ma) >= max(flowing(here)) >= 6_000
        assert passport(here).proofs.pauses.verdict == "unknown"


async def who_never_pauses_keeps_its_minimum_in_the_book(folder):
    async with lot(folder, oddities=Oddities(never_pauses=True)) as here, asyncio.timeout(160):
        await charging(here)
        await drawing(here)
        here.world.building(97_000)
        await here.until(lambda _: here.bay().setpoint_ma == 0 and max(flowing(here)) <= 6_100, 30)
        await asyncio.sleep(10)
        assert min(here.bay().booked_ma) >= max(flowing(here)) >= 5_900
        assert passport(here).proofs.pauses.verdict == "unknown"


async def whole_amperes_are_what_one_that_rounds_up_gets(folder):
    async with lot(folder, oddities=Oddities(rounds_to_amperes=True)) as here, asyncio.timeout(160):
        await charging(here)
        await drawing(here)
        here.world.building(85_500)
        await here.until(lambda _: 6_000 <= here.bay().setpoint_ma <= 14_000, 30)
        await here.until(lambda _: max(flowing(here)) <= here.bay().setpoint_ma, 30)
        assert here.bay().setpoint_ma % 1_000 == 0
        assert "tenths" not in passport(here).proofs.__struct_fields__


async def limits_are_dated_by_a_clock_that_is_far_off(folder):
    for_ever = {"clock_offset_ms": -120_000, "has_stubborn_clock": True}
    async with lot(folder, **for_ever) as here, asyncio.timeout(160):
        await charging(here)
        await here.until(lambda _: not passport(here).is_on_time, 40)
        assert abs(passport(here).clock_offset_ms + 120_000) < 5_000
        await here.until(lambda _: max(flowing(here)) > 10_000, 60)
        upper = max(station(here).profiles._profiles, key=lambda each: each.level)
        late_ms = station(here).clock.now_ms() - upper.start_ms
        assert 0 <= late_ms <= 60_000, "begun, by its own clock"
        assert min(here.bay().booked_ma) >= max(flowing(here))


async def a_power_is_shared_by_a_car_on_three_phases(folder):
    odd = Oddities(gives_power_to_one=True)
    async with lot(folder, configuration=POWER, oddities=odd) as here, asyncio.timeout(200):
        assert (await probed(here)).unit == TOTAL_WATTS
        await charging(here)
        await shown(here)
        here.world.building(85_000)
        for _ in range(2):  # the second time it has been told nothing new for a while
            await here.until(lambda _: 8_000 <= here.bay().setpoint_ma <= 14_000, 30)
            await here.until(lambda _: 6_000 <= min(flowing(here)) <= here.bay().setpoint_ma, 30)
            await asyncio.sleep(8)
        assert not here.site.status().alerts


async def a_current_that_flows_again_shows_that_it_wakes(folder):
    async with lot(folder) as here, asyncio.timeout(200):
        await charging(here)
        await drawing(here)
        here.world.building(97_000)
        await here.until(lambda _: passport(here).proofs.pauses.verdict == "proven", 60)
        here.world.building(5_000)
        await here.until(lambda _: passport(here).proofs.wakes.verdict == "proven", 60)
        assert not here.site.status().alerts, "a rise is no disobedience"


async def a_power_that_is_divided_shows_by_a_one_phase_car(folder):
    async with lot(folder, configuration=POWER) as here, asyncio.timeout(200):
        assert (await probed(here)).unit == TOTAL_WATTS
        await charging(here, "one")
        await shown(here)
        here.world.building(75_000)
        await here.until(lambda _: passport(here).proofs.divides.verdict == "proven", 60)
        assert passport(here).unit == WATTS


async def leaving_the_command_ends_the_test(folder):
    async with lot(folder, dead_man_s=20) as here, asyncio.timeout(160):
        await charging(here)
        await drawing(here)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import sys; from edge.cli.main import main; sys.exit(main(sys.argv[1:]))",
            *("passport", "bay-1", "--self-test", "--socket", str(folder / "box.sock")),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert child.stdout is not None
        assert b"link-up" in await child.stdout.readline()
        child.send_signal(signal.SIGINT)
        told, _ = await child.communicate()
        assert b"bay-1: aborted; its limits are renewed." in told
        assert passport(here).test.is_over
        await here.until(lambda _: max(here.bay().booked_ma) < 32_600 or here.bay().setpoint_ma == 32_000, 20)


async def test_side_by_side(tmp_path, monkeypatch):
    """Each waits for its own; together they wait once."""
    monkeypatch.setattr(speech, "SAMPLE_S", 2)
    tests = (
        limits_name_their_transaction_once_ignored_and_no_more_once_that_is_refused,
        who_refuses_zero_is_booked_at_what_it_has,
        who_never_pauses_keeps_its_minimum_in_the_book,
        whole_amperes_are_what_one_that_rounds_up_gets,
        limits_are_dated_by_a_clock_that_is_far_off,
        a_power_is_shared_by_a_car_on_three_phases,
        a_current_that_flows_again_shows_that_it_wakes,
        a_power_that_is_divided_shows_by_a_one_phase_car,
        leaving_the_command_ends_the_test,
    )
    async with asyncio.TaskGroup() as group:
        for number, test in enumerate(tests):
            folder = tmp_path / str(number)  # the path of a socket must be short
            folder.mkdir()
            group.create_task(test(folder), name=test.__name__)
