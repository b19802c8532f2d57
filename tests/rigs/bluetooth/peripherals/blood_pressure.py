"""A blood-pressure cuff: advertises after a measurement, indicates what it keeps, hangs up."""

import struct
from decimal import Decimal

from bumble.gatt import Service

from .event_driven import EventDriven, stamp
from .medical import sfloat
from .peripheral import INDICATE, READ, characteristic
from .values import pressures, quantity

_TIME = 0x02
_PULSE = 0x04
_USER = 0x08
_STATUS = 0x10


class Cuff(EventDriven):
    name = "BP-1"
    address = "F0:00:00:00:00:02"
    model = "Cuff 1"
    advertised = (0x1810,)
    appearance = 0x0381

    def services(self):
        self.measurement = characteristic("2A35", INDICATE)
        # Cuff fit and irregular pulse detection.
        self.feature = characteristic("2A49", READ, struct.pack("<H", 0x0006))
        return [Service("1810", [self.measurement, self.feature])]

    def locked(self):
        return [self.measurement, self.feature]

    def reading_of(self, words):
        numbers = ("systolic", "diastolic", "mean", "pulse")
        return {**{key: Decimal(words[key]) for key in numbers}, "user": words.get("user")}

    def encode(self, reading):
        flags = _TIME | _PULSE | _STATUS | (0 if reading["user"] is None else _USER)
        octets = bytes([flags])
        octets += sfloat(reading["systolic"]) + sfloat(reading["diastolic"]) + sfloat(reading["mean"])
        octets += stamp(reading) + sfloat(reading["pulse"])
        if reading["user"] is not None:
            octets += bytes([reading["user"]])
        octets += struct.pack("<H", 0)
        values = pressures(reading["systolic"], reading["diastolic"], reading["mean"])
        return octets, [*values, quantity("cuff_pulse_rate", reading["pulse"], "/min")]
