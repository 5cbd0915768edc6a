"""`ampyard ramp`: a charging car is stepped down and up, and what it did is told and drawn."""

import contextlib

from edge.cli.main import main
from edge.cli.ramp import Row, chart, verdicts
from tests.cli.typed import typed
from tests.interop.box import CAR, TOKEN, box


def rows(limit_a, *measured, offered_a=None):
    return [
        Row(
            at_s=float(place),
            limit_a=limit_a,
            offered_a=limit_a if offered_a is None else offered_a,
            measured_a=() if each is None else (each,) * 3,
        )
        for place, each in enumerate(measured)
    ]


def test_each_step_says_whether_and_when_the_car_followed():
    assert verdicts([*rows(16, 16.0, 16.0), *rows(10, 16.0, 12.0, 9.8)]) == [
        " 16 A: offered 16.0 A, followed: 16.0 A after 1 s",
        " 10 A: offered 10.0 A, followed: 9.8 A after 3 s",
    ]
    assert verdicts(rows(10, 16.0, 16.0)) == [" 10 A: offered 10.0 A, draws more: 16.0 A"]
    assert verdicts(rows(16, 7.0, 7.0)) == [" 16 A: offered 16.0 A, the car takes less: 7.0 A after 1 s"]
    assert verdicts(rows(16, None)) == [" 16 A: no sample came: this charger cannot be watched"]


def test_what_was_offered_and_what_flowed_is_drawn():
    svg = chart("bay-1", rows(10, 16.0, 10.0)).svg()
    assert svg.count("<svg") == 1
    assert "offered" in svg
    assert "measured" in svg


async def test_a_real_charger_is_stepped_and_its_limit_is_gone_afterwards(tmp_path, capsys):
    async with box(tmp_path, "bay-1", simulated=("bay-1",)) as running:
        await running.until(lambda status: status.evses and status.evses[0].word == "free")
        running.world.chargers["bay-1"].plug(1, CAR)
        socket = ("--socket", str(running.socket))
        assert (await typed(capsys, "charger", "bay-1", "start", TOKEN, *socket))[0] == 0
        await running.until(lambda status: max(status.evses[0].measured_ma or (0,)) > 9_000)
        drawn = tmp_path / "ramp.svg"
        steps = ("--steps", "8", "--hold", "13", "--plot", str(drawn))
        code, out, _ = await typed(capsys, "ramp", "bay-1", *steps, *socket)
        assert code == 0, out
        assert "limit   8 A" in out
        assert out.splitlines()[-1].startswith("  8 A: offered 8.0 A, followed")
        assert drawn.read_text().startswith("<svg")
        assert not [limit for limit in running.site.control.limits if "ramp" in limit]


def test_steps_between_pause_and_minimum_are_refused(capsys):
    with contextlib.suppress(SystemExit):
        main(["ramp", "bay-1", "--steps", "3"])
    assert "0 or 6 to 80" in capsys.readouterr().err
