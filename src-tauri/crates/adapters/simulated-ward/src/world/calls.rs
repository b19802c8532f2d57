//! The radio's calls on the ward: scanning, links, reading, writing, subscribing, and what is refused.
//! How long a call takes is answered here; waiting for it is the work of `ward.rs`.
use super::World;
use crate::station::Link;
use bedside_console::ports::{AdapterState, PeripheralId};
use bedside_session::{CharacteristicAddress, DiscoveredService, RadioFault};
use std::collections::BTreeMap;
use std::time::Duration;

impl World {
    pub(crate) fn scan(&mut self, on: bool) -> Result<(), RadioFault> {
        self.needs_adapter()?;
        if on && !self.scanning {
            for station in &mut self.stations {
                station.next_advertisement = self.now + station.delay(20, 900);
            }
        }
        self.scanning = on;
        Ok(())
    }

    /// How long making a link takes, or why none can be made and after what time that is known.
    pub(crate) fn begin_connect(&mut self, peripheral: &PeripheralId) -> Result<Duration, (RadioFault, Duration)> {
        self.needs_adapter().map_err(|fault| (fault, Duration::ZERO))?;
        let unheard = (RadioFault::OutOfReach, Duration::from_secs(5));
        let Some(index) = self.index_of(peripheral) else { return Err(unheard) };
        let station = &mut self.stations[index];
        if station.link.is_some() {
            return Ok(Duration::ZERO);
        }
        if station.is_advertising() { Ok(station.delay(80, 260)) } else { Err(unheard) }
    }

    /// Makes the link, if the device is still there.
    pub(crate) fn finish_connect(&mut self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.needs_adapter()?;
        let index = self.index_of(peripheral).ok_or(RadioFault::OutOfReach)?;
        let station = &mut self.stations[index];
        if station.link.is_some() {
            return Ok(());
        }
        if !station.is_advertising() {
            return Err(RadioFault::OutOfReach);
        }
        station.links_made += 1;
        station.link = Some(Link {
            number: station.links_made,
            subscriptions: Default::default(),
            lost_at: None,
            frames: BTreeMap::new(),
            values: BTreeMap::new(),
        });
        station.model.linked(self.now);
        Ok(())
    }

    pub(crate) fn disconnect(&mut self, peripheral: &PeripheralId) {
        if let Some(index) = self.index_of(peripheral) {
            self.end_link(index);
        }
    }

    /// Begins a call on a link: which link it is, and how long the call takes.
    pub(crate) fn begin_call(
        &mut self,
        peripheral: &PeripheralId,
        least_ms: i64,
        most_ms: i64,
    ) -> Result<(u64, Duration), RadioFault> {
        let index = self.linked(peripheral, None)?;
        let station = &mut self.stations[index];
        let number = station.link.as_ref().map_or(0, |link| link.number);
        Ok((number, station.delay(least_ms, most_ms)))
    }

    pub(crate) fn discover(&self, peripheral: &PeripheralId, link: u64) -> Result<Vec<DiscoveredService>, RadioFault> {
        let index = self.linked(peripheral, Some(link))?;
        Ok(self.stations[index].services())
    }

    pub(crate) fn read(
        &self,
        peripheral: &PeripheralId,
        link: u64,
        at: CharacteristicAddress,
    ) -> Result<Vec<u8>, RadioFault> {
        let index = self.linked(peripheral, Some(link))?;
        let station = &self.stations[index];
        match station.properties(at) {
            None => Err(refused("no such characteristic")),
            Some(properties) if !properties.read => Err(refused("read not permitted")),
            Some(_) => station.read(at, self.now, self.wall()).ok_or_else(|| refused("unlikely error")),
        }
    }

    pub(crate) fn write(
        &mut self,
        peripheral: &PeripheralId,
        link: u64,
        at: CharacteristicAddress,
        octets: &[u8],
    ) -> Result<(), RadioFault> {
        let index = self.linked(peripheral, Some(link))?;
        let (now, wall) = (self.now, self.wall());
        let station = &mut self.stations[index];
        let subscribed = station.link.as_ref().is_some_and(|link| link.subscriptions.contains(&at));
        match station.properties(at) {
            None => Err(refused("no such characteristic")),
            Some(properties) if !properties.write => Err(refused("write not permitted")),
            // A control point answers by indication: without a subscription the answer would be lost.
            Some(properties) if properties.indicate && !subscribed => {
                Err(refused("client characteristic configuration improperly configured"))
            }
            Some(_) => station.write(at, octets, now, wall).map_err(RadioFault::Refused),
        }
    }

    pub(crate) fn subscribe(
        &mut self,
        peripheral: &PeripheralId,
        link: u64,
        at: CharacteristicAddress,
    ) -> Result<(), RadioFault> {
        let index = self.linked(peripheral, Some(link))?;
        let now = self.now;
        let station = &mut self.stations[index];
        match station.properties(at) {
            None => return Err(refused("no such characteristic")),
            Some(properties) if !(properties.notify || properties.indicate) => {
                return Err(refused("the characteristic sends nothing"));
            }
            // As of a real device: who it is may be read by everybody, what it measures not.
            Some(_) => station.require_bond()?,
        }
        if let Some(link) = &mut station.link {
            link.subscriptions.insert(at);
        }
        station.model.subscribed(at, now);
        Ok(())
    }

    /// The place of a device that has a link: any, or the one that a call began on.
    fn linked(&self, peripheral: &PeripheralId, number: Option<u64>) -> Result<usize, RadioFault> {
        self.needs_adapter()?;
        let index = self.index_of(peripheral).ok_or(RadioFault::OutOfReach)?;
        let station = &self.stations[index];
        let same = station.link.as_ref().is_some_and(|link| number.is_none_or(|number| number == link.number));
        if same && station.is_reachable() { Ok(index) } else { Err(RadioFault::OutOfReach) }
    }

    fn needs_adapter(&self) -> Result<(), RadioFault> {
        match self.adapter {
            AdapterState::On => Ok(()),
            AdapterState::Off => Err(RadioFault::AdapterOff),
            AdapterState::Missing | AdapterState::Unplugged => Err(RadioFault::NoAdapter),
            AdapterState::NotPermitted => Err(RadioFault::NotPermitted("simulated".to_owned())),
        }
    }
}

fn refused(reason: &str) -> RadioFault {
    RadioFault::Refused(reason.to_owned())
}
