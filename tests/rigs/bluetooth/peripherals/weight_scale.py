"""A weight scale with users: advertises after a weighing, indicates what it keeps, hangs up."""

import struct
from decimal import Decimal

from bumble.gatt import Service

from .event_driven import EventDriven, stamp
from .peripheral import INDICATE, READ, characteristic
from .values import quantity

_TIME = 0x02
_USER = 0x04
_STEP_KG = Decimal("0.005")
# Time stamps, several users, weights to 0.05 kg.
_FEATURE = 0x01 | 0x02 | 4 << 3


class WeightScale(EventDriven):
    name = "WS-1"
    address = "F0:00:00:00:00:04"
    model = "Scale 1"
    advertised = (0x181D,)
    appearance = 0x0C80

    def services(self):
        self.measurement = characteristic("2A9D", INDICATE)
        self.feature = characteristic("2A9E", READ, struct.pack("<I", _FEATURE))
        return [Service("181D", [self.measurement, self.feature])]

    def locked(self):
        return [self.measurement, self.feature]

    def reading_of(self, words):
        return {"weight": Decimal(words["weight"]), "user": words.get("user", 0xFF)}

    def encode(self, reading):
        steps = reading["weight"] / _STEP_KG
        if steps != int(steps):
            raise ValueError("a weight is a multiple of 0.005 kg")
        octets = bytes([_TIME | _USER]) + struct.pack("<H", int(steps)) + stamp(reading) + bytes([reading["user"]])
        return octets, [quantity("body_weight", reading["weight"].quantize(Decimal("0.001")), "kg")]
