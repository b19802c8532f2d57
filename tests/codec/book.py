"""The book of vectors: what is sent, and what must come back, a JSON object a line.
What the octets mean is the business of the families; here they are only collected and written.
"""

import json
from decimal import Decimal


class Book:
    """Lines in the order of their making."""

    def __init__(self):
        self.lines = []
        self.known = {}

    def add(self, line):
        """What is already in the book is not written twice, and must have had the same answer."""
        asked = (line["characteristic"], line["hex"], line["quirk"])
        if asked not in self.known:
            self.known[asked] = line
            self.lines.append(line)
        elif self.known[asked] != line:
            raise ValueError(f"{asked} has two answers: {self.known[asked]} and {line}")

    def valid(self, characteristic, octets, expected, quirk=None, undecided=()):
        """`undecided` names fields about which the sources say nothing: they are not compared."""
        line = {
            "characteristic": characteristic,
            "hex": octets.hex().upper() or "-",
            "quirk": quirk,
            "expected": expected,
        }
        if undecided:
            line["undecided"] = list(undecided)
        self.add(line)

    def rejected(self, characteristic, value, kind, quirk=None):
        """`value` is octets, or the text of a value that is not hex."""
        text = value if isinstance(value, str) else value.hex().upper() or "-"
        self.add({"characteristic": characteristic, "hex": text, "quirk": quirk, "error": kind})

    def prefixes(self, characteristic, octets, kind="truncated", but=None, quirk=None):
        """Every strict prefix, the empty one too. `but` gives lengths whose answer is another: a kind, the JSON of a
        shorter value that is whole, or None where the sources leave the answer open."""
        but = but or {}
        for length in range(len(octets)):
            answer = but.get(length, kind)
            if isinstance(answer, str):
                self.rejected(characteristic, octets[:length], answer, quirk)
            elif answer is not None:
                self.valid(characteristic, octets[:length], answer, quirk)

    def fixed(self, characteristic, fields, wrap=lambda meaning: meaning):
        """Values of one size: the two first also cut short at every place, and all with an octet too many."""
        for number, field in enumerate(fields):
            self.valid(characteristic, field.octets, wrap(field.meaning))
            if number < 2:
                self.prefixes(characteristic, field.octets, "length")
                self.rejected(characteristic, field.octets + b"\0", "length")

    def text(self):
        return "".join(as_json(line) + "\n" for line in self.lines)


def as_json(value):
    """JSON with exact decimals, which Python's own encoder cannot write."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{as_json(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(as_json, value)) + "]"
    assert not isinstance(value, float)
    return json.dumps(value)
