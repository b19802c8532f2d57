//! What is done on a connection, in order: identity, battery, clock, subscriptions; then consent, records, clock.
//! Not here: waiting for answers.
use crate::identify;
use crate::memories;
use crate::profiles;
use crate::quirks::{self, Quirk};
use crate::table::{CharacteristicAddress, DiscoveredService, Properties};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bedside_gatt::uuids;
use core::time::Duration;
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
    /// Read what a profile must know to understand the values that follow.
    ReadFact(CharacteristicAddress),
    /// Report who the device is and wait until that is durable.
    PersistIdentity,
    /// Leave the device in peace.
    Pause(Duration),
    /// Subscribe; without a required one the device is of no use.
    Subscribe {
        /// To which characteristic.
        address: CharacteristicAddress,
        /// Whether failure ends this connection.
        required: bool,
    },
    /// Write to a control point.
    Write(CharacteristicAddress, Vec<u8>),
    /// Tell the device that its user consents, or ask for the consent.
    Consent(CharacteristicAddress),
    /// Fetch the stored records of this service.
    Fetch(Uuid),
    /// Set the clock, where it is off and the policy says so.
    SetClock(CharacteristicAddress),
    /// Write our time to the clock.
    WriteClock(CharacteristicAddress),
    /// Read the clock again after it was written.
    ReadClockBack(CharacteristicAddress),
}

/// The plan for a device with these services, up to the first value.
pub(crate) fn plan(services: &[DiscoveredService], quirk: &Quirk) -> VecDeque<Step> {
    let mut identity = identify::steps(services);
    let battery = CharacteristicAddress { service: uuids::BATTERY_SERVICE, characteristic: uuids::BATTERY_LEVEL };
    if profiles::offers(services, battery) {
        identity.push(Step::ReadBattery(battery));
    }
    let clock = clock(services).map(|(address, _)| Step::ReadClock(address));
    let early = early_clock(services, quirk);
    if quirk.measure_first {
        let first = subscriptions(services, quirk).into_iter().chain(clock).chain(early);
        first.chain(identity).chain([Step::PersistIdentity]).collect()
    } else {
        identity
            .into_iter()
            .chain(clock)
            .chain([Step::PersistIdentity])
            .chain(after_identity(services, quirk))
            .collect()
    }
}

/// What follows the identity of a device that is asked for it first.
pub(crate) fn after_identity(services: &[DiscoveredService], quirk: &Quirk) -> VecDeque<Step> {
    early_clock(services, quirk).into_iter().chain(subscriptions(services, quirk)).collect()
}

/// What is done once values may come.
pub(crate) fn afterwards(services: &[DiscoveredService], quirk: &Quirk) -> VecDeque<Step> {
    let users = CharacteristicAddress { service: uuids::USER_DATA_SERVICE, characteristic: uuids::USER_CONTROL_POINT };
    let consent = profiles::offers(services, users).then_some(Step::Consent(users));
    let fetch = memories::of(services).map(|memory| Step::Fetch(memory.service));
    let late = clock_to_set(services).filter(|_| !quirk.clock_before_values).map(Step::SetClock);
    consent.into_iter().chain(fetch).chain(late).collect()
}

fn early_clock(services: &[DiscoveredService], quirk: &Quirk) -> Option<Step> {
    clock_to_set(services).filter(|_| quirk.clock_before_values).map(Step::SetClock)
}

/// The subscriptions of the profiles, and those that fetching records and consent need, before anything is written.
fn subscriptions(services: &[DiscoveredService], quirk: &Quirk) -> Vec<Step> {
    let pause = Some(quirk.pause_before_subscribe).filter(|pause| !pause.is_zero()).map(Step::Pause);
    let has_standard = services.iter().any(|service| service.uuid == uuids::PULSE_OXIMETER_SERVICE);
    let mut steps: Vec<Step> = pause.into_iter().chain(profiles::subscriptions(services)).collect();
    steps.retain(|step| match step {
        Step::Subscribe { address, .. } => !quirks::is_repeated(quirk, address.service, has_standard),
        _ => true,
    });
    let users = CharacteristicAddress { service: uuids::USER_DATA_SERVICE, characteristic: uuids::USER_CONTROL_POINT };
    let memories = memories::of(services).flat_map(|memory| {
        [Some(memory.at()), memory.context_at(), Some(memory.control_point())].into_iter().flatten()
    });
    for address in memories.chain([users]).filter(|&address| profiles::offers(services, address)) {
        let known = |step: &Step| matches!(step, Step::Subscribe { address: of, .. } if *of == address);
        if !steps.iter().any(known) {
            // Before the first write, because control points answer only with their subscriptions on.
            let first_write = steps.iter().position(|step| matches!(step, Step::Write(..))).unwrap_or(steps.len());
            steps.insert(first_write, Step::Subscribe { address, required: false });
        }
    }
    steps
}

/// Current Time where there is one, else the clock of the Elapsed Time service, else the Date Time that some devices
/// keep in their measurement service.
fn clock(services: &[DiscoveredService]) -> Option<(CharacteristicAddress, Properties)> {
    let readable = |characteristic: Uuid| {
        services.iter().find_map(|service| {
            let found = service.characteristics.iter().find(|c| c.uuid == characteristic && c.properties.read)?;
            Some((CharacteristicAddress { service: service.uuid, characteristic: found.uuid }, found.properties))
        })
    };
    readable(uuids::CURRENT_TIME)
        .or_else(|| readable(uuids::CURRENT_ELAPSED_TIME))
        .or_else(|| readable(uuids::DATE_TIME))
}

fn clock_to_set(services: &[DiscoveredService]) -> Option<CharacteristicAddress> {
    clock(services).filter(|(_, properties)| properties.write).map(|(address, _)| address)
}
