"""Whatever stands in a site file, it is answered by a site or by faults, never by an exception."""

from hypothesis import given
from hypothesis import strategies as st

from edge.settings import keys

HEADERS = [
    "site",
    "grid",
    "grid.meter",
    "grid.demand",
    "circuit",
    "circuit.west",
    "circuit.west.meter",
    "circuit.grid",
    "charger",
    'charger."*"',
    'charger."b-1..b-3"',
    'charger."b-3..b-9"',
    "charger.b-2",
    'charger."b-9..b-1"',
    "charger.b-2.pins",
    "ocpp",
    "ocpp.password",
    "web",
    "tokens",
    "uplink",
    "uplink.city",
    "uplink.town",
    "mqtt",
    "control",
    "line.x",
    "tariff",
    "nonsense",
    "solar.meter",
]
NAMES = sorted({key.name for section in (*keys.FILE.sections, keys.METER) for key in section.keys})
VALUES = [
    "0",
    "1",
    "16",
    "63",
    "-1",
    "1e400",
    "nan",
    "inf",
    "0.0005",
    "true",
    '""',
    '"grid"',
    '"west"',
    '"*"',
    '"secret:x"',
    '"open"',
    '"ws://x/y"',
    '"L1L2L3"',
    '["L1","L2"]',
    "[]",
    "[[1]]",
    "{}",
    "{a=1}",
    "17:30:00",
    "2026-11-22",
    '"{n}{x}"',
    '"gpio"',
    '"eastron-sdm630"',
    '"10.0.0.1"',
    "0x10",
    "oops",
    '"\\u0000"',
]

files = st.lists(
    st.tuples(
        st.sampled_from(HEADERS),
        st.lists(st.tuples(st.sampled_from([*NAMES, "meter", "west"]), st.sampled_from(VALUES)), max_size=6),
    ),
    max_size=8,
)


@given(files)
def test_every_file_is_a_site_or_has_faults(judge_once, file):
    text = "\n".join(
        line
        for header, rows in file
        for line in (f"[{header}]", *(f"{name} = {value}" for name, value in rows))
    )
    verdict = judge_once(text)
    assert (verdict.site is None) == bool(verdict.faults)
    for fault in verdict.faults:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert len(fault.render("site.toml").splitlines()) == 4
        assert all(part for part in (fault.keyword, fault.where, fault.found, fault.allowed, fault.remedy))
    if verdict.site is not None:
        assert all(total.spare_ma >= 0 for total in verdict.sums)
