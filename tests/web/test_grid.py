"""Evidence of the grid operator's commands over the API."""

import pytest

from tests.web.conftest import served


async def test_commands_are_told_as_json():
    async with served() as box:
        async with box.get("/api/grid") as answer:
            (row,) = await answer.json()
        async with box.get("/api/grid?since_ms=1001") as answer:
            assert await answer.json() == []
    assert (row["name"], row["limit_ma"], row["before"]["grid_w"], row["after"]) == (
        "relay/grid",
        6_100,
        20_000,
        None,
    )


async def test_and_as_a_table_with_units_in_its_head():
    async with served() as box, box.get("/api/grid?format=csv") as answer:
        head, row, end = (await answer.text()).split("\r\n")
    assert head.startswith(
        "command_utc,clock_is_sure,name,kind,target,limit_a_per_phase,contact_is_faulty,before_utc,before_grid_w"
    )
    assert row.startswith("1970-01-01T00:00:01.000+00:00,yes,relay/grid,chargers,grid,6.1,no,")
    assert ",20000,30.0 30.0 30.0,9000,1,,,,," in row
    assert end == ""


@pytest.mark.parametrize("query", ["since_ms=x", "until_ms=-1", "format=pdf"])
async def test_what_is_no_time_and_no_form_is_refused(query):
    async with served() as box, box.get(f"/api/grid?{query}") as answer:
        assert answer.status == 400
