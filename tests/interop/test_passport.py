"""Passports over real sockets: chargers with odd abilities are probed, believed only by measured current."""

import asyncio
import contextlib
import json
import re
from dataclasses import replace
from functools import partial

import pytest

from edge import app, settings
from edge.catalogue import guards
from edge.cli import exits
from edge.cli.main import main
from edge.core.evse import TOTAL_WATTS
from edge.dialects.v16 import charger as speech
from edge.dialects.v201 import charger as new_speech
from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.lot import CircuitPlan
from edge.simulator.conversation import Pace
from edge.simulator.description import ChargerPlan, MeterPlan, WorldPlan
from edge.simulator.station import Oddities
from edge.simulator.world import World
from edge.site.commands import Done, Origin, Refused, Started, Trigger
from tests.interop.box import Running

CAR = CarModel(follow_ms=0, start_ms=0, max_ma=32_000, wanted_wh=50_000)
ONE_PHASE = replace(CAR, phases=1)
POWER = {"ChargingScheduleAllowedChargingRateUnit": "Power"}
TOKEN = "04A1B2C3D4"


@contextlib.asynccontextmanager
async def lot(folder, *, dead_man_s=60, guarantee="declared", plan=None, **charger):
    """One charger of 32 A behind a fuse of 100 A, with these abilities, and a box with this dead man."""
    building = BuildingPlan(steady_ma=(5_000, 5_000, 5_000), drift_ma=0, noise_ma=200, seed=1)
    world = World(
        WorldPlan(
            circuits=(CircuitPlan(name="grid", parent=None, rating_ma=100_000, building=building),),
            chargers=(ChargerPlan(name="bay-1", **charger),),
            meters=(MeterPlan(),),
            cars={"quick": CAR, "one": ONE_PHASE},
            tick_ms=50,
            pace=Pace(answer_s=5, reconnect_s=0.2, boot_s=0.2),
        )
    )
    await world.open()
    (folder / "tokens.csv").write_text(f"token,name,group,valid_until\n{TOKEN},Ada,,\n")
    host, port = world.meter_address()
    text = f"""
[site]
guarantee = "{guarantee}"
[grid]
rating_a = 100
building_max_a = 40
[grid.meter]
model = "eastron-sdm630"
host = "{host}"
port = {port}
[charger.bay-1]
max_a = 32
phase_rotation = "L1L2L3"
[tokens]
list = "tokens.csv"
[control]
hold_up_s = 5
min_on_min = 0
min_off_min = 0
"""
    try:
        site = settings.read(text, guards(), file="passport", folder=folder).accepted()
        site = replace(site, ocpp=replace(site.ocpp, port=0), web=replace(site.web, port=0))
        home = app.Box(
            state=folder,
            records=folder / "steps.db",
            socket=folder / "box.sock",
            host="127.0.0.1",
            web_host="127.0.0.1",
            dead_man_ms=dead_man_s * 1000,
        )
        started = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run(site, home, started=started.set_result))
            here = Running(await started, world)
            living = group.create_task(world.run(here.url))
            yield here
            living.cancel()
            running.cancel()
    finally:
        await world.close()


def passport(here):
    return here.site.passports().passport("bay-1")


async def probed(here):
    await here.until(lambda _: passport(here).said is not None)
    return passport(here)


async def charging(here, car="quick"):
    await here.until(lambda _: here.world.charger("bay-1").is_connected)
    here.world.plug("bay-1", car)
    await here.world.token("bay-1", TOKEN)


async def drawing(here):
    """The car draws more than the fallback, and the box knows it."""
    sample = Trigger(charger="bay-1", evse=1, what="meter-values")
    while max(here.bay().measured_ma or (0,)) < 10_000:
        await here.site.submit(sample, Origin(kind="site"))
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_at_first_contact_it_is_asked_what_it_can_and_everything_is_left_as_it_was(tmp_path, version):
    async with lot(tmp_path, version=version) as here:
        said = (await probed(here)).said
        assert (said.units, said.max_level, said.max_periods, said.max_profiles) == (("A", "W"), 8, 24, 20)
        assert (said.connectors, said.switches_phases, said.sample_s) == (1, False, 10)
        assert "SmartCharging" in said.features
        assert "Current.Import" in said.measurands
        assert (said.default_profile, said.station_profile, said.decimals) == ("accepted",) * 3
        assert said.composite in {"says 6 A", "says 0 A"}
        await here.until(lambda _: len(here.world.charger("bay-1").station.profiles) == 2)
        found = passport(here)
        assert (found.unit, found.step_ma, found.is_on_time) == ("A", 1_000, True), "not by what it says"
        await here.until(lambda _: passport(here).latency is not None)
        assert await here.site.passports().probe("bay-1") == Done()


