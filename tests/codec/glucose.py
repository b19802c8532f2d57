"""Glucose meters, sensors worn for days, and the control point that hands out stored records.
Lists of measurements of other kinds are not here.
"""

from itertools import product

from octets import (
    BAD_DATE_TIMES,
    DATE_TIMES,
    Field,
    SFLOAT_SPECIALS,
    SFLOATS,
    changing,
    date_time,
    end_to_end_check,
    names_of,
    sfloat,
    signed,
    u8,
    u16,
    u24,
    u32,
)

TYPES = [
    "reserved",
    "capillary_whole_blood",
    "capillary_plasma",
    "venous_whole_blood",
    "venous_plasma",
    "arterial_whole_blood",
    "arterial_plasma",
    "undetermined_whole_blood",
    "undetermined_plasma",
    "interstitial_fluid",
    "control_solution",
] + ["reserved"] * 5
PLACES = dict(enumerate(["reserved", "finger", "alternate_site", "earlobe", "control_solution"])) | {
    15: "not_available"
}
SENSOR_PLACES = PLACES | {5: "subcutaneous"}
STATUS = [
    "battery_low",
    "sensor_malfunction",
    "sample_too_small",
    "strip_insertion_error",
    "strip_type_wrong",
    "result_too_high",
    "result_too_low",
    "temperature_too_high",
    "temperature_too_low",
    "read_interrupted",
    "device_fault",
    "time_fault",
]
CARBOHYDRATES = ["reserved", "breakfast", "lunch", "dinner", "snack", "drink", "supper", "brunch", "reserved"]
MEALS = ["reserved", "pre", "post", "fasting", "casual", "bedtime", "reserved"]
TESTERS = {0: "reserved", 1: "self", 2: "professional", 3: "lab", 4: "reserved", 15: "not_available"}
HEALTH = {
    0: "reserved",
    1: "minor",
    2: "major",
    3: "menses",
    4: "stress",
    5: "none",
    6: "reserved",
    15: "not_available",
}
MEDICATIONS = ["reserved", "rapid", "short", "intermediate", "long_acting", "premixed_insulin", "reserved"]
METER_FEATURES = [
    "low_battery",
    "malfunction",
    "sample_size",
    "strip_insertion",
    "strip_type",
    "high_low",
    "temperature",
    "read_interrupt",
    "fault",
    "time_fault",
    "multiple_bonds",
]
SENSOR_FEATURES = [
    "calibration",
    "patient_alerts",
    "hypo",
    "hyper",
    "rate",
    "device_specific",
    "malfunction",
    "temperature",
    "result_high_low",
    "low_battery",
    "sensor_type",
    "fault",
    "e2e_crc",
    "multiple_bonds",
    "multiple_sessions",
    "trend",
    "quality",
]
SENSOR_STATUS = [
    "session_stopped",
    "battery_low",
    "sensor_type_wrong",
    "malfunction",
    "device_specific_alert",
    "device_fault",
]
CALIBRATION = [
    "time_sync_required",
    "calibration_not_allowed",
    "calibration_recommended",
    "calibration_required",
    "temperature_too_high",
    "temperature_too_low",
]
WARNINGS = [
    "below_patient_low",
    "above_patient_high",
    "below_hypo",
    "above_hyper",
    "rate_of_decrease",
    "rate_of_increase",
    "below_device_range",
    "above_device_range",
]
ACCESS_CODES = {
    1: "success",
    2: "op_not_supported",
    3: "invalid_operator",
    4: "operator_not_supported",
    5: "invalid_operand",
    6: "no_records",
    7: "abort_unsuccessful",
    8: "procedure_not_completed",
    9: "operand_not_supported",
    10: "server_busy",
}
OPERATION_CODES = {
    1: "success",
    2: "not_supported",
    3: "invalid_operand",
    4: "procedure_not_completed",
    5: "out_of_range",
}
LEVELS = {0x09: "patient_high", 0x0C: "patient_low", 0x0F: "hypo", 0x12: "hyper", 0x15: "rate_down", 0x18: "rate_up"}


