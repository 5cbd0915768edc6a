"""`ampyard explain` without a controller; with one it is shown in tests/web/test_server.py."""

import socket

import pytest

from edge.cli.main import main


def test_without_a_controller_a_plain_sentence_and_exit_3(tmp_path, capsys):
    assert main(["explain", "bay-7", "--socket", str(tmp_path / "none.sock")]) == 3
    assert "no controller runs here" in capsys.readouterr().err


def test_a_socket_that_nobody_listens_on_is_exit_3(tmp_path, capsys):
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert main(["status", "--socket", str(path)]) == 3
    assert "nothing listens" in capsys.readouterr().err


def test_the_socket_may_come_from_the_environment(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AMPYARD_SOCKET", str(tmp_path / "elsewhere.sock"))
    assert main(["explain", "bay-7"]) == 3
    assert "elsewhere.sock" in capsys.readouterr().err


def test_an_earlier_moment_is_not_in_this_version(capsys):
    assert main(["explain", "bay-7", "--at", "18:03"]) == 2
    assert "not in this version" in capsys.readouterr().err


def test_a_bay_must_be_named():
    with pytest.raises(SystemExit) as wrong:
        main(["explain"])
    assert wrong.value.code == 2
