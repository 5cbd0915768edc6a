"""Each mistake below stands alone under a small grid of three lines, so that only it is answered."""

import pytest

from edge.settings import load

MISTAKES = {
    # text below the grid: (line, keyword)
    '[site]\ntimezone = "Europe/Berlim"': (5, "choice"),
    "[site]\nvoltage_v = 12": (5, "range"),
    "[site]\nvoltage_v = nan": (5, "range"),
    "[site]\nvoltage_v = inf": (5, "range"),
    "[site]\nvoltage_v = true": (5, "type"),
    '[site]\nvoltage_v = "230 V"': (5, "type"),
    "[site]\nname = 4": (5, "type"),
    '[site]\nname = " "': (5, "range"),
    '[site]\nguarantee = "maybe"': (5, "choice"),
    "[sight]\nname = 4": (4, "unknown-table"),
    "[site.meter]\nmodel = 4": (4, "unknown-table"),
    "[[charger]]\nmax_a = 16": (4, "syntax"),
    "[grid]": (4, "duplicate"),
    "[web]\nport = 80\nport = 81": (6, "duplicate"),
    "[web]\nport = 8887": (5, "port-clash"),
    "[web]\nport = 0": (5, "range"),
    "[web\nport = 80": (4, "syntax"),
    "[web]\nport": (5, "syntax"),
    "[circuit]\nrating_a = 20": (5, "no-name"),
    "[circuit.grid]\nparent = 'grid'\nrating_a = 20": (4, "name"),
    "[circuit.'a b']\nparent = 'grid'\nrating_a = 20": (4, "name"),
    "[circuit.west]\nparent = 'grid'": (4, "missing"),
    "[circuit.west]\nparent = 'gird'\nrating_a = 20": (5, "no-parent"),
    "[circuit.west]\nparent = 'west'\nrating_a = 20": (5, "no-parent"),
    "[circuit.west]\nparent = 'grid'\nrating_a = 0": (6, "range"),
    "[circuit.west]\nparent = 'grid'\nrating_a = 20\nbuilding_max_a = 21": (7, "range"),
    "[circuit.a]\nparent = 'b'\nrating_a = 20\n[circuit.b]\nparent = 'a'\nrating_a = 20": (5, "cycle"),
    "[grid.meter]\nmodel = 'eastron-sdm630'": (4, "missing"),
    "[grid.meter]\nmodel = 'sdm'\nhost = '10.0.0.1'": (5, "no-model"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'http://x'": (6, "type"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = '10.0.0.256'": (6, "type"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nunit = 248": (7, "range"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nphase_rotation = 'L1'": (7, "rotation"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nstale_after_s = 0.5": (7, "range"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nct_ratio = '5/250'": (7, "range"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nct_ratio = 50": (7, "type"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nline = 'rs485'": (6, "no-line"),
    "[line.a]\nport = 'x'\n[grid.meter]\nmodel = 'eastron-sdm630'\nhost = 'x'\nline = 'a'": (9, "place"),
    "[grid.meter]\nsum = ['west']": (5, "no-circuit"),
    "[grid.meter]\nsum = ['grid']": (5, "no-meter"),
    "[grid.meter]\nmodel = 'eastron-sdm630'\nsum = ['west']": (6, "two-kinds"),
    "[solar.meter]\nmodel = 'sdm'\nhost = '10.0.0.1'": (5, "no-model"),
    "[solar.meter]\nmodel = 'eastron-sdm72'": (4, "missing"),
    "[battery]\npower_w = 5": (5, "unknown-key"),
    "[line.a]": (4, "missing"),
    "[line.a]\nport = 502": (5, "port"),
    "[line.a]\nport = 'ttyUSB0'\nhost = '10.0.0.1'": (5, "port"),
    "[line.a]\nport = 'ttyUSB0'\nformat = '7E1'": (6, "choice"),
    "[line.a]\nport = 'ttyUSB0'\nbaud = '9600'": (6, "type"),
    "[charger.b]\nmax_a = 5": (5, "range"),
    "[charger.b]\nmax_a = 16.0001": (5, "range"),
    "[charger.b]\nmax_a = '16 A'": (5, "type"),
    "[charger.b]\nmax_a = 16,5": (5, "syntax"),
    "[charger.b]\nmin_a = 20": (5, "range"),
    "[charger.b]\nfallback_a = 20": (5, "range"),
    "[charger.b]\nfallback_a = 5.999": (5, "below-6"),
    "[charger.b]\nevses = 9": (5, "range"),
    "[charger.b]\nevses = ['left', 'left']": (5, "range"),
    "[charger.b]\nstation = 'a b'": (5, "station"),
    "[charger.b]\nstation = 'a{m}'": (5, "station"),
    "[charger.b]\nphase_rotation = []": (5, "rotation"),
    "[charger.b]\nphase_rotation = ['L1', 'L4']": (5, "rotation"),
    "[charger.b]\ncircuit = 'west'": (5, "no-circuit"),
    "[charger.b]\ndead_man = 'hardware'": (5, "dead-man"),
    "[charger.b]\ndead_man = 'watchdog'": (5, "dead-man"),
    "[charger.b]\nhost = '10.0.0.7'": (5, "wrong-kind"),
    "[charger.b]\nvia = 'modbus'\nhost = '10.0.0.7'": (4, "no-model"),
    "[charger.b]\nvia = 'modbus'\nmodel = 'go-e'\nhost = '10.0.0.7'": (6, "no-model"),
    "[charger.b]\nvia = 'modbus'\nmodel = 'go-e-charger'": (4, "missing"),
    "[charger.b]\nvia = 'modbus'\nmodel = 'go-e-charger'\nline = 'rs485'": (7, "no-line"),
    "[charger.b]\nvia = 'modbus'\nmodel = 'heidelberg-energy-control'\nhost = '10.0.0.7'\nevses = 2": (
        8,
        "sockets",
    ),
    "[charger.b]\nvia = 'modbus'\nmodel = 'go-e-charger'\nhost = '10.0.0.7'\ndead_man = 'watchdog'": (
        8,
        "dead-man",
    ),
    "[charger.b]\ndead_man = 'hope'": (5, "choice"),
    "[charger.b-1..b-2]\nmax_a = 16": (4, "syntax"),
    "[charger.'b-3..b-1']\nmax_a = 16": (4, "range"),
    "[charger.'b-1..c-3']\nmax_a = 16": (4, "range"),
    "[charger.'b-1..b-3']\nfallback_a = 0\n[charger.'b-3..b-4']\nfallback_a = 0": (6, "overlap"),
    "[charger.'b-1..b-3']\nstation = 'one'": (5, "station-clash"),
    "[charger.a]\nstation = 'b'\n[charger.b]\nfallback_a = 0": (6, "station-clash"),
    "[ocpp]\npassword = 'open'": (5, "plain-secret"),
    "[ocpp]\nunknown = 'welcome'": (5, "choice"),
    "[tokens]\naccept = 'none'": (5, "choice"),
    "[uplink.city]\nversion = '1.6'": (4, "missing"),
    "[uplink.city]\nurl = 'https://csms'": (5, "type"),
    "[uplink.city]\nurl = 'ws://csms'\nchargers = ['b-*']": (6, "no-charger"),
    "[charger.'b-1..b-2']\n[uplink.city]\nurl = 'ws://csms'\nidentity = 'X'": (7, "identity"),
    "[charger.b]\n[uplink.c]\nurl = 'ws://c'\n[uplink.d]\nurl = 'ws://d'": (7, "two-primaries"),
    "[mqtt]\nhost = 'broker'\ntopic = 'a/#'": (6, "topic"),
    "[control]\nhold_up_s = 0": (5, "range"),
    "[control]\nhold_up = 60": (5, "unknown-key"),
    "[control]\nhold_up_min = 1": (5, "unknown-key"),
    "[control]\nurl = 'ws://x'": (5, "wrong-table"),
    "[control]\ncolour = 'red'": (5, "unknown-key"),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=lambda item: str(item)[:48])
def test_each_mistake_is_the_only_one_that_is_answered(words, text, expected):
    assert words(text) == [expected]


def test_without_a_grid_nothing_can_be_proven(judge):
    assert [(fault.line, fault.keyword) for fault in judge("[web]\nport = 80").faults] == [(1, "missing")]


def test_one_mistake_in_a_range_is_answered_once(words):
    assert words("[circuit.w]\nparent = 'grid'\nrating_a = 63\n[charger.'b-1..b-3']\nmax_a = 16") == [
        (7, "no-circuit")
    ]


def test_keys_above_all_headers_are_told_where_they_belong(judge):
    fault = judge("rating_a = 63\n[grid]\nrating_a = 63\nbuilding_max_a = 1").faults[0]
    assert (fault.keyword, fault.found) == ("wrong-table", "above all headers")


def test_a_password_is_not_repeated_by_any_fault(judge):
    for line in [
        "password = hunter2",
        "paswsord = 'hunter2'",
        "password = ['hunter2']",
        "'password' hunter2",
    ]:
        faults = judge(f"[grid]\nrating_a = 1\nbuilding_max_a = 0\n[ocpp]\n{line}").faults
        shown = "".join(fault.render("site.toml") for fault in faults if "paswsord" not in line)
        assert faults
        assert "hunter2" not in shown


def test_a_range_without_quotes_is_understood_and_told(judge):
    fault = judge("[grid]\nrating_a = 63\nbuilding_max_a = 1\n[charger.b-1..b-2]").faults[0]
    assert fault.remedy == '[charger."b-1..b-2"]'


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "site.toml"
    path.write_bytes(b'[site]\nname = "Stra\xdfe"\n')
    assert [(fault.line, fault.keyword) for fault in load(path, {}).faults] == [(2, "encoding")]
