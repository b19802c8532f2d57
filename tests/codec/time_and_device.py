"""Clocks, what a device says of itself, and its battery.
Measurements are not here.
"""

from itertools import product

from octets import BAD_DATE_TIMES, DATE_TIMES, Field, date_time, names_of, scaled, signed, u8, u16, unsigned

SOURCES = ["unknown", "ntp", "gps", "radio", "manual", "atomic_clock", "cellular", "not_synchronised", "reserved"]
ADJUSTMENTS = ["manual", "external", "zone", "dst"]
SAVINGS = {0: 0, 2: 30, 4: 60, 8: 120, 255: None}
ZONES = {-48: -720, -20: -300, -1: -15, 0: 0, 22: 330, 56: 840, -128: None}
RESOLUTIONS = ["1s", "100ms", "1ms", "100us"]
TEXTS = ["2A24", "2A25", "2A26", "2A27", "2A28", "2A29"]
PRESENCE = ["no", "yes", "unknown", "reserved"]


def add(book):
    dates(book)
    current_time(book)
    zones(book)
    elapsed_time(book)
    texts(book)
    identifiers(book)
    unique_identifiers(book)
    battery(book)


def dates(book):
    book.fixed("2A08", DATE_TIMES, lambda time: {"time": time})
    for bad in BAD_DATE_TIMES:
        book.rejected("2A08", bad, "out_of_range")


def current_time(book):
    def exact(time, day, fractions, reasons):
        return Field(
            time.octets + bytes([day, fractions, reasons]),
            {
                "time": time.meaning,
                "day_of_week": day or None,
                "fractions256": fractions,
                "adjust_reason": names_of(reasons, ADJUSTMENTS),
            },
        )

    fields = [exact(DATE_TIMES[0], 4, 128, 0), exact(DATE_TIMES[2], 5, 255, 0xFF)]
    fields += [exact(DATE_TIMES[n % len(DATE_TIMES)], n, n, 1 << n) for n in range(8)]
    book.fixed("2A2B", fields)
    for bad in BAD_DATE_TIMES:
        book.rejected("2A2B", bad + bytes([1, 0, 0]), "out_of_range")
    book.rejected("2A2B", DATE_TIMES[0].octets + bytes([8, 0, 0]), "out_of_range")


def zones(book):
    zone = [Field(signed(raw, 1), minutes) for raw, minutes in ZONES.items()]
    saving = [Field(u8(raw), minutes) for raw, minutes in SAVINGS.items()]
    book.fixed("2A0E", zone, lambda minutes: {"time_zone_min": minutes})
    book.fixed("2A0D", saving, lambda minutes: {"dst_offset_min": minutes})
    book.fixed(
        "2A0F",
        [
            Field(z.octets + s.octets, {"time_zone_min": z.meaning, "dst_offset_min": s.meaning})
            for z, s in product(zone, saving)
        ],
    )
    # Other numbers of daylight saving are reserved enumeration values and stay so named.
    book.valid("2A0D", u8(5), {"dst_offset_min": "reserved"})
    for raw in (-127, -49, 57, 127):
        book.rejected("2A0E", signed(raw, 1), "out_of_range")
        book.rejected("2A0F", signed(raw, 1) + b"\0", "out_of_range")
    for number, source in enumerate(SOURCES):
        accuracy, days, hours = (number * 7, number, number % 24)
        octets = bytes([number, accuracy, days, hours])
        meaning = {
            "source": source,
            "accuracy_s": scaled(accuracy, "0.125"),
            "days_since_update": days,
            "hours_since_update": hours,
        }
        book.valid("2A14", octets, meaning)
        if number < 2:
            book.prefixes("2A14", octets, "length")
            book.rejected("2A14", octets + b"\0", "length")
    # Accuracy beyond its range is not the same as accuracy unknown, and neither is a number of seconds.
    book.valid(
        "2A14",
        bytes([4, 253, 1, 2]),
        {"source": "manual", "accuracy_s": scaled(253, "0.125"), "days_since_update": 1, "hours_since_update": 2},
    )
    book.valid("2A14", bytes([1, 255, 0, 0]), {"source": "ntp", "days_since_update": 0, "hours_since_update": 0})
    book.valid(
        "2A14",
        bytes([1, 254, 0, 0]),
        {"source": "ntp", "days_since_update": 0, "hours_since_update": 0},
        undecided=("accuracy_s",),
    )


