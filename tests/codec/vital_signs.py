"""Heart rate, blood pressure, temperature and oximetry, made from the field tables of their services.
Stored glucose and everything that is worn for days is not here.
"""

from decimal import Decimal
from itertools import product

from octets import (
    BAD_DATE_TIMES,
    DATE_TIMES,
    FLOAT_SPECIALS,
    FLOATS,
    Field,
    NAN,
    SFLOAT_SPECIALS,
    SFLOATS,
    bits,
    changing,
    date_time,
    end_to_end_check,
    float32,
    names_of,
    sfloat,
    u8,
    u16,
    u24,
    u32,
)

LOCATIONS = ["other", "chest", "wrist", "finger", "hand", "ear_lobe", "foot"]
TEMPERATURE_TYPES = [
    "armpit",
    "body_general",
    "ear",
    "finger",
    "gastrointestinal_tract",
    "mouth",
    "rectum",
    "toe",
    "tympanum",
]
BLOOD_PRESSURE_FEATURES = [
    "body_movement",
    "cuff_fit",
    "irregular_pulse",
    "pulse_range",
    "position",
    "multiple_bonds",
    "e2e_crc",
    "user_data_service",
    "user_facing_time",
]
PULSE_RANGES = ["in_range", "above_upper_limit", "below_lower_limit", "reserved"]
OXIMETER_FEATURES = [None, None, "storage", "time_stamp", "fast", "slow", "pulse_amplitude_index", "multiple_bonds"]
MEASUREMENT_STATUS = [None] * 5 + [
    "ongoing",
    "early_estimate",
    "validated",
    "fully_qualified",
    "from_storage",
    "demonstration",
    "testing",
    "calibration_ongoing",
    "unavailable",
    "questionable",
    "invalid",
]
SENSOR_STATUS = [
    "extended_display_update",
    "equipment_malfunction",
    "signal_irregularity",
    "inadequate_signal",
    "poor_signal",
    "low_perfusion",
    "erratic",
    "non_pulsatile",
    "questionable_pulse",
    "signal_analysis_ongoing",
    "sensor_interference",
    "unconnected_to_user",
    "unknown_sensor",
    "displaced",
    "malfunctioning",
    "disconnected",
]


def add(book):
    medical_floats(book)
    heart_rate(book)
    blood_pressure(book)
    enhanced_blood_pressure(book)
    blood_pressure_records(book)
    blood_pressure_features(book)
    temperature(book)
    spot_checks(book)
    continuous_oximetry(book)
    oximeter_features(book)


def medical_floats(book):
    book.fixed("SFLOAT", SFLOATS + SFLOAT_SPECIALS, lambda value: {"value": value})
    book.fixed("FLOAT", FLOATS + FLOAT_SPECIALS, lambda value: {"value": value})


def heart_rate_measurement(rate, contact="not_supported", energy=None, intervals=(), wide=False, reserved=0):
    flags = bits(*[0] * wide) | {"not_supported": 0, "not_detected": 4, "detected": 6}[contact]
    flags |= (energy is not None) << 3 | bool(intervals) << 4 | reserved
    octets = u8(flags) + (u16(rate) if wide else u8(rate))
    octets += u16(energy) if energy is not None else b""
    octets += b"".join(map(u16, intervals))
    return Field(
        octets,
        {
            "heart_rate_bpm": rate,
            "sensor_contact": contact,
            "energy_expended_kj": energy,
            "rr_1024": list(intervals) or None,
            "rr_ms": [Decimal(raw) * 1000 / 1024 for raw in intervals] or None,
        },
    )


