"""A block more in the site file: comments kept, sums proven first, nobody else changed, and the way back."""

from pathlib import Path

import pytest

from edge.settings import SiteFileError, read
from edge.settings.adoption import Adoption, AdoptionError, adopted
from edge.settings.site_file import SiteFile

RIVERSIDE = """\
# The lot.
[grid]
rating_a = 100
building_max_a = 55

[circuit.west]
parent = "grid"
rating_a = 63

[circuit.east]
parent   = "grid"
rating_a = 50

[charger."bay-1..bay-3"]
circuit = "west"

[charger.bay-4]
station = "ACE0123456"     # this one keeps its maker's identity
circuit = "east"

[charger.bay-5]
circuit = "east"
max_a = 16   # a small one

# ---- who may charge ----
[tokens]
accept = "all"
"""
AL = Adoption(station="AL-4711", name="bay-7", circuit="east", max_a=16)


def adopt(text, adoption):
    return adopted(text, adoption, {}, file="site.toml", folder=Path())


def changed(adoption, **changes):
    return Adoption(**({name: getattr(adoption, name) for name in Adoption.__slots__} | changes))


def test_five_lines_stand_behind_the_last_charger_and_nothing_else_moves():
    change = adopt(RIVERSIDE, AL)
    block = '\n[charger.bay-7]\nstation = "AL-4711"\ncircuit = "east"\nmax_a   = 16\n'
    assert change.text == RIVERSIDE.replace("# a small one\n", f"# a small one\n{block}")
    assert change.place == "5 lines added after line 23"


def test_what_it_does_to_every_fuse_above_is_told():
    assert adopt(RIVERSIDE, AL).proof == "east: fallback 12 -> 18 of 50 A; grid 85 -> 91 of 100 A. Proven."


def test_sockets_lists_and_their_shared_supply_are_written_too():
    twin = changed(AL, max_a=(32, 16), evses=2, rating_a=32, phase_rotation=("L1L2L3", "L2L3L1"))
    change = adopt(RIVERSIDE, twin)
    charger = read(change.text, {}).accepted().charger("bay-7")
    assert [evse.max_ma for evse in charger.evses] == [32_000, 16_000]
    assert [evse.phase_rotation for evse in charger.evses] == ["L1L2L3", "L2L3L1"]
    assert change.proof.startswith("bay-7's supply: fallback 0 -> 12 of 32 A; east 12 -> 24 of 50 A; grid")


def test_what_does_not_fit_is_refused_with_the_site_file_s_own_fault():
    with pytest.raises(SiteFileError) as refused:
        adopt(RIVERSIDE, changed(AL, fallback_a=16))
    (fault,) = refused.value.faults
    assert (fault.keyword, fault.line) == ("fallback-sum", 3)
    assert fault.found == "building 55 A + fallback 5 x 6 A + 1 x 16 A = 101 A on L1, rating 100 A"
    assert fault.remedy.startswith("fallback_a = 0 on 1 charger")


@pytest.mark.parametrize(
    ("adoption", "keyword"),
    [
        (changed(AL, circuit="north"), "no-circuit"),
        (changed(AL, max_a=63), "over-circuit"),
        (changed(AL, name="bay seven"), "name"),
        (changed(AL, phase_rotation="RST"), "rotation"),
        (changed(AL, evses=9), "range"),
    ],
)
def test_every_mistake_is_answered_as_check_would(adoption, keyword):
    with pytest.raises(SiteFileError) as refused:
        adopt(RIVERSIDE, adoption)
    assert [fault.keyword for fault in refused.value.faults] == [keyword]


def test_a_station_or_a_name_that_is_taken_is_refused():
    with pytest.raises(AdoptionError, match="ACE0123456 is bay-4 already"):
        adopt(RIVERSIDE, changed(AL, station="ACE0123456"))
    with pytest.raises(AdoptionError, match="bay-4 is in the site file already"):
        adopt(RIVERSIDE, changed(AL, name="bay-4"))


DEALT = """\
[grid]
rating_a = 100
building_max_a = 10
[charger."*"]
phase_rotation = ["L1L2L3", "L2L3L1", "L3L1L2"]
[charger.bay-1]
[charger.bay-3]
"""


