"""`ampyard simulate`: from a site file to a table, JSON and plots."""

import json
import sys
import xml.etree.ElementTree as ET

import pytest

from edge.cli.main import main

SITE = """\
[site]
name = "Corner"
[grid]
rating_a = 40
building_max_a = 20
[grid.meter]
model = "eastron-sdm630"
host = "127.0.0.1"
[charger."bay-1..bay-3"]
max_a = 16
phase_rotation = ["L1L2L3", "L2L3L1", "L3L1L2"]
"""

TWO_HOURS = """\
[[visit]]
bay = "bay-1"
arrives = 08:00:00
departs = 10:00:00
wish_kwh = 12
[[visit]]
bay = "bay-2"
arrives = 08:20:00
departs = 09:50:00
wish_kwh = 4
phases = 1
"""


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    return str(path)


@pytest.fixture
def two_hours(tmp_path):
    path = tmp_path / "morning.toml"
    path.write_text(TWO_HOURS)
    return str(path)


def test_two_recorded_hours_end_to_end(site, two_hours, tmp_path, capsys):
    report, plots = tmp_path / "out.json", tmp_path / "plots"
    arguments = ["--strategy", "all", "--json", str(report), "--plots", str(plots)]
    assert main(["simulate", site, "--scenario", two_hours, *arguments]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "Corner, morning, 1 day, seed 1: 3 bays, 2 cars, 16 kWh wished"
    assert [line.split()[0] for line in shown[3:9]] == ["ours", "fifo", "round-robin", "edf", "llf", "equal"]
    assert all(line.endswith(" 0") for line in shown[3:9])
    told = json.loads(report.read_text())
    assert (told["site"], told["scenario"], told["bound_wh"]) == ("Corner", "morning", None)
    ours = told["strategies"]["ours"]
    assert ours["delivered_wh"] == sum(session["delivered_wh"] for session in ours["sessions"])
    assert {session["bay"] for session in ours["sessions"]} == {"bay-1", "bay-2"}
    assert len(list(plots.glob("load-*.svg"))) == 6
    ET.parse(plots / "fulfilment.svg")


def test_a_seed_gives_the_same_table_again(site, capsys):
    arguments = ["simulate", site, "--scenario", "retail", "--seed", "4", "--strategy", "ours,edf"]
    main(arguments)
    first = capsys.readouterr().out
    main(arguments)
    assert capsys.readouterr().out == first
    main([*arguments, "--seed", "5"])
    assert capsys.readouterr().out != first


def test_the_bound_is_never_below_what_was_charged(site, two_hours, tmp_path, capsys):
    pytest.importorskip("scipy")
    report = tmp_path / "out.json"
    assert main(["simulate", site, "--scenario", two_hours, "--bound", "--json", str(report)]) == 0
    told = json.loads(report.read_text())
    assert told["strategies"]["ours"]["delivered_wh"] <= told["bound_wh"] <= 16_000
    assert "Perfect foresight could charge 16 kWh" in capsys.readouterr().out


def test_without_scipy_the_bound_is_a_plain_sentence(site, two_hours, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    assert main(["simulate", site, "--scenario", two_hours, "--bound"]) == 2
    assert "needs scipy: pip install 'ampyard[simulate]'" in capsys.readouterr().err


def test_how_many_chargers_a_connection_carries(site, tmp_path, capsys):
    assert main(["simulate", site, "--how-many", "--plots", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "40 A carry " in shown
    assert "such chargers: 90% of all wishes, and 70% or more for nine cars of ten." in shown
    assert "Only 3 of them may keep their fallback" in shown  # 20 A less 3 x 6 A
    ET.parse(tmp_path / "how-many.svg")


def test_a_faulty_site_tells_its_faults(tmp_path, capsys):
    path = tmp_path / "site.toml"
    path.write_text("[grid]\nrating = 40\n")
    assert main(["simulate", str(path)]) == 1
    assert "unknown-key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "wrok"], "neither work, home, retail nor a .toml file"),
        (["--scenario", "nowhere.toml"], "nowhere.toml: No such file"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(site, arguments, says, capsys):
    assert main(["simulate", site, *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--strategy", "ours,best"]])
def test_wrong_usage_is_exit_2(site, arguments):
    with pytest.raises(SystemExit) as left:
        main(["simulate", site, *arguments])
    assert left.value.code == 2
