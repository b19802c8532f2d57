"""What all virtual devices have: advertising, identity, battery, clock, pairing and a ledger of what they sent.
What a device measures is in a file per kind."""

import asyncio
import struct

from bumble.att import ATT_Error, ErrorCode
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Device
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Attribute,
    Characteristic,
    CharacteristicValue,
    Descriptor,
    Service,
)
from bumble.hci import Address
from bumble.host import Host
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from .air import lose_link
from .medical import Clock

READ = Characteristic.Properties.READ
WRITE = Characteristic.Properties.WRITE
NOTIFY = Characteristic.Properties.NOTIFY
INDICATE = Characteristic.Properties.INDICATE

_OPEN = Attribute.Permissions(Attribute.READABLE | Attribute.WRITEABLE)
_LOCKS = {
    "none": Attribute.Permissions(0),
    "just_works": Attribute.READ_REQUIRES_ENCRYPTION | Attribute.WRITE_REQUIRES_ENCRYPTION,
    "passkey": Attribute.READ_REQUIRES_AUTHENTICATION | Attribute.WRITE_REQUIRES_AUTHENTICATION,
}
PASSKEY = 482913
MANUFACTURER = "Bedside Rig"


class WrongCommand(Exception):
    """A command that this device does not have, or that makes no sense now."""


class ShownPasskey(PairingDelegate):
    """A device with a small display and no keys: it shows a passkey, the person types it at the other side."""

    def __init__(self):
        super().__init__(io_capability=PairingDelegate.DISPLAY_OUTPUT_ONLY)

    async def generate_passkey(self):
        return PASSKEY


def characteristic(uuid, properties, value=b""):
    """A characteristic, open to everybody until the device is told to want pairing."""
    return Characteristic(uuid, properties, _OPEN, value)


