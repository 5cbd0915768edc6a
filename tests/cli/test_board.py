"""`ampyard board`: boards, their labels, and tests of what is there."""

from edge.cli.main import main


def test_all_boards_are_listed(capsys):
    assert main(["board", "--list"]) == 0
    assert "rpi4-cm4" in capsys.readouterr().out


def test_one_board_says_what_its_labels_mean(capsys):
    assert main(["board", "openwb-addon"]) == 0
    said = capsys.readouterr().out
    assert "RSE1         GPIO8" in said
    assert main(["board", "nothing"]) == 2


def test_ports_that_are_not_there_fail(capsys):
    assert main(["board", "siemens-iot2050", "--test", "--seconds", "0"]) == 1
    assert "FAIL  rs485        /dev/ttyX30 No such file" in capsys.readouterr().out


def test_a_pin_is_watched(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("edge.links.pins._DRIVERS", ((rf"{tmp_path}/\S+", "edge.links.pins.sysfs"),))
    (tmp_path / "di1").write_text("1\n")
    assert main(["board", "--pin", f"{tmp_path}/di1", "--seconds", "0"]) == 0
    assert "open" in capsys.readouterr().out  # no file of /sys: as if it were pulled up
    assert main(["board", "--pin", f"{tmp_path}/di1", "--on", "--seconds", "0"]) == 0
    assert (tmp_path / "di1").read_text() == "0\n"
    assert main(["board", "--pin", "GPIO99x"]) == 1