def heart_rate(book):
    rates, energies = changing([0, 60, 72, 180, 255]), changing([0, 1, 500, 0xFFFF])
    intervals = changing([[1024], [0, 0xFFFF], [833, 834, 835], list(range(800, 809))])
    for wide, contact, energy, rr in product(
        [False, True], ["not_supported", "not_detected", "detected"], [False, True], [False, True]
    ):
        rate = rates() + (256 if wide else 0)
        field = heart_rate_measurement(rate, contact, energies() if energy else None, intervals() if rr else (), wide)
        book.valid("2A37", *field)
    book.valid("2A37", *heart_rate_measurement(65535, wide=True))
    # The contact bit means nothing without the bit that says it is supported.
    book.valid("2A37", bytes([0b010, 70]), heart_rate_measurement(70).meaning)
    # A reserved flag says nothing by itself; without one, surplus octets reject.
    book.valid("2A37", *heart_rate_measurement(70, reserved=0xE0))
    book.rejected("2A37", heart_rate_measurement(70).octets + b"\0", "trailing_bytes")
    book.rejected("2A37", heart_rate_measurement(70, energy=5).octets + b"\0\0", "trailing_bytes")
    book.rejected("2A37", bytes([0x10, 70]), "truncated")
    book.rejected("2A37", bytes([0x10, 70, 1]), "truncated")
    book.prefixes("2A37", heart_rate_measurement(300, "detected", 7, [], True).octets)
    # A prefix that ends between two intervals is a whole value; half an interval is left to the decoder's wording.
    whole = [1000, 1010, 1020]
    shorter = {2 + 2 * n: heart_rate_measurement(61, "detected", None, whole[:n]).meaning for n in (1, 2)}
    book.prefixes("2A37", heart_rate_measurement(61, "detected", None, whole).octets, but=shorter | {5: None, 7: None})
    places = [Field(u8(number), name) for number, name in enumerate(LOCATIONS)]
    book.fixed("2A38", places + [Field(u8(7), "reserved"), Field(u8(255), "reserved")], lambda name: {"location": name})


def pressure_status(word):
    return Field(
        u16(word),
        {
            "body_movement": bool(word & 1),
            "cuff_too_loose": bool(word & 2),
            "irregular_pulse": bool(word & 4),
            "pulse_rate_range": PULSE_RANGES[word >> 3 & 3],
            "improper_position": bool(word & 32),
        },
    )


STATUS_WORDS = [pressure_status(word) for word in (0, 1, 2, 4, 0b01000, 0b10000, 0b11000, 32, 63)]
USERS = [Field(u8(0), 0), Field(u8(2), 2), Field(u8(0xFF), "unknown")]


def pressure(pressures, kilopascal=False, time=None, pulse=None, user=None, status=None, reserved=0):
    """`pressures` are the fields by name; a name of None is an octet pair that is not used."""
    optional = [("timestamp", time), ("pulse_rate_bpm", pulse), ("user_id", user), ("status", status)]
    flags = kilopascal | sum(1 << 1 + n for n, (_, field) in enumerate(optional) if field) | reserved
    octets, meaning = u8(flags), {"unit": "kPa" if kilopascal else "mmHg"}
    for name, field in list(pressures) + [part for part in optional if part[1]]:
        octets += field.octets
        if name:
            meaning[name] = field.meaning
    return Field(octets, meaning)


PARTS = ("systolic", "diastolic", "map")


def blood_pressure(book):
    numbers = changing(SFLOATS + SFLOAT_SPECIALS)
    times, users, words = changing(DATE_TIMES), changing(USERS), changing(STATUS_WORDS)

    def each(names):
        for kilopascal, time, pulse, user, status in product([False, True], repeat=5):
            yield pressure(
                [(name, numbers()) for name in names],
                kilopascal,
                time and times(),
                pulse and numbers(),
                user and users(),
                status and words(),
            )

    three = list(zip(PARTS, (sfloat(120), sfloat(80), NAN)))
    for characteristic, names in (("2A35", PARTS), ("2A36", ("cuff_pressure", None, None))):
        for field in each(names):
            book.valid(characteristic, *field)
        for word in STATUS_WORDS:
            first = [(name, numbers()) for name in names]
            book.valid(characteristic, *pressure(first, status=word))
        full = pressure([(n, sfloat(90)) for n in names], True, DATE_TIMES[0], sfloat(64), USERS[1], STATUS_WORDS[8])
        book.prefixes(characteristic, full.octets)
        book.prefixes(characteristic, pressure([(n, sfloat(90)) for n in names], status=STATUS_WORDS[1]).octets)
        book.rejected(characteristic, full.octets + b"\0", "trailing_bytes")
        for bad in BAD_DATE_TIMES:
            short = pressure([(n, sfloat(90)) for n in names], time=Field(bad, None))
            book.rejected(characteristic, short.octets, "out_of_range")
    # Reserved flags are passed over where nothing is surplus.
    book.valid("2A35", *pressure(three, reserved=0xE0))
    # 18.0 kPa and 133 x 10^-1: an exponent of -1 is not 15.
    kilopascals = zip(PARTS, (sfloat(180, -1), sfloat(133, -1), sfloat(149, -1)))
    book.valid("2A35", *pressure(list(kilopascals), True))
    beurer_cuffs(book)