def add(book):
    measurements(book)
    contexts(book)
    meter_features(book)
    record_access(book)
    sensor_measurements(book)
    sensor_features(book)
    sensor_times(book)
    sensor_operations(book)


def kind_and_place(kind, place, places=PLACES):
    return Field(u8(kind | place << 4), {"type": TYPES[kind], "sample_location": places.get(place, "reserved")})


def measurement(sequence, base, offset=None, result=None, molar=False, status=None, follows=False, reserved=0):
    flags = (offset is not None) | bool(result) << 1 | molar << 2 | bool(status) << 3 | follows << 4 | reserved
    octets = u8(flags) + u16(sequence) + base.octets + (signed(offset, 2) if offset is not None else b"")
    meaning = {
        "sequence_number": sequence,
        "base_time": base.meaning,
        "time_offset_min": offset,
        "context_follows": follows,
    }
    if result:
        concentration, place = result
        octets += concentration.octets + place.octets
        meaning |= {"concentration": concentration.meaning, "concentration_unit": "mol/L" if molar else "kg/L"}
        meaning |= place.meaning
    if status:
        octets += status.octets
        meaning["status"] = status.meaning
    return Field(octets, meaning)


STATUS_WORDS = [Field(u16(word), names_of(word, STATUS)) for word in [1 << n for n in range(16)] + [0, 0xFFFF]]
# 300, 256, 44 and 420 mg/dL in kg/L and 5.6 mmol/L in mol/L among the ordinary numbers and the special ones.
CONCENTRATIONS = [sfloat(300, -5), sfloat(256, -5), sfloat(44, -5), sfloat(420, -5), sfloat(56, -4)]


def measurements(book):
    numbers, times = changing(CONCENTRATIONS + SFLOATS + SFLOAT_SPECIALS), changing(DATE_TIMES)
    offsets, words = changing([0, 60, -60, 32767, -32768]), changing(STATUS_WORDS)
    sequences = changing([0, 1, 255, 256, 65535])
    for offset, result, molar, status, follows in product([False, True], repeat=5):
        field = measurement(
            sequences(),
            times(),
            offsets() if offset else None,
            (numbers(), kind_and_place(1, 1)) if result else None,
            molar,
            status and words(),
            follows,
        )
        # A unit without a concentration says nothing.
        book.valid("2A18", *field, undecided=() if result else ("concentration_unit",))
    for kind in range(16):
        place = kind_and_place(kind, kind)
        book.valid("2A18", *measurement(kind, DATE_TIMES[0], None, (numbers(), place)))
    for word in STATUS_WORDS:
        book.valid("2A18", *measurement(7, DATE_TIMES[0], None, None, status=word), undecided=("concentration_unit",))
    for special in SFLOAT_SPECIALS:
        book.valid(
            "2A18", *measurement(8, DATE_TIMES[0], None, (special, kind_and_place(10, 4)), True, STATUS_WORDS[5])
        )
    book.valid("2A18", *measurement(9, DATE_TIMES[0], reserved=0xE0), undecided=("concentration_unit",))
    full = measurement(258, DATE_TIMES[0], -60, (CONCENTRATIONS[0], kind_and_place(1, 1)), False, STATUS_WORDS[0], True)
    book.prefixes("2A18", full.octets)
    book.prefixes("2A18", measurement(1, DATE_TIMES[0], None, (CONCENTRATIONS[4], kind_and_place(9, 2)), True).octets)
    book.rejected("2A18", full.octets + b"\0", "trailing_bytes")
    book.rejected("2A18", measurement(1, DATE_TIMES[0]).octets + b"\0\0\0", "trailing_bytes")
    for bad in BAD_DATE_TIMES:
        book.rejected("2A18", measurement(1, Field(bad, None)).octets, "out_of_range")


