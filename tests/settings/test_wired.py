"""Chargers on Modbus in a site file: where they are, and what makes them fall back."""

LOT = """\
[grid]
rating_a = 63
building_max_a = 20
[line.rs485]
port = "/dev/ttyUSB0"
[charger.bay-5]
via = "modbus"
model = "heidelberg-energy-control"
line = "rs485"
unit = 5
"""


def test_a_charger_with_a_watchdog_falls_back_by_it_and_counts_at_its_fallback(judge):
    verdict = judge(LOT)
    (charger,) = verdict.accepted().chargers
    assert (charger.dead_man, charger.modbus.model) == ("watchdog", "heidelberg-energy-control")
    assert verdict.sums[0].box_dead == (26_000, 26_000, 26_000)


def test_a_charger_without_one_counts_at_its_maximum_for_ever(judge):
    verdict = judge(LOT.replace("heidelberg-energy-control", "go-e-charger"))
    (charger,) = verdict.accepted().chargers
    assert charger.dead_man == "none"
    assert verdict.sums[0].box_dead == (36_000, 36_000, 36_000)


def test_a_watchdog_that_is_set_in_the_station_counts_only_if_somebody_says_that_it_is(judge):
    alfen = LOT.replace("heidelberg-energy-control", "alfen-ng9xx")
    (charger,) = judge(alfen).accepted().chargers
    assert charger.dead_man == "none"
    (charger,) = judge(alfen + 'dead_man = "watchdog"\n').accepted().chargers
    assert charger.dead_man == "watchdog"


def test_a_site_may_count_on_no_watchdog_at_all(judge):
    (charger,) = judge(LOT + 'dead_man = "none"\n').accepted().chargers
    assert charger.dead_man == "none"


def test_two_devices_with_one_number_on_one_line_are_found(judge):
    text = LOT + LOT[LOT.index("[charger") :].replace("bay-5", "bay-6")
    (fault,) = judge(text).faults
    assert (fault.keyword, fault.line) == ("unit-clash", 15)
    assert "unit 5 on rs485" in fault.found


def test_a_name_that_is_nearly_right_is_named(judge):
    (fault,) = judge(LOT.replace("heidelberg-energy-control", "heidelberg")).faults
    assert fault.remedy == 'model = "heidelberg-energy-control"'