def beurer_cuffs(book):
    """Pulse and status with the high octet first, the user's octet always there, reserved flag 6 set."""

    def turned(field):
        return Field(field.octets[::-1], field.meaning)

    numbers, words = changing([sfloat(72), sfloat(610, -1), sfloat(2045), sfloat(55)]), changing(STATUS_WORDS)
    three = list(zip(PARTS, (sfloat(131), sfloat(84), sfloat(99))))
    for time, pulse, status in product([False, True], repeat=3):
        straight = pressure(
            three,
            False,
            time and DATE_TIMES[0],
            pulse and turned(numbers()),
            USERS[1],
            status and turned(words()),
            0x40,
        )
        # The user's octet is there and its flag is not.
        octets = u8(straight.octets[0] & ~0b1000) + straight.octets[1:]
        book.valid("2A35", octets, straight.meaning, "beurer_be")
    full = pressure(three, False, DATE_TIMES[0], turned(sfloat(72)), USERS[1], turned(STATUS_WORDS[3]), 0x40)
    octets = u8(full.octets[0] & ~0b1000) + full.octets[1:]
    book.prefixes("2A35", octets, quirk="beurer_be")
    # Without the quirk the octet of the user stands where the status is announced: it must not pass in silence as a
    # value of the standard, unless a reserved flag allows surplus octets. Here none is set.
    plain = u8(octets[0] & ~0x40) + octets[1:]
    book.rejected("2A35", plain, "trailing_bytes")


def seconds_pressure(
    pressures, kilopascal=False, time=None, pulse=None, user=None, status=None, facing=None, late=False
):
    """Version 1.1: times are seconds since 1900, or since 2000 where flag 6 says so; the facing time comes last."""
    base = pressure(pressures, kilopascal, time, pulse, user, status)
    flags = base.octets[0] | (facing is not None) << 5 | late << 6
    meaning = dict(base.meaning)
    if time or facing:
        meaning["epoch"] = "2000" if late else "1900"
    if facing:
        meaning["user_facing_time"] = facing.meaning
    return Field(u8(flags) + base.octets[1:] + (facing.octets if facing else b""), meaning)


def enhanced_blood_pressure(book):
    numbers = changing(SFLOATS + SFLOAT_SPECIALS)
    users, words = changing(USERS), changing(STATUS_WORDS)
    seconds = changing([Field(u32(n), n) for n in (0, 1, 786000000, 3900000000, 0xFFFFFFFF)])
    for characteristic, names in (("2B34", PARTS), ("2B35", ("cuff_pressure",))):
        for which in product([False, True], repeat=7):
            kilopascal, time, pulse, user, status, facing, late = which
            field = seconds_pressure(
                [(name, numbers()) for name in names],
                kilopascal,
                time and seconds(),
                pulse and numbers(),
                user and users(),
                status and words(),
                seconds() if facing else None,
                late,
            )
            # Which epoch is named where no time is carried is not said.
            book.valid(characteristic, *field, undecided=() if time or facing else ("epoch",))
        first = [(name, sfloat(90)) for name in names]
        some = (Field(u32(786000000), 786000000), sfloat(64), USERS[1], STATUS_WORDS[8], Field(u32(7), 7))
        full = seconds_pressure(first, True, *some, True)
        book.prefixes(characteristic, full.octets)
        book.prefixes(characteristic, seconds_pressure(first, False, None, None, None, None, Field(u32(9), 9)).octets)
        book.rejected(characteristic, full.octets + b"\0", "trailing_bytes")


def record_segment(counter, data, first=None, last=False):
    octets = u8((first is not None) | last << 1 | counter << 2)
    meaning = {"first": first is not None, "last": last, "segment_counter": counter, "data_hex": data.hex().upper()}
    if first:
        sequence, kind = first
        octets += u16(sequence) + u16(kind)
        meaning |= {"sequence_number": sequence, "uuid": f"{kind:04X}"}
    return Field(octets + data, meaning)


