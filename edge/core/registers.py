"""Modbus registers as numbers, and back, in integers throughout.

A float register is taken apart into its mantissa and exponent, so that a reading is scaled exactly on every
interpreter, also where floats have 32 bits. What a device does not measure (NaN, infinity, the sentinels of
integer types) is None.
"""

# type -> (registers, is signed, is float)
TYPES = {
    "u16": (1, False, False),
    "i16": (1, True, False),
    "u32": (2, False, False),
    "i32": (2, True, False),
    "u64": (4, False, False),
    "i64": (4, True, False),
    "f32": (2, True, True),
    "f64": (4, True, True),
}
BIG = "big"  # the most significant register first
LITTLE = "little"

# float type -> (bits of the mantissa, bias of the exponent): IEEE 754-2008 table 3.5
_FLOATS = {"f32": (23, 127), "f64": (52, 1023)}


def decode(
    registers: list[int], kind: str, word_order: str = BIG, *, multiply: int = 1, divide: int = 1
) -> int | None:
    """The registers' number x multiply / divide, rounded away from zero: a load is never read too small.

    None where the device says that it does not measure it. Raises ValueError on a wrong count or type.
    """
    raw = _raw(registers, kind, word_order)
    bits = 16 * len(registers)
    parts = _float(raw, kind, bits) if TYPES[kind][2] else _integer(raw, kind, bits)
    if parts is None:
        return None
    numerator, exponent = parts[0] * multiply, parts[1]
    if exponent >= 0:
        numerator <<= exponent
    else:
        divide <<= -exponent
    return _away_from_zero(numerator, divide)


def encode(value: int, kind: str, word_order: str = BIG, *, multiply: int = 1, divide: int = 1) -> list[int]:
    """The registers that `decode` reads back as `value` (a float: as near as it can hold).

    Raises ValueError where the type cannot hold it.
    """
    numerator, denominator = value * divide, multiply
    count = TYPES[kind][0]
    if TYPES[kind][2]:
        raw = _float_bits(numerator, denominator, kind)
    else:
        raw = _away_from_zero(numerator, denominator)
        low, high = _bounds(kind, 16 * count)
        if not low <= raw <= high:
            raise ValueError("does not fit " + kind)
        raw &= (1 << 16 * count) - 1
    words = [(raw >> 16 * place) & 0xFFFF for place in range(count)]
    return words if word_order == LITTLE else words[::-1]


def _raw(registers: list[int], kind: str, word_order: str) -> int:
    if kind not in TYPES or len(registers) != TYPES[kind][0]:
        raise ValueError("wrong type or count of registers: " + kind)
    if word_order not in (BIG, LITTLE):
        raise ValueError("no such word order: " + word_order)
    raw = 0
    for word in registers if word_order == BIG else registers[::-1]:
        if not 0 <= word <= 0xFFFF:
            raise ValueError("a register has 16 bits")
        raw = raw << 16 | word
    return raw


def _integer(raw: int, kind: str, bits: int) -> tuple[int, int] | None:
    """An integer and the exponent 0; None for the sentinel: all ones, or the smallest number."""
    is_signed = TYPES[kind][1]
    if raw == (1 << (bits - 1) if is_signed else (1 << bits) - 1):
        return None
    is_negative = is_signed and raw >> (bits - 1)
    return (raw - (1 << bits) if is_negative else raw), 0


def _bounds(kind: str, bits: int) -> tuple[int, int]:
    """What an integer type can say; its sentinel is not among it."""
    if TYPES[kind][1]:
        return -(1 << (bits - 1)) + 1, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 2


def _float(raw: int, kind: str, bits: int) -> tuple[int, int] | None:
    """A float as mantissa x 2 ** exponent, exactly; None for NaN and the infinities."""
    width, bias = _FLOATS[kind]
    exponent = raw >> width & ((1 << (bits - 1 - width)) - 1)
    mantissa = raw & ((1 << width) - 1)
    if exponent == 2 * bias + 1:
        return None
    if exponent:
        mantissa |= 1 << width
    else:
        exponent = 1  # subnormal
    return (-mantissa if raw >> (bits - 1) else mantissa), exponent - bias - width


def _float_bits(numerator: int, denominator: int, kind: str) -> int:
    """The float nearest to numerator / denominator, as its bits."""
    width, bias = _FLOATS[kind]
    sign = 1 if numerator < 0 else 0
    numerator = abs(numerator)
    total = 64 if kind == "f64" else 32
    if numerator == 0:
        return 0
    exponent = 1 - bias - width  # of the subnormals: no float is finer
    while _nearest(numerator, denominator, exponent) >> (width + 1):
        exponent += 1
    mantissa = _nearest(numerator, denominator, exponent)
    biased = exponent + bias + width
    if biased > 2 * bias:
        raise ValueError("does not fit " + kind)
    if mantissa >> width == 0:
        biased = 0  # subnormal
    return sign << (total - 1) | biased << width | mantissa & ((1 << width) - 1)


def _nearest(numerator: int, denominator: int, exponent: int) -> int:
    """numerator / denominator in units of 2 ** exponent, halves to even."""
    if exponent < 0:
        numerator <<= -exponent
    else:
        denominator <<= exponent
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        whole += 1
    return whole


def _away_from_zero(numerator: int, denominator: int) -> int:
    """The quotient of any integer by a positive one, the larger magnitude where it is not exact."""
    if numerator < 0:
        return -((denominator - 1 - numerator) // denominator)
    return (numerator + denominator - 1) // denominator
