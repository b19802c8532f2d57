//! The life of one device as a state machine: connect, identify, subscribe, decode, persist, watch, connect again.
//! No IO, no clock, no patient: time and results come in, actions and events go out.
#![no_std]
extern crate alloc;

mod back_off;
mod clock;
mod identify;
mod input;
mod machine;
mod preparation;
mod profiles;
mod table;

pub use clock::correct;
pub use input::{
    Action, Answer, Content, Event, Fault, Identified, Input, Now, Packet, PersistId, RequestId, StepResult,
    TimeoutReason,
};
pub use machine::{Config, Session};
pub use profiles::{is_event_driven, kind_of};
pub use table::{CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, Properties, RadioFault};
