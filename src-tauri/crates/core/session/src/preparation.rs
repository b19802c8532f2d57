//! What is done between the service table and the first value, in order: identity, battery, clock, subscriptions.
//! Not here: waiting for answers.
use crate::identify;
use crate::profiles;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bedside_gatt::uuids;
use uuid::Uuid;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read one text of the Device Information service.
    ReadIdentity(CharacteristicAddress),
    /// Read the battery level.
    ReadBattery(CharacteristicAddress),
    /// Read the clock, before anything could set it.
    ReadClock(CharacteristicAddress),
    /// Report who the device is and wait until that is durable.
    PersistIdentity,
    /// Subscribe; without a required one the device is of no use.
    Subscribe {
        /// To which characteristic.
        address: CharacteristicAddress,
        /// Whether failure ends this connection.
        required: bool,
    },
    /// Write to a control point.
    Write(CharacteristicAddress, Vec<u8>),
}

/// The plan for a device with these services.
pub(crate) fn plan(services: &[DiscoveredService]) -> VecDeque<Step> {
    let mut steps: VecDeque<Step> = identify::steps(services).into();
    let battery = CharacteristicAddress { service: uuids::BATTERY_SERVICE, characteristic: uuids::BATTERY_LEVEL };
    if profiles::offers(services, battery) {
        steps.push_back(Step::ReadBattery(battery));
    }
    steps.extend(clock(services).map(Step::ReadClock));
    steps.push_back(Step::PersistIdentity);
    steps.extend(profiles::subscriptions(services));
    steps
}

/// Current Time where there is one, else the Date Time that some devices keep in their measurement service.
fn clock(services: &[DiscoveredService]) -> Option<CharacteristicAddress> {
    let readable = |characteristic: Uuid| {
        services.iter().find_map(|service| {
            let found = service.characteristics.iter().find(|c| c.uuid == characteristic && c.properties.read)?;
            Some(CharacteristicAddress { service: service.uuid, characteristic: found.uuid })
        })
    };
    readable(uuids::CURRENT_TIME).or_else(|| readable(uuids::DATE_TIME))
}
