"""A generic health sensor: observations by nomenclature code, in segments, live and from its memory."""

import asyncio
import struct
from datetime import datetime
from decimal import Decimal

from bumble.gatt import CharacteristicValue, Service

from .medical import float32, u48
from .peripheral import INDICATE, NOTIFY, READ, WRITE, Peripheral, characteristic
from .record_access import RecordAccess
from .values import quantity

# Medical device communication codes: what, and in which unit.
_SATURATION, _PERCENT = 150456, 544
_TEMPERATURE, _CELSIUS = 150364, 6048
_NUMERIC = 1
_HAS_TYPE, _HAS_TIME, _HAS_STATUS = 0x0001, 0x0002, 0x0008
_START, _STOP, _DONE, _REFUSED = 0x01, 0x02, 0x80, 0x82
# Elapsed time: whole seconds of local time on the present timeline, set by hand.
_TIME_FLAGS, _SET_BY_HAND = 0x20, 0x04
_EPOCH = datetime(2000, 1, 1)
# Small on purpose: an observation is then more than one segment.
_SEGMENT = 17


class HealthSensor(Peripheral):
    name = "GHS-1"
    address = "F0:00:00:00:00:08"
    model = "Sensor 1"
    advertised = (0x1840,)
    has_clock = False

    def services(self):
        self.period_s = 1.0
        self.live_wanted = True
        self.next_step = 0
        self.segments = {"live": 0, "stored": 0}
        taken = self.clock.now().replace(microsecond=0)
        self.memory = [(number, _TEMPERATURE, Decimal(365 + number).scaleb(-1), taken) for number in range(1, 6)]
        kinds = struct.pack("<BBII", 0, 2, _SATURATION, _TEMPERATURE)
        self.features = characteristic("2BF3", READ | INDICATE, kinds)
        self.observations = characteristic("2B8B", NOTIFY)
        self.stored = characteristic("2BDD", NOTIFY)
        self.point = characteristic("2BF4", WRITE | INDICATE, CharacteristicValue(write=self._written))
        records = lambda: [(record[0], record) for record in self.memory]
        self.access = RecordAccess(self, records, self._report, [self.stored], wide=True)
        health = Service("1840", [self.features, self.observations, self.stored, self.access.point, self.point])
        elapsed = characteristic("2BF2", READ | INDICATE, CharacteristicValue(read=lambda _c: self._elapsed_time()))
        return [health, Service("183F", [elapsed])]

    def locked(self):
        return [self.observations, self.stored, self.access.point, self.point]

    async def live(self):
        self.live_wanted = True
        while True:
            await asyncio.sleep(self.period_s)
            # A sensor measures from the start; its control point stops it and lets it go on.
            if not self.live_wanted or not self.subscribed(self.observations):
                continue
            self.next_step += 1
            kind, number = self._present(self.next_step)
            body = self._observation(kind, number, self.clock.now().replace(microsecond=0))
            await self._send_segments("live", self.observations, body, [self._value(kind, number)])

    @staticmethod
    def _present(step):
        if step % 4 == 0:
            return _TEMPERATURE, Decimal(366 + step % 5).scaleb(-1)
        return _SATURATION, Decimal(93 + step % 6)

    @staticmethod
    def _value(kind, number):
        if kind == _SATURATION:
            return quantity("oxygen_saturation", number, "%")
        return quantity("body_temperature", number, "Cel")

    def _observation(self, kind, number, taken):
        unit = _PERCENT if kind == _SATURATION else _CELSIUS
        rest = struct.pack("<HI", _HAS_TYPE | _HAS_TIME | _HAS_STATUS, kind)
        rest += self._time(taken) + struct.pack("<H", 0)
        rest += struct.pack("<H", unit) + float32(number)
        return struct.pack("<BH", _NUMERIC, len(rest)) + rest

    @staticmethod
    def _time(moment):
        seconds = int((moment - _EPOCH).total_seconds())
        return bytes([_TIME_FLAGS]) + u48(seconds) + bytes([_SET_BY_HAND, 0])

    def _elapsed_time(self):
        return self._time(self.clock.now()) + bytes([0, 0])

    async def _send_segments(self, stream, value, body, values):
        pieces = [body[at : at + _SEGMENT] for at in range(0, len(body), _SEGMENT)]
        for place, piece in enumerate(pieces):
            header = (1 if place == 0 else 0) | (2 if place == len(pieces) - 1 else 0) | self.segments[stream] << 2
            self.segments[stream] = (self.segments[stream] + 1) % 64
            # The values count with the last segment: before it there is no observation.
            facts = {"values": values} if place == len(pieces) - 1 else {}
            if not await self.send(value, bytes([header]) + piece, **facts):
                return False
        return True

    async def _report(self, record):
        number, kind, value, taken = record
        body = struct.pack("<I", number) + self._observation(kind, value, taken)
        return await self._send_segments("stored", self.stored, body, [self._value(kind, value)])

    def _written(self, _connection, value):
        self.spawn(self._answer(value))

    async def _answer(self, value):
        known = value in (bytes([_START]), bytes([_STOP]))
        if known:
            self.live_wanted = value[0] == _START
        await self.send(self.point, bytes([_DONE if known else _REFUSED]))

    def forget_faults(self):
        self.access.forget_faults()

    async def command(self, words):
        answer = self.access.command(words)
        return answer if answer is not None else await super().command(words)