def blood_pressure_records(book):
    values = [
        (0, b"\x1e\x78\x00", (0, 0x2B34), False),
        (1, bytes(range(16)), None, False),
        (63, b"\xff", None, True),
        (5, b"\x00\x78\x00\x50\x00\x60\x00", (0xFFFF, 0x2B34), True),
        (62, b"\x01\x02", (258, 0x2B35), False),
        (31, b"\xaa\xbb" + end_to_end_check(b"\xaa\xbb"), None, True),
    ]
    for value in values:
        book.valid("2B36", *record_segment(*value))
    for counter, data, first, last in (values[0], values[3]):
        whole = record_segment(counter, data, first, last)
        # After its head a segment is as long as it likes; whether it may carry nothing is not said.
        shorter = {5 + n: record_segment(counter, data[:n], first, last).meaning for n in range(1, len(data))}
        book.prefixes("2B36", whole.octets, but=shorter | {5: None})


def blood_pressure_features(book):
    words = [1 << number for number in range(16)] + [0, 0x1FF, 0xFFFF]
    fields = [Field(u16(word), names_of(word, BLOOD_PRESSURE_FEATURES)) for word in words]
    book.fixed("2A49", fields, lambda names: {"features": names})


def temperature_measurement(value, fahrenheit=False, time=None, kind=None, reserved=0):
    flags = fahrenheit | bool(time) << 1 | bool(kind) << 2 | reserved
    octets = u8(flags) + value.octets + (time.octets if time else b"") + (kind.octets if kind else b"")
    return Field(
        octets,
        {
            "unit": "fahrenheit" if fahrenheit else "celsius",
            "temperature": value.meaning,
            "timestamp": time.meaning if time else None,
            "temperature_type": kind.meaning if kind else None,
        },
    )


KINDS = [Field(u8(n), name) for n, name in enumerate(["reserved"] + TEMPERATURE_TYPES + ["reserved"])]


def temperature(book):
    values, times, kinds = (
        changing(FLOATS + FLOAT_SPECIALS),
        changing(DATE_TIMES),
        changing(KINDS + [Field(b"\xff", "reserved")]),
    )
    for characteristic in ("2A1C", "2A1E"):
        for fahrenheit, time, kind in product([False, True], repeat=3):
            for _ in range(2):
                field = temperature_measurement(values(), fahrenheit, time and times(), kind and kinds())
                book.valid(characteristic, *field)
        for special in FLOAT_SPECIALS:
            book.valid(characteristic, *temperature_measurement(special, kind=KINDS[2]))
        book.valid(characteristic, *temperature_measurement(float32(3700, -2), reserved=0xF8))
        full = temperature_measurement(float32(368, -1), True, DATE_TIMES[0], KINDS[3])
        book.prefixes(characteristic, full.octets)
        book.prefixes(characteristic, temperature_measurement(float32(371, -1), kind=KINDS[9]).octets)
        book.rejected(characteristic, full.octets + b"\0", "trailing_bytes")
        book.rejected(characteristic, temperature_measurement(FLOATS[1]).octets + b"\2", "trailing_bytes")
        for bad in BAD_DATE_TIMES:
            wrong = temperature_measurement(FLOATS[1], time=Field(bad, None))
            book.rejected(characteristic, wrong.octets, "out_of_range")
    book.fixed("2A1D", KINDS[1:] + [Field(b"\0", "reserved"), Field(b"\xff", "reserved")], lambda name: {"type": name})
    seconds = [Field(u16(n), n) for n in (0, 1, 60, 3600, 65535)]
    book.fixed("2A21", seconds, lambda interval: {"interval_s": interval})


def status_words():
    measurement = [
        Field(u16(word), names_of(word, MEASUREMENT_STATUS)) for word in [1 << n for n in range(16)] + [0, 0xFFFF]
    ]
    sensor = [Field(u24(word), names_of(word, SENSOR_STATUS)) for word in [1 << n for n in range(24)] + [0, 0xFFFFFF]]
    return measurement, sensor


def oximetry(flags, parts):
    octets, meaning = u8(flags), {}
    for name, fields in parts:
        octets += b"".join(field.octets for field in fields)
        meanings = [field.meaning for field in fields]
        meaning[name] = meanings if name in ("fast", "slow") else meanings[0]
    return Field(octets, meaning)