def context(sequence, parts, litre=False, reserved=0):
    """`parts` by the number of their flag; 7 is the octet of extended flags, which comes first."""
    flags = sum(1 << number for number in parts) | litre << 5 | reserved
    octets, meaning = u8(flags) + u16(sequence), {"sequence_number": sequence}
    for number in [7, 0, 1, 2, 3, 4, 6]:
        if number in parts:
            octets += parts[number].octets
            meaning |= parts[number].meaning
    if 4 in parts:
        meaning["medication_unit"] = "L" if litre else "kg"
    return Field(octets, meaning)


def carbohydrate(number, mass):
    return Field(u8(number) + mass.octets, {"carbohydrate": CARBOHYDRATES[number], "carbohydrate_kg": mass.meaning})


def meal(number):
    return Field(u8(number), {"meal": MEALS[number]})


def tester_and_health(tester, health):
    return Field(u8(tester | health << 4), {"tester": TESTERS[tester], "health": HEALTH[health]})


def exercise(seconds, percent):
    return Field(u16(seconds) + u8(percent), {"exercise_duration_s": seconds, "exercise_intensity_percent": percent})


def medication(number, amount):
    return Field(u8(number) + amount.octets, {"medication": MEDICATIONS[number], "medication_amount": amount.meaning})


def contexts(book):
    numbers = changing(SFLOATS + SFLOAT_SPECIALS)
    makers = {
        7: changing([Field(u8(n), {"extended_flags": n}) for n in (0, 1, 255)]),
        0: changing([carbohydrate(n, numbers()) for n in range(9)]),
        1: changing([meal(n) for n in range(7)]),
        2: changing(
            [tester_and_health(*pair) for pair in ((1, 5), (2, 1), (3, 2), (15, 15), (1, 3), (2, 4), (4, 6), (0, 0))]
        ),
        3: changing([exercise(*pair) for pair in ((0, 0), (3600, 75), (65534, 100))]),
        4: changing([medication(n, numbers()) for n in range(7)]),
        6: changing(
            [Field(*(lambda n: (n.octets, {"hba1c_percent": n.meaning}))(n)) for n in SFLOATS[1:5] + SFLOAT_SPECIALS]
        ),
    }
    for flags in range(256):
        parts = {number: makers[number]() for number in makers if flags >> number & 1}
        # The unit of a medication that is not there says nothing.
        book.valid(
            "2A34", *context(flags * 257, parts, bool(flags & 32)), undecided=() if flags & 16 else ("medication_unit",)
        )
    # An overrun is no duration; which word stands for it is not said.
    overrun = context(1, {3: exercise(65535, 50)})
    book.valid("2A34", *overrun, undecided=("exercise_duration_s",))
    full = context(513, {number: makers[number]() for number in makers}, True)
    book.prefixes("2A34", full.octets)
    book.prefixes("2A34", context(1, {4: medication(1, sfloat(10, -6))}).octets)
    book.rejected("2A34", full.octets + b"\0", "trailing_bytes")
    book.rejected("2A34", context(1, {1: meal(1)}).octets + b"\0", "trailing_bytes")


def meter_features(book):
    words = [1 << number for number in range(16)] + [0, 0xFFFF]
    fields = [Field(u16(word), names_of(word, METER_FEATURES)) for word in words]
    book.fixed("2A51", fields, lambda names: {"features": names})


