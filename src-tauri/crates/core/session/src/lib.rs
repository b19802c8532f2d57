//! The life of one device as a state machine: connect, identify, subscribe, decode, persist, watch, connect again.
//! No IO, no clock, no patient: time and results come in, actions and events go out.
#![no_std]
extern crate alloc;

mod back_off;
mod clock;
mod clock_setting;
mod contexts;
mod downloads;
mod identify;
mod input;
mod machine;
mod memories;
mod pairing;
mod preparation;
mod profiles;
mod quirks;
mod stored_values;
mod table;

pub use clock::correct;
pub use input::{
    Action, Answer, Bookmark, ClockOutcome, ClockSetting, Content, Event, Fault, Fetched, Identified, Input, Now,
    Packet, PersistId, RecordMark, Remembered, RequestId, Shortfall, StepResult, TimeoutReason, UserConsent,
};
pub use machine::{Config, Session};
pub use pairing::PairingFault;
pub use profiles::{is_event_driven, kind_of};
pub use quirks::Quirk;
pub use stored_values::{StoredValue, decode_again};
pub use table::{CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, Properties, RadioFault};
