//! The vocabulary every other crate speaks: quantities, measurements, identity, time, quality, freshness.
//! Nothing here decodes bytes, stores, draws or asks the clock.
#![no_std]
extern crate alloc;

mod decimal;
mod device;
mod freshness;
mod glucose;
mod identity;
mod measurement;
mod parameter;
mod patient;
mod quality;
mod sensitive;
mod temperature;
mod time;
mod unit;

pub use decimal::{Decimal, DecimalError, Number, Special};
pub use device::{DeviceClock, DeviceDescription, DeviceKind, LinkState, UniqueDeviceIdentifier};
pub use freshness::{Freshness, FreshnessLimits, FreshnessRule, LastSample, freshness};
pub use glucose::{GlucoseDetails, GlucoseSample, Meal, SampleSite};
pub use identity::{ConnectionId, DeviceId, PatientId, ReadingId, ReadingIdentity, SeriesId};
pub use measurement::{BloodPressure, Cadence, MeasuredValue, Measurement, Quantity, WaveformBlock};
pub use parameter::Parameter;
pub use patient::{BirthDate, InvalidPatient, Patient, RecordNumber, Sex};
pub use quality::{Quality, QualityFlag};
pub use sensitive::Sensitive;
pub use temperature::TemperatureSite;
pub use time::{BootTime, CorrectedTime, DeviceTime, TimeMethod, WallTime};
pub use unit::Unit;
