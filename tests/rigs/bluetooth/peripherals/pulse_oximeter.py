"""A pulse oximeter: saturation and pulse as a stream, and spot checks of before in its memory."""

import asyncio
import struct
from datetime import timedelta
from decimal import Decimal

from bumble.gatt import Service

from .medical import date_time, sfloat
from .peripheral import INDICATE, NOTIFY, READ, Peripheral, characteristic
from .record_access import RecordAccess
from .values import quantity, saturation

_AMPLITUDE_OF_STREAM = 0x10
_TIME, _STATUS = 0x01, 0x02
_FULLY_QUALIFIED, _FROM_STORAGE = 1 << 8, 1 << 9
_STORED = 12
# Measurement status, storage, time stamps, pulse amplitude.
_FEATURES = 0x01 | 0x04 | 0x08 | 0x40


class PulseOximeter(Peripheral):
    name = "OX-1"
    address = "F0:00:00:00:00:06"
    model = "Oximeter 1"
    advertised = (0x1822,)
    appearance = 0x0C41

    def services(self):
        self.period_s = 0.5
        self.next_step = 0
        now = self.clock.now().replace(microsecond=0)
        self.memory = [
            {"taken": now - timedelta(minutes=10) * (_STORED - place), "spo2": 91 + place % 8, "pulse": 60 + place}
            for place in range(_STORED)
        ]
        self.spot = characteristic("2A5E", INDICATE)
        self.stream = characteristic("2A5F", NOTIFY)
        features = struct.pack("<HH", _FEATURES, _FULLY_QUALIFIED | _FROM_STORAGE)
        self.features = characteristic("2A60", READ, features)
        records = lambda: list(enumerate(self.memory))
        self.access = RecordAccess(self, records, self._report, [self.spot])
        return [Service("1822", [self.spot, self.stream, self.features, self.access.point])]

    def locked(self):
        return [self.spot, self.stream, self.access.point]

    async def live(self):
        while True:
            await asyncio.sleep(self.period_s)
            self.next_step += 1
            spo2, pulse = 94 + self.next_step % 6, 62 + self.next_step % 30
            amplitude = Decimal(30 + self.next_step % 20).scaleb(-1)
            octets = bytes([_AMPLITUDE_OF_STREAM])
            octets += sfloat(Decimal(spo2)) + sfloat(Decimal(pulse)) + sfloat(amplitude)
            values = [*saturation(spo2, pulse), quantity("pulse_amplitude_index", amplitude, "%")]
            await self.send(self.stream, octets, values=values)

    async def _report(self, record):
        octets = bytes([_TIME | _STATUS]) + sfloat(Decimal(record["spo2"])) + sfloat(Decimal(record["pulse"]))
        octets += date_time(record["taken"]) + struct.pack("<H", _FULLY_QUALIFIED | _FROM_STORAGE)
        facts = {
            "values": saturation(record["spo2"], record["pulse"]),
            "device_time": record["taken"].isoformat(timespec="seconds"),
        }
        return await self.send(self.spot, octets, **facts)

    def forget_faults(self):
        self.access.forget_faults()

    async def command(self, words):
        answer = self.access.command(words)
        return answer if answer is not None else await super().command(words)