def record_access(book):
    for count in (0, 1, 57, 256, 65535):
        octets = b"\5\0" + u16(count)
        book.valid("2A52", octets, {"op": "number_of_records", "count": count})
    for count in (0, 200, 65536, 0xFFFFFFFF):
        # Generic sensors count with four octets.
        book.valid("2A52", b"\5\0" + u32(count), {"op": "number_of_records", "count": count})
        book.valid("2A52", b"\x08\0" + u32(count), {"op": "combined_report_response", "count": count})
    for code in list(range(1, 11)) + [0, 11, 255]:
        expected = {
            "op": "response",
            "request": 1 + code % 4,
            "code": ACCESS_CODES.get(code, "reserved"),
            "code_value": code,
        }
        book.valid("2A52", b"\6\0" + u8(1 + code % 4) + u8(code), expected)
    book.valid("2A52", bytes([6, 0, 7, 1]), {"op": "response", "request": 7, "code": "success", "code_value": 1})
    book.prefixes("2A52", b"\5\0\x39\0")
    book.prefixes("2A52", b"\6\0\1\1")
    book.prefixes("2A52", b"\x08\0\1\0\0\0")
    book.rejected("2A52", b"\6\0\1\1\0", "trailing_bytes")
    book.rejected("2A52", b"\x08\0\1\0\0\0\0", "trailing_bytes")
    book.rejected("2A52", b"\5\0\1\0\0\0\0", "trailing_bytes")
    # Requests are for the device to read, and unknown codes for nobody.
    for request in (b"\1\1", b"\1\3\1\5\0", b"\2\1", b"\3\0", b"\4\1", b"\7\1", b"\0\0", b"\x09\0\0\0", b"\xff\0\0\0"):
        book.rejected("2A52", request, "unsupported_opcode")


def sensor_record(glucose, offset, octets=(None, None, None), trend=None, quality=None, checked=False, reserved=0):
    """`octets` are status, calibration and temperature, warning; they are sent in that order under flags 7, 6 and 5."""
    flags = (trend is not None) | (quality is not None) << 1 | reserved
    flags |= sum(1 << 7 - n for n, octet in enumerate(octets) if octet is not None)
    body = u8(flags) + glucose.octets + u16(offset) + bytes(octet for octet in octets if octet is not None)
    body += (trend.octets if trend else b"") + (quality.octets if quality else b"")
    whole = u8(1 + len(body) + 2 * checked) + body
    status, calibration, warning = octets
    return Field(
        whole + (end_to_end_check(whole) if checked else b""),
        {
            "concentration_mg_dl": glucose.meaning,
            "time_offset_min": offset,
            "status": status if status is None else names_of(status, SENSOR_STATUS),
            "cal_temp": calibration if calibration is None else names_of(calibration, CALIBRATION),
            "warning": warning if warning is None else names_of(warning, WARNINGS),
            "trend_mg_dl_min": trend and trend.meaning,
            "quality_percent": quality and quality.meaning,
            "crc": "ok" if checked else None,
        },
    )


def notification(*records):
    octets = b"".join(record.octets for record in records)
    return Field(octets, {"records": [record.meaning for record in records]})


def sensor_measurements(book):
    numbers, offsets = changing(SFLOATS + SFLOAT_SPECIALS), changing([0, 5, 255, 256, 65535])
    words = changing([1 << n for n in range(8)] + [0, 255])
    made = []
    for which in product([False, True], repeat=6):
        status, calibration, warning, trend, quality, checked = which
        octets = tuple(words() if there else None for there in (status, calibration, warning))
        made.append(
            sensor_record(
                numbers(), offsets(), octets, numbers() if trend else None, numbers() if quality else None, checked
            )
        )
    for record in made:
        book.valid("2AA7", *notification(record))
    for n in range(8):
        book.valid("2AA7", *notification(sensor_record(sfloat(99), n, (1 << n, 1 << 7 - n, 1 << n))))
    book.valid("2AA7", *notification(made[0], made[62], made[12]))
    book.valid("2AA7", *notification(made[1], made[63]))
    # Reserved flags announce nothing; the size still has to fit.
    book.valid("2AA7", *notification(sensor_record(sfloat(99), 1, reserved=0b11100)))
    plain, full = made[0], made[63]
    book.prefixes("2AA7", full.octets)
    book.prefixes("2AA7", made[62].octets)
    # Cut between two records, what came is whole.
    both = notification(plain, made[62])
    book.prefixes("2AA7", both.octets, but={len(plain.octets): notification(plain).meaning})
    broken = full.octets[:-1] + u8(full.octets[-1] ^ 1)
    book.rejected("2AA7", broken, "crc_mismatch")
    book.rejected("2AA7", full.octets[:3] + u8(full.octets[3] ^ 0x10) + full.octets[4:], "crc_mismatch")
    book.rejected("2AA7", plain.octets + broken, "crc_mismatch")
    for size in (0, 1, 5, 7, 9):
        padded = u8(size) + plain.octets[1:] + bytes(4)
        book.rejected("2AA7", padded, "size_flags_mismatch")
    book.rejected("2AA7", u8(6) + u8(1) + sfloat(100).octets + u16(3) + bytes(2), "size_flags_mismatch")
    book.rejected("2AA7", u8(7) + u8(2) + sfloat(100).octets + u16(3) + bytes(1), "size_flags_mismatch")


