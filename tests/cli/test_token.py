"""`ampyard token`, `transaction` and `reservation`, against the whole box and a simulated charger."""

import json

import pytest

from tests.cli.typed import typed
from tests.interop.box import TOKEN
from tests.web.conftest import served
from tests.web.real_box import real_box


def rows(out):
    return [line.split("  ", maxsplit=1) for line in out.splitlines()]


async def test_cards_are_added_blocked_unblocked_and_removed(tmp_path, capsys):
    async with real_box(tmp_path) as box:

        async def token(*words):
            code, out, err = await typed(capsys, "token", *words, "--socket", box.path)
            return code, out + err

        assert await token("list") == (0, f"{TOKEN}  Ada, group fleet, from the list\n")
        added = await token("add", "04FF", "--group", "staff", "--priority", "3", "--note", "Eve")
        assert added == (0, "04FF: Eve, group staff, priority 3, stored\n")
        assert await token("block", "04FF") == (0, "04FF: blocked, Eve, group staff, priority 3, stored\n")
        assert await token("unblock", "04FF") == added
        code, said = await token("block", TOKEN)
        assert (code, "in the place of the list's" in said) == (0, True)
        assert await token("remove", TOKEN) == (0, f"{TOKEN}: the row of the list counts again\n")
        assert await token("block", "04EE") == (0, "04EE: blocked, stored\n")
        assert await token("remove", "04FF") == (0, "04FF: forgotten\n")
        code, said = await token("unblock", "04FF")
        assert (code, "no token is called 04FF" in said) == (2, True)
        code, said = await token("remove", TOKEN)
        assert (code, "from the list" in said) == (1, True)
        code, said = await token("list", "--json")
        assert [row["token"] for row in json.loads(said)] == [TOKEN, "04EE"]


async def test_a_list_is_taken_in_whole_or_not_at_all(tmp_path, capsys):
    path = tmp_path / "cards.csv"
    async with real_box(tmp_path) as box:
        path.write_text(
            "token,name,group,valid_until,priority\n04FF,Eve,staff,2030-01-01T00:00Z,3\n04EE,,,,99\n"
        )
        code, _, err = await typed(capsys, "token", "import", path, "--socket", box.path)
        assert (code, f"{path}:3 priority '99'" in err) == (1, True)
        assert len(box.site.desk.tokens()) == 1
        path.write_text(path.read_text().replace("99", "9"))
        code, out, _ = await typed(capsys, "token", "import", path, "--socket", box.path)
        assert (code, out) == (0, "2 cards stored\n")
        stored = [row.token for row in box.site.desk.tokens() if row.is_stored]
        assert [(row.token, row.group, row.valid_until_ms, row.priority) for row in stored] == [
            ("04EE", None, None, 9),
            ("04FF", "staff", 1_893_456_000_000, 3),
        ]


async def test_the_boxs_tokens_are_sent_to_a_charger_as_its_own_list(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        await typed(capsys, "token", "block", "04FF", "--socket", box.path)
        code, out, _ = await typed(capsys, "charger", "bay-1", "tokens", "--socket", box.path)
        assert (code, out) == (0, "bay-1: its list of tokens has version 1\n")
        assert len(box.world.chargers["bay-1"].station.local_list) == 2


async def test_transactions_are_listed_shown_and_stopped(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        box.world.chargers["bay-1"].plug(1, box.car)
        await typed(capsys, "charger", "bay-1", "start", TOKEN, "--socket", box.path)
        await box.until(lambda status: status.evses[0].transaction_id is not None)
        _, out, _ = await typed(capsys, "transaction", "list", "--running", "--socket", box.path)
        (line,) = out.splitlines()
        number, place, *_ = line.split()
        assert (place, TOKEN in line, line.endswith("runs")) == ("bay-1/1", True, True)
        code, out, _ = await typed(capsys, "transaction", "stop", number, "--socket", box.path)
        assert (code, out) == (0, f"transaction {number}: its charger ends it\n")
        await box.until(lambda status: status.evses[0].transaction_id is None)
        _, out, _ = await typed(capsys, "transaction", "show", number, "--socket", box.path)
        assert "reason       remote" in out
        code, _, err = await typed(capsys, "transaction", "stop", number, "--socket", box.path)
        assert (code, "ended already" in err) == (1, True)
        code, _, err = await typed(capsys, "transaction", "show", "1", "--socket", box.path)
        assert (code, "there is no transaction 1" in err) == (2, True)


async def test_a_reservation_is_added_listed_and_cancelled(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        words = ("reservation", "add", "bay-1/1", TOKEN, "--until", "2h", "--group", "fleet")
        code, out, _ = await typed(capsys, *words, "--socket", box.path)
        assert (code, out.startswith("bay-1/1: reserved until")) == (0, True)
        _, out, _ = await typed(capsys, "reservation", "list", "--socket", box.path)
        number, place, *_ = out.split()
        assert (place, f"for {TOKEN} and group fleet" in out) == ("bay-1/1", True)
        code, _, _ = await typed(capsys, "reservation", "cancel", "bay-1", number, "--socket", box.path)
        assert code == 0
        assert box.site.desk.reservations() == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("token add 04FF --priority 10", "0-9"),
        ("token add 04FF --until soon", "no time like"),
        ("token fly", "invalid choice"),
        ("transaction list --since soon", "no time like"),
        ("reservation add bay-1 04FF", "--until"),
    ],
)
async def test_wrong_usage_never_reaches_the_box(line, said, tmp_path, capsys):
    path = tmp_path / "box.sock"
    async with served(socket=path):
        code, _, err = await typed(capsys, *line.split(), "--socket", path)
    assert code == 2
    assert said in err
