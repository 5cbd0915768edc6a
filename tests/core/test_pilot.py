"""The control pilot: duty, states, cables, and what a socket does with its contactor."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge.core import pilot
from edge.core.pilot import FAULT_PPM, STEADY_PPM, Pilot, Seen, cable_ma, current_of, duty_of, letter_of


@pytest.mark.parametrize(
    ("amperes", "permille"),
    [(6, 100), (12, 200), (24, 400), (30, 500), (48, 800), (51, 850), (55, 860), (65, 900), (80, 960)],
)
def test_duty_and_current_are_those_of_the_table(amperes, permille):
    assert duty_of(amperes * 1000) == permille * 1000
    assert current_of(permille * 1000) == amperes * 1000


@pytest.mark.parametrize("duty_ppm", [0, 50_000, 79_999, 970_001, STEADY_PPM])
def test_outside_the_table_nothing_may_be_drawn(duty_ppm):
    assert current_of(duty_ppm) == 0


@given(some.integers(min_value=-100_000, max_value=1_000_000))
def test_a_duty_never_offers_more_than_the_limit(limit_ma):
    told = current_of(duty_of(limit_ma))
    assert told <= max(0, limit_ma)
    if 6_000 <= limit_ma <= 80_000:
        assert limit_ma - told <= 2


@pytest.mark.parametrize(
    ("high_mv", "low_mv", "letter"),
    [
        (12_000, None, "A"),
        (12_600, -12_000, "A"),
        (9_000, None, "B"),
        (8_400, -11_900, "B"),
        (6_000, -12_000, "C"),
        (3_100, -12_000, "D"),
        (0, None, "E"),
        (9_000, -9_000, "E"),
        (6_000, -100, "E"),
        (-12_000, None, "F"),
    ],
)
def test_the_voltage_says_the_state_and_a_car_has_a_diode(high_mv, low_mv, letter):
    assert letter_of(high_mv, low_mv) == letter


@pytest.mark.parametrize(
    ("ohm", "carries_ma"),
    [
        (1_500, 13_000),
        (680, 20_000),
        (220, 32_000),
        (100, 63_000),
        (0, 0),
        (20, 0),
        (100_000, 0),
        (-1, 0),
    ],
)
def test_a_cable_tells_what_it_carries(ohm, carries_ma):
    assert cable_ma(ohm) == carries_ma


class Bench:
    """A socket on a bench: its contactor follows at once, unless it is broken."""

    def __init__(self, **how) -> None:
        self.pilot = Pilot(32_000, **how)
        self.now_ms = 0
        self.seen = {"letter": "A", "offered_ma": 0, "cable_ma": 32_000}
        self.contact: bool | None = None

    def run(self, for_ms: int = 100, **changed) -> Pilot:
        self.seen |= changed
        for _ in range(0, for_ms, 10):
            self.now_ms += 10
            is_closed = self.pilot.closes if self.contact is None else self.contact
            self.pilot.step(Seen(is_closed=is_closed, **self.seen), self.now_ms)
        return self.pilot

    def charging(self) -> "Bench":
        self.run()
        self.run(letter="B", offered_ma=16_000)
        assert self.run(letter="C").closes
        return self


def test_a_whole_session():
    bench = Bench()
    socket = bench.run()
    assert (socket.duty_ppm, socket.closes, socket.locks) == (STEADY_PPM, False, False)
    bench.run(letter="B")
    assert (socket.duty_ppm, socket.locks) == (STEADY_PPM, True)
    bench.run(offered_ma=16_000)
    assert (socket.duty_ppm, socket.closes) == (266_666, False)
    bench.run(letter="C")
    assert socket.closes
    bench.run(offered_ma=10_000)
    assert (socket.duty_ppm, socket.closes) == (166_666, True)
    bench.run(letter="B")
    assert (socket.duty_ppm, socket.closes) == (166_666, False)
    bench.run(letter="A")
    assert (socket.duty_ppm, socket.closes, socket.locks, socket.fault) == (STEADY_PPM, False, False, "")


def test_a_car_that_asks_gets_no_current_before_it_is_offered_any():
    bench = Bench()
    assert not bench.run(2_000, letter="C").closes


def test_a_weaker_cable_bounds_the_offer():
    bench = Bench()
    bench.run(letter="B", cable_ma=13_000, offered_ma=32_000)
    assert current_of(bench.pilot.duty_ppm) in (12_999, 13_000)


def test_a_cable_that_says_nothing_known_gets_nothing():
    bench = Bench()
    socket = bench.run(letter="C", cable_ma=0, offered_ma=32_000)
    assert (socket.fault, socket.closes, socket.duty_ppm) == ("cable", False, STEADY_PPM)


def test_a_car_has_six_seconds_to_stop_before_it_is_cut_off_under_load():
    bench = Bench().charging()
    assert bench.run(5_900, offered_ma=0).closes
    assert bench.pilot.duty_ppm == STEADY_PPM
    assert not bench.run(200).closes


def test_an_unplugged_car_is_cut_off_within_a_tenth_of_a_second():
    assert not Bench().charging().run(100, letter="A").closes


@pytest.mark.parametrize("letter", ["E", "F"])
def test_a_shorted_or_open_pilot_opens_and_must_be_sound_for_a_while(letter):
    bench = Bench().charging()
    assert not bench.run(100, letter=letter).closes
    assert bench.pilot.fault == "pilot"
    bench.run(4_000, letter="C")
    assert not bench.pilot.closes
    assert bench.run(1_500).closes


def test_noise_shorter_than_a_settled_state_changes_nothing():
    bench = Bench().charging()
    for _ in range(20):
        assert bench.run(20, letter="A").closes
        assert bench.run(50, letter="C").closes


def test_a_trip_of_the_residual_current_device_lasts_until_the_plug_was_out():
    bench = Bench().charging()
    assert not bench.run(20, has_tripped=True).closes
    assert not bench.run(60_000, has_tripped=False).closes
    assert bench.pilot.fault == "rcd"
    bench.run(letter="A")
    assert bench.pilot.fault == ""
    bench.run(letter="B")
    assert bench.run(letter="C").closes


def test_a_welded_contactor_is_a_fault_for_good():
    bench = Bench().charging()
    bench.contact = True
    bench.run(600, letter="B")
    assert (bench.pilot.fault, bench.pilot.duty_ppm, bench.pilot.locks) == ("welded", FAULT_PPM, True)
    bench.contact = None
    bench.run(60_000, letter="A")
    assert bench.pilot.fault == "welded"
    bench.pilot.reset()
    bench.run(600, letter="A")
    assert bench.pilot.fault == ""


def test_a_contactor_that_does_not_close_is_ordered_to_open():
    bench = Bench()
    bench.contact = False
    bench.run(letter="B", offered_ma=16_000)
    bench.run(600, letter="C")
    assert (bench.pilot.fault, bench.pilot.closes) == ("contactor", False)


def test_ventilation_is_only_given_where_somebody_said_there_is_some():
    for has, fault in ((False, "ventilation"), (True, "")):
        bench = Bench(has_ventilation=has)
        bench.run(letter="B", offered_ma=16_000)
        bench.run(letter="D")
        assert (bench.pilot.fault, bench.pilot.closes) == (fault, has)


moments = some.lists(
    some.tuples(
        some.sampled_from(["", "A", "B", "C", "D", "E", "F"]),
        some.integers(min_value=-1, max_value=80_000),
        some.sampled_from([None, 0, 13_000, 32_000]),
        some.sampled_from([None, True, False]),
        some.booleans(),
        some.integers(min_value=1, max_value=8_000),
    ),
    max_size=60,
)


@given(moments)
def test_whatever_the_inputs_do_a_closed_contactor_has_a_reason(history):
    socket, now_ms, offered_before_ms = Pilot(32_000), 0, None
    for letter, offered_ma, carries_ma, is_closed, has_tripped, takes_ms in history:
        now_ms += takes_ms
        socket.step(
            Seen(
                letter=letter,
                offered_ma=offered_ma,
                cable_ma=carries_ma,
                is_closed=is_closed,
                has_tripped=has_tripped,
            ),
            now_ms,
        )
        assert current_of(socket.duty_ppm) <= min(max(0, offered_ma), 32_000)
        if carries_ma is not None:
            assert current_of(socket.duty_ppm) <= carries_ma
        if socket.duty_ppm != STEADY_PPM or not socket.closes:
            offered_before_ms = None
        elif offered_before_ms is None:
            offered_before_ms = now_ms
        if socket.closes:
            assert socket.letter in ("C", "D")
            assert not socket.fault
            assert not has_tripped
            assert offered_before_ms is None or now_ms - offered_before_ms < pilot.OBEY_MS


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from edge.core.pilot import *
socket = Pilot(20000)
for at in range(0, 12000, 17):
    letter = "AABBCCCCDECC"[at // 1000]
    socket.step(Seen(letter=letter, offered_ma=at * 3, cable_ma=cable_ma(680), is_closed=socket.closes,
                     has_tripped=9100 < at < 9200), at)
    print(at, socket.letter, socket.duty_ppm, socket.closes, socket.locks, socket.fault)
print([letter_of(mv) for mv in range(-13000, 13000, 500)])
print([current_of(duty_of(ma)) for ma in range(0, 90000, 700)])
"""


def test_both_interpreters_drive_a_socket_alike():
    script = SCRIPT.format(root=str(Path.cwd()))
    said = [
        subprocess.run([name, "-c", script], capture_output=True, text=True, timeout=20, check=True).stdout
        for name in (sys.executable, Path(sys.executable).parent / "micropython")
    ]
    assert said[0] == said[1]
    assert "True True" in said[0]
