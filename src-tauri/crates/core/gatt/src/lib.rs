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
mod scale_units;
mod writer;

pub mod battery;
pub mod blood_pressure;
pub mod body_composition;
pub mod continuous_glucose;
pub mod current_time;
pub mod date_time;
pub mod device_information;
pub mod elapsed_time;
pub mod end_to_end_check;
pub mod generic_health;
pub mod glucose;
pub mod glucose_context;
pub mod health_thermometer;
pub mod heart_rate;
pub mod medical_float;
pub mod polar;
pub mod pulse_oximeter;
pub mod record_access;
pub mod user_control;
pub mod user_data;
pub mod uuids;
pub mod vendor;
pub mod weight_scale;

pub use error::{Characteristic, DecodeError, EncodeError};
