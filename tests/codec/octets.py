"""Octets and the JSON that a decoder must make of them: numbers, medical floats, dates and checks.
No characteristic is known here; those are in the modules beside this one, one for each family.
"""

from decimal import Decimal
from itertools import cycle
from typing import NamedTuple


class Field(NamedTuple):
    """A piece of a value and what it means."""

    octets: bytes
    meaning: object


def unsigned(value, octets):
    return value.to_bytes(octets, "little")


def signed(value, octets):
    return value.to_bytes(octets, "little", signed=True)


def u8(value):
    return unsigned(value, 1)


def u16(value):
    return unsigned(value, 2)


def u24(value):
    return unsigned(value, 3)


def u32(value):
    return unsigned(value, 4)


def bits(*numbers):
    """The number whose given bits are set."""
    return sum(1 << number for number in set(numbers))


def names_of(word, names):
    """The names of the set bits, lowest first; bits without a name are reserved and say nothing."""
    return [name for number, name in enumerate(names) if name and word >> number & 1]


def scaled(raw, unit):
    """`raw` times a decimal unit such as "0.005", exactly."""
    return Decimal(raw) * Decimal(unit)


# Medical floats: two's complement exponent above a two's complement mantissa, both read as decimal.


def sfloat(mantissa, exponent=0):
    word = (exponent & 0xF) << 12 | mantissa & 0xFFF
    assert -8 <= exponent <= 7 and -2048 <= mantissa <= 2047 and word not in SFLOAT_SPECIAL
    return Field(u16(word), Decimal(mantissa).scaleb(exponent))


def float32(mantissa, exponent=0):
    word = (exponent & 0xFF) << 24 | mantissa & 0xFFFFFF
    assert -128 <= exponent <= 127 and -(1 << 23) <= mantissa < 1 << 23 and word not in FLOAT_SPECIAL
    return Field(u32(word), Decimal(mantissa).scaleb(exponent))


SFLOAT_SPECIAL = {0x07FF: "NaN", 0x0800: "NRes", 0x07FE: "+INF", 0x0802: "-INF", 0x0801: "Reserved"}
FLOAT_SPECIAL = {0x007FFFFF: "NaN", 0x00800000: "NRes", 0x007FFFFE: "+INF", 0x00800002: "-INF", 0x00800001: "Reserved"}

SFLOAT_SPECIALS = [Field(u16(word), name) for word, name in SFLOAT_SPECIAL.items()]
FLOAT_SPECIALS = [Field(u32(word), name) for word, name in FLOAT_SPECIAL.items()]
NAN = SFLOAT_SPECIALS[0]

# 0x07FD and 0x0803 are ordinary numbers beside the special ones, and so are special mantissas with an exponent.
SFLOATS = [
    sfloat(0),
    sfloat(120),
    sfloat(-5),
    sfloat(20, -1),
    sfloat(2045),
    sfloat(-2045),
    sfloat(2047, -1),
    sfloat(-2048, 1),
    sfloat(2046, 7),
    sfloat(-2046, -8),
    sfloat(1, 7),
    sfloat(1, -8),
    sfloat(-1, -8),
]
FLOATS = [
    float32(0),
    float32(366, -1),
    float32(-5),
    float32(20, -1),
    float32(0x7FFFFD),
    float32(-0x7FFFFD),
    float32(0x7FFFFF, -1),
    float32(-0x800000, 1),
    float32(0x7FFFFE, 127),
    float32(-0x7FFFFE, -128),
    float32(1, -4),
    float32(1, 127),
]


def changing(fields):
    """An endless supply, so that lines which differ in their flags differ in their numbers, too."""
    supply = cycle(fields)
    return lambda: next(supply)


# Times.


def date_time(year, month, day, hour, minute, second):
    """Seven octets; a year, month or day of 0 is unknown."""
    octets = u16(year) + bytes([month, day, hour, minute, second])
    return Field(
        octets,
        {
            "year": year or None,
            "month": month or None,
            "day": day or None,
            "hour": hour,
            "minute": minute,
            "second": second,
        },
    )


DATE_TIMES = [
    date_time(2024, 2, 29, 23, 59, 59),
    date_time(1582, 1, 1, 0, 0, 0),
    date_time(9999, 12, 31, 12, 30, 15),
    date_time(0, 0, 0, 8, 5, 1),
    date_time(2025, 0, 0, 1, 2, 3),
    date_time(2023, 2, 31, 7, 45, 0),
    date_time(0, 6, 15, 0, 0, 1),
]

# One number too far in each part, at its place in the seven octets.
BAD_DATE_TIMES = [
    u16(1581) + bytes([1, 1, 0, 0, 0]),
    u16(10000) + bytes([1, 1, 0, 0, 0]),
    u16(2024) + bytes([13, 1, 0, 0, 0]),
    u16(2024) + bytes([1, 32, 0, 0, 0]),
    u16(2024) + bytes([1, 1, 24, 0, 0]),
    u16(2024) + bytes([1, 1, 0, 60, 0]),
    u16(2024) + bytes([1, 1, 0, 0, 60]),
]


# Checks, computed bit by bit.


def end_to_end_check(octets):
    """CRC-16/MCRF4XX: reflected 0x8408, initial 0xFFFF, no final XOR; appended little-endian."""
    check = 0xFFFF
    for octet in octets:
        check ^= octet
        for _ in range(8):
            check = check >> 1 ^ (0x8408 if check & 1 else 0)
    return u16(check)


def frame_check(octets):
    """CRC-8 with polynomial 0x07 and initial 0."""
    check = 0
    for octet in octets:
        check ^= octet
        for _ in range(8):
            check = (check << 1 ^ (0x07 if check & 0x80 else 0)) & 0xFF
    return u8(check)


assert end_to_end_check(b"123456789") == u16(0x6F91)
assert frame_check(b"123456789") == u8(0xF4)
