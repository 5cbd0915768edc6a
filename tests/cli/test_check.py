"""`ampyard check`: the proof on the screen, the faults, and what the exit codes say."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.settings.hashing import hashed

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"

RIVERSIDE = """\
Riverside: 6 chargers, 2 feeders                           per phase, worst phase
                        rating  building  fallback  box dead  spare
grid  schneider-iem3000  100 A        55        30        85   15 A
├─ west                   63 A         0        18        18   45 A
│  ├─ bay-1  L1L2L3       32 A                   6     profile
│  ├─ bay-2  L2L3L1       32 A                   6     profile
│  └─ bay-3  L3L1L2       32 A                   6     profile
└─ east                   50 A         0        12        12   38 A
   ├─ bay-4  L1L2L3       32 A                   6     profile
   ├─ bay-5  L2L3L1       16 A                   6     profile
   └─ bay-6  L3           16 A                   0     profile

box dead, if it counts        declared    proven     rated
grid                                85       215!      215!
east                                12        64!       64!
west                                18        96!       96!
! is above the rating

Until the chargers have fallen back, their last currents meet a building that may rise;
at most above the rating: grid 55 A.
If this box dies, no fuse carries more than 85 %.  0 faults, 0 warnings
"""

OVERLOADED = """\
[grid]
rating_a = 50
building_max_a = 40
[charger."bay-1..bay-3"]
phase_rotation = "L2"
"""


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """A machine that knows the secrets of the examples."""
    for name in ("stations", "city", "mqtt"):
        (tmp_path / name).write_text(hashed(b"x"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))


@pytest.fixture
def overloaded(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(OVERLOADED)
    return path


def ampyard(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "edge.cli.main", *map(str, arguments)],
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.usefixtures("secrets")
def test_the_proof_of_riverside():
    done = ampyard("check", EXAMPLES / "site-riverside.toml", PYTHONIOENCODING="utf-8")
    assert done.stdout.decode() == RIVERSIDE
    assert done.returncode == 0


@pytest.mark.usefixtures("secrets")
def test_the_tree_is_plain_where_the_locale_is_not_utf_8():
    done = ampyard("check", EXAMPLES / "site-riverside.toml", PYTHONIOENCODING="ascii")
    assert done.stdout.decode("ascii").splitlines()[3:5] == [
        "|- west                   63 A         0        18        18   45 A",
        "|  |- bay-1  L1L2L3       32 A                   6     profile",
    ]


def test_a_fuse_that_would_trip_on_one_phase(overloaded, capsys):
    assert main(["check", str(overloaded)]) == 1
    assert capsys.readouterr().out == (
        f"{str(overloaded) + ':2 [grid] rating_a: too small if this box dies':<65} fallback-sum\n"
        "  found    building 40 A + fallback 3 x 6 A = 58 A on L2, rating 50 A\n"
        "  allowed  fallbacks up to 10 A together\n"
        "  try      fallback_a = 0 on 2 chargers, or a smaller, measured building_max_a\n"
        f"1 fault in {overloaded}. Nothing was started.\n"
    )


def test_what_is_tried_as_told_passes(overloaded):
    overloaded.write_text(OVERLOADED + '[charger."bay-1"]\nfallback_a = 0\n[charger.bay-2]\nfallback_a = 0\n')
    assert main(["check", str(overloaded)]) == 0


def test_a_warning_is_a_fault_only_when_asked():
    small = str(EXAMPLES / "site-small.toml")
    assert main(["check", small]) == 0
    assert main(["check", "--strict", small]) == 1


def test_a_file_that_is_not_there_is_wrong_usage(capsys):
    assert main(["check", "nowhere.toml"]) == 2
    assert "nowhere.toml: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check"], ["check", "--wrong", "x"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: ampyard" in capsys.readouterr().err


def test_json_has_the_faults_and_the_sums(overloaded, capsys):
    main(["check", "--json", str(overloaded)])
    told = json.loads(capsys.readouterr().out)
    assert [(fault["keyword"], fault["line"]) for fault in told["faults"]] == [("fallback-sum", 2)]
    assert told["proof"][0]["chargers_ma"] == {
        "declared": [0, 18_000, 0],
        "proven": [0, 48_000, 0],
        "rated": [0, 48_000, 0],
    }
    assert told["proof"][0]["spare_ma"] == -8_000


def test_an_expanded_site_says_the_same_as_its_ranges(tmp_path, capsys):
    path = EXAMPLES / "site-riverside.toml"
    main(["check", "--expand", str(path)])
    blocks = capsys.readouterr().out
    head, _, tail = path.read_text().partition('[charger."bay-1..bay-3"]')
    in_full = tmp_path / "site.toml"
    in_full.write_text(head + blocks + "\n[ocpp]" + tail.partition("[ocpp]")[2])
    main(["check", "--expand", str(in_full)])
    assert capsys.readouterr().out == blocks


def test_colour_is_for_terminals_without_no_color(overloaded):
    def seen(**environment):
        leader, follower = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "edge.cli.main", "check", str(overloaded)],
            stdout=follower,
            timeout=30,
            check=False,
            env={**os.environ, **environment},
        )
        os.close(follower)
        text = os.read(leader, 65536)
        os.close(leader)
        return text

    assert b"\033[31m" in seen(NO_COLOR="")
    assert b"\033" not in seen(NO_COLOR="1")


def test_check_imports_nothing_that_only_a_running_box_needs():
    script = (
        "import sys; from edge.cli.main import main; "
        f"main(['check', {str(EXAMPLES / 'site-small.toml')!r}]); "
        "sys.exit(sum(name in sys.modules for name in ('aiohttp', 'pymodbus', 'asyncio', 'ocpp')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0


def test_models_that_guard_a_fuse(capsys):
    assert main(["models", "--guard"]) == 0
    guards = capsys.readouterr().out
    assert "eastron-sdm630" in guards
    assert "eastron-sdm72 " not in guards
    main(["models"])
    assert "eastron-sdm72 " in capsys.readouterr().out


def test_the_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("ampyard ")


def test_a_pin_that_is_none_and_a_board_that_is_none_are_faults(tmp_path, capsys):
    site = tmp_path / "site.toml"
    text = '[grid]\nrating_a = 63\nbuilding_max_a = 40\n[contact.ripple]\npin = "{}"\nlimit_a = 6\n'
    site.write_text(text.format("GPOI22"))
    assert main(["check", str(site)]) == 1
    assert "[contact.ripple] line 4: GPOI22 is no pin here" in capsys.readouterr().err
    site.write_text('[site]\nboard = "openwb-addon"\n' + text.format("RSE1"))
    assert main(["check", str(site)]) == 0
    site.write_text('[site]\nboard = "openwb"\n' + text.format("RSE1"))
    assert main(["check", str(site)]) == 1
    assert "openwb-addon" in capsys.readouterr().err
