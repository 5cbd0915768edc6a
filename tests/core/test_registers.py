"""Registers become integers exactly, a load never too small, and what is not measured is None."""

import struct
from fractions import Fraction
from math import ceil, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.registers import BIG, LITTLE, TYPES, decode, encode

CODES = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}


def words(raw: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack(">H", raw)]


def test_a_register_of_every_type():
    assert decode([0xFFFE], "u16") == 65_534
    assert decode([0xFFFE], "i16") == -2
    assert decode([0x0001, 0x0000], "u32") == 65_536
    assert decode([0x0000, 0x0001], "u32", LITTLE) == 65_536
    assert decode([0xFFFF, 0xFFFE], "i32") == -2
    assert decode([0, 0, 1, 0], "u64") == 65_536
    assert decode([0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], "i64") == -2
    assert decode([0x4366, 0x0000], "f32", multiply=1000) == 230_000
    assert decode([0x0000, 0x4366], "f32", LITTLE, multiply=1000) == 230_000
    assert decode(words(struct.pack(">d", -16.5)), "f64", multiply=1000) == -16_500


def test_a_tenth_of_a_volt_becomes_millivolts():
    assert decode([2301], "u16", multiply=100) == 230_100


def test_rounding_goes_away_from_zero():
    assert decode([1], "u16", divide=1000) == 1
    assert decode([0xFFFF - 0], "i16", divide=1000) == -1
    assert decode([0], "u16", divide=1000) == 0
    assert decode(words(struct.pack(">f", 1e-30)), "f32", multiply=1000) == 1


@pytest.mark.parametrize("value", [float("nan"), -float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_nan_and_infinity_are_not_measured(kind, value):
    assert decode(words(struct.pack(">" + CODES[kind], value)), kind) is None


@pytest.mark.parametrize("kind", ["u16", "u32", "u64"])
def test_all_ones_of_an_unsigned_type_are_not_measured(kind):
    assert decode([0xFFFF] * TYPES[kind][0], kind) is None


@pytest.mark.parametrize("kind", ["i16", "i32", "i64"])
def test_the_smallest_number_of_a_signed_type_is_not_measured(kind):
    assert decode([0x8000] + [0] * (TYPES[kind][0] - 1), kind) is None


def test_too_few_registers_are_an_error_and_not_a_number():
    with pytest.raises(ValueError, match="wrong type or count"):
        decode([0x4366], "f32")
    with pytest.raises(ValueError, match="16 bits"):
        decode([0x1_0000], "u16")
    with pytest.raises(ValueError, match="word order"):
        decode([0], "u16", "middle")


@given(st.floats(width=32), st.sampled_from(["f32", "f64"]), st.sampled_from([BIG, LITTLE]))
def test_a_float_is_scaled_exactly(value, kind, order):
    registers = words(struct.pack(">" + CODES[kind], value))
    read = decode(registers if order == BIG else registers[::-1], kind, order, multiply=1000)
    if not isfinite(value):
        assert read is None
    else:
        exact = Fraction(value) * 1000
        assert read == (ceil(exact) if exact >= 0 else -ceil(-exact))


@given(
    st.data(), st.sampled_from([kind for kind in TYPES if not TYPES[kind][2]]), st.sampled_from([BIG, LITTLE])
)
def test_an_integer_comes_back_as_it_was_written(data, kind, order):
    bits = 16 * TYPES[kind][0]
    low, high = (-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1) if TYPES[kind][1] else (0, 2**bits - 2)
    value = data.draw(st.integers(low, high))
    assert decode(encode(value, kind, order), kind, order) == value
    for outside in (low - 1, high + 1):
        with pytest.raises(ValueError, match="does not fit"):
            encode(outside, kind)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["f32", "f64"]))
def test_a_float_is_written_as_python_writes_it(milli, kind):
    written = encode(milli, kind, multiply=1000)
    nearest = Fraction(milli, 1000)
    back = Fraction(
        struct.unpack(">" + CODES[kind], b"".join(struct.pack(">H", word) for word in written))[0]
    )
    assert abs(back - nearest) <= abs(nearest) / 2 ** (24 if kind == "f32" else 53)


def test_a_float_that_is_too_large_is_refused():
    assert encode(0, "f32") == [0, 0]
    with pytest.raises(ValueError, match="does not fit"):
        encode(10**39, "f32")
