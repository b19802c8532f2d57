//! What devices broadcast: asks the library for the details of each device that was heard.
//! Not here: which of them are wanted; the adapter's event task, which must not wait for these answers.
use crate::deadline::within;
use crate::name::clean_name;
use bedside_console::ports::{Advertisement, PeripheralId, RadioEvent};
use bedside_session::RadioFault;
use btleplug::api::{Central as _, Peripheral as _, PeripheralProperties};
use btleplug::platform::{Adapter, Peripheral};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// What is to be described.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A device that was heard just now.
    Device(btleplug::platform::PeripheralId),
    /// The devices that are connected to this computer already and so keep silent.
    ConnectedAlready,
}

/// The task that turns heard devices into advertisements.
pub(crate) struct Advertising {
    pub(crate) adapter: Adapter,
    pub(crate) limit: Duration,
    pub(crate) scanning: Arc<AtomicBool>,
    pub(crate) report: mpsc::UnboundedSender<RadioEvent>,
}

impl Advertising {
    /// Runs until the adapter goes. Devices that are heard more often than they can be asked are asked once.
    pub(crate) async fn run(self, mut heard: mpsc::UnboundedReceiver<Heard>) {
        while let Some(first) = heard.recv().await {
            let (mut devices, mut connected_too) = (BTreeSet::new(), false);
            for heard in std::iter::once(first).chain(std::iter::from_fn(|| heard.try_recv().ok())) {
                match heard {
                    Heard::Device(id) => drop(devices.insert(id)),
                    Heard::ConnectedAlready => connected_too = true,
                }
            }
            if connected_too {
                self.report_connected().await;
            }
            for id in devices {
                // A device that vanished meanwhile, or does not answer in time, will be heard again.
                if let Ok(peripheral) = within("find a device", self.limit, self.adapter.peripheral(&id)).await {
                    let _ = self.report_one(&peripheral, false).await;
                }
            }
        }
    }

    async fn report_connected(&self) {
        let all = within("list the devices", self.limit, self.adapter.peripherals()).await.unwrap_or_default();
        for peripheral in all {
            if let Ok(true) = within("ask a device's state", self.limit, peripheral.is_connected()).await {
                let _ = self.report_one(&peripheral, true).await;
            }
        }
    }

    async fn report_one(&self, peripheral: &Peripheral, connected: bool) -> Result<(), RadioFault> {
        let properties = within("ask what a device broadcasts", self.limit, peripheral.properties()).await?;
        // Without a signal strength the system only remembers the device: it was not heard.
        let heard = properties.filter(|properties| connected || properties.rssi.is_some());
        if let Some(properties) = heard.filter(|_| self.scanning.load(Ordering::Acquire)) {
            let advertisement = advertisement(PeripheralId(peripheral.id().to_string()), properties);
            let _ = self.report.send(RadioEvent::Advertised(advertisement));
        }
        Ok(())
    }
}

fn advertisement(peripheral: PeripheralId, properties: PeripheralProperties) -> Advertisement {
    let address = properties.address.to_string().replace(':', "-");
    let name = properties.advertisement_name.or(properties.local_name);
    // BlueZ's alias of a device without a name is its address with hyphens: that is no name.
    let name = name.filter(|name| !name.eq_ignore_ascii_case(&address)).and_then(|name| clean_name(&name));
    Advertisement { peripheral, name, services: properties.services, signal_dbm: properties.rssi, simulated: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use btleplug::api::BDAddr;

    fn named(advertised: Option<&str>, local: Option<&str>) -> Option<String> {
        let properties = PeripheralProperties {
            address: BDAddr::from([0xF0, 0, 0, 0, 0, 0x0A]),
            advertisement_name: advertised.map(str::to_owned),
            local_name: local.map(str::to_owned),
            ..PeripheralProperties::default()
        };
        advertisement(PeripheralId("x".into()), properties).name
    }

    #[test]
    fn an_address_in_place_of_a_name_is_no_name() {
        assert_eq!(named(None, Some("F0-00-00-00-00-0A")), None);
        assert_eq!(named(None, None), None);
    }

    #[test]
    fn the_broadcast_name_goes_before_the_systems_own_name_for_the_device() {
        assert_eq!(named(Some("HR-1\u{202E}"), Some("Ward 3 strap")).as_deref(), Some("HR-1"));
        assert_eq!(named(None, Some("HR-1")).as_deref(), Some("HR-1"));
    }

    #[test]
    fn a_real_device_is_never_marked_as_simulated() {
        assert!(!advertisement(PeripheralId("x".into()), PeripheralProperties::default()).simulated);
    }
}
