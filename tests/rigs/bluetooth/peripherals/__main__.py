"""The peripherals' process.

usage: python -m peripherals HCI_SOCKET CONTROL_SOCKET [--all] [--debug]

HCI_SOCKET      made here; the emulated machine connects to it and finds its Bluetooth controller there
CONTROL_SOCKET  made here; see control.py
--all           all devices appear at once, each event-driven one with a reading; without it, all are off
--debug         logs every packet
"""

import asyncio
import logging
import sys

from bumble.transport.unix import open_unix_server_transport

from .air import Air, host_controller
from .blood_pressure import Cuff
from .control import Control
from .ecg_strap import EcgStrap
from .event_driven import EventDriven
from .glucose_meter import GlucoseMeter
from .health_sensor import HealthSensor
from .heart_rate import HeartRateStrap
from .pulse_oximeter import PulseOximeter
from .thermometer import Thermometer
from .weight_scale import WeightScale

KINDS = [HeartRateStrap, Cuff, Thermometer, WeightScale, GlucoseMeter, PulseOximeter, EcgStrap, HealthSensor]

# What somebody who plays with the rig by hand finds in the event-driven devices.
_FIRST_READINGS = {
    "BP-1": {"systolic": 128, "diastolic": 82, "mean": 97, "pulse": 71},
    "TH-1": {"temperature": "36.8"},
    "WS-1": {"weight": "72.450", "user": 1},
}


async def main(hci_socket, control_socket, everything):
    air = Air()
    async with await open_unix_server_transport(hci_socket) as transport:
        host_controller(air, transport)
        devices = [kind(air) for kind in KINDS]
        for device in devices:
            await device.power_on()
        for device in devices if everything else []:
            if isinstance(device, EventDriven):
                await device.command({"do": "measure", **_FIRST_READINGS[device.name]})
            await device.appear()
        async with await Control(devices).listen(control_socket):
            print("ready", flush=True)
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    paths = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(paths) != 2 or not set(options) <= {"--all", "--debug"}:
        sys.exit(__doc__)
    if "--debug" in options:
        logging.basicConfig(level=logging.DEBUG)
    asyncio.run(main(paths[0], paths[1], "--all" in options))
