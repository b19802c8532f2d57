"""The generic health sensor: segments, features and observations of every class but free type-length-value parts.
What a code of the nomenclature means is not here.
"""

from octets import FLOAT_SPECIALS, Field, changing, float32, names_of, u8, u16, u32, unsigned
from time_and_device import elapsed

STATUS = [
    "invalid",
    "questionable",
    "not_available",
    "calibrating",
    "test_data",
    "early_estimate",
    "manually_entered",
    "setting",
    None,
    None,
    None,
    None,
    None,
    None,
    "threshold_error",
    "threshold_disabled",
]
CLASSES = {
    1: "numeric",
    2: "simple_discrete",
    3: "string",
    4: "sample_array",
    5: "compound_discrete_event",
    6: "compound_state_event",
    7: "compound",
    255: "bundle",
}
SATURATION, PULSE, TEMPERATURE = 150456, 149530, 150364
PERCENT, PER_MINUTE, MILLIMETRES, CELSIUS = 544, 2720, 3872, 6048


def add(book):
    segments(book)
    features(book)
    numbers(book)
    attributes(book)
    other_classes(book)
    nested(book)
    faults(book)


def segments(book):
    def segment(first, last, counter, payload):
        octets = u8(first | last << 1 | counter << 2) + payload
        meaning = {"first": first, "last": last, "segment_counter": counter, "payload_hex": payload.hex().upper()}
        return Field(octets, meaning)

    for parts in [
        (True, True, 0, bytes(range(19))),
        (True, False, 63, b"\1"),
        (False, False, 0, b"\xff" * 19),
        (False, True, 1, b"\0\x80"),
        (False, True, 32, bytes(range(200, 244))),
    ]:
        book.valid("2B8B", *segment(*parts))
    for first, last, counter, payload in [(True, True, 7, b"\1\2\3\4"), (False, True, 8, b"\5\6")]:
        whole = segment(first, last, counter, payload)
        cuts = {1 + n: segment(first, last, counter, payload[:n]).meaning for n in range(1, len(payload))}
        # A segment ends where the notification ends; whether it may be empty is not said.
        book.prefixes("2B8B", whole.octets, but=cuts | {1: None})


def features(book):
    def listed(types, specializations=None):
        octets = u8(specializations is not None) + u8(len(types)) + b"".join(map(u32, types))
        meaning = {"types": types}
        if specializations is not None:
            octets += u8(len(specializations)) + b"".join(u16(code) + u8(version) for code, version in specializations)
            meaning["specializations"] = [{"code": code, "version": version} for code, version in specializations]
        return Field(octets, meaning)

    made = [
        listed([SATURATION, PULSE], [(0x1004, 1)]),
        listed([TEMPERATURE]),
        listed([150020, 150021, 150022, 150023], [(0x1007, 2), (0x1008, 1)]),
        listed([0, 0xFFFFFFFF]),
        listed([188736], []),
        listed([]),
    ]
    for field in made:
        book.valid("2BF3", *field)
    book.prefixes("2BF3", made[0].octets)
    book.prefixes("2BF3", made[1].octets)
    book.rejected("2BF3", made[0].octets + b"\0", "trailing_bytes")
    book.rejected("2BF3", made[1].octets + b"\0", "trailing_bytes")


ATTRIBUTES = [
    "type",
    "time",
    "duration_s",
    "measurement_status",
    "object_id",
    "patient",
    "supplemental",
    "derived_from",
    "member_of",
]


def observation(kind, value, **present):
    """Length counts only the octets that follow it."""
    flags = sum(1 << number for number, name in enumerate(ATTRIBUTES) if name in present)
    body = u16(flags) + b"".join(present[name].octets for name in ATTRIBUTES if name in present) + value.octets
    meaning = {"class": CLASSES[kind]} | {name: field.meaning for name, field in present.items()} | value.meaning
    return Field(u8(kind) + u16(len(body)) + body, meaning)


def code(number):
    return Field(u32(number), number)


def codes(*numbers_of_list):
    octets = u8(len(numbers_of_list)) + b"".join(map(u32, numbers_of_list))
    return Field(octets, list(numbers_of_list))


def status(word):
    return Field(u16(word), names_of(word, STATUS))


def numeric(unit, value):
    return Field(u16(unit) + value.octets, {"unit": unit, "value": value.meaning})


def discrete(number):
    return Field(u32(number), {"value": number})


def text(words):
    octets = words.encode()
    return Field(u16(len(octets)) + octets, {"text": words})