def told(folder, *words):
    return main(["passport", "bay-1", *words, "--socket", str(folder / "box.sock")])


async def test_the_command_shows_probes_exports_and_says_why_it_cannot_test(tmp_path, capsys):
    async with lot(tmp_path) as here:
        await probed(here)
        assert await asyncio.to_thread(told, tmp_path, "--probe") == exits.FINE
        shown = capsys.readouterr().out
        assert "bay-1: Dead man not tested, pausing not seen yet." in shown
        assert "Ampyard Simulator 1.0" in shown
        assert re.search("dead man, link cut +not seen yet", shown)
        file = tmp_path / "bay-1.json"
        assert await asyncio.to_thread(told, tmp_path, "--export", str(file)) == exits.FINE
        document = json.loads(file.read_text())
        assert document["said"]["max_periods"] == 24
        assert document["in words"]["connectors"] == "1"
        capsys.readouterr()
        assert await asyncio.to_thread(told, tmp_path, "--self-test") == exits.FAULTS
        assert "needs a car drawing more than 7 A" in capsys.readouterr().err


async def test_what_was_learnt_outlives_a_restart_and_a_new_firmware_voids_it(tmp_path):
    async with lot(tmp_path) as here:
        await probed(here)
        found = here.site.passports().passport("bay-1")
    async with lot(tmp_path) as here:
        assert passport(here).said == found.said
        await here.until(lambda _: here.world.charger("bay-1").is_connected)
        here.world.charger("bay-1").station.firmware = "2.0"
        await here.world.power("bay-1", "cycle")
        await here.until(lambda _: passport(here).firmware == "2.0")
        assert (await probed(here)).said.probed_ms > found.said.probed_ms


async def watts_are_counted_as_if_on_one_phase(folder, version="1.6"):
    odd = Oddities(gives_power_to_one=True)
    async with lot(folder, configuration=POWER, oddities=odd, version=version) as here:
        assert (await probed(here)).unit == TOTAL_WATTS
        await charging(here, "one")
        await here.until(lambda _: here.world.connector("bay-1").evse.flowing_ma[0] > 20_000, 30)
        for _ in range(20):
            bay, flowing = here.bay(), here.world.connector("bay-1").evse.flowing_ma
            assert max(flowing) <= max(bay.booked_ma)
            await asyncio.sleep(0.05)


async def who_accepts_and_ignores_limits_is_named_and_counted_within_a_minute(folder, version="1.6"):
    async with lot(folder, oddities=Oddities(ignores_limits=True), version=version) as here:
        await here.until(lambda _: here.world.charger("bay-1").is_connected)
        here.world.building(80_000)
        await charging(here)
        began = asyncio.get_running_loop().time()
        await here.until(lambda _: here.bay().word == "disobeys", 60)
        assert asyncio.get_running_loop().time() - began <= 60
        bay = here.bay()
        assert bay.sentence.startswith("Draws 32 A, offered ")
        assert "Counted at 32" in bay.sentence
        assert min(bay.booked_ma) >= 32_000
        await here.until(lambda status: any("ignores limits" in each for each in status.alerts), 5)
        assert passport(here).proofs.follows.verdict == "disproved"
        assert here.site.status().severity == "act"


async def the_dead_man_is_proven(folder, version="1.6"):
    odd = Oddities(resumes_after_power_loss=True)
    async with lot(folder, dead_man_s=3, oddities=odd, version=version) as here, asyncio.timeout(200):
        doors = here.site.passports()
        await probed(here)
        assert isinstance(doors.begin_test("bay-1", ("link-up",)), Refused), "no car"
        await charging(here)
        await drawing(here)
        assert isinstance(doors.begin_test("bay-1", ("link-up", "link-cut")), Started)
        assert isinstance(doors.begin_test("bay-1", ("link-up",)), Refused), "one at a time"
        await here.until(lambda _: here.bay().booked_ma == (32_600,) * 3)
        await here.until(lambda _: passport(here).test.is_over, 100)
        proofs = passport(here).proofs
        found = [proofs.link_up, proofs.link_cut]
        assert [each.verdict for each in found] == ["proven"] * 2, [each.evidence for each in found]
        assert "its link was cut" in proofs.link_cut.evidence or "after the cut" in proofs.link_cut.evidence
        assert proofs.falls_back


