"""The build: what a program needs and nothing else, and a sentence for what a board cannot do."""

import pytest

from boards import build
from edge.core.errors import ConfigError

SITE = """
[site]
name = "Small lot"

[grid]
rating_a = 63
building_max_a = 20

[grid.meter]
model = "eastron-sdm630"
host = "192.168.1.40"

[charger."bay-1..bay-2"]
{charger}
max_a = 16
phase_rotation = "L1L2L3"
"""
NODE = 'via = "modbus"\nmodel = "ampyard-node"\nhost = "192.168.1.51"'


def test_a_node_has_its_pilot_and_none_of_the_balancing(tmp_path, capsys):
    size = build.build("node", None, tmp_path)
    files = {str(path.relative_to(tmp_path / "slot_a")) for path in (tmp_path / "slot_a").rglob("*.mpy")}
    assert {"boards/evse_node/main.mpy", "edge/core/pilot.mpy", "edge/core/registers.mpy"} <= files
    assert not any("controller" in name or "step" in name or "ocpp" in name for name in files)
    assert f"{size:,} bytes in {len(files)} files" in capsys.readouterr().out
    assert size < 40_000
    assert (tmp_path / "main.py").exists()


@pytest.mark.parametrize(
    ("charger", "sentence"),
    [
        ("", "drives chargers on Modbus only"),
        ('via = "modbus"\nmodel = "alfen-ng9xx"\nhost = "192.168.1.51"', "board"),
        ('via = "modbus"\nmodel = "no-such"\nhost = "192.168.1.51"', "model"),
    ],
)
def test_what_a_board_cannot_do_is_said(tmp_path, charger, sentence):
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(charger=charger))
    with pytest.raises(ConfigError, match=sentence):
        build.constants(path)


def test_the_constants_are_those_of_the_gateways_proof(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(charger=NODE))
    site = build.constants(path)
    assert [circuit["rating_ma"] for circuit in site["circuits"]] == [63_000]
    assert [plain[0] for plain in site["evses"]] == ["bay-1", "bay-2"]
    assert site["models"]["ampyard-node"]["limit"]["at"] == [100]
    assert site["meters"]["grid"]["fields"][0][:3] == ("current", 4, (6, 8, 10))
