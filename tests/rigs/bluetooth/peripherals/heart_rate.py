"""A heart-rate strap: rate and beat intervals as a stream, the way a chest strap sends them."""

import asyncio
import struct

from bumble.gatt import CharacteristicValue, Service

from .peripheral import NOTIFY, READ, WRITE, Peripheral, WrongCommand, characteristic
from .values import quantity

_RATE_IS_16_BIT = 0x01
_CONTACT = 0x06
_ENERGY = 0x08
_INTERVALS = 0x10


class HeartRateStrap(Peripheral):
    name = "HR-1"
    address = "F0:00:00:00:00:01"
    model = "Strap 1"
    advertised = (0x180D,)
    appearance = 0x0341
    has_clock = False

    def services(self):
        self.period_s = 0.25
        self.muted = False
        self.next_rate = 60
        self.measurement = characteristic("2A37", NOTIFY)
        self.location = characteristic("2A38", READ, bytes([1]))
        reset = characteristic("2A39", WRITE, CharacteristicValue(write=lambda _connection, _value: None))
        return [Service("180D", [self.measurement, self.location, reset])]

    def locked(self):
        return [self.measurement, self.location]

    async def live(self):
        while True:
            await asyncio.sleep(self.period_s)
            if not self.muted:
                self.next_rate = 60 + (self.next_rate - 59) % 40
                await self.measure(self.next_rate)

    async def measure(self, rate, energy_kj=None):
        """One measurement with two intervals, about as long together as the time since the last one."""
        half = int(self.period_s * 1024) // 2
        intervals = [half - 3 - rate % 7, half + 5 + rate % 11]
        flags = _CONTACT | _INTERVALS | (_RATE_IS_16_BIT if rate > 255 else 0)
        octets = struct.pack("<H", rate) if rate > 255 else bytes([rate])
        if energy_kj is not None:
            flags |= _ENERGY
            octets += struct.pack("<H", energy_kj)
        octets = bytes([flags]) + octets + struct.pack("<2H", *intervals)
        values = [quantity("heart_rate", rate, "/min")]
        return await self.send(self.measurement, octets, values=values, rr_1024=intervals, energy_kj=energy_kj)

    def forget_faults(self):
        self.muted = False

    async def command(self, words):
        if words["do"] == "burst":
            # Back to back; the energy counts them, so that a lost one is seen.
            for number in range(words["count"]):
                if not await self.measure(100, energy_kj=number):
                    raise WrongCommand(f"the link ended after {number}")
            return {}
        if words["do"] == "mute":
            self.muted = words["on"]
            return {}
        return await super().command(words)