class Peripheral:
    """One device. It is off until it is told to appear."""

    #: Advertised name, address, model, and the 16-bit services and appearance that are advertised.
    name = address = model = ""
    advertised = ()
    appearance = 0
    #: Whether it has the Current Time service.
    has_clock = True

    def __init__(self, air):
        self.serial = f"RIG-{self.name}"
        self.clock = Clock()
        self.clock_can_be_set = True
        self.battery_percent = 87
        self.ledger = []
        self.connections = 0
        self.connection = None
        self.gone = asyncio.Event()
        self.pairing = "none"
        self.advertising_wanted = False
        self._changing = asyncio.Lock()
        self._tasks = set()
        self.controller = Controller(self.name, link=air, public_address=self.address)
        host = Host(self.controller, AsyncPipeSink(self.controller))
        self.device = Device(name=self.name, address=Address(self.address), host=host)
        self.device.advertising_data = self._advertising_data()
        self.device.pairing_config_factory = lambda _connection: self._pairing_config()
        self.device.on("connection", self._on_connection)
        services = self.services() + self._common_services()
        for service in services:
            for value in service.characteristics:
                self._add_subscription_descriptor(value)
        self.device.add_services(services)

    # --- what each kind of device says ---------------------------------------------------------------------------

    def services(self):
        """The services of this kind of device."""
        raise NotImplementedError

    async def live(self):
        """Runs while the device is connected; ends with the link."""

    def locked(self):
        """The characteristics that want pairing once the device does."""
        return []

    def forget_faults(self):
        """Undoes what the commands of this kind of device have set."""

    async def command(self, _words):
        """A command of this kind of device."""
        raise WrongCommand("unknown command")

    # --- power, link, pairing ------------------------------------------------------------------------------------

    async def power_on(self):
        await self.device.power_on()

    async def appear(self):
        """Begins to advertise, and does so again after each link that ends."""
        self.advertising_wanted = True
        await self._advertise()

    async def vanish(self):
        """Stops advertising and loses its link, like a device that is carried away."""
        async with self._changing:
            self.advertising_wanted = False
            if self.device.is_advertising:
                await self.device.stop_advertising()
        self.lose_link()

    def lose_link(self):
        lose_link(self.controller)

    async def hang_up(self):
        """Ends the link properly."""
        if self.connection is not None:
            await self.connection.disconnect()

    def want_pairing(self, how):
        """From now on "none", "just_works" or "passkey". Bonds of before are forgotten by this side."""
        if how not in _LOCKS:
            raise WrongCommand("pairing is none, just_works or passkey")
        self.pairing = how
        for value in self.locked():
            value.permissions = _OPEN | _LOCKS[how]
            for descriptor in value.descriptors:
                descriptor.permissions = _OPEN | _LOCKS[how]

    async def forget_bonds(self):
        if self.device.keystore is not None:
            await self.device.keystore.delete_all()

    async def reset(self):
        """Off, as new, and without any fault that was asked for. What it has in its memory stays."""
        await self.vanish()
        await self.forget_bonds()
        self.want_pairing("none")
        self.clock = Clock()
        self.clock_can_be_set = True
        self.ledger.clear()
        self.forget_faults()

    # --- sending -------------------------------------------------------------------------------------------------

    def subscribed(self, value):
        """Whether the connected side wants notifications or indications of a characteristic."""
        if self.connection is None:
            return False
        wanted = self.device.gatt_server.subscribers.get(self.connection, {}).get(value.handle, b"")
        return bool(wanted) and wanted[0] != 0

    async def send(self, value, octets, **facts):
        """Notifies or indicates, and writes it into the ledger. False when nobody listens or the link went.

        The octets count as sent once they are on the air: a notification may still be lost with the link. An
        indication counts as confirmed only when the other side said so.
        """
        connection = self.connection
        if connection is None or not self.subscribed(value):
            return False
        entry = {
            "device": self.name,
            "serial": self.serial,
            "connection": self.connections,
            "characteristic": value.uuid.to_hex_str().upper(),
            "hex": octets.hex(),
            **facts,
        }
        self.ledger.append(entry)
        if value.properties & INDICATE:
            entry["confirmed"] = False
            indicating = asyncio.ensure_future(self.device.indicate_subscriber(connection, value, octets))
            going = asyncio.ensure_future(self.gone.wait())
            await asyncio.wait({indicating, going}, return_when=asyncio.FIRST_COMPLETED)
            going.cancel()
            entry["confirmed"] = indicating.done() and indicating.exception() is None
            indicating.cancel()
            return entry["confirmed"]
        await self.device.notify_subscriber(connection, value, octets)
        return self.connection is connection

    async def wait_for_subscription(self, value):
        """Until the connected side listens to a characteristic; False when the link ends before."""
        while not self.subscribed(value):
            if self.gone.is_set():
                return False
            await asyncio.sleep(0.02)
        return True

    def status(self):
        return {
            "device": self.name,
            "connected": self.connection is not None,
            "connections": self.connections,
            "encrypted": self.connection is not None and bool(self.connection.encryption),
            "sent": len(self.ledger),
            "clock_offset_s": self.clock.offset.total_seconds(),
        }

    def spawn(self, work):
        """A task that is kept until it ends, and whose fault is told."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    # --- below: the machinery of the above -----------------------------------------------------------------------

    def _ended(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            print(f"{self.name}: a task failed: {task.exception()!r}", flush=True)

    async def _advertise(self):
        async with self._changing:
            if self.advertising_wanted and self.connection is None and not self.device.is_advertising:
                await self.device.start_advertising(
                    auto_restart=False, advertising_interval_min=100, advertising_interval_max=100
                )

    def _on_connection(self, connection):
        self.connection = connection
        self.connections += 1
        self.gone = asyncio.Event()
        live = self.spawn(self.live())
        connection.on("pairing", lambda _keys: print(f"{self.name}: paired", flush=True))
        connection.on("pairing_failure", lambda reason: print(f"{self.name}: pairing failed: {reason}", flush=True))
        connection.on("disconnection", lambda _reason: self._on_disconnection(live))

    def _on_disconnection(self, live):
        self.connection = None
        self.gone.set()
        live.cancel()
        self.spawn(self._advertise())

    def _pairing_config(self):
        if self.pairing == "passkey":
            return PairingConfig(sc=True, mitm=True, bonding=True, delegate=ShownPasskey())
        return PairingConfig(sc=True, mitm=False, bonding=True)

    def _advertising_data(self):
        services = b"".join(struct.pack("<H", service) for service in self.advertised)
        parts = [
            (AdvertisingData.FLAGS, bytes([0x06])),
            (AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, services),
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
        ]
        if self.appearance:
            parts.append((AdvertisingData.APPEARANCE, struct.pack("<H", self.appearance)))
        return bytes(AdvertisingData(parts))

    def _common_services(self):
        text = lambda uuid, words: characteristic(uuid, READ, words.encode())
        self.battery = characteristic(
            "2A19", READ | NOTIFY, CharacteristicValue(read=lambda _c: bytes([self.battery_percent]))
        )
        services = [
            Service(
                "180A",
                [
                    text("2A29", MANUFACTURER),
                    text("2A24", self.model),
                    text("2A25", self.serial),
                    text("2A26", "1.2.3"),
                    text("2A27", "A"),
                    text("2A28", "4.5"),
                ],
            ),
            Service("180F", [self.battery]),
        ]
        if self.has_clock:
            time = CharacteristicValue(read=lambda _c: self.clock.current_time(), write=self._write_clock)
            services.append(Service("1805", [characteristic("2A2B", READ | WRITE, time)]))
        return services

    def _write_clock(self, _connection, value):
        if len(value) != 10:
            raise ATT_Error(ErrorCode.INVALID_ATTRIBUTE_LENGTH)
        if not self.clock_can_be_set:
            # "Data field ignored": the answer of a device that keeps its own time.
            raise ATT_Error(0x80)
        self.ledger.append({"device": self.name, "serial": self.serial, "clock_set": value.hex()})
        self.clock.take_current_time(value)

    def _add_subscription_descriptor(self, value):
        """bumble would add one that is always open; this one can be told to want pairing."""
        if value.properties & (NOTIFY | INDICATE):
            descriptor = Descriptor(
                GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
                _OPEN,
                self.device.gatt_server.make_descriptor_value(value),
            )
            value.descriptors = [*value.descriptors, descriptor]