def samples(unit, scale, offset, period, per_period, width, numbers_of_wave):
    octets = (
        u16(unit)
        + scale.octets
        + offset.octets
        + period.octets
        + u8(per_period)
        + u8(width)
        + u32(len(numbers_of_wave))
    )
    octets += b"".join(unsigned(number, width) for number in numbers_of_wave)
    return Field(
        octets,
        {
            "unit": unit,
            "scale": scale.meaning,
            "offset": offset.meaning,
            "sample_period_s": period.meaning,
            "samples_per_period": per_period,
            "bytes_per_sample": width,
            "samples": numbers_of_wave,
        },
    )


def compound(*components):
    octets = u8(len(components))
    listed = []
    for number, kind, value in components:
        octets += u32(number) + u8(kind) + value.octets
        listed.append({"type": number, "class": CLASSES[kind]} | value.meaning)
    return Field(octets, {"components": listed})


def bundle(*members):
    octets = u8(len(members)) + b"".join(member.octets for member in members)
    return Field(octets, {"observations": [member.meaning for member in members]})


NOON = elapsed(816652800, 1, 8, utc=True, zoned=True, current=True)
FULL = {
    "type": code(SATURATION),
    "time": NOON,
    "duration_s": float32(15, -1),
    "measurement_status": status(0x0021),
    "object_id": code(0x01020304),
    "patient": Field(u8(2), 2),
    "supplemental": codes(1, 0xFFFFFFFF),
    "derived_from": codes(7),
    "member_of": codes(8, 9, 10),
}


def numbers(book):
    for value in [float32(97), float32(366, -1), float32(20, -1), float32(-5, -2), float32(0x7FFFFD)] + FLOAT_SPECIALS:
        book.valid("GHS_OBSERVATION", *observation(1, numeric(PERCENT, value), type=code(SATURATION), time=NOON))
    for unit, number, value in [
        (PER_MINUTE, PULSE, 61),
        (CELSIUS, TEMPERATURE, 37),
        (1731, 188736, 82),
        (MILLIMETRES, 150021, 120),
    ]:
        book.valid("GHS_OBSERVATION", *observation(1, numeric(unit, float32(value)), type=code(number)))


def attributes(book):
    value = numeric(PERCENT, float32(98))
    for name in ATTRIBUTES:
        book.valid("GHS_OBSERVATION", *observation(1, value, **{name: FULL[name]}))
        rest = {other: field for other, field in FULL.items() if other != name}
        book.valid("GHS_OBSERVATION", *observation(1, value, **rest))
    book.valid("GHS_OBSERVATION", *observation(1, value))
    full = observation(1, value, **FULL)
    book.valid("GHS_OBSERVATION", *full)
    book.prefixes("GHS_OBSERVATION", full.octets)
    for number in range(16):
        word = status(1 << number)
        book.valid("GHS_OBSERVATION", *observation(1, value, type=code(SATURATION), measurement_status=word))
    for resolution in range(4):
        time = elapsed(0x123456789ABC, 2, -20, bool(resolution & 1), False, resolution, True, bool(resolution & 2))
        book.valid("GHS_OBSERVATION", *observation(1, value, time=time))
    for empty in ("supplemental", "derived_from", "member_of"):
        book.valid("GHS_OBSERVATION", *observation(1, value, **{empty: codes()}))


def other_classes(book):
    kind = {"type": code(0x00020001), "time": NOON}
    for number in (0, 1, 0x80000000, 0xFFFFFFFF, 150456):
        book.valid("GHS_OBSERVATION", *observation(2, discrete(number), **kind))
    for words in ("", "sinus rhythm", "Ünïcode", "脈", "x" * 300):
        book.valid("GHS_OBSERVATION", *observation(3, text(words), **kind))
    # The highest bit of a sample is left clear: whether samples are signed is not said.
    second, zero = float32(1), float32(0)
    waves = [
        samples(PERCENT, float32(1), zero, second, 1, 1, [0, 1, 100, 127]),
        samples(MILLIMETRES, float32(5, -1), float32(-100), float32(4, -3), 1, 2, [0, 1, 256, 32767]),
        samples(PERCENT, float32(1, -3), zero, second, 1, 4, [0, 65536, 0x7FFFFFFF]),
        samples(PERCENT, float32(1), zero, second, 1, 1, []),
        samples(PERCENT, float32(1), FLOAT_SPECIALS[0], second, 1, 2, list(range(60))),
    ]
    for wave in waves:
        book.valid("GHS_OBSERVATION", *observation(4, wave, **kind))
    for numbers_of_event in ([], [1], [1, 2, 3], [0xFFFFFFFF, 0], [7] * 9):
        listed = codes(*numbers_of_event)
        book.valid("GHS_OBSERVATION", *observation(5, Field(listed.octets, {"values": listed.meaning}), **kind))
    # What the masks of a state are called is not said: class, type and time are compared.
    for width, parts in (
        (1, b"\xff\x0f\x05"),
        (2, bytes(range(6))),
        (1, bytes(3)),
        (4, b"\xff" * 12),
        (8, bytes(range(24))),
    ):
        value = Field(u8(width) + parts, {})
        book.valid("GHS_OBSERVATION", *observation(6, value, **kind), undecided=("*",))
        book.prefixes("GHS_OBSERVATION", observation(6, value, type=code(1)).octets)
    for shortened in (
        observation(2, discrete(7), type=code(1)),
        observation(3, text("abc"), type=code(1)),
        observation(4, waves[1], type=code(1)),
        observation(5, Field(codes(1, 2).octets, {}), type=code(1)),
    ):
        book.prefixes("GHS_OBSERVATION", shortened.octets)
        book.rejected("GHS_OBSERVATION", shortened.octets + b"\0", "trailing_bytes")


