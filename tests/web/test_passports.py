"""Passports by the API: shown in data and in words, probed and tested by whoever is on the box itself."""

import pytest

from edge.site.passport import STAGES

PATH = "/api/chargers/{}/passport"


async def test_a_passport_is_shown_in_data_and_in_words(box):
    async with box.get(PATH.format("bay-1")) as answer:
        assert answer.status == 200
        shown = await answer.json()
    assert shown["passport"]["proofs"]["link_cut"]["verdict"] == "unknown"
    assert shown["brief"] == "Dead man not tested, pausing not seen yet."
    words = dict(shown["rows"])
    assert words["clock"] == "1.2 s behind"
    assert words["probed"] == "not yet"
    assert words["counts when silent"] == "its fallback (guarantee declared)"


async def test_the_details_of_a_bay_have_a_few_words_of_it(box):
    async with box.get("/api/evses/bay-1") as answer:
        assert (await answer.json())["passport"] == "Dead man not tested, pausing not seen yet."


@pytest.mark.parametrize("order", ["", "/probe", "/self-test", "/self-test/abort"])
async def test_a_charger_that_is_not_there_has_none(box, order):
    call = box.post(PATH.format("bay-99") + order, json={}) if order else box.get(PATH.format("bay-99"))
    async with call as answer:
        assert answer.status == 404
        assert "bay-99" in (await answer.json())["error"]


async def test_a_test_begins_with_all_stages_or_some_and_says_why_it_cannot(box):
    for body, stages in (({}, STAGES), ({"stages": ["link-up"]}, ("link-up",))):
        async with box.post(PATH.format("bay-1") + "/self-test", json=body) as answer:
            assert answer.status == 200
        assert box.lot.commands[-1] == ("bay-1", stages)
    async with box.post(PATH.format("bay-2") + "/self-test", json={}) as answer:
        assert answer.status == 409
        assert "needs a car" in (await answer.json())["error"]
    async with box.post(PATH.format("bay-1") + "/self-test", json={"stages": ["tea"]}) as answer:
        assert answer.status == 422
    async with box.post(PATH.format("bay-1") + "/self-test/abort", json={}) as answer:
        assert answer.status == 409
    async with box.post(PATH.format("bay-1") + "/probe", json={}) as answer:
        assert answer.status == 200