def test_a_rotation_is_never_dealt_to_a_stranger():
    change = adopt(DEALT, Adoption(station="AL-4711", name="bay-4", max_a=16))
    assert change.text.endswith('[charger.bay-4]\nstation        = "AL-4711"\n'
                                'max_a          = 16\nphase_rotation = "unknown"\n')  # fmt: skip


def test_who_would_move_the_others_in_the_deal_is_refused():
    with pytest.raises(AdoptionError, match="phase_rotation of bay-3 would change"):
        adopt(DEALT, Adoption(station="AL-4711", name="bay-2", max_a=16))


def test_a_broken_charger_is_replaced_by_its_station_alone():
    change = adopt(RIVERSIDE, Adoption(station="AL-4711", name="bay-4", replaces=True))
    assert change.text == RIVERSIDE.replace('"ACE0123456"', '"AL-4711"')
    assert change.place == "line 18 changed"
    change = adopt(RIVERSIDE, Adoption(station="AL-4711", name="bay-5", replaces=True))
    assert change.text == RIVERSIDE.replace("[charger.bay-5]\n", '[charger.bay-5]\nstation = "AL-4711"\n')


def test_one_of_a_range_is_replaced_by_a_block_that_refines_it():
    change = adopt(RIVERSIDE, Adoption(station="AL-4711", name="bay-2", replaces=True))
    site = read(change.text, {}).accepted()
    assert [site.charger(f"bay-{n}").station for n in (1, 2, 3)] == ["bay-1", "AL-4711", "bay-3"]
    assert site.charger("bay-2").circuit == "west"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_a_missing_last_one_are_kept(newline):
    text = f"[grid]{newline}rating_a = 63{newline}building_max_a = 40{newline}[charger.a]"
    change = adopt(text, Adoption(station="AL-4711", name="b", max_a=16))
    assert change.text.startswith(text + newline)
    assert change.text.count("\n") == change.text.count(newline) == text.count(newline) + 5


# -- the file ----------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(RIVERSIDE)
    path.chmod(0o640)
    return path


def site_file(path, running=RIVERSIDE):
    return SiteFile(path, {}, kept=path.parent / "state", running=running)


def test_an_adoption_is_written_and_taken_back(path):
    change = site_file(path).adopt(AL)
    assert path.read_text() == change.text
    assert path.stat().st_mode & 0o777 == 0o640
    assert (path.parent / "state" / "before-adoption.toml").read_text() == RIVERSIDE
    again = site_file(path, running=change.text)
    assert again.last() == "bay-7"
    assert again.undo() == "bay-7"
    assert path.read_text() == RIVERSIDE
    assert sorted(each.name for each in path.parent.iterdir()) == ["site.toml", "state"]
    with pytest.raises(AdoptionError, match="nothing was adopted"):
        again.undo()


def test_nothing_is_taken_back_over_an_edit(path):
    change = site_file(path).adopt(AL)
    path.write_text(change.text + "# mine\n")
    assert site_file(path).last() is None
    with pytest.raises(AdoptionError, match="was edited since the last adoption"):
        site_file(path).undo()
    assert path.read_text().endswith("# mine\n")


def test_an_edit_that_does_not_run_yet_is_not_adopted_with_it(path):
    path.write_text(RIVERSIDE.replace("rating_a = 100", "rating_a = 200"))
    with pytest.raises(AdoptionError, match="was changed since the controller started"):
        site_file(path).adopt(AL)


def test_a_refused_adoption_leaves_the_file_alone(path):
    with pytest.raises(SiteFileError):
        site_file(path).adopt(changed(AL, max_a=63))
    assert path.read_text() == RIVERSIDE
    assert not (path.parent / "state").exists()


def test_a_folder_that_may_not_be_written_is_named(path):
    (path.parent / "state").write_text("no folder")
    with pytest.raises(AdoptionError, match="cannot be written") as refused:
        site_file(path).adopt(AL)
    assert "chown" in refused.value.remedy
    assert path.read_text() == RIVERSIDE
