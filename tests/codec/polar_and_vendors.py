"""Frames of makers: Polar's streams, pulse oximeters, scales that broadcast and a cuff.
Everything that a Bluetooth service standardizes is elsewhere.
"""

from octets import DATE_TIMES, Field, date_time, frame_check, names_of, scaled, signed, u8, u16, unsigned

NONIN_STATUS = [None, None, "smartpoint", "searching", "correct_check", "low_battery", "encrypted"]


def add(book):
    polar_frames(book)
    polar_deltas(book)
    nonin(book)
    viatom(book)
    berry(book)
    scales(book)
    yonker(book)


def frame(kind, name, frame_type, samples, meaning, time=790000000123456789, compressed=False):
    octets = u8(kind) + unsigned(time, 8) + u8(frame_type | compressed << 7) + samples
    head = {"measurement": name, "timestamp_ns": time, "frame_type": frame_type, "compressed": compressed}
    return Field(octets, head | meaning)


def polar_frames(book):
    def ecg(values, **more):
        return frame(0, "ecg", 0, b"".join(signed(v, 3) for v in values), {"ecg_uv": values}, **more)

    def ecg_with_status(frame_type, values):
        """The low bits hold the sample, the others are tags. Whether a sample may be negative is not said."""
        octets = b"".join(unsigned(v | tag << (14 if frame_type == 1 else 18), 3) for v, tag in values)
        return frame(0, "ecg", frame_type, octets, {"ecg_uv": [v for v, _ in values]})

    def ppg(rows):
        return frame(1, "ppg", 0, b"".join(signed(v, 3) for row in rows for v in row), {"ppg": rows})

    def acceleration(rows, **more):
        return frame(2, "acc", 1, b"".join(signed(v, 2) for row in rows for v in row), {"acc_mg": rows}, **more)

    def intervals(rows):
        octets = b"".join(u8(rate) + u16(gap) + u16(error) + u8(flags) for rate, gap, error, flags in rows)
        return frame(
            3,
            "ppi",
            0,
            octets,
            {
                "ppi": [
                    {
                        "heart_rate_bpm": rate,
                        "pp_ms": gap,
                        "error_ms": error,
                        "blocker": bool(flags & 1),
                        "contact": bool(flags & 2),
                        "contact_supported": bool(flags & 4),
                    }
                    for rate, gap, error, flags in rows
                ]
            },
        )

    whole = [
        (ecg([0, 1, -1, 8388607, -8388608]), 3, ecg),
        (ppg([[1, 2, 3, 4], [-1, -8388608, 8388607, 0]]), 12, ppg),
        (acceleration([[0, 0, 1000], [-32768, 32767, -1]]), 6, acceleration),
        (intervals([(61, 983, 10, 6), (0, 1010, 65535, 1), (0, 0, 0, 4)]), 6, intervals),
    ]
    key = {ecg: "ecg_uv", ppg: "ppg", acceleration: "acc_mg", intervals: "ppi"}
    for field, size, maker in whole:
        book.valid("PMD_DATA", *field)
        # Between two samples a prefix is a shorter frame; a frame without samples is left open.
        samples = (len(field.octets) - 10) // size
        cuts = {10 + n * size: field.meaning | {key[maker]: field.meaning[key[maker]][:n]} for n in range(1, samples)}
        book.prefixes("PMD_DATA", field.octets, but=cuts | {10: None})
    for number in (1, 73):
        book.valid("PMD_DATA", *ecg([number * n - 700 for n in range(number)]))
    book.valid("PMD_DATA", *ecg([5], time=0))
    book.valid("PMD_DATA", *acceleration([[1, 2, 3]], time=(1 << 64) - 1))
    book.valid("PMD_DATA", *ppg([[100000, 200000, 300000, 400000]]))
    for flags in range(8):
        book.valid("PMD_DATA", *intervals([(70, 857, 5, flags)]))
    book.valid("PMD_DATA", *ecg_with_status(1, [(0, 0), (8191, 0), (1, 0x3FF), (100, 5)]))
    book.valid("PMD_DATA", *ecg_with_status(2, [(0, 0), (131071, 0), (1, 0x3F), (100, 5)]))