def sensor_features(book):
    def features(word, kind, place):
        body = u24(word) + kind_and_place(kind, place).octets
        octets = body + (end_to_end_check(body) if word >> 12 & 1 else b"\xff\xff")
        meaning = {"features": names_of(word, SENSOR_FEATURES)} | kind_and_place(kind, place, SENSOR_PLACES).meaning
        return Field(octets, meaning)

    words = [1 << number for number in range(24)] + [0, 0x1EFFF, 0x1FFFF]
    fields = [features(word, 9, 5) for word in words]
    fields += [features(0x1000, kind, kind) for kind in range(16)]
    for field in fields:
        # That the check was right is not among the fields of this value.
        book.valid("2AA8", *field, undecided=("crc",))
    for field in (fields[0], fields[12]):
        book.prefixes("2AA8", field.octets, "length")
        book.rejected("2AA8", field.octets + b"\0", "length")
    checked = fields[12].octets
    book.rejected("2AA8", checked[:-1] + u8(checked[-1] ^ 0x80), "crc_mismatch")
    book.rejected("2AA8", u8(checked[0] ^ 1) + checked[1:], "crc_mismatch")


def with_or_without_check(book, characteristic, fields):
    """Values of one size, with and without the two octets of the check."""
    for number, (octets, meaning) in enumerate(fields):
        checked = octets + end_to_end_check(octets)
        book.valid(characteristic, octets, meaning | {"crc": None})
        book.valid(characteristic, checked, meaning | {"crc": "ok"})
        if number < 2:
            but = {len(octets): meaning | {"crc": None}}
            book.prefixes(characteristic, checked, "length", but=but)
            book.rejected(characteristic, checked + b"\0", "length")
            book.rejected(characteristic, checked[:-1] + u8(checked[-1] ^ 1), "crc_mismatch")


def sensor_times(book):
    with_or_without_check(
        book,
        "2AA9",
        [
            Field(
                u16(offset) + bytes(words),
                {
                    "time_offset_min": offset,
                    "status": names_of(words[0], SENSOR_STATUS),
                    "cal_temp": names_of(words[1], CALIBRATION),
                    "warning": names_of(words[2], WARNINGS),
                },
            )
            for offset, words in [(258, (1, 2, 4)), (0, (0, 0, 0)), (65535, (255, 255, 255))]
            + [(n, (1 << n, 1 << (n + 1) % 8, 1 << (n + 2) % 8)) for n in range(8)]
        ],
    )
    starts = [
        (DATE_TIMES[0], 4, 4),
        (DATE_TIMES[1], -20, 0),
        (DATE_TIMES[2], 56, 8),
        (DATE_TIMES[3], -48, 2),
        (DATE_TIMES[0], -128, 255),
        (date_time(2025, 7, 1, 6, 0, 0), 22, 0),
    ]
    with_or_without_check(
        book,
        "2AAA",
        [
            Field(
                time.octets + signed(zone, 1) + u8(saving),
                {
                    "start": time.meaning,
                    "time_zone_min": None if zone == -128 else zone * 15,
                    "dst_offset_min": None if saving == 255 else saving * 15,
                },
            )
            for time, zone, saving in starts
        ],
    )
    for bad in BAD_DATE_TIMES:
        book.rejected("2AAA", bad + b"\0\0", "out_of_range")
    book.rejected("2AAA", DATE_TIMES[0].octets + signed(57, 1) + b"\0", "out_of_range")
    book.rejected("2AAA", DATE_TIMES[0].octets + signed(-49, 1) + b"\0", "out_of_range")
    with_or_without_check(book, "2AAB", [Field(u16(n), {"run_time_hours": n}) for n in (336, 0, 1, 240, 65535)])


