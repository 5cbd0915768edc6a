"""`ampyard doctor`: every trouble in a line, with what to try; 1 where one is a failure."""

from edge.cli import box, doctor
from edge.cli.main import main

SITE = "[grid]\nrating_a = 63\nbuilding_max_a = 40\n[charger.bay-1]\nmax_a = 16\n"
STATUS = {
    "cycle": 9,
    "slowest_cycle_ms": 12,
    "circuits": [{"name": "grid", "meter": {"state": "fresh", "trouble": ""}}],
    "evses": [{"id": "bay-1", "charger": "bay-1", "link": "up", "severity": "fine", "sentence": "Free."}],
    "uplinks": [],
    "alerts": [],
    "strangers": [],
}


def examine(tmp_path, monkeypatch, capsys, *words, **changed):
    """What it says of a lot that answers like this."""
    status = STATUS | changed
    brief = changed.get("brief", "Dead man proven, pauses.")

    def ask(_path, *segments):
        return status if segments == ("status",) else {"brief": brief}

    monkeypatch.setattr(box, "ask", ask)
    monkeypatch.setattr(doctor, "TIMESYNC", tmp_path)
    file = tmp_path / "site.toml"
    if not file.exists():
        file.write_text(SITE)
    code = main(["doctor", "--file", str(file), "--state", str(tmp_path), *words])
    return code, capsys.readouterr().out


def test_a_lot_that_is_well_has_no_failures(tmp_path, monkeypatch, capsys):
    code, said = examine(tmp_path, monkeypatch, capsys)
    assert code == 0
    assert "0 failures" in said
    code, said = examine(tmp_path, monkeypatch, capsys, "-v")
    assert "ok    fallback    46 of 63 A without this box" in said


def test_what_is_wrong_is_told_with_what_to_try(tmp_path, monkeypatch, capsys):
    meter = {"name": "grid", "meter": {"state": "stale", "trouble": "unit 2 answers"}}
    uplink = {"csms": "city", "state": "refused", "parked": 0, "sentence": "city: 401"}
    code, said = examine(tmp_path, monkeypatch, capsys, circuits=[meter], uplinks=[uplink])
    assert code == 1
    assert "FAIL  grid        its meter is stale: unit 2 answers" in said
    assert "try: sudo ampyard secret set city" in said
    assert "2 failures" in said


def test_a_dead_man_that_was_never_seen_to_fire_is_a_warning(tmp_path, monkeypatch, capsys):
    code, said = examine(tmp_path, monkeypatch, capsys, brief="Dead man not tested, pauses.")
    assert code == 0
    assert "try: ampyard passport bay-1 --self-test" in said


def test_a_port_that_is_not_there_and_a_file_with_faults_fail(tmp_path, monkeypatch, capsys):
    (tmp_path / "site.toml").write_text(
        SITE + '[line.a]\nport = "/dev/ttyNothing"\n[grid.meter]\nmodel = "eastron-sdm630"\nline = "a"\n'
    )
    code, said = examine(tmp_path, monkeypatch, capsys)
    assert code == 1
    assert "/dev/ttyNothing is not there" in said
    (tmp_path / "site.toml").write_text("[grid]\n")
    assert "try: ampyard check" in examine(tmp_path, monkeypatch, capsys)[1]


def test_a_box_that_does_not_answer_is_a_failure(tmp_path, capsys):
    code = main(["doctor", "--file", str(tmp_path / "none.toml"), "--socket", str(tmp_path / "none.sock")])
    said = capsys.readouterr().out
    assert code == 1
    assert "FAIL  service" in said
