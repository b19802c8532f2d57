//! Bluetooth values to typed packets and back: one file per profile, a bounded reader, medical floats.
//! No connection, no clock, no judgement of values: sessions own procedures, the console owns plausibility.
//!
//! Every decoder takes one whole characteristic value. It answers a complete packet or a [`DecodeError`];
//! there is no partial reading. The encoders are the other end: simulated devices speak through them.
#![no_std]
extern crate alloc;

mod codes;
mod error;
mod reader;
mod writer;

pub mod battery;
pub mod blood_pressure;
pub mod current_time;
pub mod date_time;
pub mod device_information;
pub mod health_thermometer;
pub mod heart_rate;
pub mod medical_float;
pub mod polar;
pub mod pulse_oximeter;
pub mod record_access;
pub mod uuids;

pub use error::{Characteristic, DecodeError, EncodeError};
