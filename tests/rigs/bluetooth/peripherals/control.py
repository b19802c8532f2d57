"""The control socket: one JSON object a line in, one out. Tests steer the devices here, without touching the air."""

import asyncio
import json
from datetime import timedelta

from .peripheral import WrongCommand


class Control:
    """Answers `{"ok": true, …}`, or `{"ok": false, "error": …}` for a command that cannot be done."""

    def __init__(self, devices):
        self.devices = {device.name: device for device in devices}

    async def listen(self, path):
        return await asyncio.start_unix_server(self._serve, path, limit=1 << 20)

    async def _serve(self, reader, writer):
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            # Whoever asked is gone; the devices stay as they are.
            pass
        finally:
            writer.close()

    async def _answer(self, line):
        try:
            words = json.loads(line)
            return {"ok": True, **(await self._do(words))}
        except (WrongCommand, KeyError, TypeError, ValueError, ArithmeticError) as fault:
            return {"ok": False, "error": f"{type(fault).__name__}: {fault}"}

    async def _do(self, words):
        if words["do"] == "devices":
            return {"devices": [device.status() for device in self.devices.values()]}
        if words["do"] == "reset_all":
            for device in self.devices.values():
                await device.reset()
            return {}
        device = self.devices.get(words["device"])
        if device is None:
            raise WrongCommand(f"there is no {words['device']}, only {', '.join(self.devices)}")
        common = {
            "appear": self._appear,
            "vanish": self._vanish,
            "lose_link": self._lose_link,
            "hang_up": self._hang_up,
            "status": self._status,
            "ledger": self._ledger,
            "clear_ledger": self._clear_ledger,
            "battery": self._battery,
            "clock": self._clock,
            "pairing": self._pairing,
        }
        if words["do"] in common:
            return await common[words["do"]](device, words)
        return await device.command(words)

    async def _appear(self, device, _words):
        await device.appear()
        return {}

    async def _vanish(self, device, _words):
        await device.vanish()
        return {}

    async def _lose_link(self, device, _words):
        device.lose_link()
        return {}

    async def _hang_up(self, device, _words):
        await device.hang_up()
        return {}

    async def _status(self, device, _words):
        return device.status()

    async def _ledger(self, device, _words):
        return {"ledger": device.ledger}

    async def _clear_ledger(self, device, _words):
        device.ledger.clear()
        return {}

    async def _battery(self, device, words):
        device.battery_percent = int(words["percent"])
        return {}

    async def _clock(self, device, words):
        """Sets how wrong the clock is, and whether others may set it."""
        if "offset_s" in words:
            device.clock.offset = timedelta(seconds=words["offset_s"])
        device.clock_can_be_set = words.get("can_be_set", device.clock_can_be_set)
        return device.status()

    async def _pairing(self, device, words):
        device.want_pairing(words["how"])
        if words.get("forget"):
            await device.forget_bonds()
        return {}