async def a_dead_man_that_never_fires_is_found_out(folder):
    odd = Oddities(keeps_first_period=True)
    async with lot(folder, dead_man_s=3, oddities=odd) as here, asyncio.timeout(200):
        await charging(here)
        await drawing(here)
        assert isinstance(here.site.passports().begin_test("bay-1", ("link-up",)), Started)
        await here.until(lambda _: passport(here).test.is_over, 50)
        assert passport(here).proofs.link_up.verdict == "disproved"
        assert not passport(here).proofs.falls_back


async def it_is_proven_over_a_reboot(folder, version="1.6"):
    odd = Oddities(resumes_after_power_loss=True)
    async with lot(folder, dead_man_s=3, oddities=odd, version=version) as here, asyncio.timeout(200):
        await charging(here)
        await drawing(here)
        assert isinstance(here.site.passports().begin_test("bay-1", ("reboot",)), Started)
        await here.until(lambda _: passport(here).test.is_over, 70)
        found = passport(here).proofs.reboot
        assert (found.verdict, "after a reboot" in found.evidence) == ("proven", True), found


async def a_reboot_that_ends_the_session_shows_nothing(folder):
    async with lot(folder, dead_man_s=3) as here, asyncio.timeout(200):
        await charging(here)
        await drawing(here)
        assert isinstance(here.site.passports().begin_test("bay-1", ("reboot",)), Started)
        await here.until(lambda _: passport(here).test.is_over, 70)
        found = passport(here).proofs.reboot
        assert (found.verdict, found.evidence[:17]) == ("unknown", "not provable here"), found


async def a_reboot_that_forgets_everything_is_found_out(folder):
    odd = Oddities(resumes_after_power_loss=True, forgets_profiles_on_boot=True)
    async with lot(folder, dead_man_s=3, oddities=odd) as here, asyncio.timeout(200):
        here.world.building(75_000)
        await charging(here)
        await drawing(here)
        assert isinstance(here.site.passports().begin_test("bay-1", ("reboot",)), Started)
        await here.until(lambda _: passport(here).test.is_over, 70)
        assert passport(here).proofs.reboot.verdict == "disproved"
        assert "above its limit" in passport(here).proofs.reboot.evidence


async def an_aborted_test_leaves_it_with_its_limits(folder):
    async with lot(folder, dead_man_s=3) as here, asyncio.timeout(200):
        await charging(here)
        await drawing(here)
        doors = here.site.passports()
        assert isinstance(doors.begin_test("bay-1", ("link-cut",)), Started)
        await here.until(lambda _: not here.world.charger("bay-1").is_connected, 20)
        assert await doors.abort_test("bay-1") == Done()
        assert passport(here).test.is_over
        await here.until(lambda _: here.world.charger("bay-1").is_connected, 20)
        await here.until(lambda _: here.world.connector("bay-1").evse.pilot_ma > 10_000, 20)
        assert isinstance(await doors.abort_test("bay-1"), Refused)


async def test_side_by_side(tmp_path, monkeypatch):
    """Each waits for its own; together they wait once."""
    monkeypatch.setattr(speech, "SAMPLE_S", 2)
    monkeypatch.setattr(new_speech, "SAMPLE_S", 2)
    tests = (
        who_accepts_and_ignores_limits_is_named_and_counted_within_a_minute,
        watts_are_counted_as_if_on_one_phase,
        the_dead_man_is_proven,
        it_is_proven_over_a_reboot,
        a_reboot_that_ends_the_session_shows_nothing,
        a_dead_man_that_never_fires_is_found_out,
        a_reboot_that_forgets_everything_is_found_out,
        an_aborted_test_leaves_it_with_its_limits,
        partial(who_accepts_and_ignores_limits_is_named_and_counted_within_a_minute, version="2.0.1"),
        partial(watts_are_counted_as_if_on_one_phase, version="2.1"),
        partial(the_dead_man_is_proven, version="2.0.1"),
        partial(it_is_proven_over_a_reboot, version="2.1"),
    )
    async with asyncio.TaskGroup() as group:
        for test in tests:
            folder = tmp_path / str(tests.index(test))  # the path of a socket must be short
            folder.mkdir()
            group.create_task(test(folder), name=str(test))
