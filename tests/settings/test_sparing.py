"""Protection curves and demand windows in the site file."""

import pytest

HEAD = """\
[grid]
rating_a = 100
building_max_a = 40
{grid}
[grid.meter]
model = "schneider-iem3000"
host = "10.0.0.2"
[grid.demand]
{demand}
[charger.bay-1]
"""


@pytest.fixture
def site(judge):
    def read(*, grid: str = "", demand: str = "target_kw = 40"):
        return judge(HEAD.format(grid=grid, demand=demand))

    return read


@pytest.mark.parametrize("word", ["strict", "gG", "mcb-b", "mcb-c", "transformer"])
def test_every_protection_is_one_of_this_version(site, word):
    assert site(grid=f'protection = "{word}"').accepted().circuit("grid").protection == word


def test_strict_is_the_default(site):
    assert site().accepted().circuit("grid").protection == "strict"


def test_another_word_is_refused_with_those_that_there_are(site):
    fault = site(grid='protection = "K"').faults[0]
    assert (fault.where, fault.keyword) == ("[grid] protection", "choice")
    assert fault.allowed == "strict gG mcb-b mcb-c transformer"


def test_a_target_reaches_the_core_in_watts_and_milliseconds(site):
    verdict = site(demand="target_kw = 33.5\nwindow_min = 30\nraise_to_peak = true")
    target = verdict.accepted().tree().circuits["grid"].demand
    assert target is not None
    assert (target.target_w, target.window_ms, target.follows_peak) == (33_500, 1_800_000, True)
    assert not target.is_pulsed


@pytest.mark.parametrize(
    ("demand", "keyword", "allowed"),
    [
        ("window_min = 15", "missing", "1 to 10000 kW"),
        ("target_kw = 0", "range", "1 to 10000 kW"),
        ("target_kw = nan", "range", "1 to 10000 kW"),
        ('target_kw = "330 kW"', "type", "1 to 10000 kW"),
        ("target_kw = 330\nwindow_min = 20", "choice", "15, 30, 60 min"),
        ("target_kw = 330\nsync_pin = 4", "type", '"clock", or a pin'),
        ("target = 330", "unknown-key", "target_kw (kilowatts)"),
    ],
)
def test_what_cannot_be_meant_says_what_can(site, demand, keyword, allowed):
    faults = site(demand=demand).faults
    assert (keyword, allowed) in [(fault.keyword, fault.allowed) for fault in faults]


def test_windows_go_by_the_clock_or_by_the_utilitys_contact(site):
    by_clock, by_contact = (
        site(demand=f'target_kw = 330\nsync_pin = "{pin}"').accepted() for pin in ("clock", "GPIO4")
    )
    assert by_clock.tree().circuits["grid"].demand.is_pulsed is False
    assert by_contact.tree().circuits["grid"].demand.is_pulsed is True


def test_the_proof_does_not_count_on_a_curve(site):
    strict, borne = site(), site(grid='protection = "gG"')
    assert [total.spare_ma for total in strict.sums] == [total.spare_ma for total in borne.sums]


def test_a_curve_without_a_meter_bears_nothing_and_the_check_says_so(judge):
    verdict = judge('[grid]\nrating_a = 63\nbuilding_max_a = 20\nprotection = "gG"\n[charger.bay-1]\n')
    told = {caution.keyword: caution.text for caution in verdict.cautions}
    assert told["bears-nothing"].endswith("overload is borne only where a meter on this line shows it")


def test_a_window_without_a_meter_counts_what_is_booked_and_the_check_says_so(judge):
    verdict = judge(
        "[grid]\nrating_a = 63\nbuilding_max_a = 20\n[grid.demand]\ntarget_kw = 20\n[charger.b]\n"
    )
    assert "no-meter" in [caution.keyword for caution in verdict.cautions]
