"""An ear thermometer: advertises after a measurement, indicates what it keeps, hangs up."""

from decimal import Decimal

from bumble.gatt import Service

from .event_driven import EventDriven, stamp
from .medical import float32
from .peripheral import INDICATE, READ, characteristic
from .values import quantity

_FAHRENHEIT = 0x01
_TIME = 0x02
_TYPE = 0x04
_EAR = 3


class Thermometer(EventDriven):
    name = "TH-1"
    address = "F0:00:00:00:00:03"
    model = "Thermometer 1"
    advertised = (0x1809,)
    appearance = 0x0301

    def services(self):
        self.measurement = characteristic("2A1C", INDICATE)
        self.kind = characteristic("2A1D", READ, bytes([_EAR]))
        return [Service("1809", [self.measurement, self.kind])]

    def locked(self):
        return [self.measurement, self.kind]

    def reading_of(self, words):
        return {"temperature": Decimal(words["temperature"]), "fahrenheit": words.get("fahrenheit", False)}

    def encode(self, reading):
        flags = _TIME | _TYPE | (_FAHRENHEIT if reading["fahrenheit"] else 0)
        octets = bytes([flags]) + float32(reading["temperature"]) + stamp(reading) + bytes([_EAR])
        unit = "[degF]" if reading["fahrenheit"] else "Cel"
        return octets, [quantity("body_temperature", reading["temperature"], unit)]
