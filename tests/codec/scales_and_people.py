"""Weight, body composition and the data of a device's users.
Whose readings they become is the console's business and not here.
"""

from itertools import product

from octets import BAD_DATE_TIMES, DATE_TIMES, Field, changing, names_of, scaled, u8, u16, u32

USERS = [Field(u8(0), 0), Field(u8(3), 3), Field(u8(0xFF), "unknown")]
WEIGHT_FEATURES = ["time_stamp", "multi_user", "bmi"]
BODY_FEATURES = [
    "time",
    "users",
    "basal_metabolism",
    "muscle_percent",
    "muscle_mass",
    "fat_free_mass",
    "soft_lean_mass",
    "water",
    "impedance",
    "weight",
    "height",
]
MASS_STEPS = [None] + [scaled(step, "0.005") for step in (100, 40, 20, 10, 4, 2, 1)] + [None] * 8
HEIGHT_STEPS = [None, scaled(10, "0.001"), scaled(5, "0.001"), scaled(1, "0.001")] + [None] * 4
GENDERS = ["male", "female", "unspecified", "reserved"]
USER_CODES = {1: "success", 2: "not_supported", 3: "invalid_parameter", 4: "failed", 5: "not_authorised"}


def add(book):
    weights(book)
    compositions(book)
    features(book)
    people(book)
    user_control(book)


def weight(raw, imperial=False, time=None, user=None, body=None, reserved=0):
    flags = imperial | bool(time) << 1 | bool(user) << 2 | bool(body) << 3 | reserved
    octets = u8(flags) + u16(raw) + b"".join(part.octets for part in (time, user) if part)
    meaning = {
        "unit": "lb_in" if imperial else "kg_m",
        "weight": "measurement_unsuccessful" if raw == 0xFFFF else scaled(raw, "0.01" if imperial else "0.005"),
        "timestamp": time.meaning if time else None,
        "user_id": user.meaning if user else None,
    }
    if body:
        index, height = body
        octets += u16(index) + u16(height)
        meaning |= {"bmi": scaled(index, "0.1"), "height": scaled(height, "0.1" if imperial else "0.001")}
    return Field(octets, meaning)


def weights(book):
    raw, times, users = changing([0, 1, 14001, 65534, 0xFFFF]), changing(DATE_TIMES), changing(USERS)
    bodies = changing([(0, 0), (229, 1750), (65535, 65535)])
    for imperial, time, user, body in product([False, True], repeat=4):
        for _ in range(2):
            book.valid("2A9D", *weight(raw(), imperial, time and times(), user and users(), bodies() if body else None))
    book.valid("2A9D", *weight(14001, reserved=0xF0))
    full = weight(14001, True, DATE_TIMES[0], USERS[1], (229, 690))
    book.prefixes("2A9D", full.octets)
    book.prefixes("2A9D", weight(14001, body=(229, 1750)).octets)
    book.rejected("2A9D", full.octets + b"\0", "trailing_bytes")
    book.rejected("2A9D", weight(14001).octets + b"\0\0", "trailing_bytes")
    for bad in BAD_DATE_TIMES:
        book.rejected("2A9D", weight(14001, time=Field(bad, None)).octets, "out_of_range")


# Name, unit where it is metric and where it is not, by the number of the flag.
COMPOSITION_PARTS = {
    3: ("basal_metabolism_kj", "1", "1"),
    4: ("muscle_percent", "0.1", "0.1"),
    5: ("muscle_mass", "0.005", "0.01"),
    6: ("fat_free_mass", "0.005", "0.01"),
    7: ("soft_lean_mass", "0.005", "0.01"),
    8: ("body_water_mass", "0.005", "0.01"),
    9: ("impedance_ohm", "0.1", "0.1"),
    10: ("weight", "0.005", "0.01"),
    11: ("height", "0.001", "0.1"),
}


def composition(fat, parts, imperial=False, time=None, user=None, multiple=False, reserved=0):
    flags = imperial | bool(time) << 1 | bool(user) << 2 | sum(1 << n for n in parts) | multiple << 12 | reserved
    octets = u16(flags) + u16(fat) + b"".join(part.octets for part in (time, user) if part)
    meaning = {
        "unit": "lb_in" if imperial else "kg_m",
        "body_fat_percent": "measurement_unsuccessful" if fat == 0xFFFF else scaled(fat, "0.1"),
        "timestamp": time.meaning if time else None,
        "user_id": user.meaning if user else None,
        "multiple_packet": multiple,
    }
    for number in sorted(parts):
        name, metric, other = COMPOSITION_PARTS[number]
        octets += u16(parts[number])
        meaning[name] = scaled(parts[number], other if imperial else metric)
    return Field(octets, meaning)


def compositions(book):
    fats, times, users = changing([0, 215, 1000, 65534]), changing(DATE_TIMES), changing(USERS)
    raw = changing([0, 1, 5000, 12345, 65534])
    everything = {number: raw() for number in COMPOSITION_PARTS}
    for imperial, time, user, multiple in product([False, True], repeat=4):
        field = composition(fats(), everything, imperial, time and times(), user and users(), multiple)
        book.valid("2A9C", *field)
    for imperial, number in product([False, True], COMPOSITION_PARTS):
        book.valid("2A9C", *composition(fats(), {number: raw()}, imperial))
        without = {other: raw() for other in COMPOSITION_PARTS if other != number}
        book.valid("2A9C", *composition(fats(), without, imperial, DATE_TIMES[0]))
    # 0xFFFF of the fat: the measurement did not succeed.
    book.valid("2A9C", *composition(0xFFFF, {}))
    book.valid("2A9C", *composition(215, {}, reserved=0xE000))
    full = composition(215, everything, False, DATE_TIMES[0], USERS[1], True)
    book.prefixes("2A9C", full.octets)
    book.prefixes("2A9C", composition(215, {9: 5000}, True).octets)
    book.rejected("2A9C", full.octets + b"\0", "trailing_bytes")
    book.rejected("2A9C", composition(215, {}).octets + b"\0\0", "trailing_bytes")
    for bad in BAD_DATE_TIMES:
        book.rejected("2A9C", composition(215, {}, time=Field(bad, None)).octets, "out_of_range")