def sensor_operations(book):
    def reply(octets, meaning, undecided=(), checks=(False, True)):
        for checked in checks:
            whole = octets + (end_to_end_check(octets) if checked else b"")
            book.valid("2AAC", whole, meaning | {"crc": "ok" if checked else None}, undecided=undecided)

    for minutes in (1, 5, 60, 254):
        reply(b"\3" + u8(minutes), {"op": "communication_interval", "minutes": minutes})
        # The supplement lists two octets here; devices send one.
        reply(b"\3" + u16(minutes), {"op": "communication_interval", "minutes": minutes})
    # 0 switches the notifications off and 255 asks for the fastest: numbers of minutes only by courtesy.
    for minutes in (0, 255):
        reply(b"\3" + u8(minutes), {"op": "communication_interval", "minutes": minutes}, ("minutes",))
    numbers = SFLOATS + SFLOAT_SPECIALS
    for place, (op, which) in enumerate(LEVELS.items()):
        for number in numbers[place * 3 : place * 3 + 3]:
            reply(u8(op) + number.octets, {"op": "alert_level", "which": which, "value": number.meaning})
    for code in list(range(1, 6)) + [0, 6, 255]:
        request = (1, 2, 4, 7, 0x19, 0x1A, 0x1B, 5)[code % 8]
        meaning = {"op": "response", "request": request, "code": OPERATION_CODES.get(code, "reserved")}
        reply(u8(0x1C) + u8(request) + u8(code), meaning, ("code_value",))
    # The names of a calibration's parts are left open by the command's table: only its kind is compared.
    for glucose, time, kind, following, record, status in [
        (sfloat(100), 10, 0x11, 730, 1, 0),
        (sfloat(85), 0, 0x51, 0, 0xFFFF, 4),
        (SFLOAT_SPECIALS[0], 65535, 0xF9, 65535, 0, 7),
        (sfloat(1205, -1), 256, 0x12, 512, 258, 1),
        (sfloat(60), 5, 0x13, 6, 7, 2),
    ]:
        octets = b"\6" + glucose.octets + u16(time) + u8(kind) + u16(following) + u16(record) + u8(status)
        reply(octets, {"op": "calibration"}, ("*",))
    book.prefixes("2AAC", b"\x1c\1\1")
    book.prefixes("2AAC", b"\x09" + sfloat(180).octets)
    book.prefixes("2AAC", b"\6" + sfloat(100).octets + bytes(8))
    book.prefixes("2AAC", b"\3\5")
    for octets in (b"\x1c\x1a\1", b"\x09" + sfloat(180).octets, b"\3\5"):
        checked = octets + end_to_end_check(octets)
        book.rejected("2AAC", checked[:-1] + u8(checked[-1] ^ 1), "crc_mismatch")
        book.rejected("2AAC", checked + b"\0\0\0", "trailing_bytes")
    for request in (
        b"\1\5",
        b"\2",
        b"\4" + bytes(10),
        b"\5\1\0",
        b"\x07\xb4\0",
        b"\x08",
        b"\x19",
        b"\x1a",
        b"\x1b",
        b"\0",
        b"\x1d\0",
    ):
        book.rejected("2AAC", request, "unsupported_opcode")