def spot_check(saturation, rate, time=None, status=None, sensor=None, amplitude=None, unset=False, reserved=0):
    optional = [
        ("timestamp", time),
        ("measurement_status", status),
        ("device_sensor_status", sensor),
        ("pulse_amplitude_index_percent", amplitude),
    ]
    flags = sum(1 << n for n, part in enumerate(optional) if part[1]) | unset << 4 | reserved
    parts = [("spo2_percent", [saturation]), ("pulse_rate_bpm", [rate])]
    field = oximetry(flags, parts + [(name, [part]) for name, part in optional if part])
    return Field(field.octets, field.meaning | {"device_clock_not_set": unset})


def continuous(saturation, rate, fast=None, slow=None, status=None, sensor=None, amplitude=None, reserved=0):
    optional = [
        ("fast", fast),
        ("slow", slow),
        ("measurement_status", status and [status]),
        ("device_sensor_status", sensor and [sensor]),
        ("pulse_amplitude_index_percent", amplitude and [amplitude]),
    ]
    flags = sum(1 << n for n, part in enumerate(optional) if part[1]) | reserved
    parts = [("spo2_percent", [saturation]), ("pulse_rate_bpm", [rate])]
    return oximetry(flags, parts + [part for part in optional if part[1]])


def spot_checks(book):
    numbers, times = changing(SFLOATS + SFLOAT_SPECIALS), changing(DATE_TIMES)
    words, sensors = status_words()
    word, sensor_word = changing(words), changing(sensors)
    for time, status, sensor, amplitude, unset in product([False, True], repeat=5):
        book.valid(
            "2A5E",
            *spot_check(
                numbers(),
                numbers(),
                time and times(),
                status and word(),
                sensor and sensor_word(),
                amplitude and numbers(),
                unset,
            ),
        )
    for number in range(len(sensors)):
        status = words[number % len(words)]
        book.valid("2A5E", *spot_check(sfloat(97), sfloat(61), None, status, sensors[number]))
    book.valid("2A5E", *spot_check(sfloat(97), sfloat(61), reserved=0xE0))
    full = spot_check(sfloat(97), sfloat(61), DATE_TIMES[0], words[7], sensors[5], sfloat(52, -1), True)
    book.prefixes("2A5E", full.octets)
    book.prefixes("2A5E", spot_check(sfloat(97), sfloat(61), sensor=sensors[5]).octets)
    book.rejected("2A5E", full.octets + b"\0", "trailing_bytes")
    for bad in BAD_DATE_TIMES:
        book.rejected("2A5E", spot_check(sfloat(97), sfloat(61), Field(bad, None)).octets, "out_of_range")


def continuous_oximetry(book):
    numbers = changing(SFLOATS + SFLOAT_SPECIALS)
    words, sensors = status_words()
    word, sensor_word = changing(words), changing(sensors)
    for fast, slow, status, sensor, amplitude in product([False, True], repeat=5):
        book.valid(
            "2A5F",
            *continuous(
                numbers(),
                numbers(),
                fast and [numbers(), numbers()],
                slow and [numbers(), numbers()],
                status and word(),
                sensor and sensor_word(),
                amplitude and numbers(),
            ),
        )
    book.valid("2A5F", *continuous(sfloat(98), sfloat(72), reserved=0xE0))
    pair = [sfloat(96), sfloat(70)]
    full = continuous(sfloat(98), sfloat(72), pair, pair, words[6], sensors[3], sfloat(31, -1))
    book.prefixes("2A5F", full.octets)
    book.prefixes("2A5F", continuous(sfloat(98), sfloat(72), slow=pair).octets)
    book.rejected("2A5F", full.octets + b"\0", "trailing_bytes")


def oximeter_features(book):
    words, sensors = status_words()

    def features(word, status=None, sensor=None):
        word |= bool(status) | bool(sensor) << 1
        octets = u16(word) + (status.octets if status else b"") + (sensor.octets if sensor else b"")
        return Field(
            octets,
            {
                "features": names_of(word, OXIMETER_FEATURES),
                "measurement_status_support": status and status.meaning,
                "device_sensor_status_support": sensor and sensor.meaning,
            },
        )

    for number in range(2, 8):
        book.valid("2A60", *features(1 << number))
    for status in words:
        book.valid("2A60", *features(0xFC, status))
    for sensor in sensors:
        book.valid("2A60", *features(0x10, None, sensor))
    full = features(0x0C, words[17], sensors[25])
    book.valid("2A60", *full)
    book.prefixes("2A60", full.octets)
    book.prefixes("2A60", features(0, None, sensors[0]).octets)
    book.rejected("2A60", full.octets + b"\0", "trailing_bytes")
