"""A glucose meter with two hundred stored records, every third with a context, read out over the record access
control point."""

import struct
from datetime import timedelta
from decimal import Decimal

from bumble.gatt import Service

from .medical import date_time, sfloat
from .peripheral import NOTIFY, READ, Peripheral, characteristic
from .record_access import RecordAccess
from .values import quantity

_OFFSET = 0x01
_CONCENTRATION = 0x02
_STATUS = 0x08
_CONTEXT_FOLLOWS = 0x10
_CAPILLARY_WHOLE_BLOOD = 1
_FINGER = 1
_CARBOHYDRATE, _MEAL = 0x01, 0x02
_STORED = 200
_FIRST_SEQUENCE = 101


class GlucoseMeter(Peripheral):
    name = "GL-1"
    address = "F0:00:00:00:00:05"
    model = "Meter 1"
    advertised = (0x1808,)
    appearance = 0x0400

    def services(self):
        # Fixed when the meter is made, so that its memory does not change while it is read twice.
        newest = self.clock.now().replace(microsecond=0)
        self.memory = [
            self._record(place, newest - timedelta(hours=3) * (_STORED - place)) for place in range(_STORED)
        ]
        self.measurement = characteristic("2A18", NOTIFY)
        self.context = characteristic("2A34", NOTIFY)
        self.feature = characteristic("2A51", READ, struct.pack("<H", 0x03FF))
        records = lambda: [(record["sequence"], record) for record in self.memory]
        self.access = RecordAccess(self, records, self._report, [self.measurement, self.context])
        return [Service("1808", [self.measurement, self.context, self.feature, self.access.point])]

    def locked(self):
        return [self.measurement, self.context, self.access.point]

    @staticmethod
    def _record(place, taken):
        """A memory as a real one looks: 54 to 250 mg/dL, and two equal readings in one minute."""
        return {
            "sequence": _FIRST_SEQUENCE + place,
            "taken": taken,
            "mg_dl": 120 if place in (40, 41) else 54 + place * 37 % 197,
            "context": place % 3 == 0,
        }

    async def _report(self, record):
        flags = _OFFSET | _CONCENTRATION | _STATUS | (_CONTEXT_FOLLOWS if record["context"] else 0)
        # mg/dL as kg/L: an exponent of -5 and the same digits.
        concentration = Decimal(record["mg_dl"]).scaleb(-5)
        octets = bytes([flags]) + struct.pack("<H", record["sequence"]) + date_time(record["taken"])
        octets += struct.pack("<h", 0) + sfloat(concentration)
        octets += bytes([_FINGER << 4 | _CAPILLARY_WHOLE_BLOOD]) + struct.pack("<H", 0)
        facts = {
            "sequence": record["sequence"],
            "device_time": record["taken"].isoformat(timespec="seconds"),
            "values": [quantity("blood_glucose", record["mg_dl"], "mg/dL")],
        }
        if not await self.send(self.measurement, octets, **facts):
            return False
        if not record["context"]:
            return True
        octets = bytes([_CARBOHYDRATE | _MEAL]) + struct.pack("<H", record["sequence"])
        # Lunch, 45 g; measured before it.
        octets += bytes([2]) + sfloat(Decimal("0.045")) + bytes([1])
        return await self.send(self.context, octets, sequence=record["sequence"])

    def forget_faults(self):
        self.access.forget_faults()

    async def command(self, words):
        if words["do"] == "measure":
            record = self._record(len(self.memory), self.clock.now().replace(microsecond=0))
            self.memory.append(record)
            return {"sequence": record["sequence"]}
        answer = self.access.command(words)
        return answer if answer is not None else await super().command(words)