def packed(rows, width):
    """Signed numbers of `width` bits, the lowest bit of the first number in the lowest bit of the first octet."""
    stream = place = 0
    for row in rows:
        for number in row:
            assert -(1 << width - 1) <= number < 1 << width - 1
            stream |= (number & (1 << width) - 1) << place
            place += width
    return unsigned(stream, (place + 7) // 8)


def delta_frame(kind, name, key, frame_type, size, first, blocks):
    octets, rows, last = b"".join(signed(v, size) for v in first), [list(first)], list(first)
    cuts = {}
    for width, deltas in blocks:
        cuts[10 + len(octets)] = [list(row) for row in rows]
        octets += u8(width) + u8(len(deltas)) + packed(deltas, width)
        for delta in deltas:
            last = [before + change for before, change in zip(last, delta)]
            rows.append(list(last))
    whole = frame(kind, name, frame_type, octets, {key: rows}, compressed=True)
    return whole, {length: whole.meaning | {key: shorter} for length, shorter in cuts.items()}


def polar_deltas(book):
    # What the numbers of a compressed accelerometer frame are worth says the factor of the start reply: they stay raw.
    makers = {
        "acc": lambda first, blocks: delta_frame(2, "acc", "acc_raw", 1, 2, first, blocks),
        "ppg": lambda first, blocks: delta_frame(1, "ppg", "ppg", 0, 3, first, blocks),
    }
    made = [
        ("acc", (10, -20, 1000), [(3, [(1, -1, 0), (3, -4, 2)])]),
        ("acc", (-32000, 32000, 0), [(8, [(127, -128, 1)] * 3), (1, [(0, -1, 0)]), (5, [(15, -16, 7)] * 2)]),
        ("acc", (0, 0, 0), [(16, [(32767, -32768, 1)])]),
        ("acc", (5, 6, 7), []),
        ("ppg", (100000, 200000, 300000, -400000), [(10, [(511, -512, 3, -3)] * 4)]),
        ("ppg", (1, 2, 3, 4), [(6, [(1, 2, 3, 4)]), (4, [(-8, 7, 0, 1)] * 5)]),
        ("ppg", (-1, -2, -3, -4), [(22, [(2097151, -2097152, 0, 1)])]),
    ]
    for number, (name, first, blocks) in enumerate(made):
        whole, cuts = makers[name](first, blocks)
        book.valid("PMD_DATA", *whole)
        if number in (1, 5):
            # Between two blocks a prefix is a shorter frame.
            book.prefixes("PMD_DATA", whole.octets, but=cuts | {10: None})


def nonin(book):
    def reading(status, battery, amplitude, counter, saturation, pulse):
        big = lambda number: number.to_bytes(2, "big")
        octets = bytes([10, status, battery]) + big(amplitude) + big(counter) + u8(saturation) + big(pulse)
        return Field(
            octets,
            {
                "status": names_of(status, NONIN_STATUS),
                "battery_v": scaled(battery, "0.1"),
                "pai": amplitude,
                "counter": counter,
                "spo2_percent": None if saturation == 127 else saturation,
                "pulse_rate_bpm": None if pulse == 511 else pulse,
            },
        )

    fields = [reading(4, 30, 258, 1, 97, 61), reading(0b0111_1100, 27, 65535, 65535, 127, 511)]
    fields += [reading(1 << bit, 20 + bit, bit * 257, bit * 300, 90 + bit, 40 + bit * 40) for bit in range(7)]
    book.fixed("NONIN_OXI", fields)
    for head in (0, 9, 11, 255):
        book.rejected("NONIN_OXI", u8(head) + fields[0].octets[1:], "bad_header")


def viatom(book):
    def live(saturation, pulse, battery, charging, motion, signal, finger, size=13):
        payload = bytearray(size)
        payload[0], payload[1], payload[7], payload[8] = saturation, pulse, battery, charging
        payload[9], payload[10], payload[11] = motion, signal, finger
        body = bytes([0x55, 0x17, 0x17 ^ 0xFF]) + u16(0) + u16(size) + bytes(payload)
        return Field(
            body + frame_check(body),
            {
                "spo2_percent": saturation,
                "pulse_rate_bpm": pulse,
                "battery_percent": battery,
                "charging": bool(charging),
                "motion": motion,
                "signal_strength": signal,
                "finger_present": bool(finger),
            },
        )

    fields = [
        live(97, 61, 80, 0, 0, 40, 1),
        live(88, 120, 5, 1, 200, 1, 1),
        live(99, 45, 100, 0, 255, 255, 1),
        live(92, 250, 1, 0, 3, 4, 1),
        live(95, 70, 50, 1, 9, 8, 1, size=12),
        live(95, 70, 50, 0, 9, 8, 1, size=20),
    ]
    for field in fields:
        book.valid("VIATOM_RT", *field)
    # What the two first octets mean while no finger is in the ring is not said.
    book.valid("VIATOM_RT", *live(0, 0, 60, 0, 0, 0, 0), undecided=("spo2_percent", "pulse_rate_bpm"))
    good = fields[0].octets
    book.prefixes("VIATOM_RT", good)
    book.prefixes("VIATOM_RT", fields[4].octets)
    book.rejected("VIATOM_RT", good + b"\0", "trailing_bytes")
    book.rejected("VIATOM_RT", good[:-1] + u8(good[-1] ^ 1), "crc_mismatch")
    book.rejected("VIATOM_RT", good[:7] + u8(good[7] ^ 1) + good[8:], "crc_mismatch")

    def checked(body):
        return body + frame_check(body)

    body = good[:-1]
    book.rejected("VIATOM_RT", checked(b"\x00" + body[1:]), "bad_header")
    book.rejected("VIATOM_RT", checked(body[:2] + u8(body[2] ^ 4) + body[3:]), "bad_header")


def berry(book):
    def packet(pleth, saturation, pulse, finger=True, low=0):
        octets = bytes([0x80 | low, pleth, (not finger) << 4 | (pulse >> 7) << 6 | low, pulse & 0x7F, saturation])
        return Field(
            octets,
            {
                "pleth": pleth,
                "finger_present": finger,
                "pulse_rate_bpm": None if pulse == 255 else pulse,
                "spo2_percent": None if saturation == 127 else saturation,
            },
        )

    fields = [
        packet(0, 97, 61),
        packet(100, 100, 128),
        packet(50, 127, 255, False),
        packet(64, 88, 127, low=7),
        packet(33, 35, 254),
        packet(1, 99, 200, low=15),
        packet(99, 127, 72),
    ]
    book.fixed("BERRYMED", fields)
    book.rejected("BERRYMED", u8(fields[0].octets[0] & 0x7F) + fields[0].octets[1:], "bad_header")


UNITS = {"kg": "0.005", "lb": "0.01", "catty": "0.01"}


def scales(book):
    moment = date_time(2025, 3, 9, 7, 30, 12)

    def first(raw, unit="kg", stabilized=True, removed=False, time=moment):
        control = (unit == "lb") | (unit == "catty") << 4 | stabilized << 5 | removed << 7
        return Field(
            u8(control) + u16(raw) + time.octets,
            {
                "weight": scaled(raw, UNITS[unit]),
                "unit": unit,
                "stabilized": stabilized,
                "removed": removed,
                "timestamp": time.meaning,
            },
        )

    def second(raw, unit="kg", impedance=None, stabilized=True, removed=False, time=moment):
        low, high = unit == "lb", (impedance is not None) << 1 | stabilized << 5 | (unit == "catty") << 6 | removed << 7
        octets = u8(low) + u8(high) + time.octets + u16(impedance or 0) + u16(raw)
        return Field(
            octets,
            {
                "weight": scaled(raw, UNITS[unit]),
                "unit": unit,
                "stabilized": stabilized,
                "removed": removed,
                "impedance_ohm": impedance,
                "timestamp": time.meaning,
            },
        )

    book.fixed(
        "MISCALE1",
        [
            first(14000),
            first(0, removed=True),
            first(15432, "lb"),
            first(11200, "catty"),
            first(65535, "kg", False),
            first(13999, time=DATE_TIMES[0]),
            first(1, "lb", False, True),
        ],
    )
    book.fixed(
        "MISCALE2",
        [
            second(14000, impedance=480),
            second(0, removed=True),
            second(15432, "lb"),
            second(11200, "catty", 512),
            second(65535, "kg", None, False),
            second(13999, "lb", 65535, time=DATE_TIMES[2]),
            second(1, "catty", 1, False, True),
        ],
    )


def yonker(book):
    def cuff(systolic, diastolic, pulse, time):
        year, month, day, hour, minute = time
        octets = bytes([0x81, systolic, diastolic, pulse, 0, 0, day, month, year - 2000, hour, minute, 0, 0, 0, 0])
        return Field(
            octets,
            {
                "systolic": systolic,
                "diastolic": diastolic,
                "pulse_rate_bpm": pulse,
                "unit": "mmHg",
                "timestamp": {"year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": None},
            },
        )

    moments = [
        (2024, 2, 29, 23, 59),
        (2025, 12, 31, 0, 0),
        (2001, 1, 1, 1, 1),
        (2099, 7, 15, 12, 30),
        (2023, 6, 2, 8, 5),
    ]
    rows = [(120, 80, 61), (255, 130, 199), (90, 50, 40), (131, 84, 72), (180, 110, 100)]
    fields = [cuff(*row, moment) for row, moment in zip(rows, moments)]
    book.fixed("YONKER_BP", fields)
    for head in (0, 0x80, 0xFF):
        book.rejected("YONKER_BP", u8(head) + fields[0].octets[1:], "bad_header")