def features(book):
    def weight_features(word):
        return Field(
            u32(word),
            {
                "features": names_of(word, WEIGHT_FEATURES),
                "weight_resolution_kg": MASS_STEPS[word >> 3 & 15],
                "height_resolution_m": HEIGHT_STEPS[word >> 7 & 7],
            },
        )

    def body_features(word):
        return Field(
            u32(word),
            {
                "features": names_of(word, BODY_FEATURES),
                "mass_resolution_kg": MASS_STEPS[word >> 11 & 15],
                "height_resolution_m": HEIGHT_STEPS[word >> 15 & 7],
            },
        )

    words = [0, 1, 2, 4, 7] + [step << 3 for step in range(16)] + [step << 7 for step in range(8)] + [0xFFFFFFFF]
    book.fixed("2A9E", map(weight_features, words))
    words = [1 << n for n in range(11)] + [step << 11 for step in range(16)] + [step << 15 for step in range(8)]
    book.fixed("2A9B", map(body_features, words + [0x7FF, 0xFFFFFFFF]))


def people(book):
    numbers = (70 * 200, 0, 1, 65535, 12345)
    book.fixed("2A98", [Field(u16(raw), {"weight_kg": scaled(raw, "0.005")}) for raw in numbers])
    book.fixed("2A80", [Field(u8(age), {"age_years": age}) for age in (0, 1, 42, 120, 255)])
    codes = list(enumerate(GENDERS)) + [(255, "reserved")]
    book.fixed("2A8C", [Field(u8(code), {"gender": name}) for code, name in codes])
    born = [(1948, 7, 3), (2024, 2, 29), (0, 0, 0), (1582, 1, 1), (9999, 12, 31), (1960, 0, 0)]
    book.fixed(
        "2A85",
        [
            Field(u16(year) + bytes([month, day]), {"year": year or None, "month": month or None, "day": day or None})
            for year, month, day in born
        ],
    )
    for bad in BAD_DATE_TIMES[:4]:
        book.rejected("2A85", bad[:4], "out_of_range")
    rates = (0, 40, 62, 100, 255)
    book.fixed("2A92", [Field(u8(rate), {"resting_heart_rate_bpm": rate}) for rate in rates])
    book.fixed("2A8E", [Field(u16(raw), {"height_m": scaled(raw, "0.01")}) for raw in (175, 0, 1, 203, 65535)])


def user_control(book):
    def valid(octets, **meaning):
        book.valid("2A9F", octets, meaning)

    for code in (0, 1, 1234, 9999):
        valid(b"\1" + u16(code), op="register_new_user", consent_code=code)
    for user, code in ((0, 0), (1, 1234), (254, 9999), (7, 256)):
        valid(b"\2" + u8(user) + u16(code), op="consent", user_index=user, consent_code=code)
    valid(b"\3", op="delete_user_data")
    valid(b"\4", op="list_all_users")
    # 0xFF asks for all users; whether the index is then a number or a word is not said.
    for user in (0, 1, 254):
        valid(b"\5" + u8(user), op="delete_users", user_index=user)
    book.valid("2A9F", b"\5\xff", {"op": "delete_users"}, undecided=("user_index",))
    for request, number in ((1, 2), (5, 0), (1, 254)):
        book.valid(
            "2A9F",
            bytes([0x20, request, 1, number]),
            {"op": "response", "request": request, "code": "success", "user_index": number},
            undecided=("code_value",),
        )
    for count in (0, 1, 4):
        book.valid(
            "2A9F",
            bytes([0x20, 4, 1, count]),
            {"op": "response", "request": 4, "code": "success", "number_of_users": count},
            undecided=("code_value",),
        )
    for request, code in product((1, 2, 3, 4, 5), (2, 3, 4, 5, 6, 255)):
        meaning = {"op": "response", "request": request, "code": USER_CODES.get(code, "reserved")}
        book.valid("2A9F", bytes([0x20, request, code]), meaning, undecided=("code_value",))
    for request in (2, 3):
        meaning = {"op": "response", "request": request, "code": "success"}
        book.valid("2A9F", bytes([0x20, request, 1]), meaning, undecided=("code_value",))
    book.prefixes("2A9F", b"\1\xd2\4")
    book.prefixes("2A9F", b"\2\1\xd2\4")
    book.prefixes("2A9F", b"\x20\2\2")
    book.prefixes("2A9F", b"\x20\1\1\2")
    for whole in (b"\1\xd2\4", b"\2\1\xd2\4", b"\3", b"\4", b"\5\1", b"\x20\2\1", b"\x20\1\1\2"):
        book.rejected("2A9F", whole + b"\0", "trailing_bytes")
    book.rejected("2A9F", b"\1" + u16(10000), "out_of_range")
    book.rejected("2A9F", b"\2\1" + u16(65535), "out_of_range")
    for op in (0, 6, 0x1F, 0x21, 0xFF):
        book.rejected("2A9F", u8(op), "unsupported_opcode")