def elapsed(value, source=0, offset=0, ticks=False, utc=False, resolution=0, zoned=False, current=False, reserved=0):
    """The nine octets that a clock and an observation share."""
    flags = ticks | utc << 1 | resolution << 2 | zoned << 4 | current << 5 | reserved
    octets = u8(flags) + unsigned(value, 6) + u8(source) + signed(offset, 1)
    return Field(
        octets,
        {
            "tick_counter": ticks,
            "utc": utc,
            "resolution": RESOLUTIONS[resolution],
            "tz_dst_used": zoned,
            "current_timeline": current,
            "time_value": value,
            "sync_source": SOURCES[min(source, 8)],
            "tz_dst_offset_min": offset * 15,
        },
    )


def elapsed_time(book):
    def clock(time, needs_set=False, applies=False, manages=False):
        return Field(
            time.octets + u8(needs_set) + u8(applies | manages << 1),
            time.meaning | {"clock_needs_set": needs_set, "clock_applies_dst": applies, "clock_manages_tz": manages},
        )

    values = [0, 1, 816652800, 0xFFFFFFFF, 0x123456789ABC, 0xFFFFFFFFFFFF]
    fields = []
    for number, (ticks, utc, zoned, current) in enumerate(product([False, True], repeat=4)):
        time = elapsed(
            values[number % 6],
            number % 9,
            (-48, 4, 22, 56)[number % 4] if zoned else 0,
            ticks,
            utc,
            number % 4,
            zoned,
            current,
        )
        fields.append(clock(time, bool(number & 1), bool(number & 2), bool(number & 4)))
    for number, field in enumerate(fields):
        # Without its flag the offset is an octet that means nothing; whether it is printed is not said.
        zoned = field.meaning["tz_dst_used"]
        book.valid("2BF2", *field, undecided=() if zoned else ("tz_dst_offset_min",))
        if number < 2:
            book.prefixes("2BF2", field.octets, "length")
            book.rejected("2BF2", field.octets + b"\0", "length")


def texts(book):
    words = ["A", "Bedside Test Device", "Ünïcode µg", "1.2.3-4", "脈拍計", "x" * 64]
    for characteristic in TEXTS:
        for word in words:
            book.valid(characteristic, word.encode(), {"text": word})
        book.valid(characteristic, b"", {"text": ""})
        # Some devices fill their texts up with NUL.
        book.valid(characteristic, b"HEM-7\0\0\0", {"text": "HEM-7"})
        book.rejected(characteristic, b"AB\xff", "out_of_range")
        for whole in ("UA-651BLE", "µ1"):
            octets = whole.encode()
            cuts = {length: text_of(octets[:length]) for length in range(len(octets))}
            # A prefix of a text is a shorter text, unless it ends inside a character, whose first octet announces more.
            book.prefixes(characteristic, octets, "truncated", but={n: cut for n, cut in cuts.items() if cut})


def text_of(octets):
    try:
        return {"text": octets.decode()}
    except UnicodeDecodeError:
        return None


def identifiers(book):
    book.fixed(
        "2A23",
        [
            Field(unsigned(maker, 5) + unsigned(oui, 3), {"manufacturer_id": maker, "oui": f"{oui:06X}"})
            for maker, oui in [
                (0x9ABCDE, 0x123456),
                (0, 0),
                (0xFFFFFFFFFF, 0xFFFFFF),
                (0x0504030201, 0x080706),
                (0xFFFE000001, 0x00091F),
            ]
        ],
    )
    source = {1: "sig", 2: "usb", 0: "reserved", 3: "reserved", 255: "reserved"}
    numbers = [
        (1, 0x006B, 0x0023, 0x0110),
        (2, 0x1915, 0xEEEE, 1),
        (0, 0, 0, 0),
        (3, 65535, 65535, 65535),
        (255, 1, 2, 3),
    ]
    book.fixed(
        "2A50",
        [
            Field(
                u8(kind) + u16(vendor) + u16(product_id) + u16(version),
                {
                    "vendor_id_source": source[kind],
                    "vendor_id": vendor,
                    "product_id": product_id,
                    "product_version": version,
                },
            )
            for kind, vendor, product_id, version in numbers
        ],
    )


