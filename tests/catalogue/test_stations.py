"""Chargers as data: each file is whole, names its sources, and is found by what a charger tells."""

import pytest

from edge.catalogue.stations import charger_of, chargers, read


@pytest.mark.parametrize("name", chargers())
def test_every_charger_names_its_sources(name):
    shipped = chargers()[name]
    assert shipped.sources
    assert all(source.strip() for source in shipped.sources)
    assert shipped.confidence in {"high", "medium"}


def test_a_charger_is_found_by_what_it_tells_when_it_boots():
    assert charger_of("Autel", "MaxiCharger AC").name == "autel-maxicharger"
    assert charger_of("ALFEN BV", "NG910-60023").name == "alfen-eve"
    assert charger_of("Nobody", "Anything") is None


@pytest.mark.parametrize(
    "text", ['vendors = ["a"]', 'vendors = ["a"]\nmodels = ["b"]\nconfidence = "high"\nsources = []']
)
def test_a_file_that_lacks_something_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  msgspec's and ours
        read("x", text)
