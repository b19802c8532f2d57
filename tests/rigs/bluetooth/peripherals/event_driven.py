"""Devices that show themselves only when they have something to say: measure, advertise, deliver, hang up."""

import asyncio

from .medical import date_time
from .peripheral import Peripheral, WrongCommand

# How long such a device waits for more to be asked before it hangs up.
_AFTER_THE_LAST_S = 0.3


class EventDriven(Peripheral):
    """Keeps readings until the other side has confirmed them; each is delivered once."""

    #: The characteristic that is indicated.
    measurement = None

    def __init__(self, air):
        self.kept = []
        self.delivered = None
        self.hangs_up = True
        super().__init__(air)

    def forget_faults(self):
        self.kept.clear()
        self.delivered = None

    def encode(self, reading):
        """Octets and ledger values of a kept reading."""
        raise NotImplementedError

    def reading_of(self, words):
        """A reading from the words of a command."""
        raise NotImplementedError

    async def live(self):
        if not await self.wait_for_subscription(self.measurement):
            return
        while self.kept:
            octets, values = self.encode(self.kept[0])
            taken = self.kept[0]["taken"]
            facts = {"values": values, "device_time": taken.isoformat(timespec="seconds")}
            if not await self.send(self.measurement, octets, **facts):
                return
            self.delivered = self.kept.pop(0)
        await asyncio.sleep(_AFTER_THE_LAST_S)
        if self.hangs_up and not self.kept:
            self.advertising_wanted = False
            await self.hang_up()

    async def command(self, words):
        if words["do"] == "measure":
            reading = self.reading_of(words)
            reading["taken"] = self.clock.now().replace(microsecond=0)
            self.kept.append(reading)
            if words.get("appear", True):
                await self.appear()
            return {"device_time": reading["taken"].isoformat(timespec="seconds")}
        if words["do"] == "keep_again":
            # As if the confirmation of the last reading had been lost on its way.
            if self.delivered is None:
                raise WrongCommand("nothing was delivered yet")
            self.kept.insert(0, self.delivered)
            return {}
        return await super().command(words)


def stamp(reading):
    return date_time(reading["taken"])
