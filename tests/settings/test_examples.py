"""The example sites: what passes in this version, and what a later one brings."""

from pathlib import Path

import pytest

from edge.settings import load, prove_site, read
from edge.settings.hashing import hashed

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
MODELS = {"eastron-sdm630": True, "schneider-iem3000": True}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_without_fault(path):
    verdict = load(path, MODELS)
    assert [fault.render(path.name) for fault in verdict.faults] == []
    assert all(total.spare_ma >= 0 for total in prove_site(verdict.accepted()))


def test_the_small_site_says_what_it_leaves_open():
    verdict = load(EXAMPLES / "site-small.toml", MODELS)
    assert [caution.keyword for caution in verdict.cautions] == ["no-password", "no-tokens"]


def test_a_secret_that_is_missing_is_a_warning_with_its_line():
    text = (EXAMPLES / "site-riverside.toml").read_text()
    verdict = read(text, MODELS, look_up=lambda secret: None if secret.name == "city" else hashed(b"known"))
    line = text.splitlines().index('password = "secret:city"') + 1
    assert [caution.render("site.toml") for caution in verdict.cautions] == [
        f'site.toml:{line} secret "city" is not on this machine; uplink will wait'
    ]


def test_riverside_as_the_rooms_above_see_it():
    site = load(EXAMPLES / "site-riverside.toml", MODELS).accepted()
    assert [(circuit.name, circuit.parent, circuit.rating_ma) for circuit in site.circuits] == [
        ("grid", None, 100_000),
        ("west", "grid", 63_000),
        ("east", "grid", 50_000),
    ]
    meter = site.circuit("grid").meter
    assert meter is not None
    assert (meter.host, meter.port, meter.unit, meter.stale_after_ms) == ("192.168.1.20", 502, 1, 5_000)
    assert [charger.evses[0].wiring for charger in site.chargers] == [
        (0, 1, 2),
        (1, 2, 0),
        (2, 0, 1),
        (0, 1, 2),
        (1, 2, 0),
        (2,),
    ]
    bay_4, bay_5, bay_6 = site.chargers[3:]
    assert (bay_4.station, bay_4.evses[0].max_ma, bay_4.evses[0].fallback_ma) == ("ACE0123456", 32_000, 6_000)
    assert (bay_5.station, bay_5.evses[0].max_ma) == ("bay-5", 16_000)
    assert bay_6.evses[0].fallback_ma == 0
    assert site.uplinks[0].identity_of("bay-4", "ACE0123456") == "RIV-bay-4"
    assert site.mqtt is not None
    assert (site.mqtt.port, site.mqtt.topic) == (8883, "ampyard/riverside")
    assert site.control.hold_up_ms == 60_000
    assert site.control.min_on_ms == 15 * 60_000


LATER = """\
[line.rs485]
port = "uart3"
baud = 19200
[grid]
rating_a = 100
building_max_a = 20
unbalance_max_a = 40
[grid.meter]
model = "schneider-iem3000"
line = "rs485"
[charger.bay-5]
via = "modbus"
model = "heidelberg-energy-control"
line = "rs485"
unit = 5
[charger.bay-7]
mode = "transparent"
[group.fleet]
priority = 5
quota_kwh = 40
[tariff]
source = "fixed"
[planning]
mode = "cheapest"
[uplink.operator]
url = "wss://cpo.example.com/ocpp"
version = "2.0.1"
[uplink.landlord]
url = "wss://meter.example.org/ocpp16"
role = "observer"
[mqtt]
host = "broker.lan"
home_assistant = true
"""


def test_what_a_later_version_can_do_is_understood_and_refused_once_each(judge):
    faults = judge(LATER).faults
    assert {fault.keyword for fault in faults} == {"not-yet"}
    assert [fault.where for fault in faults] == [
        "[charger.bay-7] mode",
        "[tariff]",
        "[planning]",
    ]


def test_the_harmless_value_of_a_later_key_passes(judge):
    text = """\
[grid]
rating_a = 63
building_max_a = 40
protection = "strict"
[charger.bay-1]
via = "ocpp"
mode = "autonomous"
[ocpp]
tls = false
[uplink.city]
url = "ws://csms.example.net"
version = "1.6"
role = "primary"
[mqtt]
host = "broker.lan"
home_assistant = false
"""
    assert judge(text).faults == ()


GARAGE = """\
[site]
name = "Harbour garage"
[grid]
rating_a = 630
building_max_a = 300
[circuit.row-a]
parent = "grid"
rating_a = 125
[circuit.row-d]
parent = "grid"
rating_a = 125
[charger."*"]
max_a = 32
phase_rotation = ["L1L2L3", "L2L3L1", "L3L1L2"]
[charger."a-01..a-10"]
station = "HG-A{n}"
circuit = "row-a"
[charger.a-10]
max_a = 16
priority = 5
[charger."c-01..c-05"]
station = "KCP30-*"
circuit = "row-a"
phase_rotation = "unknown"
[charger."d-1..d-8"]
station = "HG-D{n}"
circuit = "row-d"
evses = 2
rating_a = 32
"""


def test_a_garage_of_ranges(judge):
    site = judge(GARAGE).accepted()
    assert len(site.chargers) == 23
    a_01, a_10, d_8 = site.charger("a-01"), site.charger("a-10"), site.charger("d-8")
    assert (a_01.station, a_01.evses[0].max_ma, a_01.priority) == ("HG-A01", 32_000, 0)
    assert (a_10.station, a_10.evses[0].max_ma, a_10.priority) == ("HG-A10", 16_000, 5)
    assert ([evse.name for evse in d_8.evses], d_8.rating_ma) == (["1", "2"], 32_000)
    assert all(site.charger(f"c-0{n}").has_pattern for n in range(1, 6))
    assert site.charger("c-01").evses[0].wiring is None


def test_a_list_is_dealt_out_in_the_order_of_the_names(judge):
    dealt = [
        evse.phase_rotation[:2] for charger in judge(GARAGE).accepted().chargers for evse in charger.evses
    ]
    assert dealt[:10] == ["L1", "L2", "L3", "L1", "L2", "L3", "L1", "L2", "L3", "L1"]
    assert dealt[10:15] == ["un"] * 5  # these know better than the list, and still took their turn
    assert dealt[15:19] == ["L1", "L2", "L3", "L1"]  # d-1/1, d-1/2, d-2/1, d-2/2: socket by socket


def test_the_order_of_blocks_does_not_matter(judge):
    head, *blocks = GARAGE.split("[charger.")
    turned = head + "".join(f"[charger.{block}" for block in reversed(blocks))

    def without_lines(text):
        return [(charger.name, charger.station, charger.evses) for charger in judge(text).accepted().chargers]

    assert without_lines(turned) == without_lines(GARAGE)
