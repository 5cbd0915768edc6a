"""A journal of any earlier version is brought up to date whole, after a copy, or is left as it was."""

import sqlite3
from contextlib import closing
from importlib import resources

import pytest

from edge.journal.database import open_sync
from edge.journal.migration import copy_of
from edge.site.durable import JournalBrokenError

NEWEST = 7
ENERGY = "(transaction_id, charger, evse, token, started_ms, meter_start_wh, energy_wh, ended_ms)"
START = '{"kind":"transaction-started","charger":"bay-1","evse":1,"at_ms":1000,"token":"AB","meter_wh":50}'


def made_in(version, path, *, meter_stop_wh=950):
    """A file as that version made it, with one session, its start and a row for the cloud."""
    folder = resources.files("edge.journal") / "migrations"
    files = sorted(entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = wal")
        for entry in files[:version]:
            file.executescript(entry.read_text(encoding="utf-8"))
        file.execute(f"PRAGMA user_version = {version}")
        file.execute(
            "INSERT INTO session (transaction_id, charger, evse, token, started_ms, meter_start_wh, ended_ms,"
            " meter_stop_wh) VALUES (7, 'bay-1', 1, 'AB', 1000, 50, 2000, ?)",
            (meter_stop_wh,),
        )
        file.execute(
            "INSERT INTO event (seq, charger, evse, at_ms, stored_ms, transaction_id, dedup, body)"
            " VALUES (1, 'bay-1', 1, 1000, 1001, 7, 'start/7', ?)",
            (START.encode(),),
        )
        file.execute(
            "INSERT INTO delivery (csms, seq, charger, message_id) VALUES ('city', 1, 'bay-1', ?)",
            ("i" * 36,),
        )
        file.execute("INSERT INTO cloud_transaction VALUES ('city', 7, '4711')")
        file.execute("INSERT INTO document VALUES ('token', 'ab', x'7b7d')")


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_version_keeps_all_its_rows_and_is_copied_before(tmp_path, version):
    path = tmp_path / "journal.db"
    made_in(version, path)
    with closing(open_sync(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (NEWEST,)
        assert file.execute("SELECT kind, stored_ms, body FROM event").fetchall() == [
            ("transaction-started", 1001, START.encode())
        ]
        assert file.execute(
            "SELECT transaction_id, energy_wh, flags, is_accepted FROM session"
        ).fetchall() == [(7, 900, "", 1)]
        assert file.execute("SELECT csms, seq, message_id, state FROM delivery").fetchall() == [
            ("city", 1, "i" * 36, "waiting")
        ]
        assert file.execute("SELECT cloud_id FROM cloud_transaction").fetchall() == [("4711",)]
        assert file.execute("SELECT body FROM document").fetchall() == [(b"{}",)]
        assert file.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert file.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(sqlite3.connect(copy_of(path, version))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (version,)
        assert copy.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_energy_that_would_have_been_negative_is_none_at_all_and_says_why(tmp_path):
    path = tmp_path / "journal.db"
    made_in(2, path, meter_stop_wh=20)
    with closing(open_sync(path)) as file:
        assert file.execute("SELECT energy_wh, flags FROM session").fetchone() == (0, "register-fell")


def test_a_file_that_contradicts_itself_is_left_as_it_was(tmp_path):
    path = tmp_path / "journal.db"
    made_in(2, path)
    with closing(sqlite3.connect(path)) as file:
        file.execute("DELETE FROM event")
        file.commit()
    with pytest.raises(JournalBrokenError, match="1 rows refer to what is not there"):
        open_sync(path)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (2,)
        assert file.execute("SELECT count(*) FROM delivery").fetchone() == (1,)
        assert "kind" not in {row[1] for row in file.execute("PRAGMA table_info(event)")}


def test_a_new_file_needs_no_copy(tmp_path):
    with closing(open_sync(tmp_path / "journal.db")) as file:
        assert file.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert not list(tmp_path.glob("*schema*"))


@pytest.mark.parametrize(
    "row",
    [
        f"session {ENERGY} VALUES (0, 'x', 1, '', 1, 1, NULL, NULL)",
        f"session {ENERGY} VALUES (1, 'x', 1, '', '?', 1, NULL, NULL)",
        f"session {ENERGY} VALUES (1, 'x', 1, '', 1, 1, -5, NULL)",
        f"session {ENERGY} VALUES (1, 'x', 1, '', 1, 1, NULL, 5)",
        "delivery (csms, seq, charger, message_id) VALUES ('city', 99, 'x', hex(zeroblob(18)))",
    ],
)
def test_what_cannot_be_true_is_refused_by_the_schema(tmp_path, row):
    with closing(open_sync(tmp_path / "journal.db")) as file, pytest.raises(sqlite3.IntegrityError):
        file.execute(f"INSERT INTO {row}")
