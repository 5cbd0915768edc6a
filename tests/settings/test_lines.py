"""The index of lines agrees with tomllib on every good file, and goes on reading after a bad line."""

import tomllib
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from edge.settings.lines import Table, as_toml, read


def plain(table: Table) -> dict:
    return {key: entry.value for key, entry in table.entries.items()} | {
        name: plain(inner) for name, inner in table.tables.items()
    }


AWKWARD = '''\
top = 1
a.b = { c = 1, d = [1, 2] }   # dotted and inline
[one]
list = [
  "x",   # a comment with ] in it
  "y = 3",
  ["z"],
]
text = """
[not.a.header]
key = "not a key"
"""
raw = \'\'\'
k = 1\'\'\'
"quoted key" = 0x1F
[one.two."three four"]
time = 17:30:00
float = 1_000.5
'''


def test_a_good_file_reads_as_tomllib_reads_it():
    table, faults = read(AWKWARD)
    assert faults == []
    assert plain(table) == tomllib.loads(AWKWARD, parse_float=Decimal)


def test_every_value_knows_its_line():
    table, _ = read(AWKWARD)
    one = table.tables["one"]
    assert one.line == 3
    assert {name: entry.line for name, entry in one.entries.items()} == {
        "list": 4,
        "text": 9,
        "raw": 13,
        "quoted key": 15,
    }
    assert one.tables["two"].tables["three four"].entries["time"].line == 17


def test_reading_goes_on_after_each_line_that_is_not_toml():
    table, faults = read("[a]\nx = Europe\ny = 2\nnonsense\n[b\nlost = 1\n[c]\nz = [1,\n 2\nw = 3\n")
    assert [fault.line for fault in faults] == [2, 4, 5, 8]
    assert plain(table) == {"a": {"y": 2}, "c": {"w": 3}}


@given(
    st.dictionaries(
        st.text("abcdef_-", min_size=1),
        st.dictionaries(
            st.text("abcdef_-", min_size=1),
            st.one_of(
                st.integers(),
                st.booleans(),
                st.text(
                    st.characters(
                        min_codepoint=32,
                        exclude_characters="\x7f\x85\u2028\u2029",
                        exclude_categories=("Cs", "Cc"),
                    )
                ),
                st.lists(st.integers()),
            ),
        ),
    )
)
def test_what_is_written_is_read_again(document):
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {as_toml(value)}\n" for key, value in table.items())
        for name, table in document.items()
    )
    table, faults = read(text)
    assert faults == []
    assert plain(table) == document


@given(st.text())
def test_no_text_at_all_makes_the_reader_fail(text):
    read(text)


@given(st.lists(st.sampled_from(AWKWARD.splitlines()), max_size=30))
def test_shuffled_lines_do_not_make_the_reader_fail(lines):
    read("\n".join(lines))
