#!/usr/bin/env python3
"""Writes `vectors.jsonl`: Bluetooth values, made from the tables of the standards, and the JSON that
`bedsidectl decode` must answer. It shares no code with the codec, so that one misreading is not made twice.
`--check` only compares.

Each line has `characteristic`, `hex`, `quirk`, and either `expected` (absent and null are the same; `undecided` names
fields about which the standards say nothing, `*` all that are not listed) or `error` (a kind, or the kinds that fit).
"""

import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True

import generic_health
import glucose
import polar_and_vendors
import scales_and_people
import time_and_device
import vital_signs
from book import Book

FAMILIES = [vital_signs, glucose, scales_and_people, time_and_device, generic_health, polar_and_vendors]
VECTORS = Path(__file__).with_name("vectors.jsonl")

# Every characteristic that `bedsidectl decode` knows.
ROWS = """
    SFLOAT FLOAT 2A37 2A38 2A35 2A36 2B34 2B35 2B36 2A49 2A51 2A60 2A9E 2A9B 2AA8 2A1C 2A1E 2A1D 2A21 2A5E 2A5F 2A18
    2A34 2A52 2AA7 2AA9 2AAA 2AAB 2AAC 2A9D 2A9C 2A9F 2A2B 2A08 2A0F 2A14 2A0E 2A0D 2BF2 2A24 2A25 2A26 2A27 2A28 2A29
    2A23 2A50 2BFF 2A19 2BED 2B8B 2BF3 GHS_OBSERVATION 2A98 2A80 2A8C 2A85 2A92 2A8E NONIN_OXI VIATOM_RT BERRYMED
    MISCALE1 MISCALE2 YONKER_BP PMD_DATA
""".split()
FEWEST = 5


def main():
    text = vectors()
    if sys.argv[1:] == ["--check"]:
        if not VECTORS.exists() or VECTORS.read_text(encoding="utf-8") != text:
            sys.exit(f"{VECTORS.name} is not what encode_vectors.py writes: run it again")
    elif sys.argv[1:]:
        sys.exit("usage: encode_vectors.py [--check]")
    else:
        VECTORS.write_text(text, encoding="utf-8", newline="\n")


def vectors():
    book = Book()
    for family in FAMILIES:
        family.add(book)
    lines_that_are_no_values(book)
    hold_enough(book)
    return book.text()


def lines_that_are_no_values(book):
    """Whatever the characteristic, hex that is none is refused, and so is a characteristic that nobody knows."""
    for row in ROWS:
        book.rejected(row, "0", "bad_hex")
        book.rejected(row, "0G", "bad_hex")
    for text in ("0x48", "00:48", "004", "+1", "--", "é0"):
        book.rejected("2A37", text, "bad_hex")
    for name in ("FFFF", "2A", "2A3", "2A370", "HEART_RATE", "0000", "SFLOAT2"):
        book.rejected(name, "0048", "unknown_characteristic")


def hold_enough(book):
    valid = Counter(line["characteristic"] for line in book.lines if "expected" in line)
    rejected = {line["characteristic"] for line in book.lines if "error" in line}
    for row in ROWS:
        assert valid[row] >= FEWEST, f"{row} has {valid[row]} valid lines"
        assert row in rejected, f"{row} has no rejected line"
    assert not set(valid) - set(ROWS)


if __name__ == "__main__":
    main()
