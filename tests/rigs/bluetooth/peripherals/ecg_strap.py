"""A chest strap with an ECG stream: heart rate, and Polar's measurement data service as its document describes it."""

import asyncio
import math
import struct
import time

from bumble.att import ATT_Error
from bumble.gatt import CharacteristicValue, Service

from .peripheral import INDICATE, NOTIFY, READ, WRITE, Peripheral, characteristic
from .values import quantity

_SERVICE = "FB005C80-02E7-F387-1CAD-8ACD2D8DF0C8"
_CONTROL = "FB005C81-02E7-F387-1CAD-8ACD2D8DF0C8"
_DATA = "FB005C82-02E7-F387-1CAD-8ACD2D8DF0C8"
_SETTINGS, _START, _STOP, _REPLY = 0x01, 0x02, 0x03, 0xF0
_ECG = 0
_SUCCESS, _INVALID_OPERATION, _NOT_SUPPORTED, _INVALID_PARAMETER, _ALREADY = 0, 1, 3, 5, 6
_RATE, _RESOLUTION = 0, 1
_HERTZ, _BITS = 130, 14
_PER_FRAME = 73
# 2000-01-01 in Unix time: the sensor's clock counts from there.
_EPOCH_S = 946_684_800


class EcgStrap(Peripheral):
    name = "Polar H10 0A1B2C3D"
    address = "F0:00:00:00:00:07"
    model = "H10"
    advertised = (0x180D, 0xFEEE)
    has_clock = False

    def services(self):
        self.streaming = False
        self.next_sample = 0
        self.rate = characteristic("2A37", NOTIFY)
        # The features: a marker octet, then a bit for each measurement.
        control = CharacteristicValue(read=lambda _c: bytes([0x0F, 1 << _ECG]) + bytes(13), write=self._written)
        self.control = characteristic(_CONTROL, READ | WRITE | INDICATE, control)
        self.data = characteristic(_DATA, NOTIFY)
        return [Service("180D", [self.rate]), Service(_SERVICE, [self.control, self.data])]

    def locked(self):
        return [self.control, self.data]

    async def live(self):
        # A strap forgets its streams with the link.
        self.streaming = False
        began, frames = None, 0
        while True:
            await asyncio.sleep(_PER_FRAME / _HERTZ)
            await self.send(self.rate, bytes([0x06, 72]), values=[quantity("heart_rate", 72, "/min")])
            if not self.streaming:
                began, frames = None, 0
                continue
            if began is None:
                began = time.time()
            frames += 1
            samples = [self._sample(self.next_sample + place) for place in range(_PER_FRAME)]
            self.next_sample += _PER_FRAME
            last_ns = int((began - _EPOCH_S) * 1e9) + frames * _PER_FRAME * 1_000_000_000 // _HERTZ
            octets = struct.pack("<BQB", _ECG, last_ns, 0)
            octets += b"".join(sample.to_bytes(3, "little", signed=True) for sample in samples)
            await self.send(self.data, octets, ecg_uv=samples)

    @staticmethod
    def _sample(number):
        """Microvolts of something like a heart: a wave with one sharp peak a beat."""
        phase = number % 108
        peak = 1100 if phase == 30 else -240 if phase in (29, 31) else 0
        return peak + int(90 * math.sin(2 * math.pi * phase / 108)) + number % 7

    def _written(self, _connection, value):
        if not self.subscribed(self.control):
            raise ATT_Error(0xFD)
        self.spawn(self._answer(value))

    async def _answer(self, value):
        operation, kind = value[0] if value else 0, value[1] if len(value) > 1 else 0xFF
        status, parameters = self._outcome(operation, kind, value[2:])
        await self.send(self.control, bytes([_REPLY, operation, kind, status, 0]) + parameters)

    def _outcome(self, operation, kind, settings):
        if operation not in (_SETTINGS, _START, _STOP):
            return _INVALID_OPERATION, b""
        if kind != _ECG:
            return _NOT_SUPPORTED, b""
        if operation == _SETTINGS:
            offered = struct.pack("<BBH", _RATE, 1, _HERTZ) + struct.pack("<BBH", _RESOLUTION, 1, _BITS)
            return _SUCCESS, offered
        if operation == _STOP:
            self.streaming = False
            return _SUCCESS, b""
        if self.streaming:
            return _ALREADY, b""
        wanted = {settings[at]: struct.unpack_from("<H", settings, at + 2)[0] for at in range(0, len(settings) - 3, 4)}
        if wanted != {_RATE: _HERTZ, _RESOLUTION: _BITS}:
            return _INVALID_PARAMETER, b""
        self.streaming = True
        return _SUCCESS, b""
