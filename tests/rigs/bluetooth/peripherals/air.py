"""The virtual air: links between controllers inside this process. No device lives here."""

import asyncio

from bumble import ll
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.hci import HCI_CONNECTION_TIMEOUT_ERROR, LeFeatureMask
from bumble.link import LocalLink


class Air(LocalLink):
    """The link, with one correction.

    bumble 0.0.236 names the sender's random address as the source of data. Linux scans with a throw-away random
    address but connects with its public one, so its data would come from nobody the device knows. Here the source is
    the address that the connection was made with.
    """

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        connection = sender_controller.le_connections.get(destination_address)
        if transport != PhysicalTransport.LE or connection is None:
            return super().send_acl_data(sender_controller, destination_address, transport, data)
        receiver = self.find_le_controller(destination_address)
        if receiver is not None:
            source = connection.self_address
            asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, source, transport, data)
        return None


def host_controller(air, transport):
    """The controller of the system under test.

    Without the two features Linux waits only for the connection event that bumble really sends; with them the first
    connection looks fine and every later one fails.
    """
    controller = Controller(
        "host",
        host_source=transport.source,
        host_sink=transport.sink,
        link=air,
        public_address="C0:FF:EE:00:00:01",
    )
    controller.le_features &= ~(LeFeatureMask.LL_PRIVACY | LeFeatureMask.LE_EXTENDED_ADVERTISING)
    return controller


def lose_link(controller):
    """Ends a controller's links as distance does: both sides only notice that nothing comes any more."""
    for connection in list(controller.le_connections.values()):
        connection.send_ll_control_pdu(ll.TerminateInd(HCI_CONNECTION_TIMEOUT_ERROR))
        controller.on_le_disconnected(connection, HCI_CONNECTION_TIMEOUT_ERROR)
