//! What the ward asks of a device model, whatever it measures. One file per model.
//! Links, subscriptions, advertisements, identity and battery are the station's (`station.rs`).
pub(crate) mod cuff;
pub(crate) mod ecg_sensor;
pub(crate) mod glucose_meter;
pub(crate) mod health_sensor;
pub(crate) mod optical_sensor;
pub(crate) mod oximeter;
pub(crate) mod pleth_oximeter;
mod polar_sensor;
pub(crate) mod records;
pub(crate) mod scale;
pub(crate) mod spot;
pub(crate) mod spot_oximeter;
pub(crate) mod strap;
pub(crate) mod thermometer;

use crate::clock::Clock;
use crate::ledger::{Condition, LedgerIdentity, LedgerValue};
use bedside_gatt::EncodeError;
use bedside_session::{CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, Properties};
use bedside_vitals::{Decimal, Number, Parameter, Unit, WallTime};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// Now, in every way that a device can see it.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// Since the ward began.
    pub(crate) now: Duration,
    /// The true time.
    pub(crate) wall: WallTime,
    /// The device's own clock.
    pub(crate) clock: &'a Clock,
}

impl Moment<'_> {
    /// The true time of another moment of the ward.
    pub(crate) fn wall_at(&self, at: Duration) -> WallTime {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.wall.plus_millis(ms(at) - ms(self.now))
    }
}

/// A value on its way to the link, with what the model meant by it.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) address: CharacteristicAddress,
    pub(crate) octets: Vec<u8>,
    /// Empty for what is no measurement.
    pub(crate) values: Vec<LedgerValue>,
    pub(crate) conditions: Vec<Condition>,
}

/// What a device does in a step.
pub(crate) enum Outcome {
    /// Sends a value, if somebody subscribed to it.
    Send(Value),
    /// Ends the link.
    HangUp,
}

/// What is subscribed on the link; nothing without a link.
pub(crate) type Subscriptions = BTreeSet<CharacteristicAddress>;

/// One device model. It lives whether linked or not; `step` is called when `due` says so.
pub(crate) trait Model: Send {
    /// The services of its own, measuring service first.
    fn services(&self) -> Vec<DiscoveredService>;
    /// The next time it has something to do.
    fn due(&self) -> Option<Duration>;
    /// Does what is due.
    fn step(&mut self, moment: Moment<'_>, subscriptions: &Subscriptions) -> Vec<Outcome>;
    /// The value of a readable characteristic.
    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>>;
    /// Takes a written value; `Err` says why it is refused.
    fn write(&mut self, _at: CharacteristicAddress, _octets: &[u8], _moment: Moment<'_>) -> Result<(), String> {
        Err("write not permitted".to_owned())
    }
    /// Whether it advertises while it has no link.
    fn advertises(&self) -> bool {
        true
    }
    /// A link was made.
    fn linked(&mut self, _now: Duration) {}
    /// The link is gone.
    fn unlinked(&mut self, _now: Duration) {}
    /// Somebody subscribed.
    fn subscribed(&mut self, _at: CharacteristicAddress, _now: Duration) {}
    /// A value of this model was handed to the link.
    fn sent(&mut self, _at: CharacteristicAddress, _now: Duration) {}
    /// The sensor has or loses the skin.
    fn contact(&mut self, _touches: bool) {}
    /// Values are marked as a demonstration, or no longer.
    fn demonstrate(&mut self, _on: bool) {}
    /// Takes a measurement now, if it is a device that does.
    fn measure(&mut self, _moment: Moment<'_>) {}
    /// Answers requests for records with "busy" until then, if it has a memory.
    fn be_busy(&mut self, _until: Duration) {}
    /// Breaks the link after so many records of the next report, if it has a memory.
    fn break_off(&mut self, _after_records: u32) {}
}

/// A measurement value. What the model made up cannot exceed its field; if it did, nothing would be sent.
pub(crate) fn value(
    address: CharacteristicAddress,
    octets: Result<Vec<u8>, EncodeError>,
    values: Vec<LedgerValue>,
    conditions: Vec<Condition>,
) -> Option<Outcome> {
    let octets = octets.ok()?;
    Some(Outcome::Send(Value { address, octets, values, conditions }))
}

/// A number whose index is counted by the station when it is sent.
pub(crate) const fn counted(parameter: Parameter, number: Number, unit: Unit) -> LedgerValue {
    LedgerValue { parameter, part: None, number, unit, identity: LedgerIdentity::Index(0) }
}

/// A whole number.
pub(crate) fn whole(number: impl Into<i64>) -> Number {
    Decimal::whole(number.into()).into()
}

/// A characteristic and the letters of what it allows: r, w, n, i.
pub(crate) fn characteristic(uuid: Uuid, letters: &str) -> DiscoveredCharacteristic {
    let has = |letter| letters.contains(letter);
    let properties = Properties { read: has('r'), write: has('w'), notify: has('n'), indicate: has('i') };
    DiscoveredCharacteristic { uuid, properties }
}
