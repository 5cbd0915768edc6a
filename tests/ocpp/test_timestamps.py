"""Times as stations write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms, rfc3339, rfc3339_seconds

NOON = 1_700_000_000_000  # 2023-11-14T22:13:20Z

READ = {
    "2023-11-14T22:13:20Z": NOON,
    "2023-11-14T22:13:20.000Z": NOON,
    "2023-11-14T22:13:20.5Z": NOON + 500,
    "2023-11-14T22:13:20.123456789Z": NOON + 123,
    "2023-11-14T23:13:20+01:00": NOON,
    "2023-11-14T23:13:20+0100": NOON,
    "2023-11-14T23:13:20+01": NOON,
    "2023-11-14T17:43:20-04:30": NOON,
    "2023-11-14T22:13:20": NOON,
    "2023-11-14 22:13:20Z": NOON,
    "2023-11-14t22:13:20z": NOON,
    "2023-11-14T22:13Z": NOON - 20_000,
    "2016-12-31T23:59:60Z": 1_483_228_800_000,
    "1970-01-01T00:00:00Z": 0,
    "2024-02-29T00:00:00Z": 1_709_164_800_000,
}


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_what_stations_write_is_read(text, expected):
    assert epoch_ms(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1700000000",
        "2023-11-14",
        "2023-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:61:00Z",
        "0000-01-01T00:00:00Z",
        "2023-11-14T22:13:20Z\n",
        "2023-11-14T22:13:20ZZ",
        "٢٠٢٣-11-14T22:13:20Z",
        "2023-11-14T22:13:20+99:00",
        "x" * 10_000,
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Fault) as fault:
        epoch_ms(text)
    assert fault.value.code == "PropertyConstraintViolation"


@given(st.integers(0, 4_102_444_800_000))
def test_what_we_write_we_read(at_ms):
    assert epoch_ms(rfc3339(at_ms)) == at_ms
    assert epoch_ms(rfc3339_seconds(at_ms // 1000)) == at_ms // 1000 * 1000
