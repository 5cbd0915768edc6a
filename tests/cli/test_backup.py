"""A box into an archive and out of it: site file, lists, secrets, journal; nothing else comes out of one."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from edge.cli.main import main

SITE = '[grid]\nrating_a = 63\nbuilding_max_a = 40\n[tokens]\nlist = "tokens.csv"\n'


class Box:
    """Where a box keeps its things."""

    def __init__(self, folder: Path) -> None:
        self.file, self.secrets, self.state = folder / "site.toml", folder / "secrets", folder / "state"
        places = (("--file", self.file), ("--secrets", self.secrets), ("--state", self.state))
        self.words = [str(word) for pair in places for word in pair] + ["--socket", str(folder / "none.sock")]
        folder.mkdir()

    def furnish(self) -> None:
        self.secrets.mkdir()
        self.state.mkdir()
        self.file.write_text(SITE)
        (self.file.parent / "tokens.csv").write_text("04AB,Ada\n")
        (self.secrets / "city").write_text("hush\n")
        self.journal("a session")

    def journal(self, content: str) -> None:
        with sqlite3.connect(self.state / "journal.db") as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE IF NOT EXISTS sessions (name TEXT)")
            database.execute("INSERT INTO sessions VALUES (?)", (content,))
        database.close()

    def sessions(self) -> list[str]:
        database = sqlite3.connect(self.state / "journal.db")
        rows = [row[0] for row in database.execute("SELECT name FROM sessions")]
        database.close()
        return rows


@pytest.fixture
def archive(tmp_path):
    box = Box(tmp_path / "old")
    box.furnish()
    assert main(["backup", str(tmp_path / "box.tar.gz"), *box.words]) == 0
    return tmp_path / "box.tar.gz"


def test_a_new_box_becomes_the_old_one(archive, tmp_path):
    assert archive.stat().st_mode & 0o777 == 0o600
    box = Box(tmp_path / "new")
    assert main(["restore", str(archive), *box.words]) == 0
    assert box.file.read_text() == SITE
    assert (box.file.parent / "tokens.csv").read_text() == "04AB,Ada\n"
    assert (box.secrets / "city").read_text() == "hush\n"
    assert (box.secrets / "city").stat().st_mode & 0o777 == 0o600
    assert box.sessions() == ["a session"]


def test_a_journal_that_is_there_is_only_set_aside_when_somebody_says_so(archive, tmp_path, capsys):
    box = Box(tmp_path / "other")
    box.furnish()
    box.journal("another")
    assert main(["restore", str(archive), *box.words]) == 1
    assert "--force" in capsys.readouterr().err
    assert box.sessions() == ["a session", "another"]
    assert main(["restore", str(archive), *box.words, "--force"]) == 0
    assert box.sessions() == ["a session"]
    assert (box.state / "journal.db.before-restore").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "secrets/../../evil", "lists/.ssh", "other"])
def test_what_is_no_part_of_a_backup_is_not_taken_out(tmp_path, name):
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(bad, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    box = Box(tmp_path / "box")
    assert main(["restore", str(bad), *box.words]) == 1
    assert not box.file.exists()


def test_a_site_file_that_is_not_proven_is_not_restored(tmp_path, capsys):
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(bad, "w:gz") as tar:
        member = tarfile.TarInfo("site.toml")
        content = b"[grid]\nrating_a = 63\n"
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    box = Box(tmp_path / "box")
    assert main(["restore", str(bad), *box.words]) == 1
    assert "building_max_a" in capsys.readouterr().err
    assert not box.file.exists()


def test_a_box_without_a_site_file_has_nothing_to_back_up(tmp_path, capsys):
    box = Box(tmp_path / "empty")
    assert main(["backup", str(tmp_path / "x.tar.gz"), *box.words]) == 1
    assert not (tmp_path / "x.tar.gz").exists()
