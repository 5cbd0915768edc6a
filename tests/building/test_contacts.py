"""Contacts on gpiozero's own simulated pins: closed to ground, bouncing, four steps, section 14a."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge import settings
from edge.building.contacts import contacts_of
from edge.links.pins import Pins
from edge.links.pins.raspberry import Raspberry
from edge.site.ports import Limit

SITE = """
[grid]
rating_a = 100
building_max_a = 40
[charger."bay-1..bay-2"]
max_a = 16
phase_rotation = "L1L2L3"
[charger.bay-3]
max_a = 32
phase_rotation = "L2"
"""


class Stepped:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_ms = 0

    def mono_ms(self) -> int:
        return self.at_ms

    def now_ms(self) -> int:
        return self.at_ms

    def is_synchronised(self) -> bool:
        return True


class Bench:
    """A site's contacts on pins that a hand closes."""

    def __init__(self, text: str) -> None:
        verdict = settings.read(SITE + text, {})
        assert verdict.site is not None, [fault.render("site.toml") for fault in verdict.faults]
        self.factory = MockFactory()
        self.clock = Stepped()
        self.told: list[Limit] = []
        self.pins = Pins()
        self.pins._drivers["edge.links.pins.raspberry"] = Raspberry(self.factory)
        self._contacts = contacts_of(verdict.site, self.pins, self, self.clock)

    def limit(self, limit: Limit) -> None:
        self.told.append(limit)

    def run(self, for_ms: int = 50, **levels: bool) -> dict[str, int | None]:
        """Pins are high where the contact is open. What is in force afterwards, by name."""
        for receiver in self._contacts._receivers:
            for relay in receiver._relays:
                if relay._input is None:
                    relay._open()
        for name, level in levels.items():
            pin = self.factory.pin(int(name.removeprefix("GPIO")))
            pin.drive_high() if level else pin.drive_low()
        for _ in range(0, for_ms, 50):
            self._contacts.read()
            self.clock.at_ms += 50
        return {limit.name: limit.limit_ma for limit in self.told}


@pytest.fixture
def benches() -> Iterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for bench in made:
        bench.pins.close()


def bench_of(benches: list[Bench], text: str) -> Bench:
    benches.append(Bench(text))
    return benches[-1]


RIPPLE = '[contact.ripple]\npins = ["GPIO22", "GPIO27"]\nlimit_w = [16_560, 0]\n'


def test_a_closed_contact_limits_and_an_open_one_sets_free(benches: list[Bench]) -> None:
    bench = bench_of(benches, RIPPLE)
    assert bench.run(500) == {}
    assert bench.run(300, GPIO22=False) == {"ripple/grid": 24_000}
    assert bench.run(300, GPIO27=False) == {"ripple/grid": 0}
    assert bench.run(1_900, GPIO27=True, GPIO22=True) == {"ripple/grid": 0}
    assert bench.run(1_000) == {"ripple/grid": None}


def test_contacts_that_bounce_are_told_once(benches: list[Bench]) -> None:
    bench = bench_of(benches, RIPPLE)
    bench.run(500)
    for _ in range(40):
        bench.run(50, GPIO22=False)
        bench.run(50, GPIO22=True)
    assert [limit.limit_ma for limit in bench.told] == [24_000]


def test_with_active_open_a_cut_wire_limits(benches: list[Bench]) -> None:
    bench = bench_of(benches, '[contact.inhibit]\npin = "GPIO5"\nactive = "open"\nlimit_a = 0\n')
    assert bench.run(100, GPIO5=True) == {"inhibit/grid": 0}
    assert bench.run(3_000, GPIO5=False) == {"inhibit/grid": None}


FOUR = """
[contact.receiver]
pins = ["GPIO5", "GPIO6", "GPIO13", "GPIO19"]
limit_a = [100, 60, 30, 0]
one_is_always_active = true
rule = "operator"
"""


def test_a_four_step_receiver_steps_and_none_closed_is_a_broken_wire(benches: list[Bench]) -> None:
    bench = bench_of(benches, FOUR)
    assert bench.run(100, GPIO5=False) == {"receiver/grid": 100_000}
    assert bench.run(3_000, GPIO5=True, GPIO13=False) == {"receiver/grid": 30_000}
    assert bench.run(3_000, GPIO13=True) == {"receiver/grid": 0}
    assert all(limit.is_operator for limit in bench.told)


def test_section_14a_direct_leaves_each_bay_its_4200_w(benches: list[Bench]) -> None:
    bench = bench_of(benches, '[contact.grid-relay]\npin = "GPIO5"\nrule = "enwg-14a-direct"\n')
    told = bench.run(300, GPIO5=False)
    assert told == {"grid-relay/bay-1": 6_086, "grid-relay/bay-2": 6_086, "grid-relay/bay-3": 18_258}
    assert {limit.kind for limit in bench.told} == {"evse"}
    assert set(bench.run(3_000, GPIO5=True).values()) == {None}


def test_a_pin_that_is_not_there_counts_as_closed(benches: list[Bench]) -> None:
    bench = bench_of(benches, '[contact.far]\npin = "/sys/class/nothing/di1"\nlimit_a = 8\n')
    assert bench.run(50) == {"far/grid": 8_000}
    assert bench.told[0].is_fault, "nobody has commanded it"


def test_a_pin_of_a_kernel_module_says_1_when_it_is_closed(tmp_path: Path, benches: list[Bench]) -> None:
    bench = bench_of(benches, '[contact.far]\npin = "/sys/class/nothing/di1"\nlimit_a = 8\n')
    file = tmp_path / "di1"
    file.write_text("0\n")
    bench.run(50)
    relay = bench._contacts._receivers[0]._relays[0]
    from edge.links.pins.sysfs import SysFs  # noqa: PLC0415  beside what it stands for

    relay._input = SysFs().input(str(file), pull="none")
    assert bench.run(3_000) == {"far/grid": None}
    file.write_text("1\n")
    assert bench.run(300) == {"far/grid": 8_000}
    file.unlink()
    assert bench.run(3_000) == {"far/grid": 8_000}


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("[contact.a]\nlimit_a = 6\n", "missing"),
        ('[contact.a]\npin = "GPIO5"\n', "missing"),
        ('[contact.a]\npin = "GPIO5"\nlimit_a = 6\nlimit_w = 6\n', "missing"),
        ('[contact.a]\npins = ["GPIO5"]\nlimit_a = [6, 0]\n', "pins"),
        ('[contact.a]\npin = "GPIO5"\nlimit_a = 6\ncircuit = "west"\n', "no-circuit"),
        ('[contact.a]\npin = "GPIO5"\nlimit_w = 4_200\nrule = "enwg-14a"\n', "legal-floor"),
        ('[contact.a]\npin = "GPIO5"\nlimit_w = 4_000\nrule = "enwg-14a-direct"\n', "legal-floor"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(text: str, keyword: str) -> None:
    verdict = settings.read(SITE + text, {})
    assert keyword in [fault.keyword for fault in verdict.faults]


async def test_they_are_read_all_the_time(benches: list[Bench]) -> None:
    bench = bench_of(benches, RIPPLE)
    bench._contacts.read()
    bench.factory.pin(27).drive_low()
    told = asyncio.Event()
    bench.limit = lambda _: told.set()
    task = asyncio.create_task(bench._contacts.run())
    bench.clock.mono_ms = lambda: int(asyncio.get_running_loop().time() * 1000)
    async with asyncio.timeout(5):
        await told.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
