"""Twelve mistakes in one file: all answered at once, each with what to try."""

SITE = """\
# A lot full of mistakes.
[site]
name = "Riverside"
timezone = Europe/Berlin




#

# ---- circuits
#
[grid]
rating_a = 100
rating = 100
building_max_a = 85
[grid.meter]
model = "eastron-sdm72"
host = "192.168.1.20"
unit = 1
unbalance_max_a = 40
[circuit.west]
rating_a = 63
#


[circuit.east]
rating_a = 50
parent = "grid"

[charger."bay-1..bay-3"]
circuit = "wset"
max_a = 32
phase_rotation = "RST"

[charger.bay-4]
circuit = "east"
#
max_a = 63


[charger.bay-5]
circuit = "east"
max_a = 16


#

fallback_a = 4

[circuit.east.meter]
model = "eastron-sdm630"
host = "192.168.1.20"

[uplink.city]
url = "wss://csms.example.net/ocpp"
password = "hunter2"
"""


def rendered(judge) -> list[str]:
    return [fault.render("site.toml") for fault in judge(SITE).faults]


def fault(judge, keyword: str) -> str:
    return next(text for text in rendered(judge) if text.splitlines()[0].endswith(f" {keyword}"))


def test_all_twelve_are_answered_at_once(judge):
    keywords = {item.keyword for item in judge(SITE).faults}
    assert len(judge(SITE).faults) == len(keywords) == 12
    assert keywords >= {"syntax", "unknown-key", "wrong-table", "no-parent", "no-circuit", "over-circuit"}
    assert keywords >= {"below-6", "fallback-sum", "no-phases", "unit-clash", "rotation", "plain-secret"}


def test_a_line_that_is_not_toml(judge):
    assert fault(judge, "syntax") == (
        "site.toml:4:12 [site] timezone: not a TOML value                  syntax\n"
        "  found    timezone = Europe/Berlin\n"
        "  allowed  text in quotes\n"
        '  try      timezone = "Europe/Berlin"'
    )


def test_a_key_without_its_unit(judge):
    assert fault(judge, "unknown-key") == (
        "site.toml:15 [grid] rating: unknown key                           unknown-key\n"
        "  found    rating = 100\n"
        "  allowed  rating_a (amperes per phase)\n"
        "  try      rating_a = 100"
    )


def test_a_key_in_the_wrong_table(judge):
    assert fault(judge, "wrong-table") == (
        "site.toml:21 [grid.meter] unbalance_max_a: in the wrong table     wrong-table\n"
        "  found    below the header [grid.meter], line 17\n"
        "  allowed  in [grid]\n"
        "  try      move line 21 above line 17"
    )


def test_a_circuit_that_nothing_feeds(judge):
    assert fault(judge, "no-parent") == (
        "site.toml:22 [circuit.west] parent: missing                       no-parent\n"
        "  found    nothing\n"
        "  allowed  grid, east\n"
        '  try      parent = "grid"'
    )


def test_a_circuit_that_is_not_there(judge):
    assert fault(judge, "no-circuit") == (
        "site.toml:32 [charger.bay-1..bay-3] circuit: no such circuit      no-circuit\n"
        '  found    "wset"\n'
        "  allowed  grid, west, east\n"
        '  try      circuit = "west"'
    )


def test_a_breaker_above_its_circuit(judge):
    assert fault(judge, "over-circuit") == (
        "site.toml:39 [charger.bay-4] max_a: above its circuit             over-circuit\n"
        "  found    63 A on east, rating 50 A (line 28)\n"
        "  allowed  6 to 50\n"
        "  try      max_a = 32"
    )


def test_a_current_that_no_car_can_take(judge):
    assert fault(judge, "below-6") == (
        "site.toml:49 [charger.bay-5] fallback_a: a car cannot do this     below-6\n"
        "  found    4 A\n"
        "  allowed  0, or 6 to max_a\n"
        "  try      fallback_a = 6   (0 pauses the car when this box is gone)"
    )


def test_a_fuse_that_trips_when_the_box_dies(judge):
    assert fault(judge, "fallback-sum") == (
        "site.toml:14 [grid] rating_a: too small if this box dies          fallback-sum\n"
        "  found    building 85 A + fallback 5 x 6 A = 115 A on L1, rating 100 A\n"
        "  allowed  fallbacks up to 15 A together\n"
        "  try      fallback_a = 0 on 3 chargers, or a smaller, measured building_max_a"
    )


def test_a_meter_that_cannot_guard_a_fuse(judge):
    assert fault(judge, "no-phases") == (
        "site.toml:18 [grid.meter] model: cannot guard a fuse              no-phases\n"
        "  found    eastron-sdm72 reports no current per phase\n"
        "  allowed  a model with phase currents: ampyard models --guard\n"
        "  try      eastron-sdm630"
    )


def test_two_devices_at_one_address(judge):
    assert fault(judge, "unit-clash") == (
        "site.toml:53 [circuit.east.meter] unit: two devices answer as 1   unit-clash\n"
        "  found    unit 1 on 192.168.1.20:502, also [grid.meter] line 17\n"
        "  allowed  each number once\n"
        "  try      unit = 2, and the same on the device"
    )


def test_a_rotation_in_ocpp_s_own_writing(judge):
    assert fault(judge, "rotation") == (
        "site.toml:34 [charger.bay-1..bay-3] phase_rotation                rotation\n"
        '  found    "RST"\n'
        "  allowed  L1L2L3 L2L3L1 L3L1L2 L1L3L2 L2L1L3 L3L2L1 L1 L2 L3 unknown\n"
        '  try      "L1L2L3"   (RST is OCPP\'s writing of it)'
    )


def test_a_secret_in_the_open_is_not_repeated(judge):
    assert fault(judge, "plain-secret") == (
        "site.toml:57 [uplink.city] password: a secret in the open         plain-secret\n"
        "  found    text (not shown)\n"
        '  allowed  "secret:NAME"\n'
        '  try      sudo ampyard secret set city, then password = "secret:city"'
    )
    assert "hunter2" not in "".join(rendered(judge))
