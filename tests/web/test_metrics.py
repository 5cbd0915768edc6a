"""What Prometheus scrapes, judged by its own promtool; the dashboard and the rules ask for nothing else."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.site.status import LimitStatus, UplinkStatus
from edge.web.metrics import exposition
from tests.building.lots import bay, status
from tests.web.conftest import served

DEPLOY = Path(__file__).parents[2] / "deploy"
STANDING = status(bay("bay-1"), bay('the "odd"\\one', measured_ma=None, offered_ma=None, session_wh=None))
NOW = replace(
    STANDING,
    limits=(
        LimitStatus(
            name="night/grid", source="mqtt", kind="chargers", target="grid", limit_ma=9_500, left_ms=1
        ),
    ),
    uplinks=(
        UplinkStatus(
            csms="city", state="up", connected=2, chargers=2, waiting=3, parked=0, oldest_ms=None, sentence=""
        ),
    ),
)
PROMTOOL = shutil.which("promtool") or str(Path(sys.executable).parent / "promtool")


def promtool(*words: str, stdin: str | None = None) -> str:
    assert Path(PROMTOOL).exists(), "Debian's promtool is needed: sh tests/promtool.sh FOLDER"
    command = [PROMTOOL, *words]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def names(text: str) -> set[str]:
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def test_promtool_finds_nothing_against_the_naming_rules():
    assert promtool("check", "metrics", stdin=exposition(NOW)).strip() == ""


def test_values_are_in_base_units():
    text = exposition(NOW)
    assert 'ampyard_circuit_background_amperes{circuit="grid",phase="L1"} 41.049\n' in text
    assert (
        'ampyard_evse_session_energy_joules{evse="bay-1",charger="bay-1",circuit="grid"} 40320000\n' in text
    )
    assert 'evse="the \\"odd\\"\\\\one"' in text


def test_the_rules_are_rules_and_fire_when_they_should():
    promtool("check", "rules", str(DEPLOY / "prometheus" / "alerts.yml"))
    promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))
    promtool("test", "rules", str(DEPLOY / "prometheus" / "alerts-test.yml"))


@pytest.mark.parametrize("file", ["grafana/ampyard.json", "prometheus/alerts.yml"])
def test_nothing_is_asked_for_that_is_not_told(file):
    text = (DEPLOY / file).read_text()
    if file.endswith("json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    told = names(exposition(NOW))
    asked = set(re.findall(r"\b(?:ampyard|process)_[a-z_]+", text))
    assert asked
    assert asked <= told


async def test_a_scrape_is_answered():
    async with served() as box, box.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "ampyard_cycles_total" in await answer.text()