def pressures(*numbers_of_parts):
    return compound(
        *[(150021 + place, 1, numeric(MILLIMETRES, float32(value))) for place, value in enumerate(numbers_of_parts)]
    )


def nested(book):
    made = [
        observation(7, pressures(120, 80, 93), type=code(150020), time=NOON),
        observation(7, pressures(131), **FULL),
        observation(7, compound(), type=code(1)),
        observation(
            7,
            compound((1, 2, discrete(9)), (2, 3, text("ok")), (3, 1, numeric(PERCENT, FLOAT_SPECIALS[1]))),
            type=code(5),
        ),
        observation(7, compound((4, 5, Field(codes(1, 2).octets, {"values": [1, 2]}))), type=code(6)),
    ]
    for field in made:
        book.valid("GHS_OBSERVATION", *field)
    book.prefixes("GHS_OBSERVATION", made[0].octets)
    saturation = observation(1, numeric(PERCENT, float32(97)), type=code(SATURATION))
    pulse = observation(1, numeric(PER_MINUTE, float32(61)), type=code(PULSE), measurement_status=status(1))
    bundles = [
        observation(255, bundle(saturation, pulse)),
        observation(255, bundle(made[0], saturation)),
        observation(255, bundle()),
        observation(255, bundle(observation(3, text("alone")))),
        observation(255, bundle(saturation, pulse), object_id=code(9)),
    ]
    for field in bundles:
        book.valid("GHS_OBSERVATION", *field)
    # Members inherit time and patient; whether that is printed with each of them is not said.
    inheriting = observation(255, bundle(saturation, pulse), time=NOON, patient=Field(u8(3), 3))
    book.valid("GHS_OBSERVATION", *inheriting, undecided=("observations.time", "observations.patient"))
    book.prefixes("GHS_OBSERVATION", inheriting.octets)
    book.prefixes("GHS_OBSERVATION", bundles[0].octets)


def faults(book):
    good = observation(1, numeric(PERCENT, float32(97)), type=code(SATURATION))
    book.rejected("GHS_OBSERVATION", good.octets + b"\0", "trailing_bytes")
    body = good.octets[3:]
    # A length that lies. Which of the two words fits better is the decoder's choice.
    book.rejected(
        "GHS_OBSERVATION",
        good.octets[:1] + u16(len(body) + 1) + body + b"\0",
        ["trailing_bytes", "size_flags_mismatch"],
    )
    book.rejected("GHS_OBSERVATION", good.octets[:1] + u16(len(body) + 1) + body, "truncated")
    book.rejected(
        "GHS_OBSERVATION",
        good.octets[:1] + u16(len(body) - 1) + body,
        ["truncated", "trailing_bytes", "size_flags_mismatch"],
    )
    # The draft that counts the head inside the length is not followed.
    book.rejected("GHS_OBSERVATION", good.octets[:1] + u16(len(good.octets)) + body, "truncated")
    # A text that is not UTF-8, and classes that nobody has defined.
    book.rejected("GHS_OBSERVATION", b"\3" + u16(5) + u16(0) + u16(1) + b"\xff", "out_of_range")
    for kind in (0, 9, 254):
        book.rejected(
            "GHS_OBSERVATION", u8(kind) + good.octets[1:], ["out_of_range", "bad_header", "unsupported_opcode"]
        )