UDI_PARTS = ["label", "device_identifier", "issuer", "authority"]


def unique_identifiers(book):
    texts_of_parts = [
        "(01)00844588003288(17)141120(10)7654321D(21)10987654d321",
        "00844588003288",
        "2.51.1.1",
        "2.16.840.1.113883.3.24",
    ]

    def identifier(which, reserved=0):
        octets, meaning = u8(which | reserved), {name: None for name in UDI_PARTS}
        for number, name in enumerate(UDI_PARTS):
            if which >> number & 1:
                octets += texts_of_parts[number].encode() + b"\0"
                meaning[name] = texts_of_parts[number]
        return Field(octets, meaning)

    for which in range(16):
        book.valid("2BFF", *identifier(which))
    book.valid("2BFF", *identifier(3, 0xF0))
    book.valid("2BFF", b"\2" + "Ä1".encode() + b"\0", {"device_identifier": "Ä1"})
    book.prefixes("2BFF", identifier(0b1110).octets)
    book.prefixes("2BFF", identifier(0b0100).octets)
    book.rejected("2BFF", identifier(15).octets + b"\0", "trailing_bytes")
    book.rejected("2BFF", identifier(2).octets + b"x", "trailing_bytes")


def battery(book):
    levels = [Field(u8(level), level if level <= 100 else None) for level in (0, 1, 50, 100, 101, 255)]
    book.fixed("2A19", levels, lambda level: {"level_percent": level})

    states, charges = ["unknown", "charging", "discharging", "inactive"], ["unknown", "good", "low", "critical"]

    def status(
        present, wired, wireless, state, level, kind=0, faults=0, identifier=None, percent=None, more=None, reserved=0
    ):
        word = present | wired << 1 | wireless << 3 | state << 5 | level << 7 | kind << 9 | faults << 12
        flags = (identifier is not None) | bool(percent) << 1 | (more is not None) << 2 | reserved
        octets = u8(flags) + u16(word) + (u16(identifier) if identifier is not None else b"")
        octets += (percent.octets if percent else b"") + (u8(more) if more is not None else b"")
        return Field(
            octets,
            {
                "battery_present": present,
                "wired_external_power": PRESENCE[wired],
                "wireless_external_power": PRESENCE[wireless],
                "charge_state": states[state],
                "charge_level": charges[level],
                "identifier": identifier,
                "level_percent": percent.meaning if percent else None,
                "battery_fault": None if more is None else bool(more & 4),
            },
        )

    # How the kinds of charging, its faults and the need of service are spelt is not said by the sources.
    undecided = ("charging_type", "charging_fault", "service_required")
    for number in range(16):
        field = status(
            bool(number & 1),
            number % 4,
            number // 4 % 4,
            number // 2 % 4,
            number % 4,
            number % 8,
            number % 8,
            number * 4097 if number & 1 else None,
            levels[number % 6] if number & 2 else None,
            number // 2 if number & 4 else None,
        )
        book.valid("2BED", *field, undecided=undecided)
    book.valid("2BED", *status(True, 0, 0, 2, 1, reserved=0xF8), undecided=undecided)
    full = status(True, 1, 2, 1, 3, 1, 4, 513, levels[2], 5)
    book.prefixes("2BED", full.octets)
    book.prefixes("2BED", status(True, 0, 0, 2, 2, percent=levels[1]).octets)
    book.rejected("2BED", full.octets + b"\0", "trailing_bytes")
